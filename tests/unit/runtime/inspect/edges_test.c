/* Tests of runtime/inspect/edges.c: the edges it names are those that keep objects alive. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "include/neap.h"
#include "runtime/inspect/reach.h"

/* A bit of everything that can refer to something. */
static const char program[] =
    "local function id(...) return ... end\n"
    "kept = {}\n"
    "kept.record = {name = 'n', value = 1.5, sub = {1, 2, {3}}}\n"
    "kept.dict = {[kept] = 'by a table', [1.5] = {}, [true] = id, [-3] = {}}\n"
    "for i = 1, 200 do kept.dict['k' .. i] = {i} end\n"
    "kept.weak = setmetatable({kept.record, {}}, {__mode = 'v'})\n"
    "kept.ephemerons = setmetatable({[kept] = {'x'}, [{}] = {'gone'}}, {__mode = 'k'})\n"
    "local key = {} kept.key = key\n"
    "kept.ephemerons[key] = {kept.ephemerons}\n"
    "kept.both = setmetatable({[key] = kept.record, [{}] = {}}, {__mode = 'kv'})\n"
    "local open = {}\n"
    "kept.thread = coroutine.create(function(...)\n"
    "  local inside, other = {'inside'}, string.rep('long', 30)\n"
    "  kept.closure = function() return inside, open, other end\n"
    "  table.sort({3, 2, 1}, function(a, b) coroutine.isyieldable() return a < b end)\n"
    "  coroutine.yield(select('#', ...))\n"
    "  return inside\n"
    "end)\n"
    "assert(coroutine.resume(kept.thread, {}, {}, {}))\n"
    "kept.dead = coroutine.create(id) coroutine.resume(kept.dead, {})\n"
    "kept.file = io.tmpfile and io.stdout\n"
    "setmetatable(kept, {__name = 'Kept', __index = {inherited = {}}, __gc = function() end})\n"
    "kept.gmatch = string.gmatch(('x'):rep(100), '.')\n"
    "kept.load = load('local t = {} t.a = 1 t.b = {} return function() t.c = 2 return t end')\n"
    "kept.load()() kept.load()()\n"
    "kept.group = heap.group('a group of edges_test')\n"
    "kept.group:run(function() kept.charged = {{}, tostring(kept)} end)\n";

static lua_State *L;
static size_t unmet, slots;

static void count_unmet(void *ctx, NpSpan *span, void *slot) {
    (void)ctx;
    (void)span;
    slots++;
    if (!np_mark_test(slot)) unmet++;
}

/* All that a collection has left is met, and nothing else. */
static void check_all_is_met(void) {
    NpReach reach = {.L = L};
    np_inspect_settle(L);
    REQUIRE(np_reach_walk(&reach));
    slots = unmet = 0;
    np_heap_walk(&L->global->heap, false, count_unmet, NULL);
    np_reach_close(&reach);
    EXPECT_GT(slots, 200);
    EXPECT_EQ(unmet, 0);
}

TEST(what_a_collection_leaves_is_what_is_reached) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    check_all_is_met();
    REQUIRE_EQ(luaL_dostring(L, program), LUA_OK);
    check_all_is_met();
    lua_newuserdatauv(L, 10, 3);
    for (int i = 1; i <= 3; i++) {
        lua_createtable(L, 1, 0);
        lua_setiuservalue(L, -2, i);
    }
    lua_pushvalue(L, -1);
    lua_createtable(L, 0, 0);
    lua_pushcclosure(L, luaopen_base, 2);
    check_all_is_met();
    lua_settop(L, 0);
    REQUIRE_EQ(luaL_dostring(L, "kept = nil"), LUA_OK);
    check_all_is_met();
    lua_close(L);
}

typedef struct Seen {
    int kinds[NP_EDGE_KINDS], weak, ephemerons;
} Seen;

static bool count_kind(void *ctx, const NpEdge *edge) {
    Seen *seen = ctx;
    seen->kinds[edge->kind]++;
    seen->weak += edge->strength == NP_EDGE_WEAK;
    seen->ephemerons += edge->strength == NP_EDGE_EPHEMERON;
    return true;
}

static NpObj *object(const char *expression) {
    char text[100];
    snprintf(text, sizeof text, "return %s", expression);
    if (luaL_dostring(L, text) != LUA_OK) return NULL;
    return L->top[-1].v.obj;
}

static Seen edges_of(const char *expression) {
    Seen seen = {{0}, 0, 0};
    NpObj *obj = object(expression);
    REQUIRE_NOT_NULL(obj);
    np_inspect_settle(L);
    (void)np_edges_of(L->global, obj, count_kind, &seen);
    lua_settop(L, 0);
    return seen;
}

TEST(each_kind_of_edge_is_seen) {
    Seen seen;
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    REQUIRE_EQ(luaL_dostring(L, program), LUA_OK);
    seen = edges_of("kept.record");
    EXPECT_EQ(seen.kinds[NP_EDGE_FIELD], 2); /* a number is no edge */
    EXPECT_EQ(seen.kinds[NP_EDGE_SHAPE], 1);
    EXPECT_EQ(seen.kinds[NP_EDGE_METATABLE], 0);
    seen = edges_of("kept.record.sub");
    EXPECT_EQ(seen.kinds[NP_EDGE_INDEX], 1);
    seen = edges_of("kept.dict");
    EXPECT_EQ(seen.kinds[NP_EDGE_KEY], 201);
    EXPECT_EQ(seen.kinds[NP_EDGE_FIELD], 200);
    EXPECT_EQ(seen.kinds[NP_EDGE_ENTRY], 3);
    EXPECT_EQ(seen.kinds[NP_EDGE_INDEX], 1);
    seen = edges_of("kept.weak");
    EXPECT_EQ(seen.kinds[NP_EDGE_INDEX], 1); /* the other one is gone */
    EXPECT_EQ(seen.weak, 1);
    EXPECT_EQ(seen.kinds[NP_EDGE_METATABLE], 1);
    seen = edges_of("kept.ephemerons");
    EXPECT_EQ(seen.ephemerons, 2);
    EXPECT_EQ(seen.weak, 2);
    seen = edges_of("kept.both");
    EXPECT_EQ(seen.weak, 2);
    seen = edges_of("kept.closure");
    EXPECT_EQ(seen.kinds[NP_EDGE_UPVALUE], 3);
    EXPECT_EQ(seen.kinds[NP_EDGE_CODE], 1);
    seen = edges_of("kept.thread");
    EXPECT_GE(seen.kinds[NP_EDGE_LOCAL], 2);
    EXPECT_EQ(seen.kinds[NP_EDGE_RUNNING], 1); /* yield is no object */
    EXPECT_EQ(seen.kinds[NP_EDGE_OPEN], 1);
    EXPECT_EQ(seen.kinds[NP_EDGE_ARGUMENT], 4); /* three, and the function as it was started */
    seen = edges_of("kept.file");
    EXPECT_EQ(seen.kinds[NP_EDGE_METATABLE], 1);
    lua_close(L);
}

static bool stop(void *ctx, const NpEdge *edge) {
    (void)edge;
    return ++*(int *)ctx < 3;
}

TEST(a_visitor_can_stop) {
    int count = 0;
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    REQUIRE_EQ(luaL_dostring(L, "t = {{}, {}, {}, {}, {}}"), LUA_OK);
    EXPECT_FALSE(np_edges_of(L->global, object("t"), stop, &count));
    EXPECT_EQ(count, 3);
    count = 0;
    EXPECT_FALSE(np_edges_roots(L, stop, &count));
    EXPECT_EQ(count, 3);
    lua_close(L);
}

TEST(sizes_count_buffers) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    lua_createtable(L, 100, 0);
    size_t table = np_edges_size(L->top[-1].v.obj);
    EXPECT_GE(table, sizeof(NpTable) + 100 * 9);
    EXPECT_LE(table, sizeof(NpTable) + 100 * 9 + 256);
    lua_newuserdatauv(L, 1000, 0);
    EXPECT_GE(np_edges_size(L->top[-1].v.obj), 1000);
    lua_State *thread = lua_newthread(L);
    EXPECT_GE(np_edges_size(L->top[-1].v.obj), sizeof(lua_State) + 24 * sizeof(NpValue));
    (void)thread;
    lua_close(L);
}

UNIT_MAIN
