/* idle_unix_test.c: what is dropped before a wait is given back during it; taking turns, ending, fork. */
#include "runtime/idle.h"

#include <pthread.h>

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
    neap_leave_blocking(L);
    EXPECT_NOT_NULL(L->global->idle);
    neap_enter_blocking(L);
    neap_leave_blocking(L);
    neap_idle(L, 0);
    EXPECT_PTR(L->global->idle, NULL);
    neap_enter_blocking(L);
    neap_leave_blocking(L);
    EXPECT_PTR(L->global->idle, NULL);
    neap_leave_blocking(L); /* one too many does nothing */
    close_state();
}

/* ---- waits that are not announced ---- */

static void need_waits_to_be_seen(void) {
    if (!np_os_tells_sleepers() || getenv("NEAP_TEST_EMULATED")) SKIP("the system does not tell of the process's threads");
}

/* Sleeps without a word, until what is Ready has fallen below `bytes`. Touches nothing of the state otherwise. */
static bool ebbs_unannounced(size_t bytes) {
    for (int i = 0; i < TRIES; i++) {
        usleep(QUIET_MS * 1000 * 6);
        if (__atomic_load_n(&L->global->heap.mem.ready, __ATOMIC_RELAXED) < bytes) return true;
    }
    return false;
}

TEST(a_host_that_sleeps_gets_memory_back) {
    need_waits_to_be_seen();
    open_idle();
    RUN("kept = {}; for i = 1, 100000 do kept[i] = {i, x = {i}} end");
    size_t flood = ready();
    RUN("for i = 1, 99999 do kept[i] = nil end");
    EXPECT(ebbs_unannounced(flood / 3));
    EXPECT(holds("kept[100000].x[1] == 100000"));
    RUN("for i = 1, 100000 do kept[i] = {i, x = {i}} end; kept = nil"); /* and again, after the helper has gone to sleep */
    EXPECT(ebbs_unannounced(flood / 3));
    RUN("assert(#string.rep('x', 1000) == 1000)");
    np_gc_verify(L);
    np_heap_verify(&L->global->heap);
    close_state();
}

/* nap(bytes): sleeps until no more than that is Ready; whether it came to that, and what it holds is as it was. */
static int nap(lua_State *L1) {
    size_t bytes = (size_t)lua_tointeger(L1, 1), length;
    const char *text = lua_tolstring(L1, 2, &length), *popped = lua_pushfstring(L1, "of %s, popped at once", text);
    char *block = lua_newuserdatauv(L1, 5000, 0);
    memset(block, 'b', 5000);
    lua_pop(L1, 1); /* of the string, which is used on, the block takes the place */
    lua_rotate(L1, -1, 1);
    lua_pop(L1, 1);
    bool ebbed = ebbs_unannounced(bytes);
    bool same = strcmp(popped, "of something, popped at once") == 0 && strcmp(text, "something") == 0;
    for (int i = 0; i < 5000; i++) same = same && block[i] == 'b';
    lua_pushboolean(L1, ebbed && same);
    return 1;
}

TEST(a_c_function_that_sleeps_gets_memory_back) {
    need_waits_to_be_seen();
    open_idle();
    lua_register(L, "nap", nap);
    RUN("kept = {}; for i = 1, 100000 do kept[i] = {i, x = {i}} end");
    size_t flood = ready();
    lua_pushinteger(L, (lua_Integer)(flood / 3));
    lua_setglobal(L, "little");
    RUN("local one, two = {'one'}, setmetatable({}, {__mode = 'v'})\n"
        "two[1] = {} two[2] = one\n"
        "for i = 1, 99999 do kept[i] = nil end\n"
        "local resume = coroutine.wrap(function(...) local mine = {...} return nap(little, 'some' .. 'thing'), mine end)\n"
        "local slept, mine = resume(1, 2, one)\n"
        "assert(slept and mine[3] == one and one[1] == 'one' and two[2] == one and not two[1])\n"
        "assert(kept[100000].x[1] == 100000)");
    np_gc_verify(L);
    np_heap_verify(&L->global->heap);
    close_state();
}

/* Short sleeps and work take turns: often the program comes back amid a slice. */
static int doze(lua_State *L1) {
    usleep((useconds_t)lua_tointeger(L1, 1));
    return 0; /* the first to pass the gate is the return */
}

TEST(short_sleeps_and_work_take_turns) {
    need_waits_to_be_seen();
    open_state();
    lua_gc(L, LUA_GCRESTART);
    neap_idle(L, 1);
    lua_register(L, "doze", doze);
    RUN("local kept, size, turns = {}, 20000, 150\n"
        "for i = 1, size do kept[i] = {i, x = {tostring(i)}} end\n"
        "local weak = setmetatable({}, {__mode = 'k'})\n"
        "local threads = {}\n"
        "for turn = 1, turns do\n"
        "    doze(turn % 7 * 700)\n"
        "    for i = 1, 300 do\n"
        "        local n = math.random(size)\n"
        "        local t = kept[n]\n"
        "        assert(t[1] == n and t.x[1] == tostring(n))\n"
        "        kept[n] = {n, x = {tostring(n)}}\n"
        "        weak[kept[n]] = n\n"
        "    end\n"
        "    local at = turn % 10 + 1\n"
        "    threads[at] = threads[at] or coroutine.wrap(function()\n"
        "        local mine = {}\n"
        "        for i = 1, 1e9 do mine[i % 50 + 1] = {i}; doze(500); coroutine.yield(i, mine[i % 50 + 1]) end\n"
        "    end)\n"
        "    local count, value = threads[at]()\n"
        "    assert(value[1] == count)\n"
        "end\n"
        "for t, n in pairs(weak) do assert(t[1] == n) end\n"
        "for i = 1, size do assert(kept[i][1] == i and kept[i].x[1] == tostring(i)) end");
    EXPECT_NOT_NULL(L->global->idle);
    np_gc_verify(L);
    np_heap_verify(&L->global->heap);
    close_state();
}

/* ---- where the helper must keep away ---- */

static bool rests_here(void) { return np_idle_is_at_rest(L->global); }
static bool seen, rested;

static int look(lua_State *L1) {
    (void)L1;
    seen = true;
    rested = rests_here();
    return 0;
}

static void look_in_hook(lua_State *L1, lua_Debug *ar) {
    (void)ar;
    look(L1);
}

static void look_amid_instructions(lua_State *L1) { look(L1); }

static int look_in_writer(lua_State *L1, const void *bytes, size_t size, void *data) {
    (void)bytes, (void)size, (void)data;
    return look(L1);
}

static void look_in_map(void *data, const neap_MapArena *arena) {
    (void)data, (void)arena;
    look(L);
}

static void look_in_watch(void *data, lua_State *L1, const neap_Moment *moment) {
    (void)data, (void)moment;
    look(L1);
}

static void *look_in_allocator(void *data, void *block, size_t old_size, size_t new_size) {
    (void)data, (void)old_size;
    if (L) look(L); /* there is no state before it has been opened */
    if (new_size > 0) return realloc(block, new_size);
    free(block);
    return NULL;
}

static void expect_rest(bool rests, const char *where) {
    if (!seen || rested != rests) unit_fail(__FILE__, __LINE__, where, rests ? "at rest" : "not at rest", seen ? "otherwise" : "never called", true);
    seen = false;
}

TEST(some_places_are_at_rest_and_some_are_not) {
    open_state();
    neap_idle(L, 0);
    EXPECT(rests_here());
    lua_register(L, "look", look);
    RUN("look()");
    expect_rest(true, "a C function");
    RUN("coroutine.wrap(function() look() end)()");
    expect_rest(true, "a C function in a coroutine");
    lua_sethook(L, look_in_hook, LUA_MASKLINE, 0);
    RUN("local a = 1\nlocal b = 2");
    lua_sethook(L, NULL, 0, 0);
    expect_rest(true, "a hook");
    RUN("return function() end");
    EXPECT_EQ(lua_dump(L, look_in_writer, NULL, 0), 0);
    expect_rest(true, "lua_dump's writer");
    lua_settop(L, 0);
    neap_interrupt(L, look_amid_instructions);
    RUN("local a = 1");
    expect_rest(false, "a request amid instructions");
    EXPECT_EQ(neap_snapshot(L, look_in_writer, NULL), NEAP_INSPECT_OK);
    expect_rest(false, "neap_snapshot's writer");
    neap_map(L, 65536, look_in_map, NULL);
    expect_rest(false, "neap_map's function");
    neap_watch(L, look_in_watch, NULL);
    lua_gc(L, LUA_GCCOLLECT);
    neap_watch(L, NULL, NULL);
    expect_rest(false, "neap_watch's function");
    RUN("setmetatable({}, {__gc = look}); collectgarbage()");
    expect_rest(false, "a finalizer");
    EXPECT(rests_here());
    close_state();
    L = lua_newstate(look_in_allocator, NULL);
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    RUN("kept = {}; for i = 1, 100000 do kept[i] = {} end");
    expect_rest(false, "the host's allocator");
    lua_setallocf(L, NULL, NULL);
    close_state();
}

/* Whether the thread that runs is known, of which the values are that have just been popped. */
static int is_known(lua_State *L1) {
    lua_pushboolean(L1, L1->global->running == L1);
    return 1;
}

static int is_known_and_fails(lua_State *L1) {
    is_known(L1);
    return lua_error(L1);
}

static bool told(lua_State *L1) {
    bool was = lua_toboolean(L1, -1);
    lua_pop(L1, 1);
    return was;
}

/* As hosts do that have a thread for each of their callbacks, and never resume it. */
static int call_elsewhere(lua_State *L1) {
    lua_State *other = lua_touserdata(L1, lua_upvalueindex(1));
    lua_pushcfunction(other, is_known);
    EXPECT_EQ(lua_pcall(other, 0, 1, 0), LUA_OK);
    EXPECT(told(other));
    EXPECT(L1->global->running == L1);
    lua_pushcfunction(other, is_known_and_fails);
    EXPECT_EQ(lua_pcall(other, 0, 1, 0), LUA_ERRRUN);
    EXPECT(told(other));
    EXPECT(L1->global->running == L1);
    lua_pushcfunction(other, is_known);
    lua_call(other, 0, 1);
    EXPECT(told(other));
    EXPECT(L1->global->running == L1);
    lua_pushcfunction(other, is_known_and_fails); /* which is caught outside of this function */
    lua_call(other, 0, 1);
    return 0;
}

TEST(the_thread_that_runs_is_known) {
    open_state();
    lua_State *other = lua_newthread(L);
    lua_pushlightuserdata(L, other);
    lua_pushcclosure(L, call_elsewhere, 1);
    lua_setglobal(L, "call_elsewhere");
    RUN("assert(not pcall(call_elsewhere))");
    EXPECT(L->global->running == L);
    RUN("local co = coroutine.create(function()\n"
        "    assert(not pcall(call_elsewhere)) coroutine.yield() assert(not pcall(call_elsewhere)) call_elsewhere()\n"
        "end)\n"
        "assert(coroutine.resume(co)) assert(not coroutine.resume(co))");
    EXPECT(L->global->running == L);
    close_state();
}

/* ---- forks ---- */

TEST(a_process_that_forks_amid_the_work_has_a_sound_child) {
    int status;
    if (getenv("NEAP_TEST_EMULATED")) SKIP("qemu-user starts no thread in the child of a process that has threads");
    open_idle();
    RUN("kept = {}; for i = 1, 60000 do kept[i] = {i, x = {i}} end");
    for (int i = 0; i < 8; i++) {
        neap_enter_blocking(L);
        usleep((useconds_t)(QUIET_MS * 1000 + i * 200));
        pid_t child = fork();
        neap_leave_blocking(L); /* also in the child, where nobody holds the heap */
        REQUIRE(child >= 0);
        if (child == 0) {
            alarm(60);
            RUN("for i = 1, 2000 do local n = math.random(60000); local t = kept[n]\n"
                "    assert(t[1] == n and t.x[1] == n); kept[n] = {n, x = {n}} end");
            np_gc_verify(L);
            lua_close(L);
            _exit(unit.failed ? 8 : 7);
        }
        REQUIRE_EQ(waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status));
        EXPECT_EQ(WEXITSTATUS(status), 7);
        RUN("for i = 1, 20000 do local n = math.random(60000); kept[n] = {n, x = {n}} end");
    }
    np_heap_verify(&L->global->heap);
    close_state();
}

UNIT_MAIN
