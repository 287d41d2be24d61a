/* km_profile.c: one row for each system: its numbers, and what its documents say of each call.
 *
 * Sources are named in the rows: manual pages as of FreeBSD 13, NetBSD 10, OpenBSD 7, DragonFly 6,
 * illumos; XNU's kern_mman.c; for AIX /work/shared/memlayer.md's reading of IBM's pages, which is
 * marked where it infers. The numbers of flags, advice and errno were compared with the libc crate
 * of Rust. Errors that can only concern files are left out of `documented`.
 *
 * Does not: decide anything; km.c reads the table.
 */
#include <errno.h>
#include <string.h>

#include "tests/model/km_priv.h"

/* PROT_*, MAP_SHARED, MAP_PRIVATE and the errno numbers below 35 are the same everywhere. */
static const struct {
    const char *name;
    int number;
} common_numbers[] = {
    {"PROT_NONE", 0}, {"PROT_READ", 1},  {"PROT_WRITE", 2}, {"PROT_EXEC", 4}, {"MAP_SHARED", 1},
    {"MAP_PRIVATE", 2}, {"EPERM", 1},    {"ENOMEM", 12},    {"EACCES", 13},   {"EFAULT", 14},
    {"EINVAL", 22},   {"EMFILE", 24},
};

#define ADVICE_OF_ALL                                                                              \
    {0, "MADV_NORMAL", KM_HINT}, {1, "MADV_RANDOM", KM_HINT}, {2, "MADV_SEQUENTIAL", KM_HINT},     \
        {3, "MADV_WILLNEED", KM_HINT}

static const KmAdvice linux_advice[] = {
    ADVICE_OF_ALL,
    {4, "MADV_DONTNEED", KM_DISCARD},
    {8, "MADV_FREE", KM_FREE},
    {14, "MADV_HUGEPAGE", KM_HINT},
    {15, "MADV_NOHUGEPAGE", KM_HINT},
    {16, "MADV_DONTDUMP", KM_HINT},
    {17, "MADV_DODUMP", KM_HINT},
    {20, "MADV_COLD", KM_HINT},
    {21, "MADV_PAGEOUT", KM_HINT},
    {0, NULL, KM_HINT},
};

/* madvise(2): MADV_DONTNEED only lowers the priority; after MADV_FREE a page "might be demand
 * zeroed, or might contain the data that was there before". MADV_PROTECT is left out. */
static const KmAdvice freebsd_advice[] = {
    ADVICE_OF_ALL,
    {4, "MADV_DONTNEED", KM_HINT},
    {5, "MADV_FREE", KM_FREE},
    {6, "MADV_NOSYNC", KM_HINT},
    {7, "MADV_AUTOSYNC", KM_HINT},
    {8, "MADV_NOCORE", KM_HINT},
    {9, "MADV_CORE", KM_HINT},
    {0, NULL, KM_HINT},
};

/* madvise(2) of both: MADV_FREE "tells the system that information in the specified page range is
 * no longer important", and does not say what is found there. */
static const KmAdvice netbsd_advice[] = {
    ADVICE_OF_ALL,
    {4, "MADV_DONTNEED", KM_HINT},
    {5, "MADV_SPACEAVAIL", KM_HINT},
    {6, "MADV_FREE", KM_FREE_ANY},
    {0, NULL, KM_HINT},
};

/* madvise(3C): after MADV_FREE zeros or the data from before. */
static const KmAdvice solaris_advice[] = {
    ADVICE_OF_ALL,
    {4, "MADV_DONTNEED", KM_HINT},
    {5, "MADV_FREE", KM_FREE},
    {6, "MADV_ACCESS_DEFAULT", KM_HINT},
    {7, "MADV_ACCESS_LWP", KM_HINT},
    {8, "MADV_ACCESS_MANY", KM_HINT},
    {0, NULL, KM_HINT},
};

static const KmAdvice darwin_advice[] = {
    ADVICE_OF_ALL,
    {4, "MADV_DONTNEED", KM_HINT},
    {5, "MADV_FREE", KM_FREE},
    {6, "MADV_ZERO_WIRED_PAGES", KM_HINT},
    {7, "MADV_FREE_REUSABLE", KM_REUSABLE},
    {8, "MADV_FREE_REUSE", KM_REUSE},
    {9, "MADV_CAN_REUSE", KM_HINT},
    {0, NULL, KM_HINT},
};

/* IBM documents madvise as having no effect. */
static const KmAdvice aix_advice[] = {
    ADVICE_OF_ALL,
    {4, "MADV_DONTNEED", KM_INERT},
    {5, "MADV_SPACEAVAIL", KM_INERT},
    {0, NULL, KM_HINT},
};

#define FIRST KM_HOLE_FIRST
#define PASS KM_HOLE_PASS
#define STOP KM_HOLE_STOP
#define REST KM_HOLE_REST

const KmRules km_rules[KM_PROFILES] = {
    [KM_LINUX] = {
        .name = "linux", .anon = 0x20, .fixed = 0x10, .noreserve = 0x4000,
        .eagain = 11, .enotsup = 95, .sc_pagesize = 30, .sc_phys_pages = 85,
        .advice = linux_advice,
        .range = { /* mm/mmap.c, mprotect.c, madvise.c, mincore.c; km_linux_test compares */
            [KM_MMAP] = {EINVAL, EINVAL, ENOMEM, 0, PASS, "Linux mmap(2)"},
            [KM_MUNMAP] = {EINVAL, EINVAL, EINVAL, 0, PASS, "Linux munmap(2)"},
            [KM_MPROTECT] = {EINVAL, 0, ENOMEM, ENOMEM, STOP, "Linux mprotect(2)"},
            [KM_MADVISE] = {EINVAL, 0, EINVAL, ENOMEM, REST, "Linux madvise(2)"},
            [KM_MINCORE] = {EINVAL, 0, ENOMEM, ENOMEM, FIRST, "Linux mincore(2)"},
        },
        .documented = {
            [KM_MMAP] = {ENOMEM, EAGAIN, EPERM, EINVAL},
            [KM_MUNMAP] = {ENOMEM, EINVAL},
            [KM_MPROTECT] = {ENOMEM, EACCES, EINVAL},
            [KM_MADVISE] = {EAGAIN, ENOMEM, EINVAL},
            [KM_MINCORE] = {EAGAIN, ENOMEM, EINVAL},
            [KM_FORK] = {EAGAIN, ENOMEM},
        },
        .offset = KM_OFFSET_ALIGNED, .any_fd = true, .any_flags = true,
    },
    [KM_FREEBSD] = {
        .name = "freebsd", .anon = 0x1000, .fixed = 0x10,
        .eagain = 35, .enotsup = 45, .sc_pagesize = 47, .sc_phys_pages = 121,
        .advice = freebsd_advice,
        .range = { /* that mprotect and madvise work on whole pages: sys/vm/vm_mmap.c */
            [KM_MMAP] = {EINVAL, EINVAL, EINVAL, 0, PASS, "FreeBSD mmap(2)"},
            [KM_MUNMAP] = {EINVAL, EINVAL, EINVAL, 0, PASS, "FreeBSD munmap(2)"},
            [KM_MPROTECT] = {KM_OUTWARD, 0, EINVAL, EINVAL, FIRST, "FreeBSD mprotect(2)"},
            [KM_MADVISE] = {KM_OUTWARD, 0, ENOMEM, ENOMEM, FIRST, "FreeBSD madvise(2)"},
            [KM_MINCORE] = {KM_OUTWARD, 0, ENOMEM, ENOMEM, FIRST, "FreeBSD mincore(2)"},
        },
        .documented = {
            [KM_MMAP] = {ENOMEM, EINVAL},
            [KM_MUNMAP] = {EINVAL},
            [KM_MPROTECT] = {EACCES, EINVAL},
            [KM_MADVISE] = {ENOMEM, EINVAL},
            [KM_MINCORE] = {ENOMEM, EINVAL},
            [KM_FORK] = {35, ENOMEM},
        },
        .offset = KM_OFFSET_ZERO,
    },
    [KM_NETBSD] = {
        .name = "netbsd", .anon = 0x1000, .fixed = 0x10, .noreserve = 0x40,
        .eagain = 35, .enotsup = 86, .sc_pagesize = 28, .sc_phys_pages = 121,
        .advice = netbsd_advice,
        .range = { /* munmap: "some part of the region [...] is not part of the currently valid
                    * address space"; that length 0 does nothing: only negative ones are listed */
            [KM_MMAP] = {EINVAL, EINVAL, EINVAL, 0, PASS, "NetBSD mmap(2)"},
            [KM_MUNMAP] = {EINVAL, 0, EINVAL, EINVAL, FIRST, "NetBSD munmap(2)"},
            [KM_MPROTECT] = {EINVAL, 0, EINVAL, EINVAL, FIRST, "NetBSD mprotect(2)"},
            [KM_MADVISE] = {EINVAL, 0, EINVAL, EINVAL, FIRST, "NetBSD madvise(2)"},
            [KM_MINCORE] = {EINVAL, 0, ENOMEM, ENOMEM, FIRST, "NetBSD mincore(2)"},
        },
        .documented = {
            [KM_MMAP] = {ENOMEM, EINVAL},
            [KM_MUNMAP] = {EINVAL},
            [KM_MPROTECT] = {ENOMEM, EACCES, EINVAL},
            [KM_MADVISE] = {EINVAL},
            [KM_MINCORE] = {ENOMEM, EINVAL},
            [KM_FORK] = {35, ENOMEM},
        },
        .offset = KM_OFFSET_IGNORED,
        .write_exec = EACCES, /* mprotect(2): "PaX mprotect restrictions"; assumed for mmap too */
    },
    [KM_OPENBSD] = {
        .name = "openbsd", .anon = 0x1000, .fixed = 0x10,
        .eagain = 35, .enotsup = 91, .sc_pagesize = 28, .sc_phys_pages = 500,
        .advice = netbsd_advice,
        .range = {
            [KM_MMAP] = {EINVAL, EINVAL, EINVAL, 0, PASS, "OpenBSD mmap(2)"},
            [KM_MUNMAP] = {EINVAL, 0, EINVAL, EINVAL, FIRST, "OpenBSD munmap(2)"},
            [KM_MPROTECT] = {KM_OUTWARD, 0, EINVAL, EINVAL, FIRST, "OpenBSD mprotect(2)"},
            [KM_MADVISE] = {EINVAL, 0, EINVAL, EINVAL, FIRST, "OpenBSD madvise(2)"},
            [KM_MINCORE] = {EINVAL, 0, ENOMEM, ENOMEM, FIRST, "OpenBSD mincore(2)"},
        },
        .documented = {
            [KM_MMAP] = {ENOMEM, 91, EINVAL},
            [KM_MUNMAP] = {EINVAL, EPERM},
            [KM_MPROTECT] = {ENOMEM, EACCES, 91, EINVAL},
            [KM_MADVISE] = {EINVAL, EPERM},
            [KM_MINCORE] = {ENOMEM, EINVAL},
            [KM_FORK] = {35, ENOMEM},
        },
        .offset = KM_OFFSET_IGNORED,
        .write_exec = 91, /* mprotect(2): "PROT_WRITE | PROT_EXEC mappings are not permitted" */
    },
    [KM_DRAGONFLY] = {
        .name = "dragonfly", .anon = 0x1000, .fixed = 0x10, .noreserve = 0x40,
        .eagain = 35, .enotsup = 45, .sc_pagesize = 47, .sc_phys_pages = 121,
        .advice = freebsd_advice,
        .range = { /* madvise(2), unlike FreeBSD's: an invalid range is EINVAL */
            [KM_MMAP] = {EINVAL, EINVAL, EINVAL, 0, PASS, "DragonFly mmap(2)"},
            [KM_MUNMAP] = {EINVAL, EINVAL, EINVAL, 0, PASS, "DragonFly munmap(2)"},
            [KM_MPROTECT] = {KM_OUTWARD, 0, EINVAL, EINVAL, FIRST, "DragonFly mprotect(2)"},
            [KM_MADVISE] = {KM_OUTWARD, 0, EINVAL, EINVAL, FIRST, "DragonFly madvise(2)"},
            [KM_MINCORE] = {KM_OUTWARD, 0, EINVAL, EINVAL, FIRST, "DragonFly mincore(2)"},
        },
        .documented = {
            [KM_MMAP] = {ENOMEM, EINVAL},
            [KM_MUNMAP] = {EINVAL},
            [KM_MPROTECT] = {EACCES, EINVAL},
            [KM_MADVISE] = {EINVAL},
            [KM_MINCORE] = {EINVAL},
            [KM_FORK] = {35, ENOMEM},
        },
        .offset = KM_OFFSET_ALIGNED,
    },
    [KM_SOLARIS] = {
        .name = "solaris", .anon = 0x100, .fixed = 0x10, .noreserve = 0x40,
        .eagain = 11, .enotsup = 48, .sc_pagesize = 11, .sc_phys_pages = 500,
        .advice = solaris_advice,
        .range = { /* mprotect(2): what lies before the page in error "will have been modified" */
            [KM_MMAP] = {EINVAL, EINVAL, ENOMEM, 0, PASS, "illumos mmap(2)"},
            [KM_MUNMAP] = {EINVAL, EINVAL, EINVAL, 0, PASS, "illumos munmap(2)"},
            [KM_MPROTECT] = {EINVAL, EINVAL, ENOMEM, ENOMEM, STOP, "illumos mprotect(2)"},
            [KM_MADVISE] = {EINVAL, EINVAL, ENOMEM, ENOMEM, FIRST, "illumos madvise(3C)"},
            [KM_MINCORE] = {EINVAL, EINVAL, ENOMEM, ENOMEM, FIRST, "illumos mincore(2)"},
        },
        .documented = {
            [KM_MMAP] = {EAGAIN, ENOMEM, EMFILE, 48, EINVAL},
            [KM_MUNMAP] = {EINVAL},
            [KM_MPROTECT] = {EAGAIN, ENOMEM, EACCES, EINVAL},
            [KM_MADVISE] = {EAGAIN, ENOMEM, EINVAL},
            [KM_MINCORE] = {ENOMEM, EINVAL},
            [KM_FORK] = {EAGAIN, ENOMEM},
        },
        .offset = KM_OFFSET_ALIGNED, .charges = true,
        .fails_in_part = true, /* mmap(2): "some of the mappings [...] may have been unmapped" */
    },
    [KM_DARWIN] = {
        .name = "darwin", .anon = 0x1000, .fixed = 0x10, .noreserve = 0x40,
        .eagain = 35, .enotsup = 45, .sc_pagesize = 29, .sc_phys_pages = 200,
        .advice = darwin_advice,
        .range = { /* XNU bsd/kern/kern_mman.c; madvise works on all pages touched */
            [KM_MMAP] = {EINVAL, EINVAL, ENOMEM, 0, PASS, "Darwin mmap(2)"},
            [KM_MUNMAP] = {EINVAL, EINVAL, EINVAL, 0, PASS, "XNU munmap"},
            [KM_MPROTECT] = {EINVAL, 0, EINVAL, ENOMEM, FIRST, "XNU mprotect"},
            [KM_MADVISE] = {KM_OUTWARD, 0, EINVAL, EINVAL, FIRST, "XNU madvise"},
            [KM_MINCORE] = {KM_OUTWARD, 0, EINVAL, 0, PASS, "XNU mincore"},
        },
        .documented = {
            [KM_MMAP] = {ENOMEM, EINVAL},
            [KM_MUNMAP] = {EINVAL},
            [KM_MPROTECT] = {EACCES, ENOMEM, 45, EINVAL},
            [KM_MADVISE] = {EINVAL, ENOMEM},
            [KM_MINCORE] = {ENOMEM, EINVAL},
            [KM_FORK] = {35, ENOMEM},
        },
        .offset = KM_OFFSET_ALIGNED, .write_is_read = true,
        .write_exec = EACCES, /* mmap(2): needs MAP_JIT and an entitlement; the number is inferred */
    },
    [KM_AIX] = {
        .name = "aix", .anon = 0x10, .fixed = 0x100,
        .eagain = 11, .enotsup = 124, .sc_pagesize = 48, .sc_phys_pages = 113,
        .advice = aix_advice,
        .range = { /* memlayer.md section 5; what IBM leaves open follows POSIX */
            [KM_MMAP] = {EINVAL, EINVAL, ENOMEM, 0, PASS, "AIX mmap"},
            [KM_MUNMAP] = {EINVAL, EINVAL, EINVAL, 0, PASS, "AIX munmap"},
            [KM_MPROTECT] = {EINVAL, 0, ENOMEM, ENOMEM, FIRST, "AIX mprotect"},
            [KM_MADVISE] = {EINVAL, 0, ENOMEM, ENOMEM, FIRST, "AIX madvise"},
            [KM_MINCORE] = {EINVAL, 0, ENOMEM, ENOMEM, FIRST, "AIX mincore"},
        },
        .documented = {
            [KM_MMAP] = {ENOMEM, EMFILE, EINVAL},
            [KM_MUNMAP] = {EINVAL},
            [KM_MPROTECT] = {ENOMEM, EACCES, EINVAL},
            [KM_MADVISE] = {ENOMEM, EINVAL},
            [KM_MINCORE] = {ENOMEM, EINVAL},
            [KM_FORK] = {EAGAIN, ENOMEM},
        },
        .offset = KM_OFFSET_ALIGNED, .keeps_fixed = true, .silent_mprotect = true,
    },
};

const KmAdvice *km_find_advice(const KmRules *rules, int number) {
    for (const KmAdvice *advice = rules->advice; advice->name; advice++)
        if (advice->number == number) return advice;
    return NULL;
}

bool km_is_documented(const KmRules *rules, KmKind kind, int error) {
    for (int i = 0; i < KM_ERRNOS && rules->documented[kind][i] != 0; i++)
        if (rules->documented[kind][i] == error) return true;
    return false;
}

const char *km_profile_name(KmProfile profile) { return km_rules[profile].name; }

long km_number(KmProfile profile, const char *name) {
    const KmRules *rules = &km_rules[profile];
    for (size_t i = 0; i < sizeof common_numbers / sizeof common_numbers[0]; i++)
        if (strcmp(common_numbers[i].name, name) == 0) return common_numbers[i].number;
    for (const KmAdvice *advice = rules->advice; advice->name; advice++)
        if (strcmp(advice->name, name) == 0) return advice->number;
    if (strcmp(name, "MAP_ANON") == 0 || strcmp(name, "MAP_ANONYMOUS") == 0) return rules->anon;
    if (strcmp(name, "MAP_FIXED") == 0) return rules->fixed;
    if (strcmp(name, "MAP_NORESERVE") == 0) return rules->noreserve ? rules->noreserve : -1;
    if (strcmp(name, "EAGAIN") == 0) return rules->eagain;
    if (strcmp(name, "ENOTSUP") == 0) return rules->enotsup;
    if (strcmp(name, "_SC_PAGESIZE") == 0) return rules->sc_pagesize;
    if (strcmp(name, "_SC_PHYS_PAGES") == 0) return rules->sc_phys_pages;
    return -1;
}
