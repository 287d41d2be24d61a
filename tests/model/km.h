/* km.h: a model of a system's virtual memory calls, for testing mem_<system>.c on Linux.
 *
 * The km_ calls stand in for mmap and its kin of the system that a profile names. They take that
 * system's numbers (flags, advice, sysconf names) and leave its numbers in errno; which numbers
 * those are is told by one table, km_profile.c. A call is checked against the system's documented
 * rules and a shadow of every page, decided, and then done to real memory of this process, so that
 * the interpreter itself runs on top of the model. Where a system may do one thing or another, a
 * seed decides.
 *
 * The model works on one range of address space, the window, taken at the start: every address it
 * gives is in there, and a call on memory outside ends the process.
 *
 * Two manners. Strict (the default): a call that the documents call an error, or that the system
 * would answer in a way nobody can want (Darwin's madvise of a part of a page), ends the process
 * with the last calls printed. Lenient: it is answered as the system would, for fuzzing the model.
 *
 * Does not model: files, shared memory beyond its flag, locked pages, the brk.
 *
 * One model per process; every function may be called by any thread. After fork the child has the
 * model of its parent. None of them uses the memory that it models.
 */
#ifndef KM_H
#define KM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct rusage;

typedef enum KmProfile {
    KM_LINUX,
    KM_FREEBSD,
    KM_NETBSD,
    KM_OPENBSD,
    KM_DRAGONFLY,
    KM_SOLARIS, /* and illumos */
    KM_DARWIN,
    KM_AIX,
    KM_PROFILES
} KmProfile;

/* The calls, for counting and for making them fail. KM_ANY stands for all of them. */
typedef enum KmKind {
    KM_MMAP,
    KM_MUNMAP,
    KM_MPROTECT,
    KM_MADVISE,
    KM_MINCORE,
    KM_FORK,
    KM_ANY,
    KM_KINDS
} KmKind;

/* What the adversary does; see the comment of each profile's rule in km.c. */
enum {
    KM_IGNORE_HINTS = 1,    /* a hint is never taken (else: taken or not, by the seed) */
    KM_KEEP_FREED = 2,      /* freed pages keep their contents until km_pressure */
    KM_DROP_FREED = 4,      /* freed pages are dropped at once (neither: by the seed) */
    KM_JUNK = 8,            /* contents that are undefined are overwritten with junk */
    KM_STRICT_REUSE = 16,   /* Darwin: pages between REUSABLE and REUSE cannot be touched */
    KM_SILENT_MPROTECT = 32,/* AIX: mprotect may report success and do nothing, by the seed */
    KM_PART_UNMAPPED = 64,  /* Solaris: a failed fixed mmap or mprotect may have done a part */
    KM_HOSTILE = KM_JUNK | KM_STRICT_REUSE | KM_PART_UNMAPPED /* what no correct file minds */
};

typedef struct KmConfig {
    KmProfile profile;
    uint64_t seed;
    size_t page;           /* bytes of a page: 4, 16 or 64 KiB; 0: 4 KiB */
    size_t window;         /* bytes of address space; 0: 64 GiB */
    size_t swap;           /* bytes that may be charged where the system charges; 0: no end */
    unsigned adversary;    /* KM_IGNORE_HINTS | ... */
    unsigned fail_per_1000;/* so many calls of a thousand fail with a documented errno */
    long fail_after;       /* but not the first so many */
    bool lenient;
} KmConfig;

/* Begins (again: all that was mapped is gone). Without it, the first call begins with the profile
 * KM_PROFILE that km.c was compiled with and what the environment says in
 * NEAP_KM=seed=N,page=N,swap=N,adversary=N,fail=N,after=N,report=1. */
void km_start(const KmConfig *config);
/* Gives all memory back; km_start may follow. */
void km_stop(void);

/* ---- the system's calls ---- */
void *km_mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
int km_munmap(void *addr, size_t len);
int km_mprotect(void *addr, size_t len, int prot);
int km_madvise(void *addr, size_t len, int advice);
/* One byte per page, bit 0: resident. */
int km_mincore(void *addr, size_t len, char *vec);
/* The names of the target's page size and number of pages; -1 with EINVAL for any other. */
long km_sysconf(int name);
int km_getpagesize(void);
/* The host's figures in the target's units: ru_maxrss in bytes on Darwin, else KiB. */
int km_getrusage(int who, struct rusage *usage);
/* fork: where the system charges swap, the child's private pages are charged as well. */
pid_t km_fork(void);

/* ---- failure ---- */
/* The kth call of this kind from now on (1 is the next) fails with `error`, once, and without
 * effect (but see KM_PART_UNMAPPED); error 0: with the first errno documented for it. k 0: no
 * call fails. An errno that the documents do not list for that call ends the process. */
void km_fail(KmKind kind, long k, int error);
/* The errno numbers documented for the call, without those that concern files only, the likeliest
 * first; 0 after the last. */
int km_documented(KmKind kind, int index);
/* True when the failure asked for last by km_fail has happened. */
bool km_failed(void);

/* ---- what has happened ---- */
/* Calls of this kind since km_start. */
long km_calls(KmKind kind);
typedef struct KmCounters {
    long failed;        /* calls made to fail */
    long refused;       /* lenient: calls that broke a rule */
    long hints_taken, hints_ignored;
    long pages_dropped; /* freed pages whose contents went */
    long pages_kept;    /* freed pages whose contents stayed so far */
    long silent;        /* mprotect and madvise that succeeded without effect */
} KmCounters;
void km_counters(KmCounters *into);
/* The last calls, oldest first, to a file descriptor. */
void km_trace(int fd);
/* The last call as one line: "mmap(0x.., 4096, PROT_NONE, MAP_ANON|MAP_PRIVATE, -1, 0) = 0x..".
 * The text stays until the next call. `back` 0 is the last, 1 the one before; NULL: forgotten. */
const char *km_call_text(int back);

/* ---- the shadow ---- */
typedef enum KmContents {
    KM_ZERO,     /* zero bytes */
    KM_LIVE,     /* what the program wrote */
    KM_UNDEFINED /* freed (FREE, REUSABLE) since it was mapped: zero or old or, by adversary, junk;
                  * that the program has written since is not seen */
} KmContents;

typedef struct KmState {
    bool mapped;
    bool charged;        /* counts against swap */
    bool unreserved;     /* mapped with NORESERVE */
    int prot;            /* as the program asked: PROT_NONE, PROT_READ|PROT_WRITE, ... */
    int advice;          /* the target's number of the FREE or REUSABLE in force, 0: none */
    KmContents contents;
} KmState;
/* Of the page that holds this address; outside the window: not mapped. */
KmState km_state_of(const void *address);
/* Bytes mapped, charged to swap, and under FREE or REUSABLE. */
size_t km_mapped(void);
size_t km_charge(void);
size_t km_freed(void);
/* What the system would show as the process' footprint: writable pages that are not freed. */
size_t km_footprint(void);
/* The system is short of memory: every freed page that still has the bytes it had when it was
 * freed loses them. A program that wrote the very same bytes again would be wronged: for tests. */
void km_pressure(void);
/* Compares the shadow with what the host says of the window; ends the process when they differ. */
void km_verify(void);

/* The target's numbers, by name ("MAP_ANON", "MADV_FREE", "EAGAIN", "_SC_PAGESIZE"); -1: it has
 * none. Shim headers are tested against these. */
long km_number(KmProfile profile, const char *name);
const char *km_profile_name(KmProfile profile);

#endif
