/* state.h: lua_State, frames and the state shared by all threads of one Lua.
 *
 * Owns: the layouts. state.c opens and closes, stack.c grows stacks and frames, call.c pushes frames.
 * Does not: belong to the public interface; hosts see lua_State as opaque.
 */
#ifndef NP_STATE_H
#define NP_STATE_H

#include <setjmp.h>
#include <signal.h>
#include "include/neap.h"
#include "runtime/gc/heap.h"
#include "runtime/gc/meter.h"
#include "runtime/mem/grant.h"
#include "runtime/meta.h"
#include "runtime/object.h"

/* [-] Whether lua_close was called for this main thread, where another has not come to its address since. Known in builds
 * with CHECK, and of the 256 last states only. */
bool np_state_is_closed(const lua_State *L);

/* ---- limits (shrunken in the `small` build so that their handling is exercised) ---- */
#ifdef NP_SMALL_LIMITS
#define NP_STACK_FIRST 22
#define NP_FRAMES_FIRST 2
#else
#define NP_STACK_FIRST 24 /* slots of a fresh thread, without the extra ones */
#define NP_FRAMES_FIRST 3
#endif
#define NP_STACK_EXTRA 8    /* slots beyond stack_last that metamethod calls and errors may use unchecked */
/* Nested pcalls of Lua functions; they take no C stack, but a program that nests more is lost, and each level that
 * fails may add its position to the message. */
#define NP_CATCH_MAX 8000
#define NP_C_CALLS_MAX 200  /* nested C calls: "C stack overflow"; fewer where the C stack is small (c_calls_max) */

/* ---- frames ---- */
enum { /* NpFrame.flags; 0 is a plain Lua function called by a Lua function */
    NP_FRAME_C = 0x01,      /* a C function (u.c), else Lua (u.lua) */
    NP_FRAME_ENTRY = 0x02,  /* called from C: returning from it leaves the interpreter loop */
    NP_FRAME_FINISH = 0x04, /* called by an instruction that is not a call (metamethod): on return, np_vm_finish */
    NP_FRAME_CATCH = 0x08,  /* C frame that is a protected call in progress (u.c.k gets the status) */
    NP_FRAME_HOOKED = 0x10, /* running a debug hook */
    NP_FRAME_TAIL = 0x20,   /* entered by a tail call */
    NP_FRAME_FIN = 0x40,    /* a finaliser called by the collector */
    NP_FRAME_SCANNED = 0x80, /* the lowest Lua frame whose return changes what the collector has scanned (gc/threads.c) */
    NP_FRAME_CLOSING = 0x100, /* Lua frame interrupted in RETURN/CLOSE by a __close call */
    NP_FRAME_WAS_ALLOWHOOK = 0x200, /* allowhook to restore when a CATCH frame catches */
    NP_FRAME_HOOK_SEEN = 0x1000, /* the call hook has been told of this frame */
    NP_FRAME_NEGATE = 0x2000 /* Lua frame in a comparison whose metamethod answers the opposite question */
};

typedef struct NpFrame {
    NpValue *func; /* the function's slot; its base is func + 1 */
    NpValue *top;  /* Lua: base + max_stack. C: end of the slots it may use */
    union {
        struct {
            const NpInstr *pc; /* next instruction word, saved before anything that may look at it */
            const NpValue *constants; /* of the function's prototype */
            int32_t nextra;    /* extra arguments of a vararg function, below func */
            int32_t below;     /* slots from where the function was called up to func: 0 but in a vararg function */
        } lua;
        struct {
            lua_KFunction k;   /* continuation or NULL */
            lua_KContext ctx;
            ptrdiff_t old_errfunc; /* for CATCH frames: bytes from L->stack */
            ptrdiff_t catch_func;  /* for CATCH frames: the called function's slot, bytes from L->stack */
        } c;
    } u;
    int16_t nresults;  /* wanted: LUA_MULTRET or a count; < LUA_MULTRET: see call.c (to-be-closed in C) */
    uint16_t flags;
    union { /* never needed at the same time */
        int32_t nyield;        /* yielding C frame: values yielded */
        int32_t nclose;        /* Lua frame interrupted while closing in RETURN: values to return */
        int32_t catch_status;  /* CATCH frame: the error it is recovering from, else LUA_OK */
        struct { uint16_t first, count; } transfer; /* frame of a call or return hook */
    } aux;
} NpFrame;

/* ---- threads ---- */
struct NpErrJump; /* err.c: chain of setjmp points */
typedef struct NpGlobal NpGlobal;

struct lua_State {
    NpValue *top;        /* first free slot (valid in C functions and after multi-result instructions) */
    NpFrame *frame;      /* running frame */
    NpGlobal *global;
    const void *dispatch;/* interpreter's handler table: plain, or the one that calls hooks */
    NpValue *stack, *stack_last; /* stack_last: end of usable slots; NP_STACK_EXTRA more are allocated */
    NpFrame *frames, *frames_end;
    NpUpval *open_upvalues;  /* highest slot first */
    NpValue *tbc;            /* last to-be-closed slot, stack when none */
    ptrdiff_t errfunc;       /* message handler's slot, bytes from stack; 0 none */
    lua_State *resumer;      /* who resumed it while it runs, else NULL */
    uint8_t status;          /* LUA_OK, LUA_YIELD or the error it died of */
    uint8_t hook_mask;       /* LUA_MASK* and NP_MASK_SAMPLE */
    uint8_t allow_hook;
    uint8_t attention;       /* differs from the collector's: np_vm_attend before its bytecode goes on (gc/threads.h) */
    uint32_t n_c_calls;      /* low 16 bits: nested C calls; high 16 bits: not yieldable when nonzero */
    int32_t hook_count, base_hook_count;
    uint16_t n_catch;        /* CATCH frames of this thread */
    uint16_t group;          /* NpHeapGroup.id that was charged when it last yielded; the running one is NpHeap.group */
    int32_t old_line_pc;     /* last pc (word index) seen by a line hook */
    lua_Hook hook;
    /* gc/threads.c: */
    int32_t gc_frame;        /* frame flagged SCANNED; 0: none */
    uint32_t gc_slot;        /* slots below it are as the collector scanned them */
    uint32_t gc_top;         /* slots below the top when the unused part was last cleared */
    uint8_t gc_epoch;        /* the marking in which it was last met */
    uint8_t gc_state;        /* in that marking: bits of threads.c */
    uint8_t gc_used;         /* has run, or was pushed to, since the unused part of its stack was cleared */
};

/* In hook_mask, set by a signal: NpGlobal.sample is to be called when a C function returns, if not before. */
#define NP_MASK_SAMPLE 0x80

NP_INLINE bool np_frame_is_lua(const NpFrame *frame) { return !(frame->flags & NP_FRAME_C); }
NP_INLINE NpValue *np_frame_base(const NpFrame *frame) { return frame->func + 1; }
NP_INLINE NpLClosure *np_frame_closure(const NpFrame *frame) { return (NpLClosure *)frame->func->v.p; }

/* ---- string table, shapes ---- */
#define NP_STRING_GONE ((NpString *)(uintptr_t)1)
typedef struct NpStringTable {
    NpString **slots; /* open addressing, linear probing, NULL empty, NP_STRING_GONE deleted */
    uint32_t mask, count, gone; /* count: of `old` too */
    NpString **old;   /* what the table was before it was resized: its strings from old_at on are still there; NULL: none */
    uint32_t old_mask, old_at;
} NpStringTable;

/* What an access by field name found last time for a shape (or, for dictionaries, for a metatable): for sites that see
 * many. Weak: emptied by every collection (before shapes and strings are dropped). */
typedef struct NpAccessEntry {
    uint32_t shape;  /* NP_SHAPE_NONE: empty */
    uint32_t epoch;  /* of a holder's entry */
    NpString *key;
    NpTable *holder; /* where the value is; NULL: in the table itself */
    NpTable *metatable; /* entries of NP_SHAPE_DICT */
    uint32_t slot;
} NpAccessEntry;
#define NP_ACCESS_ENTRIES 1024
#define NP_ACCESS_RETRY 127 /* 2^n - 1 */
#define NP_ACCESS_ABSENT 0xffffu /* slot: the shape has neither the key nor a metatable */
#define NP_ACCESS_CALL 0xfffeu   /* slot: the shape lacks the key and its metatable's __index is a function (epoch) */

NP_INLINE NpAccessEntry *np_access_entry(NpAccessEntry *entries, uint32_t shape, const NpString *key) {
    return &entries[(shape * 31 ^ key->hash) & (NP_ACCESS_ENTRIES - 1)];
}
NP_INLINE NpAccessEntry *np_access_entry_dict(NpAccessEntry *entries, const NpTable *metatable, const NpString *key) {
    return &entries[((uint32_t)((uintptr_t)metatable >> 5) ^ key->hash) & (NP_ACCESS_ENTRIES - 1)];
}

/* The slot of a field that shapes without a metatable get, and as `epoch` the shape that they become. */
#define NP_ACCESS_ADDS 0x80000000u /* in `shape`, of which there are fewer */
NP_INLINE NpAccessEntry *np_access_entry_add(NpAccessEntry *entries, uint32_t shape, const NpString *key) {
    return &entries[((shape * 31 ^ key->hash) + NP_ACCESS_ENTRIES / 2 + 1) & (NP_ACCESS_ENTRIES - 1)];
}
/* What np_shape_set_meta gave for a shape (its `slot`): the entry has no key, and the metatable no __gc as long as it has not. */
NP_INLINE NpAccessEntry *np_access_entry_meta(NpAccessEntry *entries, uint32_t shape, const NpTable *metatable) {
    return &entries[(shape * 31 ^ (uint32_t)((uintptr_t)metatable >> 5)) & (NP_ACCESS_ENTRIES - 1)];
}

/* ---- library functions that the interpreter does itself (builtin.h) ---- */
typedef int NpBuiltin(lua_State *L, NpValue *func, int nargs);
typedef struct NpBuiltinEntry { lua_CFunction function; NpBuiltin *run; } NpBuiltinEntry; /* NULL: free */
#define NP_BUILTIN_SLOTS 128 /* open addressing by the function's address; at most half are in use */

typedef struct NpShapeTable {
    NpShape *shapes;          /* a reserved run of address space; `ready` of them are mapped */
    uint32_t used, ready, limit; /* ids in [2, used) have been given out */
    uint32_t mapped;          /* >= ready: what is mapped but could not be made ready */
    uint32_t free_list;       /* recycled ids, NP_SHAPE_NONE: none */
    uint32_t *transitions;    /* open addressing by (parent, key or metatable); shape ids, 0 empty, 1 deleted */
    uint32_t transition_mask, transition_count, transition_gone;
    uint32_t live;            /* not free */
} NpShapeTable;

/* ---- the collector's state (gc/gc.c) ---- */
typedef enum { /* all but IDLE in slices; in their order, which is compared */
    NP_GC_IDLE,      /* between cycles; every mark bit is clear */
    NP_GC_MARK,      /* tracing; barrier on */
    NP_GC_VALUES,    /* dropping dead values from weak tables */
    NP_GC_FINAL,     /* taking dead objects with __gc off their list */
    NP_GC_RESURRECT, /* tracing from those */
    NP_GC_KEYS,      /* dropping dead keys from weak tables */
    NP_GC_STACKS,    /* clearing the unused parts of stacks */
    NP_GC_STRINGS,   /* dropping dead strings from the string table and dead shapes */
    NP_GC_SWEEP,     /* sweeping spans */
    NP_GC_RELEASE    /* handing pages back */
} NpGcPhase;

typedef struct NpGrayEntry { NpObj *obj; uint64_t next; } NpGrayEntry; /* next: where to resume in a large object */
typedef struct NpObjList { NpObj **items; size_t count, capacity; } NpObjList; /* collector memory: gc/list.h */
typedef struct NpWaiting { /* values waiting for their keys: gc/ephemeron.c */
    uint32_t *heads;  /* chains by key */
    size_t mask, heads_bytes, count;
    NpObjList blocks; /* of entries */
} NpWaiting;

typedef struct NpGc {
    bool barrier_on;     /* stores must shade: phase is MARK */
    bool weak_window;    /* marks are complete, but the dead are still to be dropped from weak tables: table.h, np_table_gone */
    uint8_t attention;   /* what lua_State.attention is for a thread that may go on at once */
    uint8_t phase;       /* NpGcPhase */
    uint8_t epoch;       /* of the marks of shapes and threads: another one for every marking; never 0 */
    uint8_t stopped;     /* bits NP_GC_STOP_* */
    uint8_t generational;/* mode asked for with collectgarbage; see gc.c */
    bool keep_popped;    /* this slice is the helper's: np_gc_idle_slice */
    bool unrooted;       /* this collection happens inside an allocation: see gc/limit.c */
    uint8_t move;        /* NP_MOVE_*: gc/move.h */
    uint8_t idle_cycles; /* np_gc_idle_slice: to be ended before it is done */
    bool overflow;       /* a marked object found no room on the mark stack: mark.c looks for it in the heap */
    bool threads_lost;   /* a thread found no room in `threads` or `again`: it is looked for in the heap */
    bool waiting_lost;   /* a value found no room in `waiting`: ephemerons are gone over until nothing changes */
    bool modes_changed;  /* a __mode or a metatable of a noted weak table may have changed since it was noted */
    bool finishing;      /* the mark stack was empty once: what is left is stacks and ephemerons */
    bool strings_done;   /* NP_GC_STRINGS has come to the shapes */
    uint32_t cycles;
    uint32_t finish_tries; /* slices since `finishing` */
    bool pressed;        /* the goal is lower than it would be without a limit: cycles begin early, slices may take half of the time */
    double slice_ended, credit; /* when; seconds of such slices that the program has earned by running (gc.c) */
    size_t overrun_at;   /* heap.claimed_total when the heap was found far beyond its goal; 0: it is not */
    NpObjList gray;      /* blocks of the mark stack (mark.c) */
    size_t gray_count, gray_capacity; /* entries on it, and in all its blocks */
    NpObjList weak;      /* weak tables met; their flags tell the mode (weak.c) */
    size_t weak_at;      /* how far the pass over them has come, */
    uint64_t weak_position; /* and in that table */
    size_t weak_cleared; /* those before it have no dead values any more */
    size_t modes_at;     /* how far the check of their modes has come */
    size_t weak_nodes;   /* of dictionaries with weak keys */
    NpWaiting waiting;
    NpObjList threads;   /* all threads that live (threads.c) */
    NpObjList again;     /* those that may have changed since they were scanned */
    size_t threads_at, threads_slot; /* how far STACKS has come */
    NpObjList finalizable;   /* objects with __gc in the order they were marked for finalisation; NULL: taken out */
    NpObjList to_finalize;   /* dead, waiting for their __gc, in the order of the calls */
    size_t first_to_finalize;/* those before it have been called */
    size_t final_ready;  /* those from it on may not be called yet: what they refer to is not marked */
    size_t final_at;     /* how far FINAL has come in `finalizable`, marking in `to_finalize` */
    size_t final_kept;   /* where FINAL moves the next one that stays */
    bool final_taken;    /* FINAL has looked at all */
    size_t marked_bytes; /* bytes scanned so far in this cycle: strings are marked but not scanned */
    size_t last_marked;  /* the same of the last complete cycle: what the next one will have to scan */
    size_t claimed_before; /* bytes claimed in all when the cycle began */
    size_t live_bytes;   /* in use at the end of the last sweep, less what was claimed meanwhile in a large heap */
    size_t goal;         /* heap size at which the next cycle should be complete */
    size_t forced_at;    /* bytes claimed in all when the limit last forced a whole collection */
    int32_t pause, step_multiplier, step_size, minor_multiplier, major_multiplier; /* collectgarbage's knobs */
    size_t cursor;       /* slice position in the string table */
    size_t shape_cursor; /* and in the shape table */
    NpMeter meter;
    size_t live_objects[64], live_kind_bytes[64]; /* by kind & 63, filled by np_gc_count_kinds */
} NpGc;
enum { NP_GC_STOP_USER = 1, NP_GC_STOP_SELF = 2, NP_GC_STOP_CLOSING = 4 };

/* ---- the limit (gc/limit.c) ---- */
/* Collections made because memory was short, against the program's own CPU time: it fills while they run and drains
 * while the program does. Full, no more are made: what then does not fit is refused. */
typedef struct NpBucket { double level, last; } NpBucket; /* seconds; `last`: CPU time at the last look */

#define NP_HELD_MAX 12
typedef struct NpLimit {
    size_t hard, soft;      /* bytes Ready the state may have, and should have; 0: none */
    uint32_t no_collect;    /* > 0: running code refers to objects from where the collector does not look */
    uint32_t emergencies;   /* collections made inside an allocation */
    size_t collected_at;    /* bytes claimed in all when a collection was last made for a request, */
    uint32_t collected_hits;/* and `hits` then */
    bool caught;            /* an error has been caught since: what the program held may be garbage now */
    uint8_t poor;           /* such collections in a row that gained little */
    uint32_t hits;          /* errors "not enough memory" raised */
    uint8_t held_count;
    const void *held[NP_HELD_MAX]; /* objects and buffers that code inside the runtime holds: np_gc_hold */
    lua_State *thread;      /* of the allocation that collects */
    NpValue on_limit;       /* heap.onlimit's function, or nil */
    NpString *word_hard, *word_soft; /* its argument */
    size_t called_at;       /* bytes claimed in all when it was last called */
    bool approached;        /* it has been called for this approach */
    bool calling;           /* it runs */
    bool handling;          /* the message handler of a memory error runs */
    bool telling;           /* on_error runs */
    void (*on_error)(lua_State *L, void *data); /* neap_onmemoryerror, or NULL */
    void *on_error_data;
    NpValue message;        /* of the last error: "not enough memory", or what the handler made of it */
    NpBucket bucket;
} NpLimit;

/* ---- what all threads share ---- */
struct NpGlobal {
    NpHeap heap;
    NpGc gc;
    NpLimit limit;
    NpStringTable strings;
    NpShapeTable shape_table;
    NpAccessEntry access[NP_ACCESS_ENTRIES];
    uint32_t access_misses;   /* of quickened sites; one in NP_ACCESS_RETRY + 1 makes the site try again */
    uint32_t meta_epoch;      /* raised when anything a chain cache relies on changes (table.c) */
    uint32_t seed;            /* of string hashes */
    NpValue registry;
    lua_State *main_thread, *running;
    struct NpErrJump *jump;   /* innermost protected call of the running C stack */
    lua_State *failed;        /* when one has ended: the thread that ran in it then */
    NpTable *type_meta[LUA_NUMTYPES]; /* metatables of the basic types */
    NpString *event_names[NP_EVENT_COUNT];
    NpString *type_names[LUA_NUMTYPES]; /* what type() gives */
    NpString *memory_error;   /* "not enough memory", made in advance */
    NpString *handler_error;  /* "error in error handling", likewise */
    NpString *api_cache[53];  /* strings of lua_pushstring by address of the C text; weak, cleared each cycle */
    NpString *characters[256]; /* the strings of one byte that have been used; weak, cleared each cycle */
    lua_CFunction panic;
    lua_CFunction next_function, ipairs_step; /* neap_setiterators */
    lua_CFunction pcall_function; /* neap_setpcall */
    void (*volatile asked)(lua_State *L); /* neap_interrupt; NULL: nothing is asked for */
    neap_WatchFunction watch; /* neap_watch; NULL: none */
    void *watch_data;
    lua_CFunction yield_function, resume_function, wrap_function; /* neap_setcoroutines; the last is of wrap's closures */
    neap_ResumeK end_resume, end_wrap;
    NpBuiltinEntry builtins[NP_BUILTIN_SLOTS]; /* neap_setbuiltin */
    lua_WarnFunction warn;
    void *warn_data;
    NpGrant grant;            /* the host's allocator */
    lua_Alloc module_alloc;   /* neap_setmodulealloc */
    void *module_alloc_data;
    struct NpIdle *idle;      /* idle_unix.c: the helper thread's record, NULL before it is started */
    struct NpSites *sites;    /* inspect/sites.c, NULL as long as nobody asks */
    void (*sample)(lua_State *L); /* takes a CPU sample; NULL: none are wanted */
    volatile sig_atomic_t sample_due; /* set by a signal (inspect/timer.c) */
    unsigned c_calls_max;     /* NP_C_CALLS_MAX, or as many as the limit of the C stack has room for */
    int idle_ms;              /* quiet time after which it works, 0: never */
    bool closing;
};

_Static_assert(offsetof(NpGlobal, heap) == 0, "an arena's heap leads to its state");

/* ---- memory of this state (state.c): every byte comes from global->heap ---- */
/* When memory is short, all of these collect before they give up: "Allocation" in docs/HACKING.md.
 * [gc-free, err] A headerless buffer, contents undefined, owned by the caller's object. Throws LUA_ERRMEM. size > 0. */
void *np_mem_buf(lua_State *L, size_t size);
/* [gc-free, err] A buffer of new_size holding the first min(old, new) bytes of the old one, which is given back. */
void *np_mem_regrow(lua_State *L, void *old, size_t old_size, size_t new_size);
/* [gc-free] The same as np_mem_buf, but NULL instead of an error. */
void *np_mem_try_buf(lua_State *L, size_t size);
/* [-] Gives it back. NULL is ignored. */
void np_mem_free(lua_State *L, void *buf, size_t size);
/* [gc-free, err] An object of `size` bytes with its kind set and flags 0, the rest undefined. It is not yet
 * reachable: anchor it before the next safe point, and hold it (np_gc_hold) over another allocation. */
void *np_mem_obj(lua_State *L, size_t size, uint8_t kind);

#endif
