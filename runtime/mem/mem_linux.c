/* mem_linux.c: the memory layer on Linux: mmap, madvise, /proc.
 *
 * Owns: the choice of advice for giving pages back, what the kernel says about pages and limits.
 * Does not: count (mem.c); allocate; use stdio.
 *
 * Giving back. MADV_DONTNEED drops pages at once; what is read later is zero. MADV_FREE is cheaper
 * but leaves resident memory as it is until the kernel is short, which looks like a leak to every
 * tool that watches (Go went there in 1.12 and came back in 1.16, golang.org/issue/42330), so the
 * ladder of advices starts at DONTNEED; where the kernel knows neither, a fresh mapping does it.
 *
 * The huge page trap. DONTNEED on a part of a transparent huge page lowers the resident figure but
 * the kernel keeps the whole 2 MiB until it is short of memory (the split is deferred). MADV_COLD
 * on the part splits the page first, so the memory is really free (measured: MemFree +0 without,
 * all of it with). It costs a call, so it is made only where a huge page can be: sysHugePage was
 * asked for, or the system gives them unasked.
 *
 * Who sleeps. /proc/self/task/N/syscall names a system call only when the kernel has found the thread switched out, with the
 * lock of its run queue held. Every time a thread is switched out one of two counters in its `status` grows. So when the
 * sum is the same before one such answer and after a later one, the thread has not run in between; and when it does run
 * again it takes that lock after us, so that it sees all that we wrote before the later answer.
 */
#include "runtime/mem/mem_os.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/dbg.h"
#include "runtime/mem/mem_linux.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_COLD
#define MADV_COLD 20
#endif

/* The rung of the ladder in use: an MADV_ number, or REMAP; UNDECIDED before the first use. Only ever
 * moves down. */
#define REMAP 0
#define UNDECIDED (-1)
static int advise_unused = UNDECIDED;
static bool freed_lazily; /* MADV_FREE has been used */
/* Some range may be backed by huge pages: 1 yes, 0 no, -1 not looked yet. */
static int huge_possible = -1;

/* ---- transitions ---- */

static int map_at(void *at, size_t n, int prot, int fixed, void **out) {
    void *v = mmap(at, n, prot, MAP_ANONYMOUS | MAP_PRIVATE | fixed, -1, 0);
    if (v == MAP_FAILED) return errno ? errno : ENOMEM;
    *out = v;
    return 0;
}

int sysAllocOS(size_t n, void **out) {
    return map_at(NULL, n, PROT_READ | PROT_WRITE, 0, out);
}

int sysReserveOS(void *hint, size_t n, void **out) {
    return map_at(hint, n, PROT_NONE, 0, out);
}

int sysReserveAlignedOS(size_t n, size_t align, void **out) {
    return np_mem_reserve_trimmed(n, align, out);
}

int sysMapOS(void *v, size_t n) {
    void *got;
    return map_at(v, n, PROT_READ | PROT_WRITE, MAP_FIXED, &got);
}

int sysUsedOS(void *v, size_t n) { return 0; }

static bool may_be_huge(void) {
    int possible = __atomic_load_n(&huge_possible, __ATOMIC_RELAXED);
    if (possible < 0) {
        possible = np_os_huge_page_mode() == NP_HUGE_ALWAYS;
        __atomic_store_n(&huge_possible, possible, __ATOMIC_RELAXED);
    }
    return possible;
}

/* Splits the huge pages that the range covers in part, at either end. Advice: errors mean that
 * there is nothing to split or no such advice. */
static void split_huge_ends(char *v, size_t n) {
    size_t huge = np_os_huge_page_size();
    uintptr_t start = (uintptr_t)v, end = start + n;
    uintptr_t inner, outer;
    int saved = errno;
    if (huge == 0) return;
    inner = NP_ALIGN_UP(start, huge);
    outer = NP_ALIGN_DOWN(end, huge);
    if (inner > end || outer < start || inner > outer) madvise(v, n, MADV_COLD);
    else {
        if (inner > start) madvise(v, inner - start, MADV_COLD);
        if (end > outer) madvise((void *)outer, end - outer, MADV_COLD);
    }
    errno = saved;
}

/* The rung in use. It begins at DONTNEED, or where NEAPDEBUG=advise says. */
static int rung(void) {
    static const int named[] = {MADV_DONTNEED, MADV_FREE, MADV_DONTNEED, REMAP};
    int advice = __atomic_load_n(&advise_unused, __ATOMIC_RELAXED);
    if (NP_LIKELY(advice != UNDECIDED)) return advice;
    advice = named[np_dbg_on(advise) && np_dbg.advise <= 3 ? np_dbg.advise : 0];
    __atomic_store_n(&advise_unused, advice, __ATOMIC_RELAXED);
    return advice;
}

int sysUnusedOS(void *v, size_t n) {
    int advice = rung();
    if (may_be_huge()) split_huge_ends(v, n);
    while (advice != REMAP) {
        if (np_linux_madvise(v, n, advice) == 0) {
            if (advice == MADV_FREE) __atomic_store_n(&freed_lazily, true, __ATOMIC_RELAXED);
            return 0;
        }
        if (errno != EINVAL && errno != ENOSYS) return errno;
        advice = advice == MADV_FREE ? MADV_DONTNEED : REMAP;
        __atomic_store_n(&advise_unused, advice, __ATOMIC_RELAXED);
    }
    return sysMapOS(v, n);
}

/* Where sysUnused keeps contents until the kernel wants the page, they may come back. That stays so when a lower rung is
 * taken later: what was given back before may still be there. */
bool needZeroAfterSysUnusedOS(void) { return rung() == MADV_FREE || __atomic_load_n(&freed_lazily, __ATOMIC_RELAXED); }

int sysFreeOS(void *v, size_t n) { return munmap(v, n) == 0 ? 0 : errno; }

int sysFaultOS(void *v, size_t n) {
    if (mprotect(v, n, PROT_NONE) != 0) return errno;
    madvise(v, n, MADV_DONTNEED); /* the contents are of no more use; failing costs only memory */
    return 0;
}

/* The advice is given for the huge pages that lie inside the range: the kernel would round the
 * range outwards to small pages only, and a huge page needs all of its range advised. */
static int advise_huge(void *v, size_t n, int advice) {
    size_t huge = np_os_huge_page_size();
    uintptr_t from, to;
    if (huge == 0) return ENOSYS;
    from = NP_ALIGN_UP((uintptr_t)v, huge);
    to = NP_ALIGN_DOWN((uintptr_t)v + n, huge);
    if (from >= to) return 0;
    if (np_linux_madvise((void *)from, to - from, advice) != 0) return errno;
    __atomic_store_n(&huge_possible, 1, __ATOMIC_RELAXED);
    return 0;
}

int sysHugePageOS(void *v, size_t n) { return advise_huge(v, n, MADV_HUGEPAGE); }

int sysNoHugePageOS(void *v, size_t n) {
    return np_linux_madvise(v, n, MADV_NOHUGEPAGE) == 0 ? 0 : errno;
}

int sysHugePageCollapseOS(void *v, size_t n) {
    int error = advise_huge(v, n, MADV_COLLAPSE);
    return error == EINVAL ? ENOSYS : error; /* a kernel that does not know the advice */
}

/* ---- for tests: an old kernel ---- */

static unsigned unknown_advices; /* bit a: the kernel does not know advice a */

void np_linux_forget_advice(unsigned advices, int first_rung) {
    unknown_advices = advices;
    advise_unused = first_rung;
    freed_lazily = false;
}

void np_linux_lose_advice(unsigned advices) { unknown_advices = advices; }

int np_linux_advice_in_use(void) { return rung(); }

int np_linux_madvise(void *v, size_t n, int advice) {
    if (NP_UNLIKELY(unknown_advices >> advice & 1)) {
        errno = EINVAL;
        return -1;
    }
    return madvise(v, n, advice);
}

/* ---- what the kernel tells ---- */

/* Reads the start of a small file; the bytes read, NUL-terminated, or -1. */
static ssize_t read_text(const char *path, char *into, size_t room) {
    int fd = open(path, O_RDONLY | O_CLOEXEC), saved = errno;
    size_t used = 0;
    ssize_t got = 0;
    if (fd < 0) return -1;
    while (used < room - 1) {
        got = read(fd, into + used, room - 1 - used);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        used += (size_t)got;
    }
    close(fd);
    errno = saved;
    if (got < 0) return -1;
    into[used] = '\0';
    return (ssize_t)used;
}

/* The decimal number at text; 0 when there is none ("max"). Stops at SIZE_MAX. */
static size_t read_number(const char *text) {
    size_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        size_t digit = (size_t)(*text - '0');
        if (value > (SIZE_MAX - digit) / 10) return SIZE_MAX;
        value = value * 10 + digit;
    }
    return value;
}

static size_t number_in(const char *path) {
    char text[64];
    return read_text(path, text, sizeof text) > 0 ? read_number(text) : 0;
}

const char *np_os_system_name(void) { return "linux"; }
bool np_os_unused_releases(void) { return true; }
size_t np_os_maxrss_unit(void) { return 1024; }

size_t np_os_huge_page_size(void) {
    static size_t cached; /* size + 1 once known */
    size_t size = __atomic_load_n(&cached, __ATOMIC_RELAXED);
    if (NP_LIKELY(size != 0)) return size - 1;
    size = number_in("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size");
    if ((size & (size - 1)) != 0) size = 0;
    __atomic_store_n(&cached, size + 1, __ATOMIC_RELAXED);
    return size;
}

NpHugeMode np_os_huge_page_mode(void) {
    char text[64];
    if (read_text("/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof text) <= 0)
        return NP_HUGE_NEVER;
    if (strstr(text, "[always]")) return NP_HUGE_ALWAYS;
    return strstr(text, "[madvise]") ? NP_HUGE_MADVISE : NP_HUGE_NEVER;
}

size_t np_os_resident_bytes(void) {
    char text[128];
    const char *second;
    if (read_text("/proc/self/statm", text, sizeof text) <= 0) return 0;
    second = strchr(text, ' ');
    return second ? read_number(second + 1) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

size_t np_os_core_bytes(void *v, size_t n) {
    enum { AT_ONCE = 1024 };
    unsigned char in_core[AT_ONCE];
    size_t page = (size_t)sysconf(_SC_PAGESIZE), total = 0;
    int saved = errno;
    for (size_t at = 0; at < n; at += AT_ONCE * page) {
        size_t bytes = n - at < AT_ONCE * page ? n - at : AT_ONCE * page;
        if (mincore((char *)v + at, bytes, in_core) != 0) {
            total = 0;
            break;
        }
        for (size_t i = 0; i < bytes / page; i++) total += in_core[i] & 1;
    }
    errno = saved;
    return total * page;
}

/* The least limit along the path of a group up to the root: `file` is looked for in
 * <root><group>/ and every folder above it. A limit of 0 or "max", or one so large that it means
 * none (v1 writes 2^63 rounded to pages), counts as none. */
static size_t least_on_path(const char *root, const char *group, size_t length, const char *file) {
    char path[1024];
    size_t least = 0, base = strlen(root), file_length = strlen(file);
    if (base + length + file_length + 2 > sizeof path) return 0;
    for (;;) {
        size_t value;
        memcpy(path, root, base);
        memcpy(path + base, group, length);
        path[base + length] = '/';
        memcpy(path + base + length + 1, file, file_length + 1);
        value = number_in(path);
        if (value < SIZE_MAX / 4) least = np_os_lower_limit(least, value);
        if (length == 0) return least;
        while (length > 0 && group[--length] != '/') {}
    }
}

/* /proc/self/cgroup has a line "0::/path" (v2) or "7:memory:/path" (v1, where several controllers
 * may share the line). A path that leaves the namespace ("/..") is taken as the root. */
size_t np_linux_group_limit(const char *self, const char *root) {
    char text[4096], v1_root[512];
    size_t least = 0;
    if (read_text(self, text, sizeof text) <= 0) return 0;
    if (strlen(root) + sizeof "/memory" > sizeof v1_root) return 0;
    memcpy(v1_root, root, strlen(root));
    memcpy(v1_root + strlen(root), "/memory", sizeof "/memory");
    for (char *line = text; *line;) {
        char *end = line + strcspn(line, "\n"), *list = memchr(line, ':', (size_t)(end - line));
        char *path = list ? memchr(list + 1, ':', (size_t)(end - list - 1)) : NULL;
        if (path) {
            size_t names = (size_t)(path - list) - 1, length = (size_t)(end - path) - 1;
            path++;
            if (length <= 1 || (length >= 3 && memcmp(path, "/..", 3) == 0)) length = 0;
            if (*end) *end++ = '\0';
            if (names == 0) least = np_os_lower_limit(least, least_on_path(root, path, length, "memory.max"));
            list[names + 1] = '\0';
            for (char *name = list + 1; names > 0 && name; name = strchr(name, ',') ? strchr(name, ',') + 1 : NULL)
                if (strncmp(name, "memory", 6) == 0 && (name[6] == ',' || name[6] == '\0'))
                    least = np_os_lower_limit(least, least_on_path(v1_root, path, length, "memory.limit_in_bytes"));
        } else if (*end) {
            end++;
        }
        line = end;
    }
    return least;
}

size_t np_os_group_limit(void) { return np_linux_group_limit("/proc/self/cgroup", "/sys/fs/cgroup"); }

/* ---- who sleeps ---- */

static const char helper_name[] = "neap-idle";

/* The text after "\nname:\t" in a file of such lines; NULL: there is none. */
static const char *line_of(const char *text, const char *name) {
    size_t length = strlen(name);
    for (const char *at = strchr(text, '\n'); at; at = strchr(at, '\n')) {
        at++;
        if (strncmp(at, name, length) == 0 && at[length] == ':' && at[length + 1] == '\t') return at + length + 2;
    }
    return NULL;
}

static uint64_t read_hex(const char *text) {
    uint64_t value = 0;
    for (;; text++) {
        unsigned digit = (unsigned)(*text >= 'a' ? *text - 'a' + 10 : *text - '0');
        if (digit > 15) return value;
        value = value << 4 | digit;
    }
}

typedef enum { AWAKE, ASLEEP, GONE } Sleep;

/* What a thread's `status` says of it. A handler has at least its own signal blocked, but for SA_NODEFER. */
static Sleep read_status(const char *path, uint64_t *switches) {
    char text[8192];
    const char *state, *blocked, *caught, *waits, *yields;
    if (read_text(path, text, sizeof text) <= 0) return AWAKE;
    state = line_of(text, "State");
    blocked = line_of(text, "SigBlk");
    caught = line_of(text, "SigCgt");
    waits = line_of(text, "voluntary_ctxt_switches");
    yields = line_of(text, "nonvoluntary_ctxt_switches");
    if (!state || !blocked || !caught || !waits || !yields) return AWAKE;
    if (*state == 'Z' || *state == 'X') return GONE;
    if (*state != 'S') return AWAKE;
    if ((read_hex(blocked) & read_hex(caught)) != 0 &&
        (strncmp(text, "Name:\t", 6) != 0 || strncmp(text + 6, helper_name, sizeof helper_name - 1) != 0))
        return AWAKE;
    *switches = read_number(waits) + read_number(yields);
    return ASLEEP;
}

/* Is it a call that Neap does not make while its structures are half way? Its own are those about memory, and what the
 * debugging switches print. "running", or "-1 ...", is no call. */
static bool is_foreign_call(const char *path) {
    static const unsigned short own[] = {
#ifdef SYS_mmap
        SYS_mmap,
#endif
#ifdef SYS_mmap2 /* of systems with 32 bits, some of which have no other */
        SYS_mmap2,
#endif
        SYS_munmap, SYS_mprotect, SYS_madvise, SYS_mremap, SYS_mincore, SYS_brk};
    char text[256];
    const char *argument;
    size_t call;
    if (read_text(path, text, sizeof text) <= 0 || text[0] < '0' || text[0] > '9') return false;
    call = read_number(text);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (call == own[i]) return false;
    argument = strchr(text, ' ');
    return argument && !((call == SYS_write || call == SYS_writev) && strncmp(argument, " 0x2 ", 5) == 0);
}

static Sleep look_at(const char *tasks, const char *thread, uint64_t *switches) {
    char path[256];
    size_t base = strlen(tasks), length = strlen(thread);
    uint64_t before = 0;
    Sleep sleep;
    if (base + length + sizeof "//syscall" > sizeof path) return AWAKE;
    memcpy(path, tasks, base);
    path[base] = '/';
    memcpy(path + base + 1, thread, length);
    memcpy(path + base + 1 + length, "/status", sizeof "/status");
    sleep = read_status(path, &before);
    if (sleep != ASLEEP) return sleep;
    memcpy(path + base + 1 + length, "/syscall", sizeof "/syscall");
    if (!is_foreign_call(path)) return AWAKE;
    memcpy(path + base + 1 + length, "/status", sizeof "/status");
    return read_status(path, switches) == ASLEEP && *switches == before ? ASLEEP : AWAKE;
}

static bool note_thread(const char *tasks, const char *name, int except, NpOsSleepers *out) {
    uint64_t switches = 0;
    int thread = (int)read_number(name);
    Sleep sleep;
    if (thread == 0 || thread == except) return true; /* "." and ".." */
    sleep = look_at(tasks, name, &switches);
    if (sleep == GONE) return true;
    if (sleep == AWAKE || out->count == NP_OS_THREADS_MOST) return false;
    out->threads[out->count].thread = thread;
    out->threads[out->count++].switches = switches;
    return true;
}

bool np_linux_note_sleepers(const char *tasks, int except, NpOsSleepers *out) {
    struct Entry { uint64_t inode, next; unsigned short bytes; unsigned char type; char name[]; }; /* as getdents64 has it */
    _Alignas(8) char entries[2048];
    int folder = open(tasks, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool asleep = folder >= 0;
    memset(out, 0, sizeof *out); /* so that two can be compared as bytes */
    while (asleep) {
        long got = syscall(SYS_getdents64, folder, entries, sizeof entries);
        if (got <= 0) {
            asleep = got == 0;
            break;
        }
        for (long at = 0; at < got && asleep;) {
            const struct Entry *entry = (const void *)(entries + at);
            asleep = note_thread(tasks, entry->name, except, out);
            at += entry->bytes;
        }
    }
    if (folder >= 0) close(folder);
    return asleep;
}

/* This thread's number as /proc has it: not gettid's where /proc is that of an outer namespace. 0: not known. */
static int own_number(void) {
    char link[64];
    ssize_t length = readlink("/proc/thread-self", link, sizeof link - 1);
    const char *last;
    if (length <= 0) return 0;
    link[length] = '\0';
    last = strrchr(link, '/');
    return last ? (int)read_number(last + 1) : 0;
}

bool np_os_note_sleepers(NpOsSleepers *out) { return np_linux_note_sleepers("/proc/self/task", own_number(), out); }

bool np_os_tells_sleepers(void) {
    char text[256];
    return read_text("/proc/thread-self/syscall", text, sizeof text) > 0;
}

void np_os_name_helper(void) { (void)prctl(PR_SET_NAME, helper_name, 0, 0, 0); }
