/* map.h: what the pages of the heap are, arena by arena (map.c). */
#ifndef NP_GC_MAP_H
#define NP_GC_MAP_H

#include "runtime/gc/heap.h"

/* What most of a cell is. A used one is NP_CELL_USED + n, where n/8 to (n + 1)/8 of its ready bytes are occupied. */
enum { NP_CELL_RELEASED, NP_CELL_FREE, NP_CELL_USED, NP_CELL_USED_MOST = NP_CELL_USED + 7 };

/* NP_ARENA_BYTES of address space at `base`, or less at the end of a reservation for one huge object. */
typedef struct NpMapWindow {
    char *base;
    size_t bytes, ready; /* of the whole, and of that Ready; the arena's own tables are included */
    bool huge;           /* its pages may be huge */
} NpMapWindow;

/* [-] How many windows the heap has. */
size_t np_map_windows(const NpHeap *heap);
/* [-] The window'th of them, by address, in cells of cell_bytes, a power of two from NP_UNIT_BYTES to NP_ARENA_BYTES:
 * writes bytes / cell_bytes, rounded up, of them. Occupied is what the last sweep and later claims know of. */
NpMapWindow np_map_window(NpHeap *heap, size_t window, size_t cell_bytes, uint8_t *cells);

#endif
