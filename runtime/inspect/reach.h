/* reach.h: bringing the heap to rest, and finding what can be reached in it.
 *
 * Owns: how the heap is settled before it is looked at, the walk over everything that can be reached.
 * Does not: know what edges there are (edges.h) or what they are called (names.h).
 *
 * Liveness. np_inspect_settle makes a whole collection first, so that what is in the heap is what can be reached, and
 * each figure is exact. (What finalisers are waiting for is there too: it has a root.) Finalisers do not run, nothing is
 * allocated. While a memory error is being raised (NpLimit.telling) it is the collection that an allocation makes, which
 * moves nothing; short strings and shapes that nothing refers to survive that. Either way the collector is between two
 * cycles then and every mark bit is 0 (H2), so the walk takes the mark bits for the set of what it has met; they are
 * cleared at the end. Besides them it needs a queue and, for paths, where each object was first met: both are charged to
 * the process, so that a limit of the state does not refuse them.
 * Between np_inspect_settle and the end of the walk nothing may be allocated in the heap.
 */
#ifndef NP_INSPECT_REACH_H
#define NP_INSPECT_REACH_H

#include "runtime/gc/survey.h"
#include "runtime/inspect/edges.h"

/* [-] Collects, see above. */
void np_inspect_settle(lua_State *L);

typedef struct NpReach {
    lua_State *L;
    NpObj *except;       /* not passed through, as if it were not there; or NULL */
    bool without_caller; /* what the running C function has on its stack does not count */
    /* Called for every reference that counts, also to what has been met before: from NULL for roots. false: the walk ends. */
    bool (*visit)(void *ctx, NpObj *from, const NpEdge *edge);
    void *ctx;
    bool want_parents;
    /* reach.c's: */
    NpSurvey survey;
    NpObj **queue, **parents;
    size_t queue_bytes, parents_bytes, head, count;
    NpObj *from;
    NpObj **later; /* tables with weak keys that have not been met */
    size_t later_count, later_capacity;
    bool failed, stopped;
} NpReach;

/* [-] Walks, nearest first. false: no memory. To be followed by np_reach_close in any case. */
bool np_reach_walk(NpReach *reach);
/* [-] The object that a reached object was first met from; NULL: a root. With want_parents. */
NpObj *np_reach_parent(const NpReach *reach, const NpObj *obj);
/* [-] Clears the marks, gives the memory back. */
void np_reach_close(NpReach *reach);

#endif
