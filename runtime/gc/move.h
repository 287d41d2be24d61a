/* move.h: moving buffers of tables to where they free pages (move.c); the collector alone includes it. */
#ifndef NP_GC_MOVE_H
#define NP_GC_MOVE_H

#include "runtime/state.h"

/* NpGc.move: what has become of it since the last sweep. */
enum { NP_MOVE_DUE, NP_MOVE_RUNNING, NP_MOVE_DONE };

/* [-] A slice of about `work` bytes looked at or copied, after a sweep and before the next mark phase; true when there is
 * nothing more to do until the next sweep. keep: the bytes of free Ready memory that are wanted (np_heap_release).
 * full: as much as possible, for the least footprint. */
bool np_move_some(NpGlobal *global, size_t work, size_t keep, bool full);
/* [-] Gives up what is under way: a mark phase begins. */
void np_move_stop(NpGlobal *global);

#endif
