/* move.c: takes the buffers of tables out of sparsely used spans.
 *
 * Owns: which objects' buffers are moved, and when it is worth the walk over all of them.
 * Does not: move what running code may point into: stacks, frames and bytecode stay. Nor large buffers,
 *       which have pages of their own, nor the few other buffers there are.
 *
 * It happens at safe points, between the end of a sweep and the next mark phase. A safe point may call
 * finalisers, which may change any table, so nobody keeps a pointer into a table's buffers across one.
 */
#include "runtime/gc/move.h"

#include "runtime/dbg.h"
#include "runtime/dict.h"
#include "runtime/table.h"

#define LEAST_GAIN ((size_t)256 << 10)      /* less is not worth the walk, */
#define LEAST_GAIN_FULL ((size_t)32 << 10)  /* nor this when memory matters more than time */
#define LEAST_SHARE 16                      /* nor less than this part of what is in use */
enum { MOVE_WORK = 512 };                   /* moving a buffer costs as much as looking at so many bytes */

static size_t move(NpHeap *heap, void **buffer, size_t size) {
    void *fresh;
    if (!np_heap_is_leaving(heap, *buffer, size)) return 0;
    fresh = np_heap_move_buf(heap, *buffer, size);
    if (!fresh) {
        np_heap_vacate_end(heap);
        return 0;
    }
    *buffer = fresh;
    return MOVE_WORK + size;
}

static size_t visit(void *ctx, void *slot) {
    NpHeap *heap = ctx;
    NpTable *table = slot;
    void *array;
    size_t done;
    if (table->kind != NP_TABLE) return sizeof(NpObj);
    done = sizeof *table;
    if (table->slots)
        done += move(heap, &table->slots, np_table_is_dict(table) ? np_dict_bytes(((NpDict *)table->slots)->size)
                                                                  : (size_t)table->slot_capacity * NP_ELEMENT_BYTES);
    array = table->array;
    done += move(heap, &array, (size_t)table->array_size * NP_ELEMENT_BYTES);
    table->array = array;
    return done;
}

/* Under gcstress and gcslice whatever can move does. */
static bool is_worth_it(const NpHeap *heap, size_t keep, bool full) {
    size_t gain;
    if (np_dbg_on(gcstress) || np_dbg_on(gcslice)) return np_heap_vacate_gain(heap, 0) > 0;
    gain = np_heap_vacate_gain(heap, keep);
    return full ? gain >= LEAST_GAIN_FULL : gain >= LEAST_GAIN && gain >= heap->in_use / LEAST_SHARE;
}

bool np_move_some(NpGlobal *global, size_t work, size_t keep, bool full) {
    NpGc *gc = &global->gc;
    NpHeap *heap = &global->heap;
    if (gc->move == NP_MOVE_DUE) {
        if (!is_worth_it(heap, keep, full)) return true; /* more may be, when less is to be kept */
        gc->move = NP_MOVE_RUNNING;
        np_heap_vacate_begin(heap);
    }
    if (gc->move == NP_MOVE_RUNNING && np_heap_vacate_walk(heap, work, visit, heap)) np_move_stop(global);
    return gc->move == NP_MOVE_DONE;
}

void np_move_stop(NpGlobal *global) {
    if (global->gc.move != NP_MOVE_RUNNING) return;
    np_heap_vacate_end(&global->heap);
    global->gc.move = NP_MOVE_DONE;
}
