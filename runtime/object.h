/* object.h: the layout of every heap object.
 *
 * Owns: structures only. Who creates and changes them: string.c, table.c, func.c, state.c, stack.c.
 * Does not: hold mark bits (those are beside the span, gc/heap.h).
 *
 * Every object starts with one byte, its kind (an NpTag). Buffers (table slots, arrays, stacks, code)
 * have no header; each has exactly one owner, which alone refers to it.
 *
 * Objects of kind STR live in NP_SPAN_LEAF spans, all others in NP_SPAN_OBJ, buffers in NP_SPAN_BUF.
 */
#ifndef NP_OBJECT_H
#define NP_OBJECT_H

#include "runtime/opcode.h"
#include "runtime/value.h"

struct NpObj {
    uint8_t kind;
    uint8_t flags;
};
/* Flags of any object. */
enum {
    NP_FLAG_FINALIZER = 0x01, /* has a __gc and is in the finaliser list (final.c) */
    NP_FLAG_FINALIZED = 0x02, /* final.c has queued it; setmetatable may list it again */
    NP_FLAG_REGRAY = 0x04,    /* queued to be scanned again from its beginning (mark.c) */
    NP_FLAG_META = 0x10,      /* tables: serves or has served as a metatable */
    NP_FLAG_HOLDER = 0x20,    /* tables: lookups pass through it by __index; a change of its keys raises meta_epoch */
    NP_FLAG_WEAK_VALUES = 0x40, /* tables: the collector has noted them as weak in this cycle (weak.c) */
    NP_FLAG_WEAK_KEYS = 0x80,
    NP_FLAG_WEAK = 0xc0
};

/* ---- strings ---- */
#define NP_SHORT_MAX 40 /* bytes; strings up to this length are interned: equal means identical */
typedef struct NpString {
    uint8_t kind, flags;
    uint8_t is_short;
    uint8_t event; /* 1 + NpEvent when the text is a metamethod's name, else 0 (meta.h) */
    uint32_t hash; /* short: always valid; long: valid when nonzero */
    size_t length; /* bytes, without the NUL that follows the text */
    char text[];
} NpString;
_Static_assert(sizeof(void *) == 4 || sizeof(NpString) == 16, "string header");

/* ---- tables (table.h has the rules) ---- */
typedef struct NpTable {
    uint8_t kind, flags;
    uint8_t slot_capacity; /* record mode: values that fit `slots` */
    uint8_t absent;        /* bit e set: this table, as a metatable, is known to lack event e (first 8 events) */
    uint32_t shape;        /* NpShape index in the state's shape table; NP_SHAPE_DICT: dictionary mode */
    void *slots;           /* record: payloads[slot_capacity] then tags[slot_capacity]; dictionary: NpDict */
    NpPayload *array;      /* values of keys 1..array_size: payloads[array_size] then tags[array_size]; or NULL */
    uint32_t array_size;
    uint32_t border_hint;  /* some border as last seen by np_table_length; only a hint */
} NpTable;
_Static_assert(sizeof(void *) == 4 || sizeof(NpTable) == 32, "table header");

typedef struct NpDictNode {
    NpPayload key, value;
    int32_t next;      /* offset in nodes to the next of the same main position, 0: none */
    uint8_t key_tag;   /* NP_NIL: never used. A key whose value is nil stays until the next resize. */
    uint8_t value_tag;
    uint8_t dead_key;  /* the key was a collected object: compare by address only (for next) */
    uint8_t spare;
} NpDictNode;
_Static_assert(sizeof(void *) == 4 || sizeof(NpDictNode) == 24, "dictionary node");

typedef struct NpDict {
    struct NpTable *metatable;
    uint32_t size;      /* nodes, a power of two (>= 1) */
    uint32_t last_free; /* nodes at and above it are all in use */
    NpDictNode nodes[];
} NpDict;

/* Keys in slot order, shared by the shapes of one line of descent: shape s sees the first s.count. */
typedef struct NpKeys {
    uint8_t kind, flags;
    uint8_t count, capacity;
    uint32_t index_mask;     /* size of index - 1 */
    uint8_t *index;          /* hash -> slot + 1, 0 empty; linear probing; buffer of index_mask + 1 bytes */
    NpString *key[];         /* capacity entries */
} NpKeys;

/* Shapes are not heap objects: they live in a table of their own (shape_table of NpGlobal), addressed by a 32-bit
 * index that the bytecode caches. Marked and recycled by the collector (gc/mark.c, shape.c). */
typedef struct NpShape {
    _Alignas(8) NpTable *metatable; /* or NULL; fixed for the shape */
    NpKeys *keys;       /* or NULL when count is 0 */
    NpString *key;      /* the key that led here from the parent; NULL when the metatable did */
    uint32_t parent;
    uint32_t next_free; /* free list link; also the chain in the transition table */
    uint8_t count;      /* number of keys */
    uint8_t state;      /* NpShapeState */
    uint8_t marked;     /* NpGc.epoch: reached in that marking */
    uint8_t is_meta;    /* tables of this shape serve as metatables: stores are never cached */
    uint32_t children;  /* transitions out of it, ever */
} NpShape;
typedef enum { NP_SHAPE_FREE, NP_SHAPE_LIVE, NP_SHAPE_DEAD } NpShapeState; /* DEAD: ids may linger in caches */
#define NP_SHAPE_NONE 0u /* never a table's shape: the empty cache */
#define NP_SHAPE_DICT 1u /* all dictionaries */
#define NP_SHAPE_ROOT 2u /* {} without metatable */
#define NP_SHAPE_MAX_KEYS 128   /* field names in the program text may fill a record up to here, */
#define NP_SHAPE_MAX_COMPUTED 16 /* computed string keys up to here */

/* ---- functions ---- */
typedef struct NpUpval {
    uint8_t kind, flags;
    NpValue *at;          /* the variable: in a stack while open, &closed afterwards */
    union {
        NpValue closed;
        struct { struct NpUpval *next; lua_State *owner; } open; /* list of the thread, highest slot first */
    } u;
} NpUpval;

typedef struct NpLClosure {
    uint8_t kind, flags;
    uint8_t nupvalues;
    struct NpProto *proto;
    NpUpval *upvalue[];
} NpLClosure;

typedef struct NpCClosure {
    uint8_t kind, flags;
    uint8_t nupvalues;
    lua_CFunction function;
    NpValue upvalue[];
} NpCClosure;

typedef struct NpUpvalDesc {
    NpString *name; /* or NULL when stripped */
    uint8_t from_stack, index, kind; /* as in ast.h */
} NpUpvalDesc;
typedef struct NpLineRun { uint32_t pc; int32_t line; } NpLineRun; /* from word pc on, until the next run */
typedef struct NpLocVar { NpString *name; int32_t start_pc, end_pc; } NpLocVar; /* words; ordered by start */

/* A found-along-__index access: valid while the epoch is the state's. Weak: never marked. */
typedef struct NpChainCache {
    NpTable *holder;
    uint32_t epoch;
    uint32_t key; /* constant index, to restore the base instruction's W2; NP_CHAIN_FREE: of no instruction */
    uint8_t slot;
} NpChainCache;
#define NP_CHAIN_FREE UINT32_MAX

typedef struct NpProto {
    uint8_t kind, flags;
    uint8_t nparams, is_vararg, max_stack, nupvalues;
    int32_t line, last_line; /* of the definition; 0 for a main chunk */
    int32_t ncode, nconstants, nprotos, nlines, nlocvars, nchains, chain_capacity;
    NpInstr *code;
    NpValue *constants;
    struct NpProto **protos;
    NpUpvalDesc *upvalues;
    NpLineRun *lines;    /* NULL when stripped */
    NpLocVar *locvars;   /* NULL when stripped */
    NpChainCache *chains;
    NpString *source;    /* or NULL when stripped */
} NpProto;
/* The code of a prototype that can be called lies behind it: calls get there without asking `code`. */
NP_INLINE NpInstr *np_proto_code(const NpProto *proto) { return (NpInstr *)(proto + 1); }

/* ---- userdata ---- */
typedef struct NpUdata {
    uint8_t kind, flags;
    uint16_t nuservalues;
    uint32_t spare;
    size_t size;           /* bytes of the block */
    NpTable *metatable;
    _Alignas(16) NpValue uservalue[]; /* nuservalues, then the block: both aligned to 16 */
} NpUdata;
NP_INLINE void *np_udata_block(NpUdata *udata) { return udata->uservalue + udata->nuservalues; }

/* ---- threads: the object is the header and the host's extra space; then comes lua_State (state.h) ---- */
typedef struct NpThread {
    uint8_t kind, flags;
    uint8_t spare[sizeof(void *) - 2];
    char extra[LUA_EXTRASPACE];
    /* struct lua_State follows */
} NpThread;
_Static_assert(sizeof(NpThread) == sizeof(void *) + LUA_EXTRASPACE, "extra space lies right before lua_State");
NP_INLINE lua_State *np_thread_state(NpThread *thread) { return (lua_State *)(thread + 1); }
NP_INLINE NpThread *np_state_thread(lua_State *L) { return (NpThread *)L - 1; }

/* ---- payload casts ---- */
#define np_str(value) ((NpString *)(value)->v.p)
#define np_tab(value) ((NpTable *)(value)->v.p)
#define np_lcl(value) ((NpLClosure *)(value)->v.p)
#define np_ccl(value) ((NpCClosure *)(value)->v.p)
#define np_udata(value) ((NpUdata *)(value)->v.p)
#define np_thread(value) ((NpThread *)(value)->v.p)

#endif
