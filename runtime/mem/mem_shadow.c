/* mem_shadow.c: see mem_shadow.h. The table has room for REGIONS regions; those beyond are not
 * followed (their owners are then not verified either). Tables and byte maps come straight from the
 * system and are counted to nobody. */
#include "runtime/mem/mem_shadow.h"

#include <unistd.h>

#include "runtime/dbg.h"
#include "runtime/mem/spin.h"

enum {
    REGIONS = 4096,
    HISTORY = 4096, /* calls remembered */
    REPORTED = 8,   /* of these, shown for an address */
    PATIENCE = 1 << 20 /* turns that a report waits for the lock: its holder may be what was interrupted */
};

typedef struct Region {
    char *base;
    size_t size;
    const NpMem *mem;
    uint8_t *pages;   /* NpShadowState of each page */
    const char *site; /* who asked for it */
} Region;

typedef struct Event {
    const char *call, *site;
    const char *v;
    size_t n;
    int error;
} Event;

static Region *regions;
static int region_count;
static Event *events; /* a ring; entry i of the count is at i % HISTORY */
static size_t event_count;
static bool overflowed; /* a region could not be followed: sums say nothing any more */
static char lock;

_Thread_local const char *np_mem_site = "?";

static void take(void) { np_spin_take(&lock); }
static void give(void) { np_spin_give(&lock); }

static size_t page_count(size_t n) { return n / np_os_page_size(); }
static size_t map_bytes(size_t n) { return NP_ALIGN_UP(page_count(n), np_os_page_size()); }

static bool begin(void) {
    void *v, *w;
    if (CHECK < 2 && !np_dbg_on(memcheck) && !np_dbg_on(faultreport)) return false;
    if (sysAllocOS(NP_ALIGN_UP(REGIONS * sizeof(Region), np_os_page_size()), &v) != 0) return false;
    if (sysAllocOS(NP_ALIGN_UP(HISTORY * sizeof(Event), np_os_page_size()), &w) != 0) return false;
    regions = v;
    events = w;
    return true;
}

bool np_shadow_follows(void) {
    static int decided; /* 1 no, 2 yes, 0 not yet */
    int known = __atomic_load_n(&decided, __ATOMIC_ACQUIRE);
    if (NP_LIKELY(known != 0)) return known == 2;
    take();
    if (decided == 0) __atomic_store_n(&decided, begin() ? 2 : 1, __ATOMIC_RELEASE);
    known = decided;
    give();
    return known == 2;
}

static Region *find(const void *v) {
    for (int i = 0; i < region_count; i++)
        if ((const char *)v >= regions[i].base && (size_t)((const char *)v - regions[i].base) < regions[i].size)
            return &regions[i];
    return NULL;
}

/* ---- the report ---- */

/* One line of text, put together without stdio so that a signal handler may. */
typedef struct Line {
    char text[320];
    size_t used;
} Line;

static void put(Line *line, const char *text) {
    size_t length = strlen(text), room = sizeof line->text - 1 - line->used;
    if (length > room) length = room;
    memcpy(line->text + line->used, text, length);
    line->used += length;
}

static void put_number(Line *line, uintptr_t number, unsigned base) {
    char digits[2 + sizeof number * 8 / 3 + 2], *at = digits + sizeof digits;
    *--at = '\0';
    do *--at = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    if (base == 16) {
        *--at = 'x';
        *--at = '0';
    }
    put(line, at);
}

static void print(Line *line) {
    size_t done = 0;
    line->text[line->used++] = '\n';
    while (done < line->used) {
        ssize_t more = write(STDERR_FILENO, line->text + done, line->used - done);
        if (more <= 0) break;
        done += (size_t)more;
    }
    line->used = 0;
}

static const char *name_of(int state) {
    static const char *const names[] = {"None", "Reserved", "Prepared", "Ready", "faulting"};
    return names[state];
}

static void report_event(const Event *event) {
    Line line = {.used = 0};
    put(&line, "  ");
    put(&line, event->call);
    put(&line, " ");
    put_number(&line, (uintptr_t)event->v, 16);
    put(&line, " ");
    put_number(&line, event->n, 10);
    put(&line, " at ");
    put(&line, event->site);
    if (event->error) {
        put(&line, ": ");
        put(&line, np_mem_error(event->error));
    }
    print(&line);
}

/* The last calls whose range holds the address, youngest first. */
static void report_history(const char *address) {
    size_t oldest = event_count > HISTORY ? event_count - HISTORY : 0;
    int shown = 0;
    for (size_t i = event_count; i > oldest && shown < REPORTED; i--) {
        const Event *event = &events[(i - 1) % HISTORY];
        if (address < event->v || (size_t)(address - event->v) >= event->n) continue;
        report_event(event);
        shown++;
    }
}

static void report(const void *address) {
    Region *region = find(address);
    Line line = {.used = 0};
    put(&line, "mem: ");
    put_number(&line, (uintptr_t)address, 16);
    if (region) {
        put(&line, " is ");
        put(&line, name_of(region->pages[page_count((size_t)((const char *)address - region->base))]));
        put(&line, ", in the region ");
        put_number(&line, (uintptr_t)region->base, 16);
        put(&line, " of ");
        put_number(&line, region->size, 10);
        put(&line, " bytes from ");
        put(&line, region->site);
    } else {
        put(&line, overflowed ? " is in no region that is known" : " is not ours (None)");
    }
    print(&line);
    report_history(address);
}

void np_shadow_report(const void *address) {
    bool mine = false;
    if (!regions) return;
    for (int turn = 0; !mine && turn < PATIENCE; turn++) mine = np_spin_try(&lock);
    report(address);
    if (mine) give();
}

/* What must not be: the history of the address, then the message. Does not return. */
#define ILLEGAL(address, ...) (report(address), np_fatal(__VA_ARGS__))

/* ---- the registry ---- */

void DebugMemoryAllocate(const NpMem *mem, void *v, size_t n, NpShadowState state) {
    void *map;
    if (!np_shadow_follows()) return;
    take();
    for (int i = 0; i < region_count; i++)
        if ((char *)v < regions[i].base + regions[i].size && regions[i].base < (char *)v + n)
            ILLEGAL(regions[i].base, "mem: %p (%zu bytes) overlaps what is already ours at %p", v, n,
                    (void *)regions[i].base);
    if (region_count == REGIONS || sysAllocOS(map_bytes(n), &map) != 0) {
        overflowed = true;
    } else {
        regions[region_count++] = (Region){v, n, mem, map, np_mem_site};
        memset(map, (int)state, page_count(n));
    }
    give();
}

void DebugMemoryFree(void *v) {
    Region *region;
    if (!np_shadow_follows()) return;
    take();
    region = find(v);
    if (region) {
        sysFreeOS(region->pages, map_bytes(region->size));
        *region = regions[--region_count];
    }
    give();
}

void np_shadow_give(void *v, const NpMem *to) {
    Region *region;
    if (!np_shadow_follows()) return;
    take();
    region = find(v);
    if (region) region->mem = to;
    give();
}

void np_shadow_set(void *v, size_t n, NpShadowState state) {
    Region *region;
    if (!np_shadow_follows()) return;
    take();
    region = find(v);
    if (region) memset(region->pages + page_count((size_t)((char *)v - region->base)), (int)state, page_count(n));
    give();
}

void np_shadow_note(const char *call, const void *v, size_t n, int error) {
    if (!np_shadow_follows()) return;
    take();
    events[event_count++ % HISTORY] = (Event){call, np_mem_site, v, n, error};
    give();
}

/* ---- the checks ---- */

/* The region of a range that `mem` must own, or NULL when regions are no longer followed. */
static Region *owned(const NpMem *mem, void *v, size_t n, const char *call) {
    Region *region = find(v);
    if (!region) {
        if (!overflowed) ILLEGAL(v, "mem: %s of %p, which is not ours (None)", call, v);
        return NULL;
    }
    if ((size_t)(region->base + region->size - (char *)v) < n)
        ILLEGAL(v, "mem: %s of %p reaches over the end of its reservation", call, v);
    if (region->mem != mem) ILLEGAL(v, "mem: %s of %p charged to another owner", call, v);
    return region;
}

static size_t count(Region *region, void *v, size_t n, int state) {
    size_t first = page_count((size_t)((char *)v - region->base)), total = 0;
    for (size_t i = 0; i < page_count(n); i++) total += region->pages[first + i] == state;
    return total * np_os_page_size();
}

void np_shadow_expect(const NpMem *mem, void *v, size_t n, NpShadowState state, const char *call) {
    Region *region;
    if (!np_shadow_follows()) return;
    take();
    region = owned(mem, v, n, call);
    if (region) {
        size_t first = page_count((size_t)((char *)v - region->base));
        for (size_t i = 0; i < page_count(n); i++) {
            void *page = (char *)v + i * np_os_page_size();
            if (region->pages[first + i] != state)
                ILLEGAL(page, "mem: %s of a page that is %s, not %s (%p), at %s", call,
                        name_of(region->pages[first + i]), name_of(state), page, np_mem_site);
        }
    }
    give();
}

void np_shadow_expect_used(const NpMem *mem, void *v, size_t n, size_t prepared) {
    Region *region;
    if (!np_shadow_follows()) return;
    take();
    region = owned(mem, v, n, "sysUsed");
    if (region) {
        size_t found = count(region, v, n, NP_SHADOW_PREPARED);
        if (found + count(region, v, n, NP_SHADOW_READY) != n)
            ILLEGAL(v, "mem: sysUsed of pages that are neither Prepared nor Ready (%p), at %s", v, np_mem_site);
        if (found != prepared)
            ILLEGAL(v, "mem: sysUsed says %zu bytes are Prepared, but %zu are, at %s", prepared, found, np_mem_site);
    }
    give();
}

void np_shadow_expect_free(const NpMem *mem, void *v, size_t n, size_t mapped, size_t ready) {
    Region *region;
    if (!np_shadow_follows()) return;
    take();
    region = owned(mem, v, n, "sysFree");
    if (region) {
        size_t is_ready = count(region, v, n, NP_SHADOW_READY);
        size_t is_reserved = count(region, v, n, NP_SHADOW_RESERVED);
        if (region->base != (char *)v || region->size != n)
            ILLEGAL(v, "mem: sysFree of %p (%zu bytes) is not a whole region, at %s", v, n, np_mem_site);
        if (is_ready != ready || n - is_reserved != mapped)
            ILLEGAL(v, "mem: sysFree says %zu mapped and %zu ready, but %zu and %zu are, at %s", mapped, ready,
                    n - is_reserved, is_ready, np_mem_site);
    }
    give();
}

void np_mem_verify(const NpMem *mem) {
    size_t reserved = 0, mapped = 0, ready = 0;
    if (!np_shadow_follows()) return;
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
    if (!np_shadow_follows()) return '?';
    take();
    region = find(p);
    if (region) state = "NRPUF"[region->pages[page_count((size_t)((const char *)p - region->base))]];
    else if (overflowed) state = '?';
    give();
    return state;
}
