/* survey.c: see survey.h. */
#include "runtime/gc/survey.h"

#include "runtime/gc/heap_priv.h"

#define GRANULES_PER_PAGE (NP_PAGE_BYTES / NP_GRANULE)

/* Bits of the slots that begin in the page; a large object's span has one, in its first page. */
static size_t slots_in_page(const NpArena *arena, const NpSpan *span, size_t page) {
    size_t from = page * GRANULES_PER_PAGE;
    if (span->size_class == 0) return np_granule_of(span->base) == from && np_bits_test(arena->alloc, from) ? 1 : 0;
    return np_bits_count_range(arena->alloc, from, from + GRANULES_PER_PAGE);
}

/* A dedicated arena is longer than its tables; its object begins in the first page. */
static size_t pages_of(const NpArena *arena) { return np_bits_min(arena->mapped_pages, NP_ARENA_PAGES); }

/* The reserve is a buffer that nobody owns; buffers are numbered all the same, but nobody asks for it. */
static bool number_arena(NpSurvey *survey, const NpArena *arena, uint32_t *before) {
    for (size_t page = arena->first_page, end = pages_of(arena); page < end; page++) {
        const NpSpan *span = arena->page_span[page];
        if (!span) continue;
        before[page] = (uint32_t)survey->count[span->kind];
        survey->count[span->kind] += slots_in_page(arena, span, page);
        if (survey->count[span->kind] > UINT32_MAX) return false;
    }
    return true;
}

bool np_survey_open(NpSurvey *survey, NpHeap *heap) {
    const NpPages *pages = &heap->priv->pages;
    void *memory;
    memset(survey, 0, sizeof *survey);
    CHECK1("H2", heap->priv->unswept == 0);
    np_heap_return_rests(heap);
    survey->heap = heap;
    survey->bytes = NP_ALIGN_UP(pages->count * NP_ARENA_PAGES * sizeof *survey->before, np_os_page_size());
    if (survey->bytes == 0 || sysAlloc(&np_mem_process, survey->bytes, &memory) != 0) return false;
    survey->before = memory;
    for (uint32_t i = 0; i < pages->count; i++) {
        if (number_arena(survey, pages->arenas[i].arena, survey->before + i * NP_ARENA_PAGES)) continue;
        np_survey_close(survey);
        return false;
    }
    return true;
}

size_t np_survey_number(const NpSurvey *survey, const void *p) {
    const NpArena *arena = np_arena_of(p);
    size_t granule = np_granule_of(p), page = granule / GRANULES_PER_PAGE;
    size_t first = np_pages_index(&survey->heap->priv->pages, arena) * NP_ARENA_PAGES;
    return survey->before[first + page] + np_bits_count_range(arena->alloc, page * GRANULES_PER_PAGE, granule);
}

void np_survey_each(const NpSurvey *survey, NpSpanKind kind, bool (*visit)(void *ctx, void *slot), void *ctx) {
    const NpPages *pages = &survey->heap->priv->pages;
    for (uint32_t i = 0; i < pages->count; i++) {
        NpArena *arena = pages->arenas[i].arena;
        for (size_t page = arena->first_page, end = pages_of(arena); page < end;) {
            const NpSpan *span = arena->page_span[page];
            size_t from, stop;
            page += span ? span->npages : 1;
            if (!span || span->kind != kind) continue;
            from = np_span_first_granule(span);
            stop = span->size_class ? np_span_end_granule(span) : from + 1;
            for (; (from = np_bits_next_set(arena->alloc, from, stop)) < stop; from++)
                if (!visit(ctx, (char *)arena + (from << NP_GRANULE_SHIFT))) return;
        }
    }
}

void np_survey_close(NpSurvey *survey) {
    if (survey->before) np_mem_discard_ready(&np_mem_process, survey->before, survey->bytes);
    survey->before = NULL;
}
