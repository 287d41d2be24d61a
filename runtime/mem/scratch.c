/* scratch.c: see scratch.h. */
#include "runtime/mem/scratch.h"

#include "runtime/mem/mem_os.h"
#include "runtime/mem/poison.h"

struct NpScratchChunk {
    _Alignas(8) NpScratchChunk *next; /* what follows is aligned to 8 */
    size_t bytes;
    NpMem *mem; /* who is charged */
};

enum { FIRST_CHUNK = 16 << 10, NEXT_CHUNK = 64 << 10, LAST_CHUNK = 1 << 20 };

/* Chunks of FIRST_CHUNK bytes for the next scratches of any thread, or NULL: the compiler uses two. Charged to the process. */
enum { KEPT = 2 };
static NpScratchChunk *kept[KEPT];

static NpScratchChunk *take_kept(void) {
    NpScratchChunk *chunk = NULL;
    for (int i = 0; i < KEPT && !chunk; i++) chunk = __atomic_exchange_n(&kept[i], NULL, __ATOMIC_ACQUIRE);
    return chunk;
}

/* Returns what there is no place for, or NULL. */
static NpScratchChunk *keep(NpScratchChunk *chunk) {
    for (int i = 0; i < KEPT && chunk; i++) chunk = __atomic_exchange_n(&kept[i], chunk, __ATOMIC_ACQ_REL);
    return chunk;
}

void np_scratch_init(NpScratch *scratch) { np_scratch_init_in(scratch, &np_mem_process); }

void np_scratch_init_in(NpScratch *scratch, NpMem *mem) {
    memset(scratch, 0, sizeof *scratch);
    scratch->mem = mem;
}

static NpScratchChunk *new_chunk(NpMem *mem, size_t bytes) {
    NpScratchChunk *chunk;
    void *v;
    bytes = NP_ALIGN_UP(bytes, np_os_page_size());
    if (sysAlloc(mem, bytes, &v) != 0) return NULL;
    chunk = v;
    chunk->bytes = bytes;
    chunk->mem = mem;
    return chunk;
}

/* A chunk with room for `need` bytes, or NULL. */
static NpScratchChunk *next_chunk(NpScratch *scratch, size_t need) {
    size_t whole = need + sizeof(NpScratchChunk);
    NpScratchChunk *spare = scratch->spare;
    if (spare && whole <= spare->bytes) {
        scratch->spare = NULL;
        return spare;
    }
    if (!scratch->chunks && whole <= FIRST_CHUNK) {
        NpScratchChunk *chunk = take_kept();
        return chunk ? chunk : new_chunk(&np_mem_process, FIRST_CHUNK);
    }
    size_t bytes = NEXT_CHUNK;
    while (bytes < LAST_CHUNK && bytes < scratch->used) bytes *= 2;
    return new_chunk(scratch->mem, bytes < whole ? whole : bytes);
}

void *np_scratch_alloc_slow(NpScratch *scratch, size_t size) {
    size_t need = NP_ALIGN_UP(size ? size : 1, 8);
    char *p;
    if (need < size || need > SIZE_MAX / 2) return NULL;
    if ((size_t)(scratch->end - scratch->cur) < need) {
        NpScratchChunk *chunk = next_chunk(scratch, need);
        char *start, *end;
        if (!chunk) return NULL;
        chunk->next = scratch->chunks;
        scratch->chunks = chunk;
        start = (char *)(chunk + 1);
        end = (char *)chunk + chunk->bytes;
#if NP_ASAN
        NP_POISON(start, (size_t)(end - start));
#endif
        /* A large piece of its own leaves the current chunk in use if that has more room. */
        if ((size_t)(end - start) - need < (size_t)(scratch->end - scratch->cur)) {
            NP_UNPOISON(start, size);
            scratch->used += need;
            return start;
        }
        scratch->cur = start;
        scratch->end = end;
    }
    p = scratch->cur;
    scratch->cur += need;
    scratch->used += need;
    NP_UNPOISON(p, size);
    return p;
}

static void drop_chunk(NpScratchChunk *chunk) {
    NpMem *mem = chunk->mem;
    size_t bytes = chunk->bytes;
    np_mem_discard_ready(mem, chunk, bytes);
}

/* The newest chunk that is not larger than others are stays as the spare one: what goes back and forth over the end
 * of a chunk asks the system for nothing. */
void np_scratch_release_slow(NpScratch *scratch, NpScratchMark mark) {
    while (scratch->chunks != mark.chunks) {
        NpScratchChunk *chunk = scratch->chunks;
        scratch->chunks = chunk->next;
        NP_UNPOISON(chunk, chunk->bytes);
        if (chunk->mem == scratch->mem && chunk->bytes <= LAST_CHUNK && (!scratch->spare || scratch->spare->bytes < chunk->bytes)) {
            NpScratchChunk *smaller = scratch->spare;
            scratch->spare = chunk;
            chunk = smaller;
        }
        if (chunk) drop_chunk(chunk);
    }
    scratch->cur = mark.cur;
    scratch->end = mark.end;
    scratch->used = mark.used;
#if NP_ASAN
    if (mark.cur) NP_POISON(mark.cur, (size_t)(mark.end - mark.cur));
#endif
}

void np_scratch_drop(NpScratch *scratch, void *piece, size_t size) {
    if (size < LAST_CHUNK) return; /* LAST_CHUNK bytes do not fit into a chunk of that size */
    for (NpScratchChunk **link = &scratch->chunks; *link; link = &(*link)->next) {
        NpScratchChunk *chunk = *link;
        if ((char *)(chunk + 1) != piece) continue;
        if (chunk->bytes <= LAST_CHUNK || scratch->end == (char *)chunk + chunk->bytes) return;
        *link = chunk->next;
        NP_UNPOISON(chunk, chunk->bytes);
        drop_chunk(chunk);
        return;
    }
}

void np_scratch_free(NpScratch *scratch) {
    if (scratch->spare) {
        scratch->spare->next = scratch->chunks;
        scratch->chunks = scratch->spare;
        scratch->spare = NULL;
    }
    for (NpScratchChunk *chunk = scratch->chunks, *next; chunk; chunk = next) {
        next = chunk->next;
        NP_UNPOISON(chunk, chunk->bytes);
        if (chunk->mem == &np_mem_process && chunk->bytes == NP_ALIGN_UP(FIRST_CHUNK, np_os_page_size()))
            chunk = keep(chunk);
        if (chunk) drop_chunk(chunk);
    }
    np_scratch_init_in(scratch, scratch->mem);
}

size_t np_scratch_trim(void) {
    size_t bytes = 0;
    for (NpScratchChunk *chunk; (chunk = take_kept()) != NULL; drop_chunk(chunk)) bytes += chunk->bytes;
    return bytes;
}
