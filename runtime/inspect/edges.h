/* edges.h: what refers to what, by name: the one enumerator that everything in runtime/inspect rests on.
 *
 * Owns: the outgoing edges of every kind of object (objkinds.def) and of the state itself, which name each has, and how
 *       strong it is. It shows all that keeps an object alive, and weak references besides.
 * Does not: collect, mark, allocate, write text (names.c).
 *
 * The heap must be settled (reach.h): no dead entries in weak tables, no phase of the collector in progress.
 */
#ifndef NP_INSPECT_EDGES_H
#define NP_INSPECT_EDGES_H

#include "runtime/state.h"

typedef enum {
#define EDGE(name, chrome, text) NP_EDGE_##name,
#include "runtime/inspect/edgekinds.def"
#undef EDGE
    NP_EDGE_KINDS
} NpEdgeKind;

typedef enum {
    NP_EDGE_STRONG,
    NP_EDGE_WEAK,      /* keeps nothing alive */
    NP_EDGE_EPHEMERON, /* keeps `to` alive while the object `key` lives */
} NpEdgeStrength;

/* Only the fields that edgekinds.def names for the kind are set, besides the first three. */
typedef struct NpEdge {
    uint8_t kind, strength;
    NpObj *to;
    const NpString *name; /* or NULL */
    int64_t index;
    NpValue key;          /* ENTRY; and of an ephemeron the key that it waits for */
    const char *text;     /* ROOT: static */
    const NpFrame *frame; /* LOCAL, TEMPORARY, ARGUMENT, RUNNING */
    lua_State *thread;    /* of that frame */
} NpEdge;

/* Called for each edge; true: go on with the next. */
typedef bool (*NpEdgeVisit)(void *ctx, const NpEdge *edge);

/* [-] The edges of an object, in an order that does not change while the heap does not. false: visit stopped it. */
bool np_edges_of(NpGlobal *global, NpObj *obj, NpEdgeVisit visit, void *ctx);
/* [-] Those of the state: the roots of the collector. L is the thread that runs. */
bool np_edges_roots(lua_State *L, NpEdgeVisit visit, void *ctx);

/* [-] Bytes of the object's slot and of the buffers that it owns. */
size_t np_edges_size(const NpObj *obj);
/* [-] Calls visit for each buffer the object owns. */
void np_edges_buffers(const NpObj *obj, void (*visit)(void *ctx, const void *buffer), void *ctx);

#endif
