/*
 * neap.h - what Neap offers C hosts and C libraries beyond Lua 5.4's own headers.
 *
 * Owns: the statistics of the heap and their units, giving memory back, limits, groups, what this build is, the
 * `heap` library, and the two calls that let a C function call or resume without recursing on the C stack.
 * Does not: repeat anything of lua.h. A module that includes this header runs only on Neap.
 *
 * Stack effects [-pops, +pushes, errors] are written as in lua.h. Implemented in runtime/, except
 * luaopen_heap (stdlib/heaplib.c).
 */
#ifndef neap_h
#define neap_h

#include <stddef.h>

#include "lua.h"

#define NEAP_VERSION_MAJOR 0
#define NEAP_VERSION_MINOR 1
#define NEAP_VERSION "Neap 0.1"

/* ---- Calls that do not recurse on the C stack ------------------------------------------------ */

/*
 * [-(nargs + 1), +?, -] A protected call as the last act of a C function:
 *
 *     return neap_tailpcallk(L, nargs, nresults, msgh, ctx, k);
 *
 * The function and its nargs arguments are on top of the stack; nresults and msgh are those of
 * lua_pcallk (msgh is a stack index, 0 for none). The value returned here is a request, not a
 * number of results: it must be returned to Lua at once, from a lua_CFunction that Lua called.
 * When the call has ended, k(L, status, ctx) runs in the same frame, with what lay below the
 * function still on the stack and above it
 *     status == LUA_YIELD   nresults results (no error, whether or not the callee yielded);
 *     any other status      one error value, what msgh made of it.
 * What k returns is the number of results of the C function; k may raise errors, yield, or return
 * another neap_tailpcallk. With k NULL the C function's results are true and those of the call, or
 * false and the error value.
 *
 * With nresults other than LUA_MULTRET the call is an ordinary one on the C stack, which the callee
 * cannot yield across: take all results and let k sort them out.
 */
LUA_API int (neap_tailpcallk)(lua_State *L, int nargs, int nresults, int msgh, lua_KContext ctx,
                              lua_KFunction k);

/*
 * Called when co has yielded (status LUA_YIELD), ended (LUA_OK) or failed (an error code). On top
 * of co's stack are nres results, or for an error one error value (nres is then 1). The
 * continuation takes them off co's stack. It runs in the frame of the C function that returned
 * neap_tailresume and returns the number of that function's results on L's stack.
 */
typedef int (*neap_ResumeK)(lua_State *L, lua_State *co, int status, int nres);

/*
 * [-0, +?, -] Starts or continues coroutine co as the last act of a C function:
 *
 *     return neap_tailresume(L, co, nargs, k);
 *
 * The nargs arguments (and for a first resume the function below them) are on co's stack, as
 * lua_resume wants them. A coroutine that cannot be resumed (finished, failed, running, or waiting
 * for another one) calls k with LUA_ERRRUN and lua_resume's message, the arguments removed. co may
 * be L itself: that is such an error. co must be reachable from L's stack or from the running
 * function's upvalues. As with neap_tailpcallk, the result must be returned to Lua at once.
 */
LUA_API int (neap_tailresume)(lua_State *L, lua_State *co, int nargs, neap_ResumeK k);

/*
 * [-0, +0, -] Tells the interpreter which C function is `pcall`: one that with at least one argument does nothing but
 *
 *     return neap_tailpcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 0, NULL);
 *
 * Where it can do so by itself, it does not call that function. The base library does this.
 */
LUA_API void (neap_setpcall)(lua_State *L, lua_CFunction pcall);

/*
 * [-0, +0, -] Tells the interpreter which C functions switch coroutines, so that it can do it without calling them:
 *     yield     does nothing but `return lua_yield(L, lua_gettop(L));`
 *     resume    gives its arguments from the second on to the coroutine that is the first one, and ends with
 *               neap_tailresume and end_resume, which gives true and the coroutine's results unless there was an error
 *     wrapped   a C closure that does so with the coroutine that is its first upvalue and with all its arguments;
 *               end_wrap gives the coroutine's results unless there was an error
 * Where a coroutine cannot be resumed the function itself is called. The coroutine library does this.
 */
LUA_API void (neap_setcoroutines)(lua_State *L, lua_CFunction yield, lua_CFunction resume, neap_ResumeK end_resume,
                                  lua_CFunction wrapped, neap_ResumeK end_wrap);

/* ---- Iterators --------------------------------------------------------------------------------- */

/*
 * [-0, +0, -] Tells the interpreter which C functions are `next` and the step of `ipairs`: a generic `for` over one of
 * them, on a table, runs without calls and never calls the function where it can do what next(t, k) or t[i + 1] would.
 * The base library does this.
 */
LUA_API void (neap_setiterators)(lua_State *L, lua_CFunction next, lua_CFunction ipairs_step);

/* ---- Tables ------------------------------------------------------------------------------------ */

/*
 * [-0, +0, -] Sorts the elements 1 to n of the table at idx by <, without metamethods. Returns 1; or 0, having done
 * nothing, when they are not all integers, all floats or all strings, or not all in the table's array.
 */
LUA_API int (neap_sort)(lua_State *L, int idx, lua_Integer n);

/* ---- Library functions ------------------------------------------------------------------------- */

/*
 * [-0, +0, -] Tells the interpreter that `function` is what the manual describes under this name: library is "math",
 * "string" and so on, or "base" for the basic functions. Where it can do the same by itself, it does not call the function;
 * hooks, when there are any, are told of every call. Names that the interpreter does not know are of no effect. The
 * standard libraries do this for all their functions; a host whose own function does something else must not.
 */
LUA_API void (neap_setbuiltin)(lua_State *L, const char *library, const char *name, lua_CFunction function);

/* ---- Statistics ------------------------------------------------------------------------------ */

#define NEAP_MAX_TYPES 16
#define NEAP_MAX_CLASSES 80
#define NEAP_STOP_BUCKETS 24

/*
 * A picture of the heap of one state at one moment. Sizes are bytes, times are seconds of the
 * monotonic clock. The four states of address space nest: reserved >= mapped >= ready, and
 * released is the part of mapped that was handed back and not taken again.
 */
typedef struct neap_Stats {
    size_t live;            /* in slots and large spans that are occupied, as far as the last
                               sweep knows: reachable bytes plus garbage made since */
    size_t allocated_total; /* handed out since the state was opened; never falls */
    size_t reserved;        /* address space set aside */
    size_t mapped;          /* of that, made available by the system for use */
    size_t ready;           /* of that, usable now without asking the system */
    size_t released;        /* of mapped, given back to the system */
    size_t resident;        /* resident set of the whole process as the kernel counts it; 0 where
                               the system does not say */
    size_t peak_resident;   /* the highest resident has been; 0 likewise */

    size_t collections;      /* collection cycles completed */
    size_t stops;            /* uninterrupted stretches of collector work that the program has waited for */
    double longest_stop;     /* the longest of them */
    double longest_stop_cpu; /* the longest by CPU time of the thread: what is above it is the machine's doing */
    double total_stop;       /* all together */
    size_t stop_buckets[NEAP_STOP_BUCKETS]; /* stops of less than 2^i microseconds that are in no bucket before;
                                               the last: all others */

    /* Objects in the heap by type as of the last sweep. Names are static strings ("table",
     * "string", "function", "prototype", "upvalue", "userdata", "thread", "shape", ...). bytes are
     * those of the objects and of the buffers they own. */
    struct {
        const char *name;
        size_t objects, bytes;
    } types[NEAP_MAX_TYPES];
    int ntypes;

    /* Spans by size class, ascending; a class without spans may be there, all zero. The row with
     * slot_bytes 0 sums up the large objects: its slots are spans of one object each. */
    struct {
        size_t slot_bytes; /* bytes of one slot */
        size_t spans;      /* spans of this class */
        size_t slots;      /* slots in them */
        size_t live_slots; /* slots occupied as of the last sweep */
        size_t ready;      /* bytes of the spans' pages, those excepted that were given back */
    } classes[NEAP_MAX_CLASSES];
    int nclasses;

    /* What the spans hold: "objects" (which may refer to others), "strings", "buffers" (of tables, stacks, code). Where
       ready is far above live, scattered survivors hold pages; buffers can be brought together, the others not. */
    struct {
        const char *name;
        size_t ready, live; /* bytes of pages not given back, and of occupied slots */
    } kinds[3];

    size_t limit, soft_limit; /* neap_setlimit; 0: none */
    size_t reserve;           /* set aside for the time when memory is short; part of ready, not of live */
    size_t limit_hits;        /* errors "not enough memory" raised */
    size_t limit_collections; /* collections made inside an allocation that was refused at first */

    const char *system; /* name of the memory backend: "linux", "bsd", "darwin", "aix", "sbrk" */
} neap_Stats;

/* [-0, +0, -] Fills *out for the heap L belongs to. Allocates nothing in the heap and never
   collects; may walk the heap, so its cost grows with the heap. */
LUA_API void (neap_stats)(lua_State *L, neap_Stats *out);

/* [-0, +0, -] Gives every free page back to the system at once and returns how many bytes this
   call released. Does not collect: for the least footprint call lua_gc(L, LUA_GCCOLLECT) first.
   Does nothing inside a finalizer. */
LUA_API size_t (neap_release)(lua_State *L);

/* [-0, +0, -] Does collection work for about so many seconds, however few, but at least one step (some 50 microseconds),
   and calls finalizers for as long as time is left. True when a cycle came to its end. For games and event loops that
   have time to spare between two frames; works while the collector is stopped, so that one may do without it otherwise. */
LUA_API int (neap_step)(lua_State *L, double seconds);

/* [-0, +0, -] What lua_getallocf gives modules for working memory of their own, where the host gave lua_newstate no
   allocator. Nobody asks f for memory of the state. luaL_newstate sets one that uses malloc. */
LUA_API void (neap_setmodulealloc)(lua_State *L, lua_Alloc f, void *ud);

/* A line on stderr for every cycle of collection; docs/HACKING.md says what it tells. */
#define NEAP_TRACE_NONE 0
#define NEAP_TRACE_TEXT 1
#define NEAP_TRACE_JSON 2 /* an object a line */
LUA_API void (neap_settrace)(lua_State *L, int form);

/*
 * What happens in the heap, for a host that keeps a record of it. A moment is told of from within the collector,
 * possibly on the helper thread of neap_idle, while the state is at rest; there `watch` must take no lock that a thread
 * holds when it calls the API, which waits for it. Sizes are in bytes.
 */
enum { NEAP_CYCLE_BEGINS, NEAP_CYCLE_ENDS, NEAP_RELEASED };
typedef struct neap_Moment {
    int event;           /* a cycle begins; it has ended, its release included; neap_release was called */
    double time;         /* seconds since the state was opened */
    double longest_stop; /* of the cycle that ended, in seconds; else 0 */
    size_t live, ready, resident; /* as in neap_Stats */
    size_t given_back;   /* to the system since the state was opened; never falls */
} neap_Moment;
typedef void (*neap_WatchFunction)(void *data, lua_State *L, const neap_Moment *moment);

/* [-0, +0, -] From now on `watch` is called at each such moment with `data` and the main thread; NULL ends it. It may call
   neap_stats, neap_moment, neap_map and neap_heapsites (which does not collect there; with neap_site and neap_sites_free),
   and nothing that allocates or raises. Its time is not counted as the collector's. */
LUA_API void (neap_watch)(lua_State *L, neap_WatchFunction watch, void *data);
/* [-0, +0, -] The present moment; its event is 0. Unlike neap_stats it does not grow with the heap. */
LUA_API void (neap_moment)(lua_State *L, neap_Moment *out);

/* What most of a cell of the heap's address space is: given back to the system or never used; free, and kept for use; in
   use, NEAP_CELL_USED + n when n/8 to (n + 1)/8 of it are occupied. */
enum { NEAP_CELL_RELEASED, NEAP_CELL_FREE, NEAP_CELL_USED, NEAP_CELL_USED_MOST = NEAP_CELL_USED + 7 };
typedef struct neap_MapArena {
    const void *base;
    size_t bytes, ready;        /* of address space; of that in use or kept for use */
    int huge;                   /* its pages may be huge ones */
    const unsigned char *cells; /* NEAP_CELL_*, by address; valid until the function returns */
    size_t ncells;
} neap_MapArena;
typedef void (*neap_MapFunction)(void *data, const neap_MapArena *arena);

/* [-0, +0, -] Calls `each` for every arena (64 MiB of address space; 4 MiB on 32 bits), by address, in cells of
   cell_bytes, which is rounded up to a power of two from 4 KiB to an arena. Cost: the size of the arenas' bitmaps,
   1/128 of the memory in use. */
LUA_API void (neap_map)(lua_State *L, size_t cell_bytes, neap_MapFunction each, void *data);

/* [-0, +0, -] Transparent huge pages. AUTO, how a state begins: where the system gives them when asked, for parts of the
   heap of 64 MiB that stay in use for several collections. ON: for all memory of a heap beyond 64 MiB, which saves page
   faults but makes some of them milliseconds long. OFF: none, even where the system gives them unasked.
   docs/huge-pages.md has measurements. */
enum { NEAP_HUGE_AUTO, NEAP_HUGE_ON, NEAP_HUGE_OFF };
LUA_API void (neap_huge_pages)(lua_State *L, int mode);

/* ---- Interrupting -------------------------------------------------------------------------------- */

/* [-0, +0, -] lua_sethook in the thread that runs at the moment and in every thread that waits for it to yield or end, up
   to the one the host called: what a handler for Ctrl-C needs, which knows only the state. L is any of its threads. As
   lua_sethook it may be called from a signal handler. A coroutine that is resumed later keeps the hook it has. */
LUA_API void (neap_hookrunning)(lua_State *L, lua_Hook hook, int mask, int count);

/* ---- Where memory comes from, and where time goes ---------------------------------------------- */

/*
 * Nothing here costs anything before it is asked for. Tables of places in the program are kept outside the heap and are
 * charged to the state; they are given back when the last mark or profile has ended and no result is left. What neap_since
 * and neap_heapsites find is a result of its own, charged to the process: a copy that nothing which happens later changes. It
 * belongs to who asked, who frees it before the state is closed.
 */

typedef struct neap_Sites neap_Sites; /* a result */
/* A row of it. Texts belong to the result, `stack` up to its next neap_site, the others until it is freed. */
typedef struct neap_Site {
    const char *type;       /* neap_since: "table", "string", "function", ...; neap_heapsites: NULL */
    const char *source;     /* name of the file, or of the chunk as messages have it; "[C]" */
    int line;               /* 0 when it is not known */
    const char *stack;      /* neap_heapsites: "outermost;...;innermost", as folded stacks have it; NULL: no memory for it */
    size_t count, bytes;    /* objects that are alive, and what they take with their buffers */
    size_t allocated_count, allocated_bytes; /* neap_heapsites: with those that are dead by now; neap_since: 0 */
} neap_Site;

#define NEAP_SITES_NO_MEMORY (-1)
#define NEAP_SITES_NO_MARK (-2)     /* the mark has been dropped, or never was */
#define NEAP_SITES_NO_PROFILE (-3)  /* none has been started */

/* [-0, +0, -] Sets a mark: a number, or 0 when there is no memory. From then on the line that makes each allocation is
   remembered until the last mark is dropped, which makes a program that only allocates half as slow again, and takes 4 bytes for each slot. */
LUA_API unsigned (neap_mark)(lua_State *L);
/* [-0, +0, -] Drops it. */
LUA_API void (neap_unmark)(lua_State *L, unsigned mark);
/* [-0, +0, e] Collects, and finds what has been allocated since the mark and is alive: one row for each type and line, by
   falling bytes. A buffer (of a table, a thread, ...) counts as bytes of its owner's type at the line that made it grow. Returns
   the number of rows, with the result in *out, or an error NEAP_SITES_*, with NULL there. */
LUA_API int (neap_since)(lua_State *L, unsigned mark, neap_Sites **out);

/* [-0, +0, -] Samples the heap from now on, about one of every `rate` bytes allocated, each with its stack; 512 KiB costs
   next to nothing, 1 takes every object. 0 ends it and drops what was sampled. Returns 0 when there is no memory.
   This profile is the host's. */
LUA_API int (neap_heapprofile)(lua_State *L, size_t rate);
/* [-0, +0, -] The same for the program, as heap.profile does it. Where the host takes a profile the program's is that one, with
   its rate and what it has sampled so far, and ending it leaves the host's as it is. */
LUA_API int (neap_programprofile)(lua_State *L, size_t rate);
/* [-0, +0, -] Has the program begun one, and not ended it? */
LUA_API int (neap_hasprogramprofile)(lua_State *L);
/* [-0, +0, -] Collects, and finds the stacks that have allocated, by falling bytes alive; the figures are estimates for all
   allocations since the profile was begun, whoever did. Returns as neap_since. */
LUA_API int (neap_heapsites)(lua_State *L, neap_Sites **out);
/* Row `index`, from 0; 0 when there is none. */
LUA_API int (neap_site)(neap_Sites *found, int index, neap_Site *out);
/* Frees a result; NULL is ignored. */
LUA_API void (neap_sites_free)(neap_Sites *found);

#define NEAP_CPU_OK 0
#define NEAP_CPU_NO_MEMORY 1
#define NEAP_CPU_BUSY 2         /* another state of the process is being profiled */
#define NEAP_CPU_NO_TIMER 3     /* the system has none */
/* [-0, +0, -] Samples what the calling thread runs in this state, `hertz` times a second of CPU time (100 is usual), by SIGPROF
   and the process's profiling timer. The collector is a function "(collector)". 0 ends it and drops what was sampled. Returns
   NEAP_CPU_*. */
LUA_API int (neap_cpuprofile)(lua_State *L, int hertz);

#define NEAP_PROFILE_HEAP 0
#define NEAP_PROFILE_CPU 1
#define NEAP_FORM_PPROF 0       /* for `go tool pprof`: profile.proto, not compressed */
#define NEAP_FORM_FOLDED 1      /* a line for each stack, for flame graphs; the number is bytes alive, or CPU samples */
#define NEAP_FORM_FOLDED_ALL 2  /* the same; of the heap, the number is bytes allocated */
/* [-0, +0, -] The form for a file of that name: "*.alloc.folded", "*.folded", else pprof's. Needs no state. */
LUA_API int (neap_profileform)(const char *filename);
/* Takes the next bytes of a profile; anything but 0 ends the writing. May not call functions of the state. */
typedef int (*neap_Write)(void *context, const void *data, size_t bytes);
/* [-0, +0, -] Writes the profile as it is now (of the heap after a collection, without finalizers). Returns 0, what `write`
   returned, or NEAP_SITES_NO_PROFILE. */
LUA_API int (neap_writeprofile)(lua_State *L, int kind, int form, neap_Write write, void *context);

/* ---- Waiting --------------------------------------------------------------------------------- */

/*
 * A program that waits cannot collect: collections happen as it allocates. With
 *
 *     neap_idle(L, quiet_ms)
 *
 * [-0, +0, -] a helper thread does it once a wait has lasted quiet_ms milliseconds: a whole
 * collection (finalizers excepted, they are called when the program goes on), and everything free
 * is given back. 0 ends the thread if there is one; that is how a state begins, so a library is
 * single-threaded unless its host asks. The `neap` command asks for 1000. The thread is started
 * when the heap is larger than 4 MiB; it blocks all signals, takes under 1 % of the
 * processor, does not survive fork (the child starts its own), and lua_close ends it. A host that
 * wants no thread gets the same by calling lua_gc(L, LUA_GCCOLLECT) and neap_release(L) when it is
 * about to wait.
 *
 * What is a wait? On Linux, where neap_Build.sees_waits is true, any: every other thread of the process sleeps in a system
 * call, be it in a C function, in a hook, or in the host between two calls of the API, and no thread has called the API for
 * quiet_ms. Whoever calls it while the helper works waits for the end of a slice, which is about half a millisecond. Not taken
 * for a wait are
 *   - a process of which a thread works, whatever it does, or has a signal blocked that the process catches, or which has more
 *     than 64 threads besides;
 *   - functions that Neap calls amid its own work: a finalizer, a host's allocator, the functions of neap_watch, neap_map,
 *     neap_snapshot, neap_writeprofile, neap_onmemoryerror and neap_interrupt.
 * For a C function that sleeps it is as if it had called the API: what it uses must be on its stack or reachable. Strings and
 * userdata of at most 64 KiB that it has just popped are kept nevertheless. A signal handler that is installed with SA_NODEFER
 * must not sleep. lua_sethook, neap_hookrunning and neap_interrupt never wait.
 *
 * Where waits are not seen, and in a process that has other threads at work, a wait is one that is announced. The libraries do
 * so (io.read and its like, os.execute, closing a pipe). A C function says so itself:
 *
 *     neap_enter_blocking(L);
 *     n = read(fd, buffer, size);
 *     neap_leave_blocking(L);
 *
 * [-0, +0, -] Between the two nothing of this Lua may be touched through the API by anyone; pointers
 * to strings and userdata blocks that are reachable stay good. The pairs nest. They cost a few
 * nanoseconds each; neap_leave_blocking may have to wait for a slice of the collection under way.
 */
LUA_API void (neap_idle)(lua_State *L, int quiet_ms);
LUA_API void (neap_enter_blocking)(lua_State *L);
LUA_API void (neap_leave_blocking)(lua_State *L);

/* What the system says a process has used. Sizes are bytes, times are seconds. */
typedef struct neap_Usage {
    double user, system;    /* processor time */
    size_t peak_resident;   /* of children: of the largest; 0 where the system does not say */
    size_t minor_faults;    /* pages provided without reading a disk */
    size_t major_faults;
} neap_Usage;

/* Fills *self for this process and *children for those it has waited for; 0 where the system does
   not say. Needs no state. */
LUA_API int (neap_usage)(neap_Usage *self, neap_Usage *children);

/* What this Neap was built with and what it runs on. Strings are static. */
typedef struct neap_Build {
    const char *system;     /* name of the memory backend, as in neap_Stats */
    int releases;           /* false where the system takes back no memory until the process ends */
    size_t page_bytes;      /* the system's page */
    size_t huge_page_bytes; /* its transparent huge page, 0 when it has none */
    int sees_waits;         /* true where neap_idle's thread works in waits that are not announced, too */
    const char *huge_pages; /* when it gives huge pages: "never", "madvise" (when asked), "always" */
    const char *compiler;   /* the C compiler and its version */
    const char *dispatch;   /* the interpreter's: "tail calls", "computed goto", "switch" */
    int check;              /* level of internal checks: 0 none, 1 assertions, 2 heap and memory walks */
} neap_Build;

/* Fills *out; needs no state. */
LUA_API void (neap_build)(neap_Build *out);

/* ---- The limit -------------------------------------------------------------------------------- */

/*
 * The hard limit is over everything a state has: objects, buffers, stacks, userdata, the compiler's and the collector's
 * own memory, in bytes of memory that is ready to be used. What does not fit is collected for; what does not fit then is
 * the error LUA_ERRMEM, "not enough memory", after which the program can go on. The soft limit is one that the collector
 * works to stay below, but that nothing fails for. docs/limit.md has the details. A fresh state has neither; the command
 * takes the control group's.
 */
#define NEAP_LIMIT_OK 0
#define NEAP_LIMIT_IN_USE 1     /* more is in use than the hard limit allows, even after a collection */
#define NEAP_LIMIT_SOFT_ABOVE 2 /* the soft limit is above the hard one */

/* [-0, +0, -] Sets both limits, in bytes; 0: none. Collects when that is needed to get below the new one; runs no
   finalizers. When it is refused, both limits are as they were. */
LUA_API int (neap_setlimit)(lua_State *L, size_t hard, size_t soft);
/* [-0, +0, -] Either pointer may be NULL. */
LUA_API void (neap_getlimit)(lua_State *L, size_t *hard, size_t *soft);
/* [-1, +0, -] Takes a function (or nil: none) off the stack, which is called with "hard" or "soft" when a limit is
   approached; see heap.onlimit. */
LUA_API void (neap_onlimit)(lua_State *L);
/* Understands a limit as people write it: bytes, with or without a unit (B; K, KiB, M, MiB, G, GiB, T, TiB, all powers of
   1024), a percentage of the memory that the process may have ("80%"), "cgroup" (what the control group allows, less some
   room for the rest of the process), or "none". Returns NULL and sets *bytes (0: no limit), or a text that says what is
   wrong and continues a sentence about it. Needs no state. */
LUA_API const char *(neap_parselimit)(const char *text, size_t *bytes);

/* ---- Looking at the object graph -------------------------------------------------------------- */

/*
 * What is in the heap, what it takes, and what keeps it there. neap_retained, neap_why, neap_types and neap_snapshot make a
 * whole collection first (no finalizers run), so that all they find is alive, and then walk the heap: they take as long as
 * a collection or a few. Meanwhile they allocate nothing in the heap; what memory they need is the process's and does not
 * count against the limit of the state. docs/heap-module.md has the details.
 */
#define NEAP_INSPECT_OK 0
#define NEAP_INSPECT_MEMORY 1 /* the system gives no memory for the walk; nothing was pushed or written */
#define NEAP_INSPECT_WRITER 2 /* the writer of neap_snapshot gave up */

/* [-0, +0, -] Bytes that the value itself takes: its slot, and the buffers it alone owns (a table's entries, a thread's
   stack), not what it refers to. 0 for what is not in the heap: nil, booleans, numbers, light userdata, C functions without
   upvalues. Does not collect. */
LUA_API size_t (neap_size)(lua_State *L, int index);

/* [-0, +0, -] Bytes (and, if `objects` is not NULL, the number of objects) that would be freed if the value were not there:
   itself and what only it keeps alive. The references that the running C function has on its stack do not count. */
LUA_API int (neap_retained)(lua_State *L, int index, size_t *bytes, size_t *objects);

/* [-0, +(0|1), m] Pushes a list of what is in the heap, what takes most bytes first: tables with the fields type, name,
   count and bytes. Tables are told apart by their metatable's __name or by their fields, functions by where they are
   defined. */
LUA_API int (neap_types)(lua_State *L);

/* [-0, +(0|1), m] Pushes a list of up to `most` texts, each a path of names from a root of the collector to the value, one
   for each reference to it, shortest first. The references that the running C function has do not count. */
LUA_API int (neap_why)(lua_State *L, int index, size_t most);

/* ---- Groups ----------------------------------------------------------------------------------- */

/*
 * A group is an account of memory: what is allocated while a function runs in it is charged to it, for as long as it
 * is there, and a limit of its own can stop a plug-in that the rest of the program should outlive. Charged are objects
 * and their buffers, in bytes as the heap rounds them up; not the pages that they lie in. docs/heap-module.md tells who
 * pays for what is shared. A program without groups pays nothing for them; changing from one group to another, as a call
 * or a coroutine of another group does, costs a fraction of a microsecond.
 *
 * The handle is a userdata, to which the host may give a metatable. When it is collected the group has no name any more that
 * could be used, but what was charged to it stays so until it is freed.
 */
typedef struct neap_GroupStats {
    const char *name;  /* good as long as the group */
    size_t bytes;      /* charged to it now: what it has allocated and was not yet found dead */
    size_t peak;       /* the most that has been, as far as was looked: within a few KiB */
    size_t objects;    /* objects among it */
    size_t limit;      /* 0: none */
    size_t limit_hits; /* errors "not enough memory (group 'NAME')" */
    int dropped;       /* its handle has been collected */
} neap_GroupStats;

/* [-0, +1, m] Pushes the handle of a new group with a copy of the name, which is for people: two may have the same. The limit is in
   bytes, 0: none. */
LUA_API void (neap_group_new)(lua_State *L, const char *name, size_t limit);
/* [-0, +0, -] Is the value at that index a handle? The other functions require it. */
LUA_API int (neap_group_is)(lua_State *L, int index);
/* [-(nargs + 1), +nresults, e] lua_call in the group at that index. An error passes through it, after to-be-closed variables have
   been closed, in the group; the message handler is called where the error is raised. The called function cannot yield. */
LUA_API void (neap_group_call)(lua_State *L, int index, int nargs, int nresults);
/* [-(nargs + 1), +?, e] The same as the last act of a C function, with all results, and the called function may yield:
       return neap_group_tailcall(L, index, nargs); */
LUA_API int (neap_group_tailcall)(lua_State *L, int index, int nargs);
/* [-0, +0, -] Sets its limit; 0: none. Collects when that is needed to get below it; NEAP_LIMIT_IN_USE, and the limit is as it was,
   when that is not enough. */
LUA_API int (neap_group_setlimit)(lua_State *L, int index, size_t limit);
/* [-0, +0, -] Fills *out; looks at every span of the heap. */
LUA_API void (neap_group_stats)(lua_State *L, int index, neap_GroupStats *out);
/* [-0, +0, -] For all groups there are, also dropped ones: fills *out for one and returns a number to ask for the next with,
   beginning with 0, when they are counted. 0: there are no more. */
LUA_API int (neap_group_next)(lua_State *L, int previous, neap_GroupStats *out);
/* [-0, +0, -] Writes the heap as a .heapsnapshot, which Chrome DevTools (Memory, Load profile) and other programs read, in
   pieces of up to 64 KiB through writer(L, bytes, size, data). The writer must not use L; something other than 0 ends it. */
LUA_API int (neap_snapshot)(lua_State *L, lua_Writer writer, void *data);

/* [-0, +0, -] From now on f(L, data) is called whenever an error "not enough memory" is about to be raised, before message
   handlers and heap.onlimit; NULL: no more. L is in the midst of an allocation: f may call neap_snapshot and neap_moment on
   it, and nothing else. */
LUA_API void (neap_onmemoryerror)(lua_State *L, void (*f)(lua_State *L, void *data), void *data);

/* ---- From signal handlers ---------------------------------------------------------------------- */

/* [-0, +0, -] Asks for f(L) to be called soon by the thread that runs, between two instructions: within microseconds where
   Lua code runs, at its end where a C function does. It may be called from a signal handler, while L's state is open. f may
   call any function that raises no error and does not yield, neap_snapshot among them. A second call before f has been
   called replaces it. */
LUA_API void (neap_interrupt)(lua_State *L, void (*f)(lua_State *L));

/* ---- The library ----------------------------------------------------------------------------- */

#define NEAP_HEAPLIBNAME "heap"

/* [-0, +1, m] Opener of the `heap` module; luaL_openlibs calls it. */
LUAMOD_API int (luaopen_heap)(lua_State *L);

#endif
