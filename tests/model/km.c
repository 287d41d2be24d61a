/* km.c: the calls of the modelled system: a call is checked, perhaps made to fail, decided by the
 * rules of the profile and the seed, done to the shadow and to the host, and recorded.
 *
 * Owns: the lock, the order of those steps, the adversary, the counters.
 * Does not: know numbers (km_profile.c) or touch memory (km_host.c).
 *
 * Every call runs with the lock held from the check to the record. Where a rule is broken, `broken`
 * ends the process (strict) or answers with the system's errno (lenient). What is dangerous rather
 * than refused, such as Darwin's madvise of a part of a page, goes through `hazard`: lenient, the
 * call does what the system would do.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/model/km_priv.h"

#ifndef KM_PROFILE
#define KM_PROFILE KM_LINUX
#endif

/* Above this no user address of a 64-bit system lies. */
#define ADDRESS_END ((uintptr_t)1 << 56)

static struct {
    KmConfig config;
    bool started, report;
    uint64_t random;
    size_t cursor;              /* where the search for free pages begins, a page number */
    size_t mapped, charged, freed, open; /* pages; open: writable and not freed */
    size_t others;              /* pages charged to other processes that share the swap */
    long calls[KM_KINDS];
    KmCounters counters;
    KmKind fail_kind;
    long fail_in;               /* calls until the one that fails; 0: none */
    int fail_error;
    bool fail_done;
} model;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void take_lock(void) { pthread_mutex_lock(&lock); }
static void leave_lock(void) { pthread_mutex_unlock(&lock); }

/* ---- the seed ---- */

static uint64_t random_number(void) {
    uint64_t z = (model.random += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static bool one_in(unsigned n) { return random_number() % n == 0; }

static bool adversary(unsigned what) { return model.config.adversary & what; }

/* ---- beginning and end ---- */

static void print_report(void) {
    const KmCounters *c = &model.counters;
    if (!model.started || !model.report) return;
    dprintf(2, "km: %s, seed %llu: %ld mmap, %ld munmap, %ld mprotect, %ld madvise; %ld failed, "
               "%ld pages dropped, %ld kept, %ld calls without effect; %zu bytes mapped at the end\n",
            km_rules[model.config.profile].name, (unsigned long long)model.config.seed,
            model.calls[KM_MMAP], model.calls[KM_MUNMAP], model.calls[KM_MPROTECT],
            model.calls[KM_MADVISE], c->failed, c->pages_dropped, c->pages_kept, c->silent,
            model.mapped * km_window.page);
}

static void stop(void) {
    if (!model.started) return;
    km_host_close();
    km_forget_calls();
    model.started = false;
}

static void start(const KmConfig *config) {
    static bool once;
    stop();
    memset(&model, 0, sizeof model);
    model.config = *config;
    if (model.config.page == 0) model.config.page = 4096;
    if (model.config.window == 0) model.config.window = (size_t)64 << 30;
    model.random = config->seed;
    if (!km_host_open(model.config.window, model.config.page)) {
        static const char text[] = "km: no address space for the window\n";
        if (write(2, text, sizeof text - 1) < 0) _exit(2);
        abort();
    }
    km_window.rules = &km_rules[config->profile];
    km_window.profile = config->profile;
    km_window.adversary = config->adversary;
    model.started = true;
    if (!once) {
        pthread_atfork(take_lock, leave_lock, leave_lock);
        atexit(print_report);
        once = true;
    }
}

static void from_environment(KmConfig *config, bool *report) {
    unsigned long long seed = config->seed, page = 0, swap = 0, adversary = config->adversary, fail = 0, after = 0,
                       tell = 0;
    const struct {
        const char *name;
        unsigned long long *value;
    } settings[] = {{"seed=", &seed}, {"page=", &page}, {"swap=", &swap}, {"adversary=", &adversary},
                    {"fail=", &fail}, {"after=", &after}, {"report=", &tell}};
    const char *text = getenv("NEAP_KM");
    while (text && *text) {
        size_t i = 0, count = sizeof settings / sizeof settings[0];
        while (i < count && strncmp(text, settings[i].name, strlen(settings[i].name)) != 0) i++;
        if (i == count) {
            dprintf(2, "km: NEAP_KM has no setting of this name: %s\n", text);
            abort();
        }
        *settings[i].value = strtoull(text + strlen(settings[i].name), NULL, 0);
        text = strchr(text, ',');
        if (text) text++;
    }
    *config = (KmConfig){.profile = config->profile, .seed = seed, .page = (size_t)page, .swap = (size_t)swap,
                         .adversary = (unsigned)adversary, .fail_per_1000 = (unsigned)fail,
                         .fail_after = (long)after};
    *report = tell != 0;
}

/* With the lock held: the model is there after this. */
static void need_model(void) {
    KmConfig config = {.profile = KM_PROFILE, .adversary = KM_HOSTILE};
    bool report = false;
    if (model.started) return;
    from_environment(&config, &report);
    start(&config);
    model.report = report;
}

void km_start(const KmConfig *config) {
    take_lock();
    start(config);
    leave_lock();
}

void km_stop(void) {
    take_lock();
    stop();
    leave_lock();
}

/* ---- answers ---- */

/* A rule is broken: strict, this is the end; lenient, the system's answer. */
static int broken(const KmCall *call, int error, const char *rule) {
    if (!model.config.lenient) km_broken(call, rule, km_window.rules->range[call->kind].source);
    model.counters.refused++;
    return error;
}

static void hazard(const KmCall *call, const char *rule) {
    if (!model.config.lenient) km_broken(call, rule, km_window.rules->range[call->kind].source);
}

static void begin(KmKind kind) {
    take_lock();
    need_model();
    model.calls[kind]++;
    model.calls[KM_ANY]++;
}

/* Records the call and leaves; errno changes only when it failed. */
static long end(KmCall *call, int error, int saved) {
    call->error = error;
    if (error) call->result = -1;
    km_record(call);
    leave_lock();
    errno = error ? error : saved;
    return error ? -1 : (long)call->result;
}

/* ---- failing on purpose ---- */

static int documented_error(const KmCall *call, int error) {
    const int *listed = km_window.rules->documented[call->kind];
    if (error == 0) return listed[0];
    if (!km_is_documented(km_window.rules, call->kind, error))
        km_broken(call, "a test asks for an errno that is not documented for this call", NULL);
    return error;
}

/* One of the errno numbers that tell of a shortage: no EINVAL. 0 where there is none. */
static int random_error(KmKind kind) {
    const int *listed = km_window.rules->documented[kind];
    int count = 0;
    while (count < KM_ERRNOS && listed[count] != 0 && listed[count] != EINVAL) count++;
    return count ? listed[random_number() % (unsigned)count] : 0;
}

static int injected(KmCall *call) {
    int error = 0;
    if (model.fail_in > 0 && (model.fail_kind == call->kind || model.fail_kind == KM_ANY) &&
        --model.fail_in == 0) {
        error = documented_error(call, model.fail_error);
        model.fail_done = true;
    } else if (model.config.fail_per_1000 > 0 && model.calls[KM_ANY] > model.config.fail_after &&
               random_number() % 1000 < model.config.fail_per_1000)
        error = random_error(call->kind);
    if (error) {
        call->injected = true;
        model.counters.failed++;
    }
    return error;
}

void km_fail(KmKind kind, long k, int error) {
    take_lock();
    need_model();
    model.fail_kind = kind;
    model.fail_in = k;
    model.fail_error = error;
    model.fail_done = false;
    leave_lock();
}

bool km_failed(void) { return model.fail_done; }

int km_documented(KmKind kind, int index) {
    int error;
    take_lock();
    need_model();
    error = kind < KM_ANY && index < KM_ERRNOS ? km_window.rules->documented[kind][index] : 0;
    leave_lock();
    return error;
}

/* ---- the shadow ---- */

static KmPage *page_at(size_t index) { return &km_window.pages[index]; }

static bool is_open(const KmPage *page) {
    return (page->flags & KM_MAPPED) && (page->prot & PROT_WRITE) && page->advice == 0;
}

static void set_page(size_t index, KmPage to) {
    KmPage *page = page_at(index);
    model.mapped += !!(to.flags & KM_MAPPED) - (size_t) !!(page->flags & KM_MAPPED);
    model.charged += !!(to.flags & KM_CHARGED) - (size_t) !!(page->flags & KM_CHARGED);
    model.freed += !!to.advice - (size_t) !!page->advice;
    model.open += is_open(&to) - (size_t)is_open(page);
    *page = to;
}

static bool mapped(size_t index) { return page_at(index)->flags & KM_MAPPED; }

static bool all_mapped(size_t first, size_t last) {
    while (first < last && mapped(first)) first++;
    return first == last;
}

/* ---- ranges ---- */

typedef struct Range {
    size_t first, last; /* page numbers; last is the first beyond */
} Range;

static size_t round_up(size_t n) { return (n + km_window.page - 1) & ~(km_window.page - 1); }

/* Pages of [addr, addr + len), which does not wrap. A range that leaves the window is about memory
 * that is not the model's: no manner can answer that. */
static Range pages_of(const KmCall *call) {
    uintptr_t base = (uintptr_t)km_window.base, bytes = km_window.count * km_window.page;
    uintptr_t from = call->addr & ~(km_window.page - 1), to = call->addr + call->len;
    if (from < base || to > base + bytes)
        km_broken(call, "memory that was not mapped through the model", NULL);
    return (Range){(from - base) / km_window.page, (round_up(to) - base) / km_window.page};
}

/* Checks what is common to munmap, mprotect, madvise and mincore. True when there is work: *range
 * is filled. False: *error is the answer, perhaps 0. */
static bool check_range(const KmCall *call, Range *range, int *error) {
    const KmRange *rule = &km_window.rules->range[call->kind];
    size_t off = call->addr & (km_window.page - 1);
    *error = 0;
    if (off != 0) {
        if (rule->unaligned == KM_OUTWARD) hazard(call, "unaligned: the call works on whole pages around");
        else {
            *error = broken(call, rule->unaligned, "the address is not a multiple of the page size");
            return false;
        }
    }
    if (call->len == 0) {
        if (rule->empty) *error = broken(call, rule->empty, "the length is 0");
        else hazard(call, "the length is 0: nothing is done");
        return false;
    }
    if (call->len >= ADDRESS_END || call->addr >= ADDRESS_END - call->len) {
        *error = broken(call, rule->wrap, "the range is beyond the address space");
        return false;
    }
    if (call->len & (km_window.page - 1)) hazard(call, "the length is not a multiple of the page size");
    *range = pages_of(call);
    if (!all_mapped(range->first, range->last)) {
        if (rule->hole) *error = broken(call, rule->hole, "pages that are not mapped");
        else hazard(call, "pages that are not mapped are passed over");
        if (rule->manner == KM_HOLE_FIRST) return false;
    }
    return true;
}

/* The part of a range before its first unmapped page. */
static size_t first_hole(Range range) {
    while (range.first < range.last && mapped(range.first)) range.first++;
    return range.first;
}

/* ---- mmap ---- */

static bool free_pages(size_t first, size_t count, size_t *taken) {
    if (count > km_window.count || first > km_window.count - count) return false;
    for (size_t i = count; i-- > 0;)
        if (mapped(first + i)) {
            *taken = first + i;
            return false;
        }
    return true;
}

/* The first `count` free pages at or after `from`. */
static bool search(size_t from, size_t count, size_t *first) {
    size_t taken = 0;
    while (from < km_window.count && count <= km_window.count - from) {
        if (free_pages(from, count, &taken)) {
            *first = from;
            return true;
        }
        from = taken + 1;
    }
    return false;
}

/* Where an unfixed mapping goes: at the hint, or after the last, mostly with a gap, or anywhere. */
static bool choose(const KmCall *call, size_t count, size_t *first) {
    uintptr_t base = (uintptr_t)km_window.base;
    uintptr_t hint = round_up(call->addr & ~(uintptr_t)4095);
    size_t from = model.cursor, unused;
    if (hint >= base && (hint - base) / km_window.page < km_window.count && !adversary(KM_IGNORE_HINTS) &&
        !one_in(8)) {
        *first = (hint - base) / km_window.page;
        if (free_pages(*first, count, &unused)) {
            model.counters.hints_taken++;
            return true;
        }
    }
    if (call->addr) model.counters.hints_ignored++;
    if (one_in(8)) from = random_number() % (km_window.high + 1);
    else if (one_in(2)) from += random_number() % 64;
    if (!search(from, count, first) && !search(0, count, first)) return false;
    model.cursor = *first + count;
    return true;
}

static bool wants_charge(int prot, int flags) {
    const KmRules *rules = km_window.rules;
    return rules->charges && (prot & PROT_WRITE) && (flags & 3) == MAP_PRIVATE && !(flags & rules->noreserve);
}

static bool swap_left(size_t pages) {
    size_t all = model.config.swap / km_window.page;
    return model.config.swap == 0 || (pages <= all && model.charged + model.others <= all - pages);
}

static void map_pages(Range range, int prot, int flags) {
    const KmRules *rules = km_window.rules;
    bool shared = (flags & 3) == MAP_SHARED;
    KmPage page = {.flags = KM_MAPPED, .prot = (uint8_t)prot};
    if (shared) page.flags |= KM_SHARED;
    if (rules->noreserve && (flags & rules->noreserve)) page.flags |= KM_NORESERVE;
    if (wants_charge(prot, flags)) page.flags |= KM_CHARGED;
    for (size_t i = range.first; i < range.last; i++) set_page(i, page);
    if (range.last > km_window.high) km_window.high = range.last;
    km_host_map(range.first, range.last - range.first, prot, shared);
}

static void unmap_pages(Range range) {
    for (size_t i = range.first; i < range.last; i++) set_page(i, (KmPage){0});
    km_host_unmap(range.first, range.last - range.first);
}

static int check_prot(KmCall *call) {
    const KmRules *rules = km_window.rules;
    int prot = call->prot_or_advice;
    if (rules->write_exec && (prot & PROT_WRITE) && (prot & PROT_EXEC)) return rules->write_exec;
    return 0;
}

static int check_flags(const KmCall *call) {
    const KmRules *rules = km_window.rules;
    int known = rules->anon | rules->fixed | rules->noreserve | 3;
    size_t page = km_window.page;
    if (call->offset % (int64_t)page != 0 && rules->offset == KM_OFFSET_ALIGNED)
        return broken(call, EINVAL, "the offset is not a multiple of the page size");
    if (!(call->flags & rules->anon)) return broken(call, EBADF, "without MAP_ANON: files are not modelled");
    if (!rules->any_fd && call->fd != -1) return broken(call, EINVAL, "anonymous memory with a file descriptor");
    if (call->offset != 0 && rules->offset == KM_OFFSET_ZERO)
        return broken(call, EINVAL, "anonymous memory with an offset");
    if (call->flags & ~known) {
        if (!rules->any_flags) return broken(call, EINVAL, "flags that the system does not declare");
        hazard(call, "flags that the model does not know");
    }
    return 0;
}

/* The checks of mmap but for what a fixed address needs. */
static int check_mmap(KmCall *call) {
    const KmRules *rules = km_window.rules;
    const KmRange *rule = &rules->range[KM_MMAP];
    int error = check_flags(call), type = call->flags & 3;
    if (error) return error;
    if (call->len == 0) return broken(call, rule->empty, "the length is 0");
    if (call->len >= ADDRESS_END) return broken(call, rule->wrap, "the length is beyond the address space");
    if ((call->flags & rules->fixed) && call->addr >= ADDRESS_END - call->len)
        return broken(call, rule->wrap, "the range is beyond the address space");
    if ((call->flags & rules->fixed) && (call->addr & (km_window.page - 1)) != 0)
        return broken(call, rule->unaligned, "MAP_FIXED at an address that is not a multiple of the page size");
    if (type != MAP_SHARED && type != MAP_PRIVATE)
        return broken(call, EINVAL, "neither MAP_PRIVATE nor MAP_SHARED, or both");
    if (call->len & (km_window.page - 1)) hazard(call, "the length is not a multiple of the page size");
    if (call->prot_or_advice & ~7) hazard(call, "protection bits that the system does not declare");
    if (type == MAP_PRIVATE && (call->prot_or_advice & PROT_WRITE) && rules->charges &&
        (call->flags & rules->noreserve))
        hazard(call, "writable memory without swap: a write may end in SIGBUS");
    return check_prot(call);
}

/* A fixed mapping that fails may have unmapped a part of what was there. */
static void maybe_unmap_part(const KmCall *call, Range range, int error) {
    if (!(call->flags & km_window.rules->fixed)) return;
    if (!km_window.rules->fails_in_part || !adversary(KM_PART_UNMAPPED)) return;
    if (error == EINVAL || error == EBADF || error == km_window.rules->enotsup || one_in(2)) return;
    range.last = range.first + 1 + random_number() % (range.last - range.first);
    unmap_pages(range);
}

static int place(KmCall *call, Range *range) {
    const KmRules *rules = km_window.rules;
    size_t count = round_up(call->len) / km_window.page;
    if (!(call->flags & rules->fixed)) {
        if (!choose(call, count, &range->first)) return ENOMEM;
        range->last = range->first + count;
        return 0;
    }
    *range = pages_of(call);
    if (rules->keeps_fixed) {
        for (size_t i = range->first; i < range->last; i++)
            if (mapped(i)) return broken(call, EINVAL, "MAP_FIXED over a mapping fails unless XPG_SUS_ENV=ON");
    } else if (!all_mapped(range->first, range->last))
        hazard(call, "MAP_FIXED where nothing is reserved may replace what is not the caller's");
    return 0;
}

/* Pages of a range that are charged now and will not be by replacing them. */
static size_t charged_in(Range range) {
    size_t count = 0;
    for (size_t i = range.first; i < range.last; i++) count += !!(page_at(i)->flags & KM_CHARGED);
    return count;
}

static int do_mmap(KmCall *call) {
    Range range = {0, 0};
    int prot = call->prot_or_advice & 7, error = check_mmap(call);
    size_t pages, back;
    if (error) return error;
    error = injected(call);
    if (error && !(call->flags & km_window.rules->fixed)) return error;
    if (!error) error = place(call, &range);
    else range = pages_of(call);
    if (error && !call->injected) return error;
    pages = range.last - range.first;
    back = charged_in(range);
    if (!error && wants_charge(prot, call->flags) && pages > back && !swap_left(pages - back))
        error = km_window.rules->eagain;
    if (error) {
        maybe_unmap_part(call, range, error);
        return error;
    }
    if (km_window.rules->write_is_read && (prot & PROT_WRITE)) prot |= PROT_READ;
    map_pages(range, prot, call->flags);
    call->result = (int64_t)(uintptr_t)(km_window.base + range.first * km_window.page);
    return 0;
}

void *km_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset) {
    KmCall call = {.kind = KM_MMAP, .addr = (uintptr_t)addr, .len = len, .prot_or_advice = prot,
                   .flags = flags, .fd = fd, .offset = offset};
    int saved = errno;
    begin(KM_MMAP);
    return (void *)end(&call, do_mmap(&call), saved);
}

/* ---- munmap ---- */

static int do_munmap(KmCall *call) {
    Range range;
    int error;
    if (!check_range(call, &range, &error)) return error;
    error = injected(call);
    if (error) return error;
    unmap_pages(range);
    /* Addresses come back soon, or only after all others. */
    if (range.first < model.cursor && one_in(2)) model.cursor = range.first;
    return 0;
}

int km_munmap(void *addr, size_t len) {
    KmCall call = {.kind = KM_MUNMAP, .addr = (uintptr_t)addr, .len = len};
    int saved = errno;
    begin(KM_MUNMAP);
    return (int)end(&call, do_munmap(&call), saved);
}

/* ---- mprotect ---- */

static bool newly_charged(const KmPage *page, int prot) {
    return km_window.rules->charges && (prot & PROT_WRITE) &&
           !(page->flags & (KM_CHARGED | KM_NORESERVE | KM_SHARED));
}

static void protect_pages(Range range, int prot) {
    for (size_t i = range.first; i < range.last; i++) {
        KmPage page = *page_at(i);
        if (newly_charged(&page, prot)) page.flags |= KM_CHARGED;
        page.prot = (uint8_t)prot;
        set_page(i, page);
    }
    km_host_protect(range.first, range.last - range.first);
}

static void check_unreserved(const KmCall *call, Range range) {
    if (!km_window.rules->charges || !(call->prot_or_advice & PROT_WRITE)) return;
    for (size_t i = range.first; i < range.last; i++)
        if ((page_at(i)->flags & (KM_NORESERVE | KM_SHARED)) == KM_NORESERVE) {
            hazard(call, "writable memory without swap: a write may end in SIGBUS");
            return;
        }
}

/* An mprotect that fails with anything but EINVAL may have changed the beginning. */
static void maybe_protect_part(Range range, int prot, int error, size_t more) {
    if (!km_window.rules->fails_in_part || !adversary(KM_PART_UNMAPPED)) return;
    if (error == EINVAL || more > 0 || range.first == range.last || one_in(2)) return;
    range.last = range.first + 1 + random_number() % (range.last - range.first);
    protect_pages(range, prot);
}

static int do_mprotect(KmCall *call) {
    Range range;
    size_t more = 0;
    int prot = call->prot_or_advice, hole, error;
    if (!check_range(call, &range, &hole)) return hole;
    if (prot & ~7) return broken(call, EINVAL, "protection bits that the system does not declare");
    if ((error = check_prot(call)) != 0) return error;
    check_unreserved(call, range);
    if (hole) range.last = first_hole(range);
    for (size_t i = range.first; i < range.last; i++) more += newly_charged(page_at(i), prot);
    error = injected(call);
    if (!error && more > 0 && !swap_left(more)) error = km_window.rules->eagain;
    if (error) {
        maybe_protect_part(range, prot, error, more);
        return error;
    }
    if (km_window.rules->silent_mprotect && adversary(KM_SILENT_MPROTECT) && one_in(8)) {
        model.counters.silent++;
        return hole;
    }
    if (km_window.rules->write_is_read && (prot & PROT_WRITE)) prot |= PROT_READ;
    if (range.first < range.last) protect_pages(range, prot);
    return hole;
}

int km_mprotect(void *addr, size_t len, int prot) {
    KmCall call = {.kind = KM_MPROTECT, .addr = (uintptr_t)addr, .len = len, .prot_or_advice = prot};
    int saved = errno;
    begin(KM_MPROTECT);
    return (int)end(&call, do_mprotect(&call), saved);
}

/* ---- madvise ---- */

static bool drops(void) {
    if (adversary(KM_KEEP_FREED)) return false;
    return adversary(KM_DROP_FREED) || one_in(2);
}

/* FREE and REUSABLE: the page goes now, or may go until it is written. */
static void free_page(size_t index, const KmAdvice *advice) {
    KmPage page = *page_at(index);
    bool may_junk = advice->effect != KM_FREE && adversary(KM_JUNK);
    page.advice = (uint8_t)advice->number;
    page.effect = (uint8_t)advice->effect;
    page.flags = (uint8_t)((page.flags & ~KM_SUMMED) | KM_UNDEF);
    if (drops()) {
        km_host_discard(index, 1);
        if (may_junk && one_in(2)) km_host_junk(index, random_number());
        model.counters.pages_dropped++;
    } else {
        page.sum = km_host_sum(index);
        page.flags |= KM_SUMMED;
        model.counters.pages_kept++;
    }
    set_page(index, page);
}

static int advise_page(size_t index, const KmAdvice *advice) {
    KmPage page = *page_at(index);
    switch (advice->effect) {
        case KM_HINT: case KM_INERT: break;
        case KM_DISCARD:
            km_host_discard(index, 1);
            page.advice = 0;
            page.effect = 0;
            page.flags &= (uint8_t) ~(KM_UNDEF | KM_SUMMED);
            set_page(index, page);
            break;
        case KM_FREE: case KM_FREE_ANY: case KM_REUSABLE:
            if (page.flags & KM_SHARED) return EINVAL;
            free_page(index, advice);
            break;
        case KM_REUSE:
            page.advice = 0;
            page.effect = 0;
            page.flags &= (uint8_t)~KM_SUMMED;
            set_page(index, page);
            break;
    }
    return 0;
}

/* Darwin: REUSABLE wants writable pages, and looks at all of them first. */
static int check_advice(const KmCall *call, const KmAdvice *advice, Range range) {
    if (advice->effect != KM_REUSABLE) return 0;
    for (size_t i = range.first; i < range.last; i++)
        if (!(page_at(i)->prot & PROT_WRITE)) return broken(call, EINVAL, "MADV_FREE_REUSABLE of pages that are not writable");
    return 0;
}

static int do_madvise(KmCall *call) {
    const KmAdvice *advice = km_find_advice(km_window.rules, call->prot_or_advice);
    Range range;
    int hole, error;
    if (!advice) return broken(call, EINVAL, "advice that the system does not know");
    if (!check_range(call, &range, &hole)) return hole;
    if ((error = check_advice(call, advice, range)) != 0) return error;
    error = injected(call);
    if (error) return error;
    if (advice->effect == KM_INERT) model.counters.silent++;
    for (size_t i = range.first; i < range.last && !error; i++)
        if (mapped(i)) error = advise_page(i, advice);
    if (advice->effect == KM_REUSABLE || advice->effect == KM_REUSE)
        if (adversary(KM_STRICT_REUSE)) km_host_protect(range.first, range.last - range.first);
    return error ? error : hole;
}

int km_madvise(void *addr, size_t len, int advice) {
    KmCall call = {.kind = KM_MADVISE, .addr = (uintptr_t)addr, .len = len, .prot_or_advice = advice};
    int saved = errno;
    begin(KM_MADVISE);
    return (int)end(&call, do_madvise(&call), saved);
}

void km_pressure(void) {
    take_lock();
    need_model();
    for (size_t i = 0; i < km_window.high; i++) {
        KmPage *page = page_at(i);
        if (!(page->flags & KM_SUMMED) || km_host_sum(i) != page->sum) continue;
        page->flags &= (uint8_t)~KM_SUMMED;
        km_host_discard(i, 1);
        model.counters.pages_kept--;
        model.counters.pages_dropped++;
    }
    leave_lock();
}

/* ---- mincore, fork, and what the system tells ---- */

static int do_mincore(KmCall *call, char *vec) {
    Range range;
    int error;
    if (!check_range(call, &range, &error)) return error;
    error = injected(call);
    if (error) return error;
    for (size_t i = range.first; i < range.last; i++)
        vec[i - range.first] = (char)(mapped(i) && km_host_resident(i));
    return 0;
}

int km_mincore(void *addr, size_t len, char *vec) {
    KmCall call = {.kind = KM_MINCORE, .addr = (uintptr_t)addr, .len = len};
    int saved = errno;
    begin(KM_MINCORE);
    return (int)end(&call, do_mincore(&call, vec), saved);
}

/* The parent does not learn when its child ends, so only the child counts both. */
pid_t km_fork(void) {
    KmCall call = {.kind = KM_FORK};
    int saved = errno, error;
    size_t parents;
    pid_t child;
    begin(KM_FORK);
    error = injected(&call);
    if (!error && km_window.rules->charges && !swap_left(model.charged)) error = ENOMEM;
    parents = model.charged;
    if (error) return (pid_t)end(&call, error, saved);
    end(&call, 0, saved);
    child = fork();
    if (child == 0) model.others += parents;
    return child;
}

long km_sysconf(int name) {
    long answer = -1;
    take_lock();
    need_model();
    if (name == km_window.rules->sc_pagesize) answer = (long)km_window.page;
    else if (name == km_window.rules->sc_phys_pages)
        answer = sysconf(_SC_PHYS_PAGES) / (long)(km_window.page / 4096);
    leave_lock();
    if (answer == -1) errno = EINVAL;
    return answer;
}

int km_getpagesize(void) {
    take_lock();
    need_model();
    leave_lock();
    return (int)km_window.page;
}

int km_getrusage(int who, struct rusage *usage) {
    int result = getrusage(who, usage);
    take_lock();
    need_model();
    if (result == 0 && km_window.profile == KM_DARWIN) usage->ru_maxrss *= 1024;
    leave_lock();
    return result;
}

/* ---- looking ---- */

KmState km_state_of(const void *address) {
    KmState state = {0};
    uintptr_t base;
    take_lock();
    need_model();
    base = (uintptr_t)km_window.base;
    if ((uintptr_t)address >= base && (uintptr_t)address - base < km_window.count * km_window.page) {
        size_t index = ((uintptr_t)address - base) / km_window.page;
        const KmPage *page = page_at(index);
        state.mapped = page->flags & KM_MAPPED;
        state.charged = page->flags & KM_CHARGED;
        state.unreserved = page->flags & KM_NORESERVE;
        state.prot = page->prot;
        state.advice = page->advice;
        if (page->flags & KM_UNDEF) state.contents = KM_UNDEFINED;
        else state.contents = state.mapped && !km_host_zero(index) ? KM_LIVE : KM_ZERO;
    }
    leave_lock();
    return state;
}

void km_verify(void) {
    size_t count = 0, charge = 0, released = 0, writable = 0;
    take_lock();
    need_model();
    for (size_t i = 0; i < km_window.high; i++) {
        const KmPage *page = page_at(i);
        count += !!(page->flags & KM_MAPPED);
        charge += !!(page->flags & KM_CHARGED);
        released += page->advice != 0;
        writable += is_open(page);
    }
    if (count != model.mapped || charge != model.charged || released != model.freed || writable != model.open)
        km_broken(NULL, "the model's counters differ from its shadow", NULL);
    km_host_verify();
    leave_lock();
}

static size_t bytes_of(const size_t *pages) {
    size_t bytes;
    take_lock();
    need_model();
    bytes = *pages * km_window.page;
    leave_lock();
    return bytes;
}

size_t km_mapped(void) { return bytes_of(&model.mapped); }
size_t km_charge(void) { return bytes_of(&model.charged); }
size_t km_freed(void) { return bytes_of(&model.freed); }
size_t km_footprint(void) { return bytes_of(&model.open); }

long km_calls(KmKind kind) { return model.calls[kind]; }

void km_counters(KmCounters *into) {
    take_lock();
    need_model();
    *into = model.counters;
    leave_lock();
}
