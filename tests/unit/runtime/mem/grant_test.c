/* grant_test.c: blocks, and whole states whose host counts, limits or refuses memory. */
#include "runtime/mem/grant.h"

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "include/neap.h"
#include "runtime/mem/mem_os.h"
#include "runtime/state.h"
#include "tests/unit/unit.h"

/* What a host's allocator knows. */
typedef struct Host {
    size_t bytes, most, blocks, calls;
    size_t limit; /* 0: none */
    size_t wrong; /* sizes that are not those of the block */
} Host;

static void *allocate(void *data, void *block, size_t old_size, size_t size) {
    Host *host = data;
    size_t *whole = block ? (size_t *)block - 2 : NULL;
    host->calls++;
    if (whole && *whole != old_size) host->wrong++;
    if (size == 0) {
        if (!whole) return NULL;
        host->bytes -= *whole;
        host->blocks--;
        free(whole);
        return NULL;
    }
    if (block || (host->limit && host->bytes + size > host->limit)) return NULL; /* nothing is asked to grow */
    whole = malloc(size + 16);
    if (!whole) return NULL;
    *whole = size;
    host->bytes += size;
    host->blocks++;
    if (host->bytes > host->most) host->most = host->bytes;
    return whole + 2;
}

TEST(blocks_follow_what_is_ready) {
    Host host = {0};
    NpMem mem = {0};
    NpGrant grant;
    void *small, *large;
    np_grant_open(&grant, &mem, allocate, &host);
    REQUIRE_EQ(sysAlloc(&mem, 65536, &small), 0);
    EXPECT_EQ(host.bytes, 65536);
    REQUIRE_EQ(sysAlloc(&mem, 10 << 20, &large), 0);
    EXPECT_GE(grant.granted, mem.ready);
    EXPECT_EQ(grant.granted, host.bytes);
    host.limit = host.bytes + (1 << 20);
    void *refused;
    EXPECT_EQ(sysAlloc(&mem, 2 << 20, &refused), NP_MEM_LIMIT);
    EXPECT_EQ(grant.granted, host.bytes);
    REQUIRE_EQ(sysFree(&mem, large, 10 << 20), 0);
    np_grant_return(&grant);
    EXPECT_EQ(host.bytes, 65536);
    REQUIRE_EQ(sysFree(&mem, small, 65536), 0);
    np_grant_close(&grant);
    EXPECT_EQ(host.blocks, 0);
    EXPECT_EQ(host.wrong, 0);
}

TEST(nobody_is_asked_from_another_thread) {
    Host host = {.limit = 1};
    NpMem mem = {0};
    NpGrant grant;
    void *block;
    np_grant_open(&grant, &mem, allocate, &host);
    grant.away = true;
    REQUIRE_EQ(sysAlloc(&mem, 65536, &block), 0);
    EXPECT_EQ(host.calls, 0);
    np_grant_return(&grant);
    grant.away = false;
    EXPECT_EQ(np_grant_cover(&grant, mem.ready), false);
    host.limit = 0;
    EXPECT_EQ(np_grant_cover(&grant, mem.ready), true); /* makes up for it */
    EXPECT_EQ(host.bytes, 65536);
    REQUIRE_EQ(sysFree(&mem, block, 65536), 0);
    np_grant_close(&grant);
}

static bool run(lua_State *L, const char *text) { return luaL_dostring(L, text) == LUA_OK; }

TEST(what_the_host_counts_is_what_the_state_has) {
    Host host = {0};
    lua_State *L = lua_newstate(allocate, &host);
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    EXPECT_LT(host.bytes, 2 << 20);
    REQUIRE(run(L, "flood = {} for i = 1, 200000 do flood[i] = { i } end"));
    size_t high = host.bytes;
    EXPECT_GT(high, 8 << 20);
    EXPECT_GE(host.bytes, L->global->heap.mem.ready);
    REQUIRE(run(L, "flood = nil collectgarbage() collectgarbage()"));
    neap_release(L);
    EXPECT_GE(host.bytes, L->global->heap.mem.ready);
    EXPECT_LT(host.bytes, high / 2);
    lua_close(L);
    EXPECT_EQ(host.bytes, 0);
    EXPECT_EQ(host.blocks, 0);
    EXPECT_EQ(host.wrong, 0);
}

TEST(what_the_host_refuses_is_an_error_that_can_be_caught) {
    Host host = {.limit = 6 << 20};
    lua_State *L = lua_newstate(allocate, &host);
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    EXPECT(run(L, "for i = 1, 300000 do local t = { i, i } end")); /* garbage makes room */
    REQUIRE_EQ(luaL_loadstring(L, "local t = {} for i = 1, 1e7 do t[i] = { i } end"), LUA_OK);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRMEM);
    EXPECT_STR(lua_tostring(L, -1), "not enough memory");
    lua_settop(L, 0);
    EXPECT(run(L, "for i = 1, 300000 do local t = { i, i } end assert(not pcall(string.rep, 'x', 1e7))"));
    EXPECT_LE(host.most, host.limit);
    lua_close(L);
    EXPECT_EQ(host.blocks, 0);
}

TEST(a_host_that_grants_too_little_gets_no_state) {
    size_t opened = 0;
    for (size_t limit = 1; limit < (8 << 20) && !opened; limit += 64 << 10) {
        Host host = {.limit = limit};
        lua_State *L = lua_newstate(allocate, &host);
        if (L) {
            opened = limit;
            lua_close(L);
        }
        EXPECT_EQ(host.blocks, 0);
    }
    EXPECT_GT(opened, 1);
    EXPECT_LT(opened, 2 << 20);
}

TEST(the_allocator_can_be_changed) {
    Host first = {0}, second = {0};
    void *data;
    lua_State *L = luaL_newstate();
    lua_Alloc usual = lua_getallocf(L, &data);
    void *piece = usual(data, NULL, 0, 100);
    REQUIRE_NOT_NULL(piece);
    piece = usual(data, piece, 100, 1000);
    EXPECT_NULL(usual(data, piece, 1000, 0));
    lua_setallocf(L, allocate, &first);
    EXPECT(lua_getallocf(L, &data) == allocate && data == &first);
    REQUIRE(run(L, "t = {} for i = 1, 50000 do t[i] = {} end"));
    EXPECT_GE(first.bytes, L->global->heap.mem.ready); /* of what there was before as well */
    lua_setallocf(L, usual, NULL);
    EXPECT_EQ(first.blocks, 0);
    EXPECT(lua_getallocf(L, NULL) == usual);
    REQUIRE(run(L, "for i = 50001, 100000 do t[i] = {} end"));
    EXPECT_EQ(first.blocks, 0);
    lua_setallocf(L, allocate, &second);
    REQUIRE(run(L, "for i = 100001, 200000 do t[i] = {} end"));
    EXPECT_GT(second.blocks, 0);
    lua_close(L);
    EXPECT_EQ(second.blocks, 0);
    EXPECT_EQ(second.wrong, 0);
}

UNIT_MAIN
