/* fixalloc.c: see fixalloc.h. */
#include "runtime/mem/fixalloc.h"

#include "runtime/mem/poison.h"

/* In front of every chunk. */
typedef struct Chunk {
    struct Chunk *next;
    size_t bytes;
} Chunk;

enum { FIRST_CHUNK = 16 << 10, NEXT_CHUNK = 64 << 10 };

void np_fixalloc_init(NpFixAlloc *fix, NpMem *mem, size_t size) {
    memset(fix, 0, sizeof *fix);
    fix->mem = mem;
    fix->size = NP_ALIGN_UP(size < sizeof(void *) ? sizeof(void *) : size, 8);
}

static bool add_chunk(NpFixAlloc *fix) {
    size_t bytes = NP_ALIGN_UP(fix->chunks ? NEXT_CHUNK : FIRST_CHUNK, np_os_page_size());
    void *v;
    Chunk *chunk;
    if (sysAlloc(fix->mem, bytes, &v) != 0) return false;
    chunk = v;
    chunk->next = fix->chunks;
    chunk->bytes = bytes;
    fix->chunks = chunk;
    fix->cur = (char *)(chunk + 1);
    fix->end = (char *)chunk + bytes;
    NP_POISON(fix->cur, (size_t)(fix->end - fix->cur));
    return true;
}

void *np_fixalloc_alloc(NpFixAlloc *fix) {
    void *record = fix->free;
    if (record) {
        NP_UNPOISON(record, fix->size);
        memcpy(&fix->free, record, sizeof(void *));
    } else {
        if ((size_t)(fix->end - fix->cur) < fix->size && !add_chunk(fix)) return NULL;
        record = fix->cur;
        fix->cur += fix->size;
        NP_UNPOISON(record, fix->size);
    }
    fix->in_use++;
    return record;
}

void np_fixalloc_free(NpFixAlloc *fix, void *record) {
    if (CHECK >= 1) memset(record, 0xDF, fix->size);
    memcpy(record, &fix->free, sizeof(void *));
    fix->free = record;
    fix->in_use--;
    NP_POISON(record, fix->size);
}

void np_fixalloc_close(NpFixAlloc *fix) {
    for (Chunk *chunk = fix->chunks, *next; chunk; chunk = next) {
        size_t bytes = chunk->bytes;
        next = chunk->next;
        NP_UNPOISON(chunk, bytes);
        np_mem_discard_ready(fix->mem, chunk, bytes);
    }
    np_fixalloc_init(fix, fix->mem, fix->size);
}
