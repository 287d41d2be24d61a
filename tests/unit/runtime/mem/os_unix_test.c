/* os_unix_test.c: what the system tells about pages, use and limits, against other sources. */
#include <errno.h>
#include <sys/resource.h>
#include <unistd.h>

#include "runtime/dbg.h"
#include "runtime/mem/mem_os.h"
#include "tests/unit/unit.h"

enum { MIB = 1 << 20 };

TEST(page_size_is_the_systems) {
    EXPECT_EQ(np_os_page_size(), np_dbg_on(pagesize) ? np_dbg.pagesize : sysconf(_SC_PAGESIZE));
    EXPECT_EQ(np_os_page_size() & (np_os_page_size() - 1), 0);
}

TEST(the_peak_follows_what_is_touched) {
    enum { SIZE = 24 * MIB };
    size_t before = np_os_peak_resident_bytes();
    void *v;
    REQUIRE_EQ(sysAllocOS(SIZE, &v), 0);
    memset(v, 1, SIZE);
    EXPECT_GE(np_os_peak_resident_bytes(), SIZE);
    EXPECT_GE(np_os_peak_resident_bytes(), before);
    EXPECT_EQ(sysFreeOS(v, SIZE), 0);
    EXPECT_GE(np_os_peak_resident_bytes(), SIZE); /* a peak does not fall */
}

TEST(the_ceiling_heeds_the_address_limit) {
    struct rlimit old, low;
    EXPECT_GT(np_os_machine_memory(), 0);
    EXPECT_LE(np_os_memory_ceiling(), np_os_machine_memory());
    getrlimit(RLIMIT_AS, &old);
    low = old;
    low.rlim_cur = 123 * (rlim_t)MIB;
    REQUIRE_EQ(setrlimit(RLIMIT_AS, &low), 0);
    getrlimit(RLIMIT_AS, &low);
    if (low.rlim_cur == old.rlim_cur) SKIP("the system ignores the limit, as qemu-user does");
    EXPECT_EQ(np_os_address_limit(), 123 * MIB);
    EXPECT_LE(np_os_memory_ceiling(), 123 * MIB);
    setrlimit(RLIMIT_AS, &old);
}

TEST(usage_of_this_process_and_of_its_children) {
    NpOsUsage self, children, later;
    double begin;
    void *v;
    pid_t child;
    int status;
    REQUIRE(np_os_usage(&self, &children));
    EXPECT_EQ(self.peak_resident, np_os_peak_resident_bytes());
    EXPECT_EQ(sysAllocOS(4 * MIB, &v), 0);
    memset(v, 1, 4 * MIB);
    begin = self.user_seconds + self.system_seconds;
    do REQUIRE(np_os_usage(&later, &children));
    while (later.user_seconds + later.system_seconds < begin + 0.005);
    EXPECT_GT(later.minor_faults, self.minor_faults);
    EXPECT_EQ(sysFreeOS(v, 4 * MIB), 0);
    child = fork();
    if (child == 0) {
        if (sysAllocOS(48 * MIB, &v) != 0) _exit(1);
        memset(v, 1, 48 * MIB);
        _exit(0);
    }
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    REQUIRE(np_os_usage(&self, &children));
    EXPECT_GE(children.peak_resident, 48 * MIB);
    EXPECT_GT(children.minor_faults, 0);
}

TEST(protection_is_what_was_asked) {
    size_t page = np_os_page_size();
    void *v;
    volatile char *bytes;
    REQUIRE_EQ(sysAllocOS(2 * page, &v), 0);
    bytes = v;
    bytes[0] = 5;
    EXPECT_EQ(np_os_protect(v, page, NP_PROT_READ), 0);
    EXPECT_EQ(bytes[0], 5);
    EXPECT_DEATH(bytes[0] = 1, "");
    bytes[page] = 6; /* its neighbour */
    EXPECT_EQ(np_os_protect(v, page, NP_PROT_NONE), 0);
    EXPECT_DEATH((void)bytes[0], "");
    EXPECT_EQ(np_os_protect(v, page, NP_PROT_WRITE), 0);
    EXPECT_EQ(bytes[0], 5);
    bytes[0] = 7;
    EXPECT_EQ(sysFreeOS(v, 2 * page), 0);
    EXPECT_EQ(np_os_protect(v, page, NP_PROT_READ), ENOMEM);
}

/* Executable memory: reserved, made usable, written, sealed. Accounted like any other. */
TEST(code_is_written_and_then_sealed) {
#if defined(__x86_64__)
    static const unsigned char code[] = {0xB8, 0x2A, 0, 0, 0, 0xC3}; /* mov eax, 42; ret */
#elif defined(__aarch64__)
    static const unsigned char code[] = {0x40, 0x05, 0x80, 0x52, 0xC0, 0x03, 0x5F, 0xD6}; /* mov w0, 42; ret */
#else
    static const unsigned char code[1] = {0};
    SKIP("no code for this processor is written down here");
#endif
    NpMem mem = {0};
    size_t n = np_os_page_size();
    int (*run)(void);
    int error;
    void *v, *entry;
    REQUIRE_EQ(sysReserve(&mem, NULL, n, &v), 0);
    REQUIRE_EQ(sysMap(&mem, v, n), 0);
    REQUIRE_EQ(sysUsed(&mem, v, n, n), 0);
    entry = (char *)v + 64; /* a sanitizer may look for a signature in front of a function */
    memcpy(entry, code, sizeof code);
    memcpy(&run, &entry, sizeof run);
    EXPECT_DEATH(run(), ""); /* not yet sealed */
    error = np_os_protect(v, n, NP_PROT_EXEC);
    if (error == EACCES) SKIP("this system lets no process make code");
    REQUIRE_EQ(error, 0);
    __builtin___clear_cache(v, (char *)v + n);
    EXPECT_EQ(run(), 42);
    EXPECT_DEATH(*(volatile char *)v = 1, ""); /* sealed */
    EXPECT_EQ(np_os_protect(v, n, NP_PROT_WRITE), 0);
    EXPECT_EQ(sysFree(&mem, v, n), 0);
}

static void tell(const void *address) {
    char text[64];
    snprintf(text, sizeof text, "told of %p\n", (void *)(uintptr_t)address);
    if (write(STDERR_FILENO, text, strlen(text)) < 0) abort();
}

static void fault_at(void *v, bool twice) {
    if (np_os_on_fault(tell) != 0) _exit(0);
    *(volatile char *)v = 1;
    if (twice) *(volatile char *)v = 1;
}

static int endless(int depth) {
    volatile char room[4096];
    room[depth % 4096] = (char)depth;
    return depth < 0 ? 0 : room[0] + endless(depth + 1) + room[1];
}

#ifdef __s390x__
enum { OFFSET = 0 }; /* the processor tells the page only */
#else
enum { OFFSET = 7 };
#endif

TEST(a_fault_is_told_and_then_had) {
    char want[96];
    void *v;
    UnitDeath death;
    REQUIRE_EQ(sysReserveOS(NULL, np_os_page_size(), &v), 0);
    snprintf(want, sizeof want, "neap: segmentation fault\ntold of %p\n", (void *)((char *)v + OFFSET));
    EXPECT_DEATH((signal(SIGSEGV, SIG_DFL), fault_at((char *)v + OFFSET, false)), want);
    if (unit_death_begin(&death)) {
        signal(SIGSEGV, SIG_DFL);
        fault_at(v, false);
        _exit(0);
    }
    unit_death_end(&death);
    EXPECT(WIFSIGNALED(death.status) && WTERMSIG(death.status) == SIGSEGV); /* it dies of the fault itself */
    EXPECT_DEATH((signal(SIGSEGV, SIG_DFL), np_os_on_fault(tell), raise(SIGSEGV)), "segmentation fault, sent by a process");
    EXPECT_EQ(sysFreeOS(v, np_os_page_size()), 0);
}

TEST(a_full_stack_is_told_too) {
    EXPECT_DEATH((signal(SIGSEGV, SIG_DFL), np_os_on_fault(tell), _exit(endless(0) & 0)), "neap: segmentation fault\ntold of ");
}

UNIT_MAIN
