/* os_unix.c: what every Unix tells a process in the same words: page size, resource use, limits,
 * protection, faults.
 *
 * Owns: sysconf, getrusage, getrlimit, mprotect for others than the states, the handlers of
 *       SIGSEGV and SIGBUS.
 * Does not: know one system from another (mem_<system>.c), allocate, use stdio.
 */
#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/dbg.h"
#include "runtime/mem/mem_os.h"

#ifndef RLIMIT_AS /* OpenBSD counts mappings against this one */
#define RLIMIT_AS RLIMIT_DATA
#endif

static size_t real_page_size(void) { return (size_t)sysconf(_SC_PAGESIZE); }

/* The page size that NEAPDEBUG asks for, where the system's pages allow it; else the system's. */
static NP_COLD size_t page_size_to_use(void) {
    size_t real = real_page_size(), size;
    np_dbg_init();
    if (np_dbg.pagesize == NP_DBG_UNSET) return real;
    size = (size_t)np_dbg.pagesize;
    if (size >= real && size <= NP_MEM_PAGE_MAX && (size & (size - 1)) == 0) return size;
    np_dbg_print("neap: NEAPDEBUG: pagesize must be a power of two from %zu to %zu; ignored", real,
                 (size_t)NP_MEM_PAGE_MAX);
    np_dbg.pagesize = NP_DBG_UNSET;
    return real;
}

size_t np_os_page_size(void) {
    static size_t page;
    size_t size = __atomic_load_n(&page, __ATOMIC_RELAXED);
    if (NP_LIKELY(size != 0)) return size;
    size = page_size_to_use();
    __atomic_store_n(&page, size, __ATOMIC_RELAXED);
    return size;
}

static bool usage_of(int who, NpOsUsage *out) {
    struct rusage usage;
    if (getrusage(who, &usage) != 0) return false;
    *out = (NpOsUsage){
        .user_seconds = (double)usage.ru_utime.tv_sec + (double)usage.ru_utime.tv_usec * 1e-6,
        .system_seconds = (double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec * 1e-6,
        .peak_resident = (size_t)usage.ru_maxrss * np_os_maxrss_unit(),
        .minor_faults = (size_t)usage.ru_minflt,
        .major_faults = (size_t)usage.ru_majflt,
    };
    return true;
}

size_t np_os_peak_resident_bytes(void) {
    NpOsUsage self;
    return usage_of(RUSAGE_SELF, &self) ? self.peak_resident : 0;
}

bool np_os_usage(NpOsUsage *self, NpOsUsage *children) {
    return usage_of(RUSAGE_SELF, self) && usage_of(RUSAGE_CHILDREN, children);
}

int np_os_protect(void *v, size_t n, NpProt prot) {
    static const int bits[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC};
    return mprotect(v, n, bits[prot]) == 0 ? 0 : errno;
}

/* ---- faults ---- */

static void (*report_fault)(const void *address);
static struct sigaction before_segv, before_bus;

static void say(const char *text) {
    if (write(STDERR_FILENO, text, strlen(text)) < 0) return; /* nobody is left to be told */
}

/* What was there before gets the signal next: returning repeats the access that failed. A signal that
 * somebody sent has no address, and would not come again by itself. */
static void on_fault(int number, siginfo_t *info, void *context) {
    int saved = errno;
    sigaction(SIGSEGV, &before_segv, NULL);
    sigaction(SIGBUS, &before_bus, NULL);
    say(number == SIGBUS ? "neap: bus error" : "neap: segmentation fault");
    if (info->si_code > 0) {
        say("\n");
        report_fault(info->si_addr);
    } else {
        say(", sent by a process\n");
        raise(number);
    }
    errno = saved;
}

int np_os_on_fault(void (*report)(const void *address)) {
    enum { STACK = 64 << 10 }; /* the fault may be that the thread's stack is full */
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = STACK}, old;
    int error;
    report_fault = report;
    if (sigaltstack(NULL, &old) != 0) return errno;
    if (old.ss_flags & SS_DISABLE) {
        error = sysAllocOS(STACK, &stack.ss_sp); /* until the process ends */
        if (error) return error;
        if (sigaltstack(&stack, NULL) != 0) return errno;
    }
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSEGV, &action, &before_segv) == 0 && sigaction(SIGBUS, &action, &before_bus) == 0 ? 0 : errno;
}

/* ---- limits ---- */

static size_t limit_of(int resource) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return 0;
    return (uint64_t)limit.rlim_cur > SIZE_MAX ? SIZE_MAX : (size_t)limit.rlim_cur;
}

size_t np_os_address_limit(void) { return limit_of(RLIMIT_AS); }
size_t np_os_stack_limit(void) { return limit_of(RLIMIT_STACK); }

size_t np_os_machine_memory(void) {
    long pages = sysconf(_SC_PHYS_PAGES);
    size_t page = real_page_size();
    if (pages <= 0) return 0;
    return (size_t)pages > SIZE_MAX / page ? SIZE_MAX : (size_t)pages * page;
}

size_t np_os_memory_ceiling(void) {
    return np_os_lower_limit(np_os_machine_memory(), np_os_lower_limit(np_os_address_limit(), np_os_group_limit()));
}
