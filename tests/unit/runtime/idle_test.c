/* idle_test.c: what is dropped before a wait is given back during it; taking turns, ending, fork. */
#include "runtime/idle.h"

#include <sys/wait.h>
#include <unistd.h>

#include "include/neap.h"
#include "tests/unit/runtime/gc/lua_state.h"

enum { QUIET_MS = 5, TRIES = 1000 };

static void open_idle(void) {
    open_state();
    lua_gc(L, LUA_GCRESTART);
    neap_idle(L, QUIET_MS);
}

static size_t ready(void) { return L->global->heap.mem.ready; }

/* Waits until what is Ready has fallen below `bytes`, in as many visits as it takes. */
static bool ebbs_below(size_t bytes) {
    for (int i = 0; i < TRIES; i++) {
        neap_enter_blocking(L);
        usleep(QUIET_MS * 1000 * 4);
        neap_leave_blocking(L);
        if (ready() < bytes) return true;
    }
    return false;
}

TEST(a_wait_gives_memory_back) {
    open_idle();
    RUN("kept = {}; for i = 1, 100000 do kept[i] = {i, x = {i}} end");
    size_t flood = ready();
    REQUIRE(flood >= 8 << 20);
    EXPECT_PTR(L->global->idle, NULL); /* no thread before a wait */
    RUN("for i = 1, 99999 do kept[i] = nil end");
    EXPECT(ebbs_below(flood / 3));
    EXPECT(holds("kept[100000].x[1] == 100000"));
    np_gc_verify(L);
    np_heap_verify(&L->global->heap);
    /* and again after the next flood */
    RUN("for i = 1, 100000 do kept[i] = {i, x = {i}} end; kept = nil");
    EXPECT(ebbs_below(flood / 3));
    close_state();
}

TEST(finalizers_wait_for_the_program) {
    open_idle();
    RUN("dead = 0; local t = {}\n"
        "for i = 1, 100000 do t[i] = {i} end\n"
        "for i = 1, 100 do t[i] = setmetatable({}, {__gc = function() dead = dead + 1 end}) end");
    size_t flood = ready();
    EXPECT(ebbs_below(flood / 2));
    lua_getglobal(L, "dead"); /* which collects nothing */
    EXPECT_EQ(lua_tointeger(L, -1), 0);
    lua_pop(L, 1);
    RUN("local s = {} for i = 1, 1000 do s[i] = {} end");
    EXPECT(holds("dead > 0"));
    close_state();
}

TEST(the_program_comes_back_amid_the_work) {
    open_idle();
    RUN("kept = {}; for i = 1, 60000 do kept[i] = {i, x = {i}} end");
    for (int i = 0; i < 60; i++) {
        neap_enter_blocking(L);
        neap_enter_blocking(L); /* pairs nest */
        neap_leave_blocking(L);
        usleep((useconds_t)(QUIET_MS * 1000 + i * 100));
        neap_leave_blocking(L);
        RUN("for i = 1, 200 do local n = math.random(60000); local t = kept[n]\n"
            "    assert(t[1] == n and t.x[1] == n); kept[n] = {n, x = {n}} end");
    }
    np_gc_verify(L);
    np_heap_verify(&L->global->heap);
    close_state();
}

TEST(a_child_starts_its_own) {
    int status;
    if (getenv("NEAP_TEST_EMULATED")) SKIP("qemu-user starts no thread in the child of a process that has threads");
    open_idle();
    RUN("kept = {}; for i = 1, 100000 do kept[i] = {i, x = {i}} end");
    size_t flood = ready();
    neap_enter_blocking(L); /* the thread is there */
    neap_leave_blocking(L);
    EXPECT_NOT_NULL(L->global->idle);
    pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        lua_pushnil(L);
        lua_setglobal(L, "kept");
        bool ebbed = ebbs_below(flood / 3);
        lua_close(L);
        _exit(ebbed ? 7 : 8);
    }
    REQUIRE_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 7);
    close_state();
}

TEST(small_heaps_and_idle_0_start_nothing) {
    open_idle();
    neap_enter_blocking(L);
    neap_leave_blocking(L);
    EXPECT_PTR(L->global->idle, NULL);
    RUN("kept = {}; for i = 1, 100000 do kept[i] = {i, x = {i}} end");
    neap_enter_blocking(L);
    EXPECT_NOT_NULL(L->global->idle);
    neap_leave_blocking(L);
    neap_idle(L, 0);
    EXPECT_PTR(L->global->idle, NULL);
    neap_enter_blocking(L);
    neap_leave_blocking(L);
    EXPECT_PTR(L->global->idle, NULL);
    neap_leave_blocking(L); /* one too many does nothing */
    close_state();
}

UNIT_MAIN
