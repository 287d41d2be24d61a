/* Tests of runtime/inspect/snapshot.c: the arrays fit together, sizes add up, texts are JSON, refusals are told.
 * tests/cli/heap_snapshot_test.sh loads snapshots with Chrome's parser. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "include/neap.h"
#include "runtime/inspect/snapshot.h"
#include "runtime/mem/mem_os.h"

static lua_State *L;
static char *text;
static size_t length, capacity, pieces, fail_at;

static int collect(lua_State *state, const void *bytes, size_t size, void *data) {
    (void)state;
    (void)data;
    if (++pieces == fail_at) return 1;
    if (length + size + 1 > capacity) text = realloc(text, capacity = (length + size + 1) * 2);
    memcpy(text + length, bytes, size);
    length += size;
    text[length] = '\0';
    return 0;
}

static int take(void) {
    length = pieces = 0;
    return np_snapshot_write(L, collect, NULL);
}

/* The numbers of an array by its name. */
static uint64_t *numbers(const char *name, size_t *count) {
    static uint64_t lists[2][2000000];
    static int which;
    uint64_t *list = lists[which ^= 1];
    char key[20];
    snprintf(key, sizeof key, "\"%s\":[", name);
    char *at = strstr(text, key);
    *count = 0;
    if (!at) return NULL;
    for (at += strlen(key); *at != ']'; at += *at == ',')
        list[(*count)++] = strtoull(at, &at, 10), at += strspn(at, "\n");
    return list;
}

static uint64_t field(const char *name) {
    const char *at = strstr(text, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

/* The strings, as they are written, without quotes; NUL-terminated in place. */
static char *strings[200000];
static size_t nstrings;

static void split_strings(void) {
    char *at = strstr(text, "\"strings\":[");
    REQUIRE_NOT_NULL(at);
    at += strlen("\"strings\":[");
    for (nstrings = 0; *at == '"'; at += 1 + strspn(at + 1, ",\n")) {
        strings[nstrings++] = ++at;
        for (; *at != '"'; at++) at += *at == '\\';
        *at = '\0';
    }
    EXPECT_STR(at, "]}\n");
}

static const char program[] =
    "kept = {record = {id = 1, name = 'x', v = {}}, ['odd \"key\"\\n\\xff\\u{20ac}'] = {}, long = ('y'):rep(5000)}\n"
    "for i = 1, 3000 do kept[i] = {first = i, second = {}} end\n"
    "weak = setmetatable({kept, {}, [1.5] = kept, [-7] = kept, [kept] = {}}, {__mode = 'v'})\n"
    "function kept.named(a) return function() return a, kept end end\n"
    "co = coroutine.create(function() local inside = {} coroutine.yield() return inside end) coroutine.resume(co)\n"
    "for i = 1, 50 do kept[-i] = setmetatable({same = i}, {}) end\n";

static bool has_string(const char *wanted) {
    for (size_t i = 0; i < nstrings; i++)
        if (strcmp(strings[i], wanted) == 0) return true;
    return false;
}

TEST(the_arrays_fit_together) {
    size_t nnodes, nedges, size = 0, edges_of_nodes = 0;
    neap_Stats stats;
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    REQUIRE_EQ(luaL_loadbuffer(L, program, sizeof program - 1, "@file.lua"), LUA_OK);
    REQUIRE_EQ(lua_pcall(L, 0, 0, 0), LUA_OK);
    REQUIRE_EQ(take(), NP_SNAPSHOT_OK);
    neap_stats(L, &stats);
    EXPECT_GT(pieces, 3);
    uint64_t *nodes = numbers("nodes", &nnodes), *edges = numbers("edges", &nedges);
    REQUIRE_NOT_NULL(nodes);
    REQUIRE_NOT_NULL(edges);
    EXPECT_EQ(nnodes, field("\"node_count\":") * 6);
    EXPECT_EQ(nedges, field("\"edge_count\":") * 3);
    EXPECT_GT(nnodes, 6000 * 6);
    split_strings();
    bool wrong_name = false;
    for (size_t i = 0; i < nnodes; i += 6) {
        size += nodes[i + 3];
        edges_of_nodes += nodes[i + 4];
        wrong_name |= nodes[i + 1] >= nstrings || nodes[i] > 14;
    }
    EXPECT_EQ(size, stats.live);
    EXPECT_EQ(edges_of_nodes * 3, nedges);
    bool wrong_target = false;
    size_t highest = 0;
    for (size_t i = 0; i < nedges; i += 3) {
        bool element = edges[i] == 1 || edges[i] == 4;
        wrong_target |= edges[i + 2] >= nnodes || edges[i + 2] % 6 != 0 || edges[i] > 6;
        wrong_name |= !element && edges[i + 1] >= nstrings;
        if (!element && edges[i + 1] > highest) highest = edges[i + 1];
    }
    EXPECT_FALSE(wrong_name);
    EXPECT_FALSE(wrong_target);
    EXPECT_EQ(highest, nstrings - 1); /* the last of those that were put together */
    EXPECT_TRUE(has_string("Table (shape: first,second)"));
    EXPECT_TRUE(has_string("function named (file.lua:4)"));
    EXPECT_TRUE(has_string("local inside in function at file.lua:5"));
    EXPECT_TRUE(has_string("[1.5]"));
    EXPECT_TRUE(has_string("[-7]"));
    EXPECT_TRUE(has_string("odd \\\"key\\\"\\u000a\\u00ff\xe2\x82\xac"));
    size_t same = 0, longest = 0;
    for (size_t i = 0; i < nstrings; i++) {
        same += strcmp(strings[i], "Table (shape: same)") == 0;
        if (strlen(strings[i]) > longest) longest = strlen(strings[i]);
    }
    EXPECT_EQ(same, 1); /* though each of the fifty has a metatable, and so a shape, of its own */
    EXPECT_EQ(longest, 1024 + 3);
    lua_close(L);
}

TEST(a_writer_that_gives_up) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    size_t ready = np_mem_process.ready;
    for (fail_at = 1; fail_at < 5; fail_at++) {
        REQUIRE_EQ(luaL_dostring(L, program), LUA_OK);
        EXPECT_EQ(take(), NP_SNAPSHOT_WRITE);
        EXPECT_EQ(pieces, fail_at);
        EXPECT_EQ(np_mem_process.ready, ready);
    }
    fail_at = 0;
    lua_close(L);
}

TEST(no_memory_writes_nothing) {
    int refusals = 0, result = NP_SNAPSHOT_MEMORY;
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    lua_gc(L, LUA_GCCOLLECT);
    size_t ready = np_mem_process.ready;
    for (long nth = 1; nth < 60; nth++) {
        np_mem_fail_at(nth, ENOMEM);
        result = take();
        np_mem_fail_at(0, 0);
        EXPECT_EQ(np_mem_process.ready, ready);
        EXPECT_TRUE(result == NP_SNAPSHOT_OK || (result == NP_SNAPSHOT_MEMORY && pieces == 0));
        refusals += result == NP_SNAPSHOT_MEMORY;
    }
    EXPECT_EQ(refusals, 5); /* numbers, buffer, functions, shapes, and what they are matched by */
    EXPECT_EQ(result, NP_SNAPSHOT_OK);
    lua_close(L);
}

static int results[10], nresults;

static void on_memory_error(lua_State *state, void *data) {
    (void)data;
    size_t total = state->global->heap.claimed_total;
    length = pieces = 0;
    results[nresults++] = neap_snapshot(state, collect, NULL);
    EXPECT_LE(state->global->heap.claimed_total, total); /* nothing was allocated in the heap; rests of runs may be given back */
}

TEST(while_memory_is_short) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    REQUIRE_EQ(neap_setlimit(L, (4 << 20) + 16 * np_os_page_size(), 0), NEAP_LIMIT_OK); /* the text fits, its tree does not */
    neap_onmemoryerror(L, on_memory_error, NULL);
    nresults = 0;
    EXPECT_NE(luaL_dostring(L, "t = {} for i = 1, 1e7 do t[i] = {a_field_of_t = {i}} end"), LUA_OK);
    EXPECT_GE(nresults, 1);
    EXPECT_EQ(results[0], NEAP_INSPECT_OK);
    EXPECT_CONTAINS(text, "Table (shape: a_field_of_t)");
    nresults = 0;
    EXPECT_EQ(luaL_dostring(L, "t = nil assert(not load(('x = 1 '):rep(200000)))"), LUA_OK); /* in the compiler */
    EXPECT_EQ(nresults, 1);
    neap_onmemoryerror(L, NULL, NULL);
    EXPECT_EQ(luaL_dostring(L, "t = {} collectgarbage() return #t"), LUA_OK);
    lua_close(L);
    free(text);
}

UNIT_MAIN
