/* mem_os.h: the memory layer. Its portable half is mem.c; exactly one mem_<system>.c is its other,
 * with os_<kind>.c for what all systems of a kind have in common.
 *
 * A range of address space is in one of four states:
 *   None      not ours (the default)
 *   Reserved  ours, but touching it faults; costs no memory
 *   Prepared  ours, cheap to make Ready; contents undefined; must not be touched
 *   Ready     usable
 *
 *   None -> Ready         sysAlloc       zeroed
 *   None -> Reserved      sysReserve, sysReserveAligned
 *   Reserved -> Prepared  sysMap
 *   Prepared -> Ready     sysUsed
 *   Ready -> Prepared     sysUnused
 *   Ready -> Reserved     sysFault       debugging only; terminal: the range stays charged
 *   Ready -> None         sysFree
 *   Prepared -> None      sysFreePrepared
 *   Reserved -> None      sysUnreserve
 *   any mix -> None       sysFreeRegion  with exact counts of what is mapped and ready in it
 * sysHugePage, sysNoHugePage and sysHugePageCollapse are advice and change no state.
 *
 * Preconditions of all of them: v and n are multiples of np_os_page_size(), n > 0, the range does
 * not wrap round and lies within one reservation, and the caller owns it exclusively. CHECK >= 1
 * asserts alignment, CHECK >= 2 or NEAPDEBUG=memcheck follows the state of every page (mem_shadow.c).
 *
 * Results are 0 or an error code: an errno value, NP_MEM_LIMIT when the owner's limit refused, or
 * NP_MEM_LOST from sysMap: the range is still Reserved, but the system has spoilt it and no later
 * sysMap of any of it succeeds; it may only be unreserved with all of its reservation.
 * A call that fails changes neither state nor counters. Nothing here allocates, prints or throws
 * (except the switch memtrace, which prints).
 *
 * Counters belong to an owner (NpMem): a heap has one, and there is one for the process. An owner
 * is used by one thread at a time, except np_mem_process.
 */
#ifndef NP_MEM_OS_H
#define NP_MEM_OS_H

#include "runtime/base.h"

#define NP_MEM_LIMIT (-1)
#define NP_MEM_LOST (-2)

typedef struct NpMem {
    size_t reserved;   /* bytes of address space in any state but None */
    size_t mapped;     /* of these, Prepared or Ready (or made to fault) */
    size_t ready;      /* of these, Ready */
    size_t ready_peak; /* the most `ready` has been */
    size_t limit;      /* `ready` may not grow beyond; 0: no limit */
    bool shared;       /* several threads use this owner */
    struct NpGrant *grant; /* who grants what becomes Ready (grant.h); NULL: nobody */
} NpMem;

extern NpMem np_mem_process;

/* ---- transitions (mem.c) ---- */
int (sysAlloc)(NpMem *mem, size_t n, void **out);
/* `hint` is where the caller would like the range; NULL for anywhere. */
int (sysReserve)(NpMem *mem, void *hint, size_t n, void **out);
/* Aligned to `align`, a power of two of at least a page. */
int (sysReserveAligned)(NpMem *mem, void *hint, size_t n, size_t align, void **out);
int (sysUnreserve)(NpMem *mem, void *v, size_t n);
int (sysMap)(NpMem *mem, void *v, size_t n);
/* The range may hold Ready pages; `prepared` bytes of it are not, exactly. */
int (sysUsed)(NpMem *mem, void *v, size_t n, size_t prepared);
int (sysUnused)(NpMem *mem, void *v, size_t n);
int (sysFree)(NpMem *mem, void *v, size_t n);
int (sysFreePrepared)(NpMem *mem, void *v, size_t n);
int (sysFreeRegion)(NpMem *mem, void *v, size_t n, size_t mapped, size_t ready);
int (sysFault)(NpMem *mem, void *v, size_t n);
/* sysUnused that tells how many bytes of the range left memory by it: what the system really did,
 * where the counters say what was asked. Costs two walks over the range. */
int np_mem_trim_range(NpMem *mem, void *v, size_t n, size_t *dropped);
int sysHugePage(void *v, size_t n);
int sysNoHugePage(void *v, size_t n);
int sysHugePageCollapse(void *v, size_t n);

/* sysFreeRegion for a caller that could do nothing about a refusal (the system may have no room to split
 * a mapping). What is mapped of the range lies at its front. A range that is refused is emptied as far
 * as may be and goes over to np_mem_process, which tries again when something else is freed or
 * address space is asked for: it is never lost from the counters. */
void (np_mem_discard)(NpMem *mem, void *v, size_t n, size_t mapped, size_t ready);
void (np_mem_discard_ready)(NpMem *mem, void *v, size_t n); /* all of it Ready */
/* Who made the call: the macros note it for the registry (mem_shadow.c). */
extern _Thread_local const char *np_mem_site;
#define NP_MEM_TEXT_OF(line) #line
#define NP_MEM_TEXT(line) NP_MEM_TEXT_OF(line)
#define NP_MEM_FROM_HERE(call) (np_mem_site = __FILE__ ":" NP_MEM_TEXT(__LINE__), call)
#define sysAlloc(...) NP_MEM_FROM_HERE(sysAlloc(__VA_ARGS__))
#define sysReserve(...) NP_MEM_FROM_HERE(sysReserve(__VA_ARGS__))
#define sysReserveAligned(...) NP_MEM_FROM_HERE(sysReserveAligned(__VA_ARGS__))
#define sysUnreserve(...) NP_MEM_FROM_HERE(sysUnreserve(__VA_ARGS__))
#define sysMap(...) NP_MEM_FROM_HERE(sysMap(__VA_ARGS__))
#define sysUsed(...) NP_MEM_FROM_HERE(sysUsed(__VA_ARGS__))
#define sysUnused(...) NP_MEM_FROM_HERE(sysUnused(__VA_ARGS__))
#define sysFree(...) NP_MEM_FROM_HERE(sysFree(__VA_ARGS__))
#define sysFreePrepared(...) NP_MEM_FROM_HERE(sysFreePrepared(__VA_ARGS__))
#define sysFreeRegion(...) NP_MEM_FROM_HERE(sysFreeRegion(__VA_ARGS__))
#define np_mem_discard(...) NP_MEM_FROM_HERE(np_mem_discard(__VA_ARGS__))
#define np_mem_discard_ready(...) NP_MEM_FROM_HERE(np_mem_discard_ready(__VA_ARGS__))
#define sysFault(...) NP_MEM_FROM_HERE(sysFault(__VA_ARGS__))

/* True when pages may hold old contents after sysUnused and sysUsed; else they are zero. */
bool needZeroAfterSysUnused(void);
/* True when granting `more` Ready bytes would pass the owner's limit. */
bool np_mem_over_limit(const NpMem *mem, size_t more);
/* A short name for an error code ("no memory", "over the limit", ...). */
const char *np_mem_error(int error);
/* Compares an owner's counters with the shadow; np_fatal when they differ. */
void np_mem_verify(const NpMem *mem);
/* The state of the page at p: 'N', 'R', 'P', 'U' (Ready), or '?' when that
 * is not followed (mem_shadow.h says when it is). */
char np_mem_state_of(const void *p);

/* What sysReserveAlignedOS may be on systems with mmap: takes n + align, gives both ends back. */
int np_mem_reserve_trimmed(size_t n, size_t align, void **out);

/* Test hook: the `nth` fallible call from now on fails with `error`, once; 0 turns it off.
 * NEAPDEBUG=failalloc=N sets it for the first N. */
void np_mem_fail_at(long nth, int error);
/* Fallible calls made since the start (or the last np_mem_fail_at). */
long np_mem_calls(void);

/* ---- the system's half: each mem_<system>.c defines every one of these ----
 * The transitions: preconditions and errors as above, no counters. */
int sysAllocOS(size_t n, void **out);
/* A hint that the system cannot follow is passed over or refused (ENOMEM). */
int sysReserveOS(void *hint, size_t n, void **out);
/* n bytes at a multiple of `align`, anywhere. Where reserving costs nothing and a part of a
 * reservation can be given back, np_mem_reserve_trimmed does it. */
int sysReserveAlignedOS(size_t n, size_t align, void **out);
int sysMapOS(void *v, size_t n);
int sysUsedOS(void *v, size_t n);
int sysUnusedOS(void *v, size_t n);
int sysFreeOS(void *v, size_t n);
int sysFaultOS(void *v, size_t n);
int sysHugePageOS(void *v, size_t n);
int sysNoHugePageOS(void *v, size_t n);
/* Asks for huge pages now, at the cost of a copy, for the whole huge pages inside the range; ENOSYS
 * where there is no such call, another error where the system did not. */
int sysHugePageCollapseOS(void *v, size_t n);
bool needZeroAfterSysUnusedOS(void);

typedef enum { NP_HUGE_NEVER, NP_HUGE_MADVISE, NP_HUGE_ALWAYS } NpHugeMode;

/* The name of the memory system: "linux", "bsd", "darwin", "aix", "sbrk". Only this object differs
 * between the memory systems of one platform. */
const char *np_os_system_name(void);
/* False where sysUnused succeeds but gives nothing back: counters then say what was offered, not
 * what the system has, and the heap offers nothing. */
bool np_os_unused_releases(void);
/* Bytes of a huge page that the system makes by itself or by advice; 0 when it has none. */
size_t np_os_huge_page_size(void);
NpHugeMode np_os_huge_page_mode(void);
/* What the kernel counts as resident now; 0 when it does not tell. */
size_t np_os_resident_bytes(void);
/* Bytes of a range that is ours that are in memory now (pages only read since they were mapped count
 * as well); 0 when the system does not tell. */
size_t np_os_core_bytes(void *v, size_t n);
/* The limit of the control group; 0: none. */
size_t np_os_group_limit(void);
/* The other threads of the process, for who wants to do something while none of them can (runtime/idle_unix.c). */
enum { NP_OS_THREADS_MOST = 64 };
typedef struct NpOsSleepers {
    unsigned count;
    struct { int thread; uint64_t switches; } threads[NP_OS_THREADS_MOST]; /* the system's number; times it was switched out */
} NpOsSleepers;
/* Takes down every other thread. False when one of them does not sleep in a system call that other code than Neap's makes,
 * when one may be in a signal handler (a signal that the process catches is blocked), when there are too many, and where
 * the system does not tell. Neither allocates nor waits.
 * Two equal notes: none of these threads has run from before the end of the first until after the beginning of the second.
 * What the caller wrote in between is then seen by each of them, from its next instruction on, without a fence. */
bool np_os_note_sleepers(NpOsSleepers *out);
/* False where np_os_note_sleepers never is true. */
bool np_os_tells_sleepers(void);
/* The calling thread is a helper of Neap's: it may block signals, and has a name for who looks at threads. */
void np_os_name_helper(void);
/* Bytes in one unit of getrusage's ru_maxrss; 0 where that says nothing. */
size_t np_os_maxrss_unit(void);

/* ---- what one kind of system has in common (os_unix.c; another os_<kind>.c elsewhere) ---- */

/* The largest page of any system that Neap runs on: no table of the heap is cut more finely. Where addresses
 * have 32 bits arenas are small, and so must their tables be. */
#if UINTPTR_MAX > 0xffffffffu
#define NP_MEM_PAGE_MAX 65536
#else
#define NP_MEM_PAGE_MAX 4096
#endif
/* Bytes; constant during a run, at most NP_MEM_PAGE_MAX. NEAPDEBUG=pagesize makes it larger than the
 * system's own, so that what a system with larger pages would refuse is found here. */
size_t np_os_page_size(void);
/* The most that np_os_resident_bytes has been, 0 when the kernel does not tell. */
size_t np_os_peak_resident_bytes(void);
typedef struct NpOsUsage {
    double user_seconds, system_seconds;
    size_t peak_resident; /* bytes; of children: of the largest; 0 when the kernel does not tell */
    size_t minor_faults;  /* answered without reading a disk */
    size_t major_faults;
} NpOsUsage;
/* What this process has used, and its children that have ended; false when the system does not tell. */
bool np_os_usage(NpOsUsage *self, NpOsUsage *children);

typedef enum { NP_PROT_NONE, NP_PROT_READ, NP_PROT_WRITE, NP_PROT_EXEC } NpProt;
/* What may be done with Ready pages from now on: nothing, reading, reading and writing, reading and
 * executing. There is no writing and executing: code is written first and then sealed. Before the
 * range is freed or unused it must be NP_PROT_WRITE again. */
int np_os_protect(void *v, size_t n, NpProt prot);

/* At a fault of any thread (SIGSEGV, SIGBUS): `report` is called with the address, in the signal
 * handler, once; then the process dies of the fault as if nothing had been. An error code. */
int np_os_on_fault(void (*report)(const void *address));

/* The lower of two limits, each 0 where there is none. */
static inline size_t np_os_lower_limit(size_t a, size_t b) { return a == 0 || (b != 0 && b < a) ? b : a; }
/* The limit of address space (RLIMIT_AS); 0: none. */
size_t np_os_address_limit(void);
/* The limit of the C stack that a program begins with, and its threads as a rule (RLIMIT_STACK); 0: none, or not known. */
size_t np_os_stack_limit(void);
/* The machine's memory; 0 when it is not known. */
size_t np_os_machine_memory(void);
/* The least of the limits the system sets for this process, 0 when there is none. */
size_t np_os_memory_ceiling(void);

#endif
