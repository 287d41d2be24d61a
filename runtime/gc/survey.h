/* survey.h: the slots of the heap numbered.
 *
 * Owns: the numbers of slots while a survey is open.
 * Does not: know what is in a slot, collect.
 *
 * Numbers. The occupied slots of a kind are numbered by address from 0. A survey keeps one count a page, of the slots
 * that begin in pages before it; the rest is counted in the alloc bits of the slot's page. So it takes 1/2048 of the
 * arenas it covers and a number costs a few instructions. While it is open nothing may be allocated or freed in the heap.
 */
#ifndef NP_GC_SURVEY_H
#define NP_GC_SURVEY_H

#include "runtime/gc/heap.h"

typedef struct NpSurvey {
    NpHeap *heap;
    uint32_t *before; /* by page of every arena, in the order of their addresses */
    size_t bytes;     /* of `before` */
    size_t count[NP_SPAN_KINDS];
} NpSurvey;

/* [-] Numbers what the heap has now; sweep must be finished. The memory is the process's, so that no limit of the state
 * refuses it. false: none is to be had. */
bool np_survey_open(NpSurvey *survey, NpHeap *heap);
/* [-] The number of the occupied slot that begins at p, among those of its kind. */
size_t np_survey_number(const NpSurvey *survey, const void *p);
/* [-] Calls visit for the slots of a kind in the order of their numbers, until it returns false. */
void np_survey_each(const NpSurvey *survey, NpSpanKind kind, bool (*visit)(void *ctx, void *slot), void *ctx);
void np_survey_close(NpSurvey *survey);

#endif
