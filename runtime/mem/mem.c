/* mem.c: the portable half of the memory layer: who owns how much in which state.
 *
 * Owns: the counters of every NpMem, the limit, ranges that the system would not take back yet, the
 *       failure injection.
 * Does not: talk to the system (mem_<system>.c), know about pages of the heap.
 *
 * Invariants
 *   M1 ready <= mapped <= reserved, for every owner.
 *   M2 counters change only after the system's call has succeeded. (Go counts before the call and
 *      never takes it back.)
 *   M3 with CHECK >= 2 (or NEAPDEBUG=memcheck) counters equal the sums over the shadow (mem_shadow.c),
 *      and a transition from a state it is not defined for is fatal.
 *   M4 what the system would not take back is np_mem_process's until it does.
 */
#include "runtime/mem/mem_os.h"

#include <errno.h>

#include "runtime/dbg.h"
#include "runtime/mem/grant.h"
#include "runtime/mem/mem_shadow.h"
#include "runtime/mem/poison.h"
#include "runtime/mem/spin.h"

NpMem np_mem_process = {.shared = true};

static struct {
    long calls;    /* fallible calls so far */
    long fail_at;  /* the call that fails; 0: none */
    int error;
} inject;

void np_mem_fail_at(long nth, int error) {
    inject.calls = 0;
    inject.fail_at = nth;
    inject.error = error;
    np_dbg.failalloc = NP_DBG_UNSET;
}

long np_mem_calls(void) { return inject.calls; }

/* Counts a fallible call; the error it must pretend to meet, or 0. */
static int injected(void) {
    long call = __atomic_add_fetch(&inject.calls, 1, __ATOMIC_RELAXED);
    if (np_dbg_on(failalloc) && call == np_dbg.failalloc) return ENOMEM;
    return NP_UNLIKELY(call == inject.fail_at) ? inject.error : 0;
}

static void add(NpMem *mem, size_t *counter, size_t n) {
    if (mem->shared) __atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
    else *counter += n;
    CHECK1("M1", *counter >= n || mem->shared);
}

static void subtract(NpMem *mem, size_t *counter, size_t n) {
    size_t before = mem->shared ? __atomic_fetch_sub(counter, n, __ATOMIC_RELAXED) : *counter;
    if (NP_UNLIKELY(before < n)) np_fatal("mem: counter of %zu bytes cannot fall by %zu", before, n);
    if (!mem->shared) *counter = before - n;
}

static void add_ready(NpMem *mem, size_t n) {
    add(mem, &mem->ready, n);
    if (mem->ready > mem->ready_peak) mem->ready_peak = mem->ready;
}

bool np_mem_over_limit(const NpMem *mem, size_t more) {
    return mem->limit != 0 && (more > mem->limit || mem->ready > mem->limit - more);
}

/* 0, or why `more` bytes may not become Ready. */
static int admit(NpMem *mem, size_t more) {
    if (np_mem_over_limit(mem, more)) return NP_MEM_LIMIT;
    return mem->grant && !np_grant_cover(mem->grant, mem->ready + more) ? NP_MEM_LIMIT : 0;
}

const char *np_mem_error(int error) {
    switch (error) {
        case 0: return "no error";
        case NP_MEM_LIMIT: return "over the limit";
        case NP_MEM_LOST: return "a range that the system has spoilt";
        case ENOMEM: return "no memory";
        case EINVAL: return "not a valid range";
        case EAGAIN: return "locked memory or swap exhausted";
        case EACCES: case EPERM: return "not permitted";
        default: return "refused by the system";
    }
}

/* The preconditions of every call. */
static bool page_aligned(const void *v, size_t n) {
    return (((uintptr_t)v | n) & (np_os_page_size() - 1)) == 0 && n > 0 && (uintptr_t)v <= UINTPTR_MAX - (n - 1);
}

static int done(const char *name, const void *v, size_t n, int error) {
    np_shadow_note(name, v, n, error);
    if (np_dbg_on(memtrace))
        np_dbg_print("mem: %s %p %zu%s%s", name, (void *)(uintptr_t)v, n, error ? ": " : "",
                     error ? np_mem_error(error) : "");
    return error;
}

static int free_region(NpMem *mem, void *v, size_t n, size_t mapped, size_t ready) {
    int error = injected();
    CHECK1("M0", page_aligned(v, n) && ready <= mapped && mapped <= n);
    np_shadow_expect_free(mem, v, n, mapped, ready);
    if (!error) error = sysFreeOS(v, n);
    if (error) return done("free", v, n, error);
    DebugMemoryFree(v);
    subtract(mem, &mem->ready, ready);
    subtract(mem, &mem->mapped, mapped);
    subtract(mem, &mem->reserved, n);
    return done("free", v, n, 0);
}

int (sysFreeRegion)(NpMem *mem, void *v, size_t n, size_t mapped, size_t ready) {
    return free_region(mem, v, n, mapped, ready);
}
int (sysFree)(NpMem *mem, void *v, size_t n) { return free_region(mem, v, n, n, n); }
int (sysFreePrepared)(NpMem *mem, void *v, size_t n) { return free_region(mem, v, n, n, 0); }
int (sysUnreserve)(NpMem *mem, void *v, size_t n) { return free_region(mem, v, n, 0, 0); }

/* ---- what the system would not take back ---- */

enum { REFUSED = 64 };

/* All np_mem_process's. Those that found no room here stay counted, but are not tried again. */
static struct {
    struct {
        void *v;
        size_t n, mapped, ready;
    } ranges[REFUSED];
    int count;
    char lock;
} refused;

/* Tries the ranges again, the youngest first, up to the first that is still refused. */
static void retry_refused(void) {
    if (NP_LIKELY(__atomic_load_n(&refused.count, __ATOMIC_RELAXED) == 0)) return;
    np_spin_take(&refused.lock);
    while (refused.count > 0) {
        int i = refused.count - 1;
        if (free_region(&np_mem_process, refused.ranges[i].v, refused.ranges[i].n, refused.ranges[i].mapped,
                        refused.ranges[i].ready) != 0)
            break;
        refused.count = i;
    }
    np_spin_give(&refused.lock);
}

static void remember_refused(void *v, size_t n, size_t mapped, size_t ready) {
    add(&np_mem_process, &np_mem_process.reserved, n);
    add(&np_mem_process, &np_mem_process.mapped, mapped);
    add_ready(&np_mem_process, ready);
    np_spin_take(&refused.lock);
    if (refused.count < REFUSED) {
        int i = refused.count;
        refused.ranges[i].v = v;
        refused.ranges[i].n = n;
        refused.ranges[i].mapped = mapped;
        refused.ranges[i].ready = ready;
        __atomic_store_n(&refused.count, i + 1, __ATOMIC_RELAXED);
    }
    np_spin_give(&refused.lock);
}

void (np_mem_discard)(NpMem *mem, void *v, size_t n, size_t mapped, size_t ready) {
    if (free_region(mem, v, n, mapped, ready) == 0) {
        retry_refused();
        return;
    }
    subtract(mem, &mem->ready, ready);
    subtract(mem, &mem->mapped, mapped);
    subtract(mem, &mem->reserved, n);
    if (ready > 0 && sysUnusedOS(v, mapped) == 0) { /* the memory at least */
        np_shadow_set(v, mapped, NP_SHADOW_PREPARED);
        ready = 0;
    }
    np_shadow_give(v, &np_mem_process);
    remember_refused(v, n, mapped, ready);
}

void (np_mem_discard_ready)(NpMem *mem, void *v, size_t n) { (np_mem_discard)(mem, v, n, n, n); }

/* Address space that is of no use and not counted yet. */
static void discard_address_space(void *v, size_t n) {
    if (sysFreeOS(v, n) == 0) return;
    if (!page_aligned(v, n)) return; /* by the pages that NEAPDEBUG=pagesize pretends: lost */
    DebugMemoryAllocate(&np_mem_process, v, n, NP_SHADOW_RESERVED);
    remember_refused(v, n, 0, 0);
}

static int reserved(NpMem *mem, void *v, size_t n) {
    DebugMemoryAllocate(mem, v, n, NP_SHADOW_RESERVED);
    add(mem, &mem->reserved, n);
    return done("reserve", v, n, 0);
}

/* Takes size + align and cuts both ends. A cut can fail where the kernel's table of mappings is
 * full; then all of it is given up. */
int np_mem_reserve_trimmed(size_t n, size_t align, void **out) {
    size_t whole = n + align;
    void *v;
    char *start, *from, *end;
    int error;
    if (whole < n) return ENOMEM;
    error = sysReserveOS(NULL, whole, &v);
    if (error) return error;
    start = v;
    end = start + whole;
    from = (char *)NP_ALIGN_UP((uintptr_t)start, align);
    if (from > start && (error = sysFreeOS(start, (size_t)(from - start))) != 0) {
        discard_address_space(start, whole);
        return error;
    }
    if (end > from + n && (error = sysFreeOS(from + n, (size_t)(end - from) - n)) != 0) {
        discard_address_space(from, (size_t)(end - from));
        return error;
    }
    *out = from;
    return 0;
}

/* With NEAPDEBUG=pagesize: what the system gives is aligned to the pages that it really has. */
static bool pages_seem_larger(void) { return np_dbg_on(pagesize); }

static int alloc_aligned(size_t n, void **out) {
    int error = sysReserveAlignedOS(n, np_os_page_size(), out);
    if (error) return error;
    error = sysMapOS(*out, n);
    if (!error) error = sysUsedOS(*out, n);
    if (error) discard_address_space(*out, n);
    return error;
}

int (sysAlloc)(NpMem *mem, size_t n, void **out) {
    int error = injected();
    CHECK1("M0", page_aligned(NULL, n));
    if (!error) error = admit(mem, n);
    if (!error) error = pages_seem_larger() ? alloc_aligned(n, out) : sysAllocOS(n, out);
    if (error) return done("alloc", NULL, n, error);
    DebugMemoryAllocate(mem, *out, n, NP_SHADOW_READY);
    add(mem, &mem->reserved, n);
    add(mem, &mem->mapped, n);
    add_ready(mem, n);
    return done("alloc", *out, n, 0);
}

int (sysReserve)(NpMem *mem, void *hint, size_t n, void **out) {
    int error;
    if (pages_seem_larger()) return (sysReserveAligned)(mem, hint, n, np_os_page_size(), out);
    error = injected();
    CHECK1("M0", page_aligned(hint, n));
    if (!error) error = sysReserveOS(hint, n, out);
    return error ? done("reserve", hint, n, error) : reserved(mem, *out, n);
}

int (sysReserveAligned)(NpMem *mem, void *hint, size_t n, size_t align, void **out) {
    int error = injected();
    void *v = NULL;
    CHECK1("M0", page_aligned(hint, n) && (align & (align - 1)) == 0 && align >= np_os_page_size());
    if (error) return done("reserve", hint, n, error);
    retry_refused();
    if (hint) { /* where the hint is taken no cutting is needed */
        if (sysReserveOS(hint, n, &v) == 0) {
            if (((uintptr_t)v & (align - 1)) == 0) {
                *out = v;
                return reserved(mem, v, n);
            }
            discard_address_space(v, n);
        }
    }
    error = sysReserveAlignedOS(n, align, out);
    return error ? done("reserve", hint, n, error) : reserved(mem, *out, n);
}

int (sysMap)(NpMem *mem, void *v, size_t n) {
    int error = injected();
    CHECK1("M0", page_aligned(v, n));
    np_shadow_expect(mem, v, n, NP_SHADOW_RESERVED, "sysMap");
    if (!error) error = sysMapOS(v, n);
    if (error) return done("map", v, n, error);
    np_shadow_set(v, n, NP_SHADOW_PREPARED);
    add(mem, &mem->mapped, n);
    return done("map", v, n, 0);
}

int (sysUsed)(NpMem *mem, void *v, size_t n, size_t prepared) {
    int error;
    CHECK1("M0", page_aligned(v, n) && prepared <= n);
    np_shadow_expect_used(mem, v, n, prepared);
    if (prepared == 0) return 0;
    error = injected();
    if (!error) error = admit(mem, prepared);
    if (!error) error = sysUsedOS(v, n);
    if (error) return done("used", v, n, error);
    np_shadow_set(v, n, NP_SHADOW_READY);
    add_ready(mem, prepared);
    return done("used", v, n, 0);
}

static int unused(NpMem *mem, void *v, size_t n) {
    int error = injected();
    CHECK1("M0", page_aligned(v, n));
    np_shadow_expect(mem, v, n, NP_SHADOW_READY, "sysUnused");
    if (!error) error = sysUnusedOS(v, n);
    if (error) return done("unused", v, n, error);
    np_shadow_set(v, n, NP_SHADOW_PREPARED);
    subtract(mem, &mem->ready, n);
    return done("unused", v, n, 0);
}

int np_mem_trim_range(NpMem *mem, void *v, size_t n, size_t *dropped) {
    size_t before = np_os_core_bytes(v, n), after;
    int error = unused(mem, v, n);
    after = error ? before : np_os_core_bytes(v, n);
    *dropped = before > after ? before - after : 0;
    return error;
}

int (sysUnused)(NpMem *mem, void *v, size_t n) {
    size_t dropped;
    int error;
    if (NP_LIKELY(!np_dbg_on(memtrace))) return unused(mem, v, n);
    error = np_mem_trim_range(mem, v, n, &dropped);
    np_dbg_print("mem:   %zu bytes left memory", dropped);
    return error;
}

int (sysFault)(NpMem *mem, void *v, size_t n) {
    int error = injected();
    CHECK1("M0", page_aligned(v, n));
    np_shadow_expect(mem, v, n, NP_SHADOW_READY, "sysFault");
    if (!error) error = sysFaultOS(v, n);
    if (error) return done("fault", v, n, error);
    np_shadow_set(v, n, NP_SHADOW_FAULTED);
    subtract(mem, &mem->ready, n);
    return done("fault", v, n, 0);
}

int sysHugePage(void *v, size_t n) {
    CHECK1("M0", page_aligned(v, n));
    return done("hugepage", v, n, sysHugePageOS(v, n));
}

int sysNoHugePage(void *v, size_t n) {
    CHECK1("M0", page_aligned(v, n));
    return done("nohugepage", v, n, sysNoHugePageOS(v, n));
}

int sysHugePageCollapse(void *v, size_t n) {
    CHECK1("M0", page_aligned(v, n));
    return done("collapse", v, n, sysHugePageCollapseOS(v, n));
}

bool needZeroAfterSysUnused(void) { return needZeroAfterSysUnusedOS(); }
