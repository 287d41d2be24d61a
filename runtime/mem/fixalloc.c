/* fixalloc.c: see fixalloc.h.
 *
 * Chunks are aligned, so that the chunk of a record is found by its address. Records are taken from the first
 * chunk with room, which is the one that something was freed in last, or a new one.
 */
#include "runtime/mem/fixalloc.h"

#include "runtime/mem/poison.h"

enum { FIRST_CHUNK = 16 << 10, CHUNK = 64 << 10 };

/* In front of every chunk. */
struct NpFixChunk {
    NpFixChunk *next, *prev;
    void *free;      /* freed records, linked through their first word */
    char *cur, *end; /* behind the records handed out so far; the end */
    size_t bytes;    /* mapped and Ready, of chunk_bytes() reserved */
    size_t used;     /* records handed out */
    size_t spare;
};

static size_t chunk_bytes(void) { return np_os_page_size() > CHUNK ? np_os_page_size() : CHUNK; }

void np_fixalloc_init(NpFixAlloc *fix, NpMem *mem, size_t size) {
    memset(fix, 0, sizeof *fix);
    fix->mem = mem;
    fix->size = NP_ALIGN_UP(size < sizeof(void *) ? sizeof(void *) : size, 8);
}

static void link_first(NpFixChunk **list, NpFixChunk *chunk) {
    chunk->prev = NULL;
    chunk->next = *list;
    if (*list) (*list)->prev = chunk;
    *list = chunk;
}

static void unlink_chunk(NpFixChunk **list, NpFixChunk *chunk) {
    if (chunk->prev) chunk->prev->next = chunk->next;
    else *list = chunk->next;
    if (chunk->next) chunk->next->prev = chunk->prev;
}

static bool add_chunk(NpFixAlloc *fix) {
    size_t all = chunk_bytes(), bytes = NP_ALIGN_UP(fix->in_use > 0 ? CHUNK : FIRST_CHUNK, np_os_page_size());
    NpFixChunk *chunk;
    void *v;
    if (sysReserveAligned(fix->mem, NULL, all, all, &v) != 0) return false;
    if (sysMap(fix->mem, v, bytes) != 0) {
        np_mem_discard(fix->mem, v, all, 0, 0);
        return false;
    }
    if (sysUsed(fix->mem, v, bytes, bytes) != 0) {
        np_mem_discard(fix->mem, v, all, bytes, 0);
        return false;
    }
    chunk = v;
    memset(chunk, 0, sizeof *chunk);
    chunk->bytes = bytes;
    chunk->cur = (char *)(chunk + 1);
    chunk->end = (char *)chunk + bytes;
    NP_POISON(chunk->cur, (size_t)(chunk->end - chunk->cur));
    link_first(&fix->open, chunk);
    return true;
}

static void drop_chunk(NpFixAlloc *fix, NpFixChunk *chunk) {
    NP_UNPOISON(chunk, chunk->bytes);
    np_mem_discard(fix->mem, chunk, chunk_bytes(), chunk->bytes, chunk->bytes);
}

static bool has_room(const NpFixAlloc *fix, const NpFixChunk *chunk) {
    return chunk->free || (size_t)(chunk->end - chunk->cur) >= fix->size;
}

void *np_fixalloc_alloc(NpFixAlloc *fix) {
    NpFixChunk *chunk;
    void *record;
    if (!fix->open && !add_chunk(fix)) return NULL;
    chunk = fix->open;
    record = chunk->free;
    if (record) {
        NP_UNPOISON(record, fix->size);
        memcpy(&chunk->free, record, sizeof(void *));
    } else {
        record = chunk->cur;
        chunk->cur += fix->size;
        NP_UNPOISON(record, fix->size);
    }
    if (!has_room(fix, chunk)) {
        unlink_chunk(&fix->open, chunk);
        link_first(&fix->full, chunk);
    }
    chunk->used++;
    fix->in_use++;
    return record;
}

void np_fixalloc_free(NpFixAlloc *fix, void *record) {
    NpFixChunk *chunk = (NpFixChunk *)NP_ALIGN_DOWN((uintptr_t)record, chunk_bytes());
    if (!has_room(fix, chunk)) {
        unlink_chunk(&fix->full, chunk);
        link_first(&fix->open, chunk);
    }
    if (CHECK >= 1) memset(record, 0xDF, fix->size);
    memcpy(record, &chunk->free, sizeof(void *));
    chunk->free = record;
    NP_POISON(record, fix->size);
    chunk->used--;
    fix->in_use--;
    if (chunk->used == 0 && (fix->open != chunk || chunk->next)) {
        unlink_chunk(&fix->open, chunk);
        drop_chunk(fix, chunk);
    }
}

void np_fixalloc_close(NpFixAlloc *fix) {
    NpFixChunk **lists[] = {&fix->open, &fix->full};
    for (size_t i = 0; i < 2; i++) {
        for (NpFixChunk *chunk = *lists[i], *next; chunk; chunk = next) {
            next = chunk->next;
            drop_chunk(fix, chunk);
        }
    }
    np_fixalloc_init(fix, fix->mem, fix->size);
}
