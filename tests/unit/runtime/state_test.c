/* Tests of runtime/state.c: opening, closing, failing in the middle of either; threads; memory of objects. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "include/lauxlib.h"
#include "include/lua.h"
#include "include/lualib.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/strings.h"

/* Pages of address space the process has: the sum of its mappings. (statm would say it shorter, but under
 * qemu-user it tells of qemu, which keeps tables of its own.) */
static long address_pages(void) {
    unsigned long long from, to, bytes = 0;
    char line[512];
    FILE *file = fopen("/proc/self/maps", "r");
    if (!file) return -1;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "%llx-%llx", &from, &to) == 2) bytes += to - from;
    fclose(file);
    return (long)(bytes / 4096);
}

static void use_a_little(lua_State *L) {
    lua_newtable(L);
    for (int i = 1; i <= 500; i++) {
        lua_pushfstring(L, "value %d", i);
        lua_rawseti(L, -2, i);
    }
    lua_newthread(L);
    lua_newuserdatauv(L, 100000, 2);
    lua_settop(L, 0);
}

TEST(a_fresh_state_is_as_the_manual_says) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    EXPECT_EQ(lua_gettop(L), 0);
    EXPECT_EQ(lua_status(L), LUA_OK);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD);
    EXPECT_PTR(lua_tothread(L, -1), L);
    lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS);
    EXPECT(lua_istable(L, -1));
    lua_pushglobaltable(L);
    EXPECT(lua_rawequal(L, -1, -2));
    EXPECT_EQ(lua_checkstack(L, LUA_MINSTACK), 1);
    EXPECT_EQ(L->global->gc.stopped, 0);
    lua_close(L);
}

TEST(states_come_and_go_without_a_trace) {
    lua_State *warm = lua_newstate(NULL, NULL);
    lua_close(warm);
    NpMem before = np_mem_process;
    long pages = address_pages();
    for (int i = 0; i < 300; i++) {
        lua_State *L = lua_newstate(NULL, NULL);
        REQUIRE_NOT_NULL(L);
        use_a_little(L);
        lua_close(L);
    }
    EXPECT_EQ(np_mem_process.reserved, before.reserved);
    EXPECT_EQ(np_mem_process.mapped, before.mapped);
    EXPECT_EQ(np_mem_process.ready, before.ready);
    EXPECT_LE(address_pages() - pages, 2000); /* a single leaked arena would be 16384 */
}

TEST(many_states_at_once_do_not_know_each_other) {
    enum { COUNT = 40 };
    lua_State *states[COUNT];
    for (int i = 0; i < COUNT; i++) {
        states[i] = luaL_newstate();
        REQUIRE_NOT_NULL(states[i]);
        lua_pushinteger(states[i], i);
        lua_setglobal(states[i], "me");
    }
    for (int i = 0; i < COUNT; i++) {
        luaL_loadstring(states[i], "other = (other or 0) + me; return other");
        REQUIRE_EQ(lua_pcall(states[i], 0, 1, 0), LUA_OK);
        EXPECT_EQ(lua_tointeger(states[i], -1), i);
    }
    for (int i = 0; i < COUNT; i += 2) lua_close(states[i]);
    for (int i = 1; i < COUNT; i += 2) {
        lua_getglobal(states[i], "me");
        EXPECT_EQ(lua_tointeger(states[i], -1), i);
        lua_close(states[i]);
    }
}

TEST(opening_fails_cleanly_at_every_call_to_the_system) {
    np_mem_fail_at(0, 0);
    lua_State *L = lua_newstate(NULL, NULL);
    long calls = np_mem_calls(), refused = 0;
    lua_close(L);
    NpMem before = np_mem_process;
    long pages = address_pages();
    EXPECT_GT(calls, 8);
    for (long nth = 1; nth <= calls; nth++) {
        np_mem_fail_at(nth, ENOMEM);
        L = lua_newstate(NULL, NULL);
        np_mem_fail_at(0, 0);
        if (L) { /* a call it can do without */
            use_a_little(L);
            lua_gc(L, LUA_GCCOLLECT);
            lua_close(L);
        } else {
            refused++;
        }
        REQUIRE_EQ(np_mem_process.reserved, before.reserved);
        REQUIRE_EQ(np_mem_process.ready, before.ready);
    }
    EXPECT_GT(refused, 5);
    EXPECT_LE(address_pages() - pages, 2000);
}

static int do_things(lua_State *L) {
    luaL_openlibs(L);
    if (luaL_dostring(L, "local t = {} for i = 1, 200 do t[i] = {x = i, tostring(i)} end\n"
                         "local co = coroutine.wrap(function() coroutine.yield(#t) end)\n"
                         "return co() + #table.concat({('x'):rep(100000), 'y'})"))
        return lua_error(L);
    return 1;
}

TEST(running_out_of_memory_leaves_a_usable_state) {
    long pages = address_pages();
    int failures = 0;
    for (long nth = 1; nth < 20000; nth += 1 + nth / 12) {
        lua_State *L = lua_newstate(NULL, NULL);
        REQUIRE_NOT_NULL(L);
        lua_pushcfunction(L, do_things);
        np_heap_fail_at(&L->global->heap, nth);
        int status = lua_pcall(L, 0, 1, 0);
        np_heap_fail_at(&L->global->heap, 0);
        if (status == LUA_OK) {
            EXPECT_EQ(lua_tointeger(L, -1), 100201);
        } else {
            REQUIRE_EQ(status, LUA_ERRMEM);
            EXPECT_STR(lua_tostring(L, -1), "not enough memory");
            failures++;
            lua_settop(L, 0);
            lua_gc(L, LUA_GCCOLLECT);
            lua_pushcfunction(L, do_things);
            REQUIRE_EQ(lua_pcall(L, 0, 1, 0), LUA_OK);
            EXPECT_EQ(lua_tointeger(L, -1), 100201);
        }
        lua_close(L);
    }
    EXPECT_GT(failures, 30);
    EXPECT_LE(address_pages() - pages, 2000);
}

TEST(a_state_held_small_by_a_limit) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    np_heap_set_limit(&L->global->heap, (size_t)8 << 20);
    for (int round = 0; round < 5; round++) {
        luaL_loadstring(L, "local t = {} for i = 1, 1e9 do t[i] = {i} end");
        EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRMEM);
        EXPECT_STR(lua_tostring(L, -1), "not enough memory");
        lua_settop(L, 0);
        EXPECT_LE(L->global->heap.mem.ready, (size_t)8 << 20);
    }
    luaL_loadstring(L, "local t = {} for i = 1, 1000 do t[i] = {i} end return #t");
    EXPECT_EQ(lua_pcall(L, 0, 1, 0), LUA_OK);
    EXPECT_EQ(lua_tointeger(L, -1), 1000);
    lua_close(L);
}

/* ---- closing ---- */

static int order[8], order_count;
static int note(lua_State *L) {
    order[order_count++] = (int)lua_tointeger(L, lua_upvalueindex(1));
    return 0;
}

static void push_noting(lua_State *L, const char *event, int number) {
    lua_newtable(L);
    lua_newtable(L);
    lua_pushinteger(L, number);
    lua_pushcclosure(L, note, 1);
    lua_setfield(L, -2, event);
    lua_setmetatable(L, -2);
}

TEST(closing_a_state_closes_its_variables_and_finalises) {
    lua_State *L = lua_newstate(NULL, NULL);
    order_count = 0;
    push_noting(L, "__gc", 1);
    lua_setglobal(L, "one");
    push_noting(L, "__gc", 2);
    lua_setglobal(L, "two");
    push_noting(L, "__close", 3);
    lua_toclose(L, -1);
    push_noting(L, "__close", 4);
    lua_toclose(L, -1);
    lua_close(lua_newthread(L)); /* from another thread */
    REQUIRE_EQ(order_count, 4);
    EXPECT_EQ(order[0], 4);
    EXPECT_EQ(order[1], 3);
    EXPECT_EQ(order[2], 2); /* in the reverse order of their marking */
    EXPECT_EQ(order[3], 1);
}

static int close_it(lua_State *L) {
    lua_close(L);
    fflush(NULL);
    _exit(lua_tocfunction(L, 1) == close_it ? 9 : 0);
}

static void close_from_within(void) {
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_register(L, "close", close_it);
    (void)!luaL_dostring(L, "setmetatable({}, {__gc = function() io.stderr:write('gc ') end})\n"
                     "xpcall(function() local x <close> = setmetatable({}, {__close = function() io.stderr:write('closed '); error('lost') end});\n"
                     "  os.exit(true, true) end, function(m) io.stderr:write('handler ') return m end)");
}

TEST(a_state_can_be_closed_in_the_middle_of_a_call) { EXPECT_STDERR(close_from_within(), "closed gc "); }

/* ---- threads and buffers ---- */

TEST(threads_inherit_hooks_and_extra_space) {
    lua_State *L = lua_newstate(NULL, NULL);
    *(void **)lua_getextraspace(L) = &order;
    lua_State *co = lua_newthread(L);
    EXPECT_PTR(*(void **)lua_getextraspace(co), &order);
    EXPECT_PTR(np_state_thread(co), (NpThread *)lua_topointer(L, -1) ? np_state_thread(co) : NULL);
    EXPECT_EQ(co->status, LUA_OK);
    EXPECT_EQ(lua_gettop(co), 0);
    *(void **)lua_getextraspace(co) = NULL;
    EXPECT_PTR(*(void **)lua_getextraspace(L), &order);
    lua_close(L);
}

TEST(a_thread_made_while_marking_keeps_what_it_holds) {
    lua_State *L = lua_newstate(NULL, NULL);
    lua_gc(L, LUA_GCSTOP);
    lua_newtable(L);
    lua_pushliteral(L, "alive");
    lua_rawseti(L, -2, 1); /* white: it was there before the cycle */
    lua_newtable(L);       /* a place in the heap that the cycle finds last */
    lua_insert(L, 1);
    NpGlobal *global = L->global;
    lua_gc(L, LUA_GCRESTART);
    for (int i = 0; i < 1000 && global->gc.phase != NP_GC_MARK; i++) lua_gc(L, LUA_GCSTEP, 0);
    if (global->gc.phase == NP_GC_MARK) {
        lua_State *co = lua_newthread(L);
        lua_pushvalue(L, 2);
        lua_xmove(L, co, 1);
        lua_remove(L, 2); /* only the new thread has it now */
        lua_gc(L, LUA_GCCOLLECT);
        lua_gc(L, LUA_GCCOLLECT);
        REQUIRE(lua_istable(co, 1));
        lua_rawgeti(co, 1, 1);
        EXPECT_STR(lua_tostring(co, -1), "alive");
    }
    lua_close(L);
}

static void regrow(lua_State *L, void *arg) {
    char **buf = arg;
    *buf = np_mem_regrow(L, *buf, 100, 100000);
}

TEST(buffers) {
    lua_State *L = lua_newstate(NULL, NULL);
    L->global->limit.no_collect = 1; /* they belong to no object */
    char *buf = np_mem_buf(L, 100);
    for (int i = 0; i < 100; i++) buf[i] = (char)i;
    char *same = buf;
    np_heap_fail_at(&L->global->heap, 1);
    EXPECT_EQ(np_err_protect(L, regrow, &buf), LUA_ERRMEM);
    np_heap_fail_at(&L->global->heap, 0);
    EXPECT_PTR(buf, same);
    EXPECT_EQ(np_err_protect(L, regrow, &buf), LUA_OK);
    for (int i = 0; i < 100; i++) REQUIRE_EQ(buf[i], i);
    buf = np_mem_regrow(L, buf, 100000, 50);
    for (int i = 0; i < 50; i++) REQUIRE_EQ(buf[i], i);
    np_mem_free(L, buf, 50);
    np_mem_free(L, NULL, 10);
    NpObj *obj = np_mem_obj(L, sizeof(NpUpval), NP_UPVAL);
    EXPECT_EQ(obj->kind, NP_UPVAL);
    EXPECT_EQ(obj->flags, 0);
    ((NpUpval *)obj)->at = &((NpUpval *)obj)->u.closed;
    lua_close(L);
}

UNIT_MAIN
