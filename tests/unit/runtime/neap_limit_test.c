/* neap_limit_test.c: how limits are written, and setting them from C. */
#include "include/neap.h"

#include "runtime/mem/mem_os.h"
#include "tests/unit/runtime/gc/lua_state.h"

static size_t parsed(const char *text) {
    size_t bytes = 12345;
    const char *wrong = neap_parselimit(text, &bytes);
    if (wrong) unit_fail(__FILE__, __LINE__, text, "a limit", wrong, false);
    return bytes;
}

TEST(sizes_with_units) {
    EXPECT_EQ(parsed("1"), 1);
    EXPECT_EQ(parsed("4096"), 4096);
    EXPECT_EQ(parsed("4096B"), 4096);
    EXPECT_EQ(parsed("64K"), 64 << 10);
    EXPECT_EQ(parsed("64KiB"), 64 << 10);
    EXPECT_EQ(parsed("256MiB"), 256 << 20);
    EXPECT_EQ(parsed("256M"), 256 << 20);
    EXPECT_EQ(parsed("256 mib"), 256 << 20);
    EXPECT_EQ(parsed("3G"), (size_t)3 << 30);
    EXPECT_EQ(parsed("2GiB"), (size_t)2 << 30);
    EXPECT_EQ(parsed("1TiB"), (size_t)1 << 40);
    EXPECT_EQ(parsed("none"), 0);
}

TEST(what_the_system_allows) {
    size_t ceiling = np_os_memory_ceiling(), group = np_os_group_limit();
    EXPECT_EQ(parsed("100%"), ceiling / 100 * 100);
    EXPECT_EQ(parsed("50%"), ceiling / 100 * 50);
    if (group) {
        EXPECT_LT(parsed("cgroup"), group);
        EXPECT_GE(parsed("cgroup"), group / 2);
    } else {
        EXPECT_EQ(parsed("cgroup"), 0);
    }
}

TEST(what_is_no_limit) {
    static const char *const texts[] = {"", " ", "-1", "-256MiB", "1.5G", "0x10", "MiB", "256XB", "256MiBs", "0", "0MiB", "0%",
                                        "101%", "50%%", "99999999999999999999", "9999999TiB", "18446744073709551615", "unlimited"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t bytes = 7;
        const char *wrong = neap_parselimit(texts[i], &bytes);
        if (!wrong) unit_fail(__FILE__, __LINE__, texts[i], "a refusal", "a limit", false);
        EXPECT_EQ(bytes, 7);
    }
}

TEST(limits_are_set_and_refused) {
    size_t hard = 1, soft = 1;
    open_state();
    neap_getlimit(L, &hard, &soft);
    EXPECT_EQ(hard, 0);
    EXPECT_EQ(soft, 0);
    EXPECT_EQ(neap_setlimit(L, 64 << 20, 32 << 20), NEAP_LIMIT_OK);
    EXPECT_EQ(neap_setlimit(L, 4096, 0), NEAP_LIMIT_IN_USE);
    EXPECT_EQ(neap_setlimit(L, 1, 1), NEAP_LIMIT_IN_USE);
    EXPECT_EQ(neap_setlimit(L, 16 << 20, 32 << 20), NEAP_LIMIT_SOFT_ABOVE);
    neap_getlimit(L, &hard, &soft);
    EXPECT_EQ(hard, 64 << 20);
    EXPECT_EQ(soft, 32 << 20);
    EXPECT_EQ(neap_setlimit(L, 0, 0), NEAP_LIMIT_OK);
    neap_getlimit(L, &hard, NULL);
    EXPECT_EQ(hard, 0);
    close_state();
}

TEST(garbage_does_not_keep_a_limit_from_being_set) {
    open_state();
    RUN("local t = {} for i = 1, 300000 do t[i] = {i} end");
    EXPECT_EQ(neap_setlimit(L, 8 << 20, 0), NEAP_LIMIT_OK);
    EXPECT_LE(L->global->heap.mem.ready, 8 << 20);
    close_state();
}

static int calls;
static int count_call(lua_State *state) {
    EXPECT_STR(lua_tostring(state, 1), "hard");
    calls++;
    return 0;
}

static int flood_with_userdata(lua_State *state) {
    lua_newtable(state);
    for (lua_Integer i = 1;; i++) {
        memset(lua_newuserdatauv(state, (size_t)(i % 5000), (int)(i % 3)), 1, (size_t)(i % 5000));
        lua_rawseti(state, 1, i);
    }
}

TEST(userdata_count) {
    open_state();
    lua_gc(L, LUA_GCRESTART);
    EXPECT_EQ(neap_setlimit(L, 16 << 20, 0), NEAP_LIMIT_OK);
    for (int round = 0; round < 3; round++) {
        lua_pushcfunction(L, flood_with_userdata);
        EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRMEM);
        EXPECT_STR(lua_tostring(L, -1), "not enough memory");
        lua_settop(L, 0);
    }
    EXPECT_LE(L->global->heap.mem.ready_peak, (16 << 20) / 100 * 101);
    EXPECT_GT(L->global->heap.mem.ready_peak, 14 << 20);
    close_state();
}

TEST(a_c_function_is_told_of_the_limit) {
    open_state();
    lua_gc(L, LUA_GCRESTART);
    EXPECT_EQ(neap_setlimit(L, 8 << 20, 0), NEAP_LIMIT_OK);
    lua_pushcfunction(L, count_call);
    neap_onlimit(L);
    calls = 0;
    EXPECT_EQ(luaL_loadstring(L, "local t = {} for i = 1, 1e9 do t[i] = {i} end"), LUA_OK);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRMEM);
    EXPECT_EQ(calls, 1);
    lua_settop(L, 0);
    close_state();
}

UNIT_MAIN
