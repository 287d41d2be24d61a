/* reach.c: see reach.h. */
#include "runtime/inspect/reach.h"

#include "runtime/gc/gc.h"
#include "runtime/gc/list.h"
#include "runtime/mem/mem_os.h"

void np_inspect_settle(lua_State *L) {
    NpLimit *limit = &L->global->limit;
    if (!limit->telling) {
        np_gc_full(L, true);
        return;
    }
    limit->thread = L;
    np_gc_unrooted(L);
    limit->thread = NULL;
}

/* Objects and strings have one row of numbers. */
static size_t number_of(const NpReach *reach, const NpObj *obj) {
    size_t number = np_survey_number(&reach->survey, obj);
    return obj->kind == NP_STR ? reach->survey.count[NP_SPAN_OBJ] + number : number;
}

NpObj *np_reach_parent(const NpReach *reach, const NpObj *obj) { return reach->parents[number_of(reach, obj)]; }

static void meet(NpReach *reach, NpObj *obj) {
    if (!np_mark_set(obj)) return;
    if (reach->parents) reach->parents[number_of(reach, obj)] = reach->from;
    if (obj->kind != NP_STR) reach->queue[reach->count++] = obj;
}

/* The object that is left out is marked, so that it is not entered. */
static bool is_met(const NpReach *reach, const NpObj *obj) { return obj != reach->except && np_mark_test(obj); }

static bool put_off(NpReach *reach) {
    if (reach->later_count > 0 && reach->later[reach->later_count - 1] == reach->from) return true;
    if (!np_list_reserve(&np_mem_process, (void **)&reach->later, &reach->later_capacity, reach->later_count,
                         sizeof *reach->later, reach->later_count + 1)) {
        reach->failed = true;
        return false;
    }
    reach->later[reach->later_count++] = reach->from;
    return true;
}

static bool belongs_to_caller(const NpReach *reach, const NpEdge *edge) {
    return reach->without_caller && edge->frame && edge->thread == reach->L && edge->frame == reach->L->frame;
}

static bool follow(void *ctx, const NpEdge *edge) {
    NpReach *reach = ctx;
    if (edge->strength == NP_EDGE_WEAK || belongs_to_caller(reach, edge)) return true;
    if (edge->strength == NP_EDGE_EPHEMERON && !is_met(reach, edge->key.v.obj)) return put_off(reach);
    if (reach->visit && !reach->visit(reach->ctx, reach->from, edge)) {
        reach->stopped = true;
        return false;
    }
    meet(reach, edge->to);
    return true;
}

static bool follow_ephemeron(void *ctx, const NpEdge *edge) {
    NpReach *reach = ctx;
    if (edge->strength != NP_EDGE_EPHEMERON || is_met(reach, edge->to) || !is_met(reach, edge->key.v.obj)) return true;
    return follow(ctx, edge);
}

static void drain(NpReach *reach) {
    while (reach->head < reach->count && !reach->stopped && !reach->failed) {
        reach->from = reach->queue[reach->head++];
        (void)np_edges_of(reach->L->global, reach->from, follow, reach);
    }
}

/* Goes over the tables with weak keys until no more keys are met. */
static void converge(NpReach *reach) {
    size_t before;
    do {
        before = reach->count;
        for (size_t i = 0; i < reach->later_count && !reach->stopped && !reach->failed; i++) {
            reach->from = reach->later[i];
            (void)np_edges_of(reach->L->global, reach->from, follow_ephemeron, reach);
            drain(reach);
        }
    } while (reach->count > before && !reach->stopped && !reach->failed);
}

static bool take(size_t count, size_t *bytes, NpObj ***out) {
    void *memory;
    *bytes = NP_ALIGN_UP((count + 1) * sizeof(NpObj *), np_os_page_size());
    if (sysAlloc(&np_mem_process, *bytes, &memory) != 0) return false;
    *out = memory;
    return true;
}

bool np_reach_walk(NpReach *reach) {
    NpSurvey *survey = &reach->survey;
    if (!np_survey_open(survey, &reach->L->global->heap)) return false;
    if (!take(survey->count[NP_SPAN_OBJ], &reach->queue_bytes, &reach->queue)) return false;
    if (reach->want_parents &&
        !take(survey->count[NP_SPAN_OBJ] + survey->count[NP_SPAN_LEAF], &reach->parents_bytes, &reach->parents))
        return false;
    if (reach->except) np_mark_set(reach->except);
    if (!np_edges_roots(reach->L, follow, reach)) return !reach->failed;
    drain(reach);
    converge(reach);
    return !reach->failed;
}

void np_reach_close(NpReach *reach) {
    np_heap_mark_cancel(&reach->L->global->heap);
    if (reach->queue) np_mem_discard_ready(&np_mem_process, reach->queue, reach->queue_bytes);
    if (reach->parents) np_mem_discard_ready(&np_mem_process, reach->parents, reach->parents_bytes);
    np_list_close(&np_mem_process, (void **)&reach->later, &reach->later_capacity, sizeof *reach->later);
    np_survey_close(&reach->survey);
}
