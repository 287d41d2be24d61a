/* ephemeron.c: values of ephemeron tables that wait for their keys to be marked.
 *
 * Owns: gc.waiting, a map from keys to values, outside the heap.
 * Does not: look through tables (weak.c), mark keys (mark.c, which asks here for every object it scans).
 *
 * When marking is nearly over every entry of a weak-keyed table whose key is not marked is entered here once. Whichever
 * key is marked later brings its values with it, so that chains of any length are followed in time
 * proportional to the entries. Entries point at objects, not into tables, and nothing is freed while the map exists, so
 * what happens to the tables in between does not matter. The map's heads are made as large as it can get, and
 * entries come in blocks, so that nothing ever has to be moved.
 * Without memory np_waiting_add says so, and weak.c goes over the tables instead until nothing changes. */
#include "runtime/gc/mark.h"
#include "runtime/mem/mem_os.h"

enum { BLOCK = 4096, FIRST_HEADS = 1024, FREE_BLOCKS = 64 };
#define HEADS_MOST ((size_t)1 << 26)

typedef struct Entry {
    NpObj *key, *value;
    uint32_t next; /* entry + 1 of the same head, 0: none */
} Entry;

static size_t block_bytes(void) { return NP_ALIGN_UP(BLOCK * sizeof(Entry), np_os_page_size()); }

static Entry *entry_at(const NpWaiting *waiting, size_t index) {
    return (Entry *)(void *)waiting->blocks.items[index / BLOCK] + index % BLOCK;
}

static uint32_t *head_of(const NpWaiting *waiting, const NpObj *key) {
    return &waiting->heads[((uintptr_t)key >> NP_GRANULE_SHIFT) * UINT64_C(0x9e3779b97f4a7c15) >> 20 & waiting->mask];
}

static bool open_map(NpGlobal *global) {
    NpWaiting *waiting = &global->gc.waiting;
    size_t heads = FIRST_HEADS, bytes;
    void *fresh;
    while (heads < global->gc.weak_nodes / 2 && heads < HEADS_MOST) heads *= 2;
    bytes = NP_ALIGN_UP(heads * sizeof(uint32_t), np_os_page_size());
    if (sysAlloc(&global->heap.mem, bytes, &fresh) != 0) return false;
    waiting->heads = fresh;
    waiting->heads_bytes = bytes;
    waiting->mask = heads - 1;
    return true;
}

bool np_waiting_add(NpGlobal *global, NpObj *key, NpObj *value) {
    NpWaiting *waiting = &global->gc.waiting;
    uint32_t *head;
    Entry *entry;
    if (!waiting->heads && !open_map(global)) return false;
    if (waiting->count == UINT32_MAX - 1) return false;
    if (waiting->count / BLOCK == waiting->blocks.count) {
        void *block;
        if (sysAlloc(&global->heap.mem, block_bytes(), &block) != 0) return false;
        if (!np_list_push(global, &waiting->blocks, block)) {
            np_mem_discard_ready(&global->heap.mem, block, block_bytes());
            return false;
        }
    }
    head = head_of(waiting, key);
    entry = entry_at(waiting, waiting->count++);
    *entry = (Entry){key, value, *head};
    *head = (uint32_t)waiting->count;
    return true;
}

void np_waiting_key(NpGlobal *global, const NpObj *key) {
    const NpWaiting *waiting = &global->gc.waiting;
    const Entry *entry;
    for (uint32_t at = *head_of(waiting, key); at; at = entry->next) {
        entry = entry_at(waiting, at - 1);
        if (entry->key == key) np_mark_shade(global, entry->value, entry->value->kind);
    }
}

bool np_waiting_free(NpGlobal *global, bool all) {
    NpWaiting *waiting = &global->gc.waiting;
    NpMem *mem = &global->heap.mem;
    if (waiting->heads) np_mem_discard_ready(mem, waiting->heads, waiting->heads_bytes);
    waiting->heads = NULL;
    waiting->count = 0;
    for (int i = 0; waiting->blocks.count > 0 && (all || i < FREE_BLOCKS); i++)
        np_mem_discard_ready(mem, waiting->blocks.items[--waiting->blocks.count], block_bytes());
    if (waiting->blocks.count > 0) return false;
    np_list_clear(global, &waiting->blocks);
    return true;
}
