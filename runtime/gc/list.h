/* list.h: growable lists of the collector, outside the heap: from sysAlloc, charged to the heap's owner.
 *
 * Does not: throw. A list that cannot grow says so, and its user falls back on something safe.
 */
#ifndef NP_GC_LIST_H
#define NP_GC_LIST_H

#include "runtime/state.h"

/* [-] Makes room for `capacity` records of `size` bytes, `count` of which are kept. false: no memory. */
bool np_list_reserve(NpMem *mem, void **items, size_t *capacity, size_t count, size_t size, size_t wanted);
/* [-] Gives the memory back. */
void np_list_close(NpMem *mem, void **items, size_t *capacity, size_t size);

NP_INLINE bool np_list_push(NpGlobal *global, NpObjList *list, NpObj *obj) {
    if (NP_UNLIKELY(list->count == list->capacity) &&
        !np_list_reserve(&global->heap.mem, (void **)&list->items, &list->capacity, list->count, sizeof obj,
                         list->count + 1))
        return false;
    list->items[list->count++] = obj;
    return true;
}

/* [-] Gives memory back when a list has room for much more than `wanted` objects (at least its count). */
void np_list_trim(NpGlobal *global, NpObjList *list, size_t wanted);
/* [-] Empties a list; a large one gives its memory back. */
void np_list_clear(NpGlobal *global, NpObjList *list);

#endif
