/* refusal_test.c: whole Lua programs on a system that refuses memory: every refusal is the error `not
 * enough memory`, which a program catches and goes on after. The layers by themselves are tested in
 * mem/mem_test.c (injection) and mem/mem_linux_test.c (the limit of mappings). */
#include <fcntl.h>

#include "include/lauxlib.h"
#include "include/lua.h"
#include "include/lualib.h"
#include "include/neap.h"
#include "runtime/mem/mem_os.h"
#include "tests/unit/unit.h"
#include "tests/unit/mappings.h"

enum { MIB = 1 << 20 };

/* Fills memory in pieces of several kinds until it is refused, or 560 MiB are reached; then lets go of it and computes. Gives
 * the message of the refusal and the MiB it got. */
static const char flood[] =
    "local kept, got = {}, 0\n"
    "local fine, message = pcall(function()\n"
    "  for i = 1, 20000 do\n"
    "    local row = {}\n"
    "    for j = 1, 64 do row[j] = {i, j} end\n"
    "    kept[i] = {row, string.rep('x', 20000 + i), {name = i}}\n"
    "    got = got + 28000\n"
    "  end\n"
    "end)\n"
    "assert(not fine)\n"
    "kept = nil\n"
    "return message, got >> 20\n";

/* What a program does afterwards: needs some memory and checks itself. */
static const char goes_on[] =
    "local t = {}\n"
    "for i = 1, 2000 do t[i] = {tostring(i), value = i} end\n"
    "local sum = 0\n"
    "for i = 1, 2000 do sum = sum + t[i].value + #t[i][1] end\n"
    "assert(sum == 2001000 + 6893)\n"
    "local ok, message = pcall(error, 'mine')\n"
    "assert(not ok and message == 'mine')\n"
    "return coroutine.wrap(function(...) return select('#', ...) end)(1, 2, 3)\n";

static const char large[] = "local s = string.rep('x', 48 << 20) return #s";

/* Runs a chunk; on success its first result (or second, when there are two) as an integer. */
static int run(lua_State *L, const char *chunk, lua_Integer *result) {
    int status = luaL_loadstring(L, chunk);
    if (status == LUA_OK) status = lua_pcall(L, 0, LUA_MULTRET, 0);
    if (status == LUA_OK) *result = lua_tointeger(L, -1);
    return status;
}

static void expect_runs(lua_State *L, const char *chunk, lua_Integer want) {
    lua_Integer got = -1;
    int status = run(L, chunk, &got);
    if (status != LUA_OK) EXPECT_STR(lua_tostring(L, -1), "no error");
    else EXPECT_EQ(got, want);
    lua_settop(L, 0);
}

static lua_Integer expect_refused(lua_State *L) {
    lua_Integer got = 0;
    int status = run(L, flood, &got);
    EXPECT_EQ(status, LUA_OK);
    EXPECT_STR(lua_tostring(L, status == LUA_OK ? -2 : -1), "not enough memory");
    lua_settop(L, 0);
    return got;
}

static lua_State *open_lua(void) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    return L;
}

/* Bytes of address space that the process has. */
static size_t address_space(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    REQUIRE_NOT_NULL(file);
    REQUIRE_EQ(fscanf(file, "%lu", &pages), 1);
    fclose(file);
    return (size_t)pages * np_os_page_size();
}

TEST(the_limit_of_address_space) {
    lua_State *L = open_lua();
    struct rlimit old, low;
    void *v;
    expect_runs(L, goes_on, 3);
    getrlimit(RLIMIT_AS, &old);
    low = old;
    low.rlim_cur = address_space() + (rlim_t)256 * MIB;
    REQUIRE_EQ(setrlimit(RLIMIT_AS, &low), 0);
    if (sysReserveOS(NULL, (size_t)512 * MIB, &v) == 0) { /* qemu's user emulation */
        setrlimit(RLIMIT_AS, &old);
        sysFreeOS(v, (size_t)512 * MIB);
        lua_close(L);
        SKIP("RLIMIT_AS has no effect here");
    }
    for (int round = 0; round < 2; round++) {
        EXPECT_GT(expect_refused(L), 100);
        expect_runs(L, goes_on, 3);
        expect_runs(L, large, 48 << 20);
    }
    setrlimit(RLIMIT_AS, &old);
    lua_close(L);
}

TEST(as_many_mappings_as_there_may_be) {
    NpMem before = np_mem_process;
    lua_State *L = open_lua();
    if (mappings_limit() == 0) {
        lua_close(L);
        SKIP("vm.max_map_count cannot be used up here");
    }
    expect_runs(L, goes_on, 3);
    REQUIRE(fill_mappings());
    expect_refused(L);
    expect_runs(L, goes_on, 3);
    unfill_mappings();
    expect_runs(L, goes_on, 3);
    expect_runs(L, large, 48 << 20);
    REQUIRE(fill_mappings());
    lua_close(L); /* what cannot be unmapped now is kept */
    unfill_mappings();
    lua_close(open_lua()); /* and goes with the next */
    EXPECT_EQ(np_mem_process.ready, before.ready);
    EXPECT_LE(np_mem_process.reserved, before.reserved + 64 * 1024); /* the compiler keeps a chunk */
    np_mem_verify(&np_mem_process);
}

/* ---- every request in turn ---- */

static int open_and_run(lua_State *L) {
    luaL_openlibs(L);
    lua_pushinteger(L, 0);
    if (luaL_loadstring(L, goes_on) != LUA_OK) return lua_error(L);
    lua_call(L, 0, 1);
    luaL_loadstring(L, "local t = {} for i = 1, 5000 do t[i] = {i} end t = nil collectgarbage() "
                       "local s = string.rep('y', 1 << 20) s = nil collectgarbage() return 1");
    lua_call(L, 0, 0);
    return 0;
}

/* One life of a Lua whose nth request to the system fails; true when it was none of its requests. */
static bool life(long nth, int error) {
    NpMem before = np_mem_process;
    lua_State *L;
    int status = LUA_OK;
    long made;
    np_mem_fail_at(nth, error);
    L = luaL_newstate();
    if (L) {
        lua_pushcfunction(L, open_and_run);
        status = lua_pcall(L, 0, 0, 0);
        if (status != LUA_OK) EXPECT_STR(lua_tostring(L, -1), "not enough memory");
        lua_settop(L, 0);
        made = np_mem_calls();
        if (made >= nth) { /* it has failed: the program goes on in the same state */
            lua_pushcfunction(L, open_and_run);
            EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_OK);
            lua_settop(L, 0);
        }
        neap_release(L);
        lua_close(L);
    }
    made = np_mem_calls();
    np_mem_fail_at(0, 0);
    lua_close(open_lua()); /* what was refused goes now */
    EXPECT_LE(np_mem_process.reserved, before.reserved + 64 * 1024);
    np_mem_verify(&np_mem_process);
    return made < nth;
}

TEST(each_request_in_turn) {
    long nth = 1;
    while (!life(nth, nth % 2 ? ENOMEM : NP_MEM_LIMIT)) {
        nth++;
        REQUIRE(nth < 5000);
    }
    EXPECT_GT(nth, 40);
}

UNIT_MAIN
