/* mem_linux_test.c: what Linux really does with the calls, and what it tells. */
#include "runtime/mem/mem_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/dbg.h"
#include "runtime/mem/mem_os.h"
#include "tests/unit/unit.h"
#include "tests/unit/mappings.h"

enum { MIB = 1 << 20 };

/* What the kernel counts in, whatever NEAPDEBUG=pagesize says. */
static size_t real_page(void) { return (size_t)sysconf(_SC_PAGESIZE); }

static size_t resident_pages(char *v, size_t n) {
    unsigned char in_core[4096];
    size_t count = n / real_page(), total = 0;
    REQUIRE(count <= sizeof in_core);
    REQUIRE_EQ(mincore(v, n, in_core), 0);
    for (size_t i = 0; i < count; i++) total += in_core[i] & 1;
    return total;
}

/* Fills 1 MiB, gives it back, expects it gone and usable again. */
static void give_back_and_take_again(void) {
    void *v;
    char *bytes;
    REQUIRE_EQ(sysAllocOS(MIB, &v), 0);
    bytes = v;
    memset(bytes, 1, MIB);
    EXPECT_EQ(resident_pages(bytes, MIB), MIB / real_page());
    EXPECT_EQ(sysUnusedOS(bytes, MIB), 0);
    if (!needZeroAfterSysUnusedOS()) EXPECT_EQ(resident_pages(bytes, MIB), 0);
    EXPECT_EQ(sysUsedOS(bytes, MIB), 0);
    bytes[5] = 3;
    EXPECT_EQ(bytes[5], 3);
    if (!needZeroAfterSysUnusedOS()) EXPECT_EQ(bytes[6], 0);
    EXPECT_EQ(sysFreeOS(v, MIB), 0);
}

TEST(unused_memory_leaves_at_once) { give_back_and_take_again(); }

TEST(the_ladder_begins_at_free_when_asked) {
    np_linux_forget_advice(0, MADV_FREE);
    EXPECT_TRUE(needZeroAfterSysUnusedOS());
    give_back_and_take_again();
    EXPECT_EQ(np_linux_advice_in_use(), MADV_FREE);
}

/* What was given back lazily may still be there when the ladder has gone on. */
TEST(pages_freed_lazily_need_zeroing_for_good) {
    np_linux_forget_advice(0, MADV_FREE);
    give_back_and_take_again();
    np_linux_lose_advice(1u << MADV_FREE);
    give_back_and_take_again();
    EXPECT_EQ(np_linux_advice_in_use(), MADV_DONTNEED);
    EXPECT_TRUE(needZeroAfterSysUnusedOS());
    np_linux_forget_advice(0, MADV_DONTNEED);
    EXPECT_FALSE(needZeroAfterSysUnusedOS());
}

TEST(a_kernel_without_free_gets_dontneed) {
    np_linux_forget_advice(1u << MADV_FREE, MADV_FREE);
    give_back_and_take_again();
    EXPECT_EQ(np_linux_advice_in_use(), MADV_DONTNEED);
}

TEST(a_kernel_without_either_gets_a_fresh_mapping) {
    np_linux_forget_advice(1u << MADV_FREE | 1u << MADV_DONTNEED, MADV_FREE);
    give_back_and_take_again();
    EXPECT_EQ(np_linux_advice_in_use(), 0);
    give_back_and_take_again();
    np_linux_forget_advice(0, MADV_DONTNEED);
}

TEST(a_switch_names_the_first_rung) {
    static const int rungs[] = {0, MADV_FREE, MADV_DONTNEED, 0};
    for (int i = 1; i <= 3; i++) {
        np_linux_forget_advice(0, -1); /* undecided, as when the process began */
        np_dbg.advise = i;
        EXPECT_EQ(needZeroAfterSysUnusedOS(), i == 1);
        give_back_and_take_again();
        EXPECT_EQ(np_linux_advice_in_use(), rungs[i]);
    }
    np_dbg.advise = NP_DBG_UNSET;
    np_linux_forget_advice(0, -1);
    EXPECT_EQ(np_linux_advice_in_use(), MADV_DONTNEED);
}

TEST(errors_are_returned) {
    void *v;
    EXPECT_EQ(sysReserveOS(NULL, SIZE_MAX / 2 & ~(size_t)65535, &v), ENOMEM);
    EXPECT_EQ(sysAllocOS(SIZE_MAX / 2 & ~(size_t)65535, &v), ENOMEM);
    EXPECT_NE(sysFreeOS((void *)1, 4096), 0);
}

TEST(pages_of_a_huge_page_are_split_off) {
    size_t huge = np_os_huge_page_size(), n = 4 * huge;
    void *v;
    char *from;
    if (huge == 0 || np_os_huge_page_mode() == NP_HUGE_NEVER) SKIP("the system has no transparent huge pages");
    REQUIRE_EQ(sysAllocOS(n, &v), 0);
    EXPECT_EQ(sysHugePageOS(v, n), 0);
    from = (char *)NP_ALIGN_UP((uintptr_t)v, huge);
    memset(from, 1, huge);
    EXPECT_EQ(resident_pages(from, huge), huge / real_page());
    EXPECT_EQ(sysUnusedOS(from + 65536, 65536), 0);
    EXPECT_EQ(resident_pages(from, huge), (huge - 65536) / real_page());
    EXPECT_EQ(from[65535], 1);
    EXPECT_EQ(from[65536], 0);
    EXPECT_EQ(from[2 * 65536], 1);
    EXPECT_EQ(sysNoHugePageOS(v, n), 0);
    EXPECT_EQ(sysFreeOS(v, n), 0);
}

TEST(small_ranges_ask_for_no_huge_page) {
    void *v;
    REQUIRE_EQ(sysAllocOS(65536, &v), 0);
    if (np_os_huge_page_size() > 65536) EXPECT_EQ(sysHugePageOS(v, 65536), 0);
    EXPECT_EQ(sysFreeOS(v, 65536), 0);
}

TEST(resident_memory_follows_what_is_touched) {
    enum { SIZE = 32 * MIB };
    size_t before = np_os_resident_bytes(), during, after;
    void *v;
    EXPECT_GT(before, 0);
    REQUIRE_EQ(sysAllocOS(SIZE, &v), 0);
    memset(v, 1, SIZE);
    during = np_os_resident_bytes();
    EXPECT_GE(during, before + SIZE / 2);
    EXPECT_EQ(sysUnusedOS(v, SIZE), 0);
    after = np_os_resident_bytes();
    EXPECT_LE(after, during - SIZE / 2);
    EXPECT_GE(np_os_peak_resident_bytes(), during - SIZE / 4);
    EXPECT_EQ(sysFreeOS(v, SIZE), 0);
}

TEST(the_system_has_a_name) {
    EXPECT_STR(np_os_system_name(), "linux");
    EXPECT_TRUE(np_os_unused_releases());
}

TEST(touched_memory_collapses_into_huge_pages) {
    size_t huge = np_os_huge_page_size(), n = 3 * huge;
    void *v;
    int error;
    if (huge == 0 || np_os_huge_page_mode() == NP_HUGE_NEVER) SKIP("the system has no transparent huge pages");
    REQUIRE_EQ(sysAllocOS(n, &v), 0);
    memset(v, 7, n);
    error = sysHugePageCollapseOS(v, n);
    EXPECT(error == 0 || error == ENOSYS || error == ENOMEM || error == EAGAIN || error == EBUSY);
    EXPECT_EQ(((char *)v)[n - 1], 7); /* the contents stay, whether or not it was done */
    EXPECT_EQ(sysHugePageCollapseOS(v, np_os_page_size()), 0); /* holds no whole huge page: nothing to do */
    EXPECT_EQ(sysFreeOS(v, n), 0);
}

/* ---- as many mappings as there may be ---- */

TEST(without_mappings_nothing_is_split_and_nothing_lost) {
    NpMem mem = {0}, process = np_mem_process;
    size_t page = np_os_page_size(), n = 64 * page, align = (size_t)64 * MIB;
    void *v, *w;
    char *bytes;
    if (mappings_limit() == 0) SKIP("vm.max_map_count cannot be used up here");
    REQUIRE_EQ(sysReserve(&mem, NULL, n, &v), 0);
    bytes = v;
    REQUIRE_EQ(sysMap(&mem, bytes, n / 2), 0);
    REQUIRE_EQ(sysUsed(&mem, bytes, n / 2, n / 2), 0);
    memset(bytes, 7, n / 2);
    REQUIRE(fill_mappings());
    EXPECT_EQ(sysFreeOS(bytes + n / 4, page), ENOMEM);              /* a mapping would become two */
    EXPECT_EQ(sysMap(&mem, bytes + n / 2 + page, page), ENOMEM);    /* likewise */
    EXPECT_EQ(sysAlloc(&mem, page, &w), ENOMEM);
    EXPECT_EQ(sysReserve(&mem, NULL, page, &w), ENOMEM);
    EXPECT_EQ(sysReserveAligned(&mem, NULL, align, align, &w), ENOMEM);
    EXPECT_EQ(sysFault(&mem, bytes, page), ENOMEM);
    EXPECT_EQ(mem.reserved, n);
    EXPECT_EQ(mem.mapped, n / 2);
    EXPECT_EQ(mem.ready, n / 2);
    EXPECT_EQ(sysUnused(&mem, bytes + n / 4, page), 0); /* memory can still be given back */
    EXPECT_EQ(resident_pages(bytes, n / 2), 31 * page / real_page());
    EXPECT_EQ(sysUsed(&mem, bytes + n / 4, page, page), 0);
    EXPECT_EQ(bytes[0], 7);
    unfill_mappings();
    EXPECT_EQ(sysMap(&mem, bytes + n / 2 + page, page), 0);
    REQUIRE_EQ(sysReserveAligned(&mem, NULL, align, align, &w), 0);
    EXPECT_EQ(np_mem_process.reserved, process.reserved);
    np_mem_discard(&mem, w, align, 0, 0);
    EXPECT_EQ(sysFreeRegion(&mem, v, n, n / 2 + page, n / 2), 0);
    EXPECT_EQ(mem.reserved, 0);
}

/* Neighbouring reservations are one mapping to the kernel: taking one out of the middle splits it. */
TEST(a_free_that_would_split_is_done_later) {
    NpMem mem = {0}, process = np_mem_process;
    size_t n = 16 * np_os_page_size();
    void *v[3], *hole;
    if (mappings_limit() == 0) SKIP("vm.max_map_count cannot be used up here");
    REQUIRE_EQ(sysReserveAlignedOS(3 * n, np_os_page_size(), &hole), 0);
    REQUIRE_EQ(sysFreeOS(hole, 3 * n), 0);
    hole = (char *)hole - 256 * MIB; /* where nothing comes to lie meanwhile */
    for (int i = 0; i < 3; i++) {
        REQUIRE_EQ(sysReserve(&mem, (char *)hole + (size_t)i * n, n, &v[i]), 0);
        REQUIRE_PTR(v[i], (char *)hole + (size_t)i * n);
    }
    REQUIRE(fill_mappings());
    EXPECT_EQ(sysUnreserve(&mem, v[1], n), ENOMEM);
    EXPECT_EQ(mem.reserved, 3 * n);
    np_mem_discard(&mem, v[1], n, 0, 0);
    EXPECT_EQ(mem.reserved, 2 * n);
    EXPECT_EQ(np_mem_process.reserved, process.reserved + n);
    unfill_mappings();
    np_mem_discard(&mem, v[0], n, 0, 0);
    EXPECT_EQ(np_mem_process.reserved, process.reserved);
    np_mem_discard(&mem, v[2], n, 0, 0);
    EXPECT_EQ(mem.reserved, 0);
}

/* ---- limits, from files like the kernel's ---- */

static char folder[64];

static void put(const char *name, const char *text) {
    char path[512];
    int fd;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);
    REQUIRE(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static size_t limit_for(const char *self) {
    char path[512];
    put("self", self);
    snprintf(path, sizeof path, "%s/self", folder);
    return np_linux_group_limit(path, folder);
}

TEST(bytes_in_memory_are_those_touched) {
    size_t page = real_page(), n = 3000 * page; /* more than one question's worth */
    void *v;
    REQUIRE_EQ(sysAllocOS(n, &v), 0);
    EXPECT_EQ(np_os_core_bytes(v, n), 0);
    for (size_t i = 0; i < 3000; i += 3) ((char *)v)[i * page] = 1;
    EXPECT_EQ(np_os_core_bytes(v, n), n / 3);
    EXPECT_EQ(np_os_core_bytes((char *)v + page, 2 * page), 0);
    EXPECT_EQ(sysFreeOS(v, n), 0);
    errno = 0;
    EXPECT_EQ(np_os_core_bytes(v, n), 0); /* not ours any more */
    EXPECT_EQ(errno, 0);
}

TEST(the_least_limit_of_the_groups_on_the_path) {
    strcpy(folder, "/tmp/np_groups_XXXXXX");
    REQUIRE_NOT_NULL(mkdtemp(folder));
    put("a/b/memory.max", "max\n");
    put("a/memory.max", "300000000\n");
    put("memory.max", "500000000\n");
    put("memory/docker/x/memory.limit_in_bytes", "9223372036854771712\n");
    put("memory/docker/memory.limit_in_bytes", "200000000\n");
    EXPECT_EQ(limit_for("0::/a/b\n"), 300000000);
    EXPECT_EQ(limit_for("0::/a/b/gone\n"), 300000000);
    EXPECT_EQ(limit_for("0::/\n"), 500000000);
    EXPECT_EQ(limit_for("0::/../elsewhere\n"), 500000000);
    EXPECT_EQ(limit_for("12:cpu,cpuacct:/docker/x\n7:memory:/docker/x\n1:name=systemd:/a\n"), 200000000);
    EXPECT_EQ(limit_for("7:hugetlb,memory:/docker\n0::/a\n"), 200000000);
    EXPECT_EQ(limit_for("7:memory_recursive:/docker\n"), 0);
    EXPECT_EQ(limit_for("nonsense\n\n:\n"), 0);
    EXPECT_EQ(limit_for(""), 0);
    EXPECT_EQ(np_linux_group_limit("/no/such/file", folder), 0);
}

/* ---- who sleeps ---- */

/* A thread's `status` as the kernel writes it, but for what nobody reads. */
static const char *status_of(const char *name, char state, const char *blocked, const char *caught, int waits, int yields) {
    static char text[512];
    snprintf(text, sizeof text,
             "Name:\t%s\nUmask:\t0022\nState:\t%c (?)\nSigBlk:\t%s\nSigIgn:\t0000000000000000\nSigCgt:\t%s\n"
             "voluntary_ctxt_switches:\t%d\nnonvoluntary_ctxt_switches:\t%d\n",
             name, state, blocked, caught, waits, yields);
    return text;
}

#define NONE "0000000000000000"
#define READS "0 0x0 0x7ffc9e6d3ab0 0x400 0x0 0x0 0x0 0x7ffc9e6d3a28 0x7f3d5a5141d0\n"

static NpOsSleepers noted;

static bool sleep_with(const char *status, const char *call) {
    put("7/status", status);
    put("7/syscall", call);
    return np_linux_note_sleepers(folder, 5, &noted);
}

TEST(threads_that_sleep_are_noted) {
    char call[128];
    strcpy(folder, "/tmp/np_tasks_XXXXXX");
    REQUIRE_NOT_NULL(mkdtemp(folder));
    EXPECT_TRUE(np_linux_note_sleepers(folder, 5, &noted));
    EXPECT_EQ(noted.count, 0);
    put("5/status", status_of("a.out", 'R', NONE, NONE, 1, 1)); /* who asks */
    EXPECT_TRUE(sleep_with(status_of("a.out", 'S', NONE, "0000000000004002", 12, 30), READS));
    EXPECT_EQ(noted.count, 1);
    EXPECT_EQ(noted.threads[0].thread, 7);
    EXPECT_EQ(noted.threads[0].switches, 42);
    EXPECT_FALSE(sleep_with(status_of("a.out", 'R', NONE, NONE, 1, 1), READS));
    EXPECT_FALSE(sleep_with(status_of("a.out", 'D', NONE, NONE, 1, 1), READS)); /* vfork, a page from the disk */
    EXPECT_FALSE(sleep_with(status_of("a.out", 'T', NONE, NONE, 1, 1), READS));
    EXPECT_FALSE(sleep_with("Name:\ta.out\nState:\tS (sleeping)\n", READS)); /* cut off */
    EXPECT_FALSE(sleep_with(status_of("a.out", 'S', NONE, NONE, 1, 1), "running\n"));
    EXPECT_FALSE(sleep_with(status_of("a.out", 'S', NONE, NONE, 1, 1), "-1 0x7ffc9e6d3a28 0x7f3d5a5141d0\n"));
    EXPECT_FALSE(sleep_with(status_of("a.out", 'S', NONE, NONE, 1, 1), ""));
    snprintf(call, sizeof call, "%d 0x0 0x1000 0x0 0x0 0x0 0x0 0x7ffc9e6d3a28 0x7f3d5a5141d0\n", SYS_munmap);
    EXPECT_FALSE(sleep_with(status_of("a.out", 'S', NONE, NONE, 1, 1), call));
    snprintf(call, sizeof call, "%d 0x2 0x1000 0x0 0x0 0x0 0x0 0x7ffc9e6d3a28 0x7f3d5a5141d0\n", SYS_write);
    EXPECT_FALSE(sleep_with(status_of("a.out", 'S', NONE, NONE, 1, 1), call)); /* what NEAPDEBUG prints */
    snprintf(call, sizeof call, "%d 0x20 0x1000 0x0 0x0 0x0 0x0 0x7ffc9e6d3a28 0x7f3d5a5141d0\n", SYS_write);
    EXPECT_TRUE(sleep_with(status_of("a.out", 'S', NONE, NONE, 1, 1), call));
}

TEST(a_signal_that_is_caught_and_blocked_may_be_a_handler) {
    strcpy(folder, "/tmp/np_tasks_XXXXXX");
    REQUIRE_NOT_NULL(mkdtemp(folder));
    EXPECT_TRUE(sleep_with(status_of("a.out", 'S', "0000000000000002", "0000000000004000", 1, 1), READS));
    EXPECT_FALSE(sleep_with(status_of("a.out", 'S', "0000000000004000", "0000000000004002", 1, 1), READS));
    EXPECT_FALSE(sleep_with(status_of("a.out", 'S', "fffffffe7ffbfeff", "8000000000000000", 1, 1), READS));
    EXPECT_TRUE(sleep_with(status_of("neap-idle", 'S', "fffffffe7ffbfeff", "0000000000004002", 1, 1), READS));
    EXPECT_TRUE(sleep_with(status_of("a.out", 'Z', "0000000000004000", "0000000000004002", 1, 1), ""));
    EXPECT_EQ(noted.count, 0);
    put("8/status", "what");
    EXPECT_FALSE(sleep_with(status_of("a.out", 'S', NONE, NONE, 1, 1), READS));
}

static sem_t go, went;
static volatile bool spin = true;

static void *sleep_and_spin(void *arg) {
    (void)arg;
    sem_wait(&go);
    sem_post(&went);
    sem_wait(&go);
    sem_post(&went);
    while (spin) continue;
    return NULL;
}

static bool all_sleep(NpOsSleepers *out) {
    for (int i = 0; i < 10000; i++) {
        if (np_os_note_sleepers(out)) return true;
        usleep(1000);
    }
    return false;
}

TEST(a_thread_that_wakes_in_between_is_seen) {
    pthread_t thread;
    NpOsSleepers before, same, after;
    if (!np_os_tells_sleepers() || getenv("NEAP_TEST_EMULATED")) SKIP("the system does not tell of the process's threads");
    sem_init(&go, 0, 0);
    sem_init(&went, 0, 0);
    REQUIRE_EQ(pthread_create(&thread, NULL, sleep_and_spin, NULL), 0);
    REQUIRE(all_sleep(&before)); /* it may not have come to sem_wait at the first look */
    usleep(1000);
    REQUIRE(all_sleep(&before));
    EXPECT_EQ(before.count, 1);
    EXPECT_TRUE(np_os_note_sleepers(&same));
    EXPECT_EQ(memcmp(&before, &same, sizeof same), 0);
    sem_post(&go);
    sem_wait(&went);
    REQUIRE(all_sleep(&after)); /* in the same call as before */
    EXPECT_EQ(after.count, 1);
    EXPECT(after.threads[0].switches > before.threads[0].switches);
    sem_post(&go);
    sem_wait(&went);
    for (int i = 0; i < 100; i++) EXPECT_FALSE(np_os_note_sleepers(&after)); /* it spins, or has not come to it */
    spin = false;
    pthread_join(thread, NULL);
    EXPECT_TRUE(all_sleep(&after)); /* the kernel may still list it for a moment */
    EXPECT_EQ(after.count, 0);
}

/* In a namespace of its own the process has other numbers than those in /proc, if that is not mounted anew. */
TEST(a_process_in_another_namespace_finds_itself) {
    enum { ALL_SLEEP, SOME_DO_NOT, NO_NAMESPACE };
    int status;
    pid_t child;
    if (!np_os_tells_sleepers() || getenv("NEAP_TEST_EMULATED")) SKIP("the system does not tell of the process's threads");
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        NpOsSleepers note;
        if (unshare(CLONE_NEWPID) != 0 && unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) _exit(NO_NAMESPACE);
        child = fork();
        if (child == 0) _exit(np_os_note_sleepers(&note) && note.count == 0 ? ALL_SLEEP : SOME_DO_NOT);
        _exit(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : NO_NAMESPACE);
    }
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    REQUIRE(WIFEXITED(status));
    if (WEXITSTATUS(status) == NO_NAMESPACE) SKIP("the system gives no namespace");
    EXPECT_EQ(WEXITSTATUS(status), ALL_SLEEP);
}

UNIT_MAIN
