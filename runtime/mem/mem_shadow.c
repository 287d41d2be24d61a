/* mem_shadow.c: see mem_shadow.h. The table has room for REGIONS regions; those beyond are not
 * followed (their owners are then not verified either). The byte maps come straight from the
 * system and are counted to nobody. */
#include "runtime/mem/mem_shadow.h"

#if CHECK >= 2

#define REGIONS 4096

typedef struct Region {
    char *base;
    size_t size;
    const NpMem *mem;
    uint8_t *pages; /* NpShadowState of each page */
} Region;

static Region regions[REGIONS];
static int region_count;
static bool overflowed; /* a region could not be followed: sums say nothing any more */
static char lock;

static void take(void) {
    while (__atomic_test_and_set(&lock, __ATOMIC_ACQUIRE)) {}
}
static void give(void) { __atomic_clear(&lock, __ATOMIC_RELEASE); }

static size_t page_count(size_t n) { return n / np_os_page_size(); }
static size_t map_bytes(size_t n) { return NP_ALIGN_UP(page_count(n), np_os_page_size()); }

static Region *find(const void *v) {
    for (int i = 0; i < region_count; i++)
        if ((size_t)((const char *)v - regions[i].base) < regions[i].size && (const char *)v >= regions[i].base)
            return &regions[i];
    return NULL;
}

void np_shadow_add(const NpMem *mem, void *v, size_t n, NpShadowState state) {
    Region *region;
    void *map;
    take();
    for (int i = 0; i < region_count; i++)
        if ((char *)v < regions[i].base + regions[i].size && regions[i].base < (char *)v + n)
            np_fatal("mem: %p (%zu bytes) overlaps what is already ours at %p", v, n, (void *)regions[i].base);
    if (region_count == REGIONS || sysAllocOS(map_bytes(n), &map) != 0) {
        overflowed = true;
        give();
        return;
    }
    region = &regions[region_count++];
    *region = (Region){v, n, mem, map};
    memset(region->pages, (int)state, page_count(n));
    give();
}

void np_shadow_remove(void *v) {
    Region *region;
    take();
    region = find(v);
    if (region) {
        sysFreeOS(region->pages, map_bytes(region->size));
        *region = regions[--region_count];
    }
    give();
}

void np_shadow_set(void *v, size_t n, NpShadowState state) {
    Region *region;
    take();
    region = find(v);
    if (region) memset(region->pages + page_count((size_t)((char *)v - region->base)), (int)state, page_count(n));
    give();
}

static const char *name_of(int state) {
    static const char *const names[] = {"None", "Reserved", "Prepared", "Ready", "faulting"};
    return names[state];
}

/* The region of a range that `mem` must own, or NULL when regions are no longer followed. */
static Region *owned(const NpMem *mem, void *v, size_t n, const char *call) {
    Region *region = find(v);
    if (!region) {
        if (!overflowed) np_fatal("mem: %s of %p, which is not ours (None)", call, v);
        return NULL;
    }
    if ((size_t)(region->base + region->size - (char *)v) < n)
        np_fatal("mem: %s of %p reaches over the end of its reservation", call, v);
    if (region->mem != mem) np_fatal("mem: %s of %p charged to another owner", call, v);
    return region;
}

static size_t count(Region *region, void *v, size_t n, int state) {
    size_t first = page_count((size_t)((char *)v - region->base)), total = 0;
    for (size_t i = 0; i < page_count(n); i++) total += region->pages[first + i] == state;
    return total * np_os_page_size();
}

void np_shadow_expect(const NpMem *mem, void *v, size_t n, NpShadowState state, const char *call) {
    Region *region;
    take();
    region = owned(mem, v, n, call);
    if (region) {
        size_t first = page_count((size_t)((char *)v - region->base));
        for (size_t i = 0; i < page_count(n); i++)
            if (region->pages[first + i] != state)
                np_fatal("mem: %s of a page that is %s, not %s (%p)", call, name_of(region->pages[first + i]),
                         name_of(state), (void *)((char *)v + i * np_os_page_size()));
    }
    give();
}

void np_shadow_expect_used(const NpMem *mem, void *v, size_t n, size_t prepared) {
    Region *region;
    take();
    region = owned(mem, v, n, "sysUsed");
    if (region) {
        size_t found = count(region, v, n, NP_SHADOW_PREPARED);
        if (found + count(region, v, n, NP_SHADOW_READY) != n)
            np_fatal("mem: sysUsed of pages that are neither Prepared nor Ready (%p)", v);
        if (found != prepared) np_fatal("mem: sysUsed says %zu bytes are Prepared, but %zu are", prepared, found);
    }
    give();
}

void np_shadow_expect_free(const NpMem *mem, void *v, size_t n, size_t mapped, size_t ready) {
    Region *region;
    take();
    region = owned(mem, v, n, "sysFree");
    if (region) {
        size_t is_ready = count(region, v, n, NP_SHADOW_READY);
        size_t is_reserved = count(region, v, n, NP_SHADOW_RESERVED);
        if (region->base != (char *)v || region->size != n)
            np_fatal("mem: sysFree of %p (%zu bytes) is not a whole region", v, n);
        if (is_ready != ready || n - is_reserved != mapped)
            np_fatal("mem: sysFree says %zu mapped and %zu ready, but %zu and %zu are", mapped, ready,
                     n - is_reserved, is_ready);
    }
    give();
}

void np_mem_verify(const NpMem *mem) {
    size_t reserved = 0, mapped = 0, ready = 0;
    take();
    for (int i = 0; i < region_count; i++) {
        Region *region = &regions[i];
        if (region->mem != mem) continue;
        reserved += region->size;
        mapped += region->size - count(region, region->base, region->size, NP_SHADOW_RESERVED);
        ready += count(region, region->base, region->size, NP_SHADOW_READY);
    }
    if (!overflowed && (reserved != mem->reserved || mapped != mem->mapped || ready != mem->ready))
        np_fatal("mem: counters say reserved %zu mapped %zu ready %zu, the shadow %zu %zu %zu", mem->reserved,
                 mem->mapped, mem->ready, reserved, mapped, ready);
    give();
}

char np_mem_state_of(const void *p) {
    Region *region;
    char state = 'N';
    take();
    region = find(p);
    if (region) state = "NRPUF"[region->pages[page_count((size_t)((const char *)p - region->base))]];
    else if (overflowed) state = '?';
    give();
    return state;
}

#else

void np_mem_verify(const NpMem *mem) {}
char np_mem_state_of(const void *p) { return '?'; }

#endif
