/* list.c: see list.h. */
#include "runtime/gc/list.h"

enum { FIRST_BYTES = 4096, KEEP_BYTES = 65536 };

static size_t bytes_of(size_t capacity, size_t size) { return NP_ALIGN_UP(capacity * size, np_os_page_size()); }

bool np_list_reserve(NpMem *mem, void **items, size_t *capacity, size_t count, size_t size, size_t wanted) {
    size_t room = *capacity ? *capacity * 2 : FIRST_BYTES / size;
    void *fresh;
    if (wanted <= *capacity) return true;
    if (room < wanted) room = wanted;
    if (room > SIZE_MAX / 4 / size) return false;
    if (sysAlloc(mem, bytes_of(room, size), &fresh) != 0) return false;
    if (*items) {
        memcpy(fresh, *items, count * size);
        np_mem_discard_ready(mem, *items, bytes_of(*capacity, size));
    }
    *items = fresh;
    *capacity = room;
    return true;
}

void np_list_close(NpMem *mem, void **items, size_t *capacity, size_t size) {
    if (*items) np_mem_discard_ready(mem, *items, bytes_of(*capacity, size));
    *items = NULL;
    *capacity = 0;
}

void np_list_trim(NpGlobal *global, NpObjList *list, size_t wanted) {
    size_t capacity = wanted < FIRST_BYTES / sizeof(NpObj *) ? FIRST_BYTES / sizeof(NpObj *) : wanted;
    void *fresh;
    if (list->capacity * sizeof(NpObj *) <= KEEP_BYTES || list->capacity / 4 < capacity) return;
    if (sysAlloc(&global->heap.mem, bytes_of(capacity, sizeof(NpObj *)), &fresh) != 0) return;
    memcpy(fresh, list->items, list->count * sizeof(NpObj *));
    np_list_close(&global->heap.mem, (void **)&list->items, &list->capacity, sizeof(NpObj *));
    list->items = fresh;
    list->capacity = capacity;
}

void np_list_clear(NpGlobal *global, NpObjList *list) {
    list->count = 0;
    if (list->capacity * sizeof(NpObj *) > KEEP_BYTES)
        np_list_close(&global->heap.mem, (void **)&list->items, &list->capacity, sizeof(NpObj *));
}
