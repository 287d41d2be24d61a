/* Tests of runtime/vmcold.c: how instructions with caches change their form, and that what they then find is right
 * whatever has been done to the tables, their metatables and the tables behind them. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lua.h"
#include "include/lualib.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/strings.h"
#include "runtime/table.h"

static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    return L;
}

static void expect_chunk(lua_State *L, const char *chunk) {
    int status = luaL_dostring(L, chunk);
    EXPECT_STR(status == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
    EXPECT_TRUE(lua_toboolean(L, -1));
    lua_settop(L, 0);
}

/* A site: function (object, value), whose first instruction with a cache is looked at. */
typedef struct Site {
    lua_State *L;
    NpProto *proto;
    int at; /* word of the instruction */
} Site;

static Site make_site(lua_State *L, const char *function) {
    char chunk[300];
    Site site = {L, NULL, -1};
    snprintf(chunk, sizeof chunk, "return %s", function);
    REQUIRE_EQ(luaL_loadstring(L, chunk), LUA_OK);
    lua_call(L, 0, 1); /* stays on the stack */
    site.proto = np_lcl(L->top - 1)->proto;
    for (int pc = 0; pc < site.proto->ncode; pc += np_opcode_info[np_op(site.proto->code[pc])].words) {
        if (np_opcode_info[np_op(site.proto->code[pc])].flags & NP_OPF_KW) {
            site.at = pc;
            break;
        }
    }
    REQUIRE(site.at >= 0);
    return site;
}

static NpOpcode form(const Site *site) { return (NpOpcode)np_op(site->proto->code[site->at]); }
static uint32_t word(const Site *site, int n) { return site->proto->code[site->at + n]; }

/* Calls the site (at stack index `index`) with the global of a name and an integer; the integer result or -1. */
static lua_Integer use(lua_State *L, int index, const char *global, lua_Integer value) {
    lua_pushvalue(L, index);
    lua_getglobal(L, global);
    lua_pushinteger(L, value);
    if (lua_pcall(L, 2, 1, 0) != LUA_OK) EXPECT_STR(lua_tostring(L, -1), NULL);
    lua_Integer result = lua_isinteger(L, -1) ? lua_tointeger(L, -1) : -1;
    lua_pop(L, 1);
    return result;
}

static NpTable *table_named(lua_State *L, const char *global) {
    lua_getglobal(L, global);
    REQUIRE(lua_istable(L, -1));
    NpTable *table = np_tab(L->top - 1);
    lua_pop(L, 1);
    return table;
}

static void run(lua_State *L, const char *chunk) {
    int status = luaL_dostring(L, chunk);
    REQUIRE_STR(status == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
}

/* ---- reads ---- */

TEST(a_read_is_specialised_for_the_shape_it_sees) {
    lua_State *L = open_state();
    Site site = make_site(L, "function(o) return o.field end");
    EXPECT_EQ(form(&site), NP_OP_GETFIELD);
    run(L, "one = {a = 1, field = 11} two = {a = 1, field = 22} other = {field = 33} none = {a = 1}");
    EXPECT_EQ(use(L, 1, "one", 0), 11);
    EXPECT_EQ(form(&site), NP_OP_GETFIELD_OWN);
    EXPECT_EQ(word(&site, 1), table_named(L, "one")->shape);
    EXPECT_EQ(np_c(word(&site, 0)), 1);
    EXPECT_EQ(use(L, 1, "two", 0), 22);
    EXPECT_EQ(use(L, 1, "other", 0), 33);
    EXPECT_EQ(use(L, 1, "none", 0), -1);
    run(L, "one.field = nil");
    EXPECT_EQ(use(L, 1, "one", 0), -1);
    run(L, "one.field = 44");
    EXPECT_EQ(use(L, 1, "one", 0), 44);
    lua_close(L);
}

TEST(a_read_follows_classes) {
    lua_State *L = open_state();
    Site site = make_site(L, "function(o) return o.field end");
    run(L, "base = {field = 5} class = setmetatable({}, {__index = base}) mt = {__index = class} object = setmetatable({x = 1}, mt)");
    EXPECT_EQ(use(L, 1, "object", 0), 5);
    EXPECT_EQ(form(&site), NP_OP_GETFIELD_CHAIN);
    const NpChainCache *chain = &site.proto->chains[word(&site, 2)];
    EXPECT_PTR(chain->holder, table_named(L, "base"));
    EXPECT_EQ(chain->epoch, L->global->meta_epoch);
    EXPECT_STR(np_str(&site.proto->constants[chain->key])->text, "field");
    /* Each of these changes what is found: none may be overlooked. */
    static const struct { const char *change; lua_Integer want; } steps[] = {
        {"base.field = 6", 6},
        {"class.field = 7", 7},        /* nearer */
        {"class.field = nil", 6},
        {"class.field = 8", 8},        /* in its old place again */
        {"class.field = nil base.field = nil", -1},
        {"base.field = 9", 9},
        {"mt.__index = {field = 10}", 10},
        {"mt.__index = function() return 11 end", 11},
        {"mt.__index = class", 9},
        {"setmetatable(class, {__index = {field = 12}})", 12},
        {"setmetatable(class, nil)", -1},
        {"rawset(class, 'field', 13)", 13},
        {"class.field = nil setmetatable(class, {__index = base}) for i = 1, 300 do base['k' .. i] = i end", 9}, /* base is a dictionary */
        {"base.field = 14", 14},
        {"base.field = nil", -1},
        {"base.field = 15", 15},
        {"object.field = 16", 16},
        {"object.field = nil", 15},
        {"setmetatable(object, nil)", -1},
        {"setmetatable(object, mt)", 15},
        {"mt.__index = nil", -1},
        {"rawset(mt, '__index', base)", 15},
    };
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        run(L, steps[i].change);
        for (int round = 0; round < 3; round++) {
            lua_Integer got = use(L, 1, "object", 0);
            if (got != steps[i].want) printf("# after: %s\n", steps[i].change);
            EXPECT_EQ(got, steps[i].want);
        }
    }
    lua_close(L);
}

TEST(methods_go_the_same_ways) {
    lua_State *L = open_state();
    Site site = make_site(L, "function(o, v) return o:method(v) end");
    EXPECT_EQ(form(&site), NP_OP_SELF);
    run(L, "own = {method = function(self, v) return self == own and v + 1 end}\n"
           "class = {method = function(self, v) return v + self.bonus end} class.__index = class\n"
           "object = setmetatable({bonus = 100}, class)\n"
           "computed = setmetatable({}, {__index = function(t, k) return function(self, v) return self == t and v + 1000 end end})");
    EXPECT_EQ(use(L, 1, "own", 1), 2);
    EXPECT_EQ(form(&site), NP_OP_SELF_OWN);
    EXPECT_EQ(use(L, 1, "object", 1), 101);
    EXPECT_EQ(use(L, 1, "computed", 1), 1001);
    lua_settop(L, 0);
    site = make_site(L, "function(o, v) return o:method(v) end");
    EXPECT_EQ(use(L, 1, "object", 1), 101);
    EXPECT_EQ(form(&site), NP_OP_SELF_CHAIN);
    run(L, "function class.method(self, v) return v + 2 * self.bonus end");
    EXPECT_EQ(use(L, 1, "object", 1), 201);
    EXPECT_EQ(use(L, 1, "own", 1), 2);
    expect_chunk(L, "local s = 'text' return s:upper() == 'TEXT' and not pcall(function() return (5):type() end)");
    lua_close(L);
}

TEST(a_site_that_flips_between_own_and_class_does_not_grow) {
    lua_State *L = open_state();
    Site site = make_site(L, "function(o, v) return o:method(v) end");
    run(L, "class = {method = function(self, v) return v end} class.__index = class\n"
           "one = setmetatable({}, class) two = setmetatable({method = function(self, v) return -v end}, class)");
    for (int i = 1; i <= 5000; i++) {
        REQUIRE_EQ(use(L, 1, "one", i), i);
        REQUIRE_EQ(use(L, 1, "two", i), -i);
    }
    EXPECT_LE(site.proto->chain_capacity, 16);
    lua_close(L);
}

/* ---- writes ---- */

TEST(a_write_is_specialised_for_shapes) {
    lua_State *L = open_state();
    Site site = make_site(L, "function(o, v) o.field = v return o.field end");
    EXPECT_EQ(form(&site), NP_OP_SETFIELD);
    run(L, "one = {} two = {} three = {field = 1}");
    EXPECT_EQ(use(L, 1, "one", 10), 10);
    EXPECT_EQ(form(&site), NP_OP_SETFIELD_ADD);
    EXPECT_EQ(word(&site, 1), NP_SHAPE_ROOT);
    EXPECT_EQ(word(&site, 3), table_named(L, "one")->shape);
    EXPECT_EQ(use(L, 1, "two", 20), 20);
    EXPECT_EQ(table_named(L, "two")->shape, table_named(L, "one")->shape);
    for (int i = 0; i <= NP_ACCESS_RETRY; i++) EXPECT_EQ(use(L, 1, "two", 21 + i), 21 + i); /* there already */
    EXPECT_EQ(form(&site), NP_OP_SETFIELD_PLAIN);
    EXPECT_EQ(use(L, 1, "three", 30), 30);
    lua_settop(L, 0);
    site = make_site(L, "function(o, v) o.field = v return o.field end");
    run(L, "mt = {} one, two, three = setmetatable({}, mt), setmetatable({}, mt), setmetatable({}, mt)");
    EXPECT_EQ(use(L, 1, "one", 40), 40);
    EXPECT_EQ(form(&site), NP_OP_SETFIELD_ADDM);
    EXPECT_EQ(use(L, 1, "two", 41), 41);
    run(L, "mt.__newindex = function(t, k, v) rawset(t, k, v + 1000) end");
    EXPECT_EQ(use(L, 1, "three", 42), 1042);
    lua_settop(L, 0);
    site = make_site(L, "function(o, v) o.field = v return o.field end");
    EXPECT_EQ(use(L, 1, "one", 43), 43);
    EXPECT_EQ(form(&site), NP_OP_SETFIELD_OWN); /* there is a metatable, so nil has to be noticed */
    run(L, "one.field = nil");
    EXPECT_EQ(use(L, 1, "one", 44), 1044);
    lua_close(L);
}

TEST(a_quick_store_over_nil_is_seen_by_those_who_look_through_the_table) {
    lua_State *L = open_state();
    Site site = make_site(L, "function(o, v) o.field = v return o.field end");
    run(L, "one, class = {field = 1}, {field = 1, other = 1}\n"
           "class.other = nil base = {field = 7}\n"
           "class = {field = 1} object = setmetatable({}, {__index = class})\n"
           "function look() return object.field end");
    EXPECT_EQ(use(L, 1, "one", 2), 2);
    EXPECT_EQ(form(&site), NP_OP_SETFIELD_PLAIN);
    run(L, "assert(look() == 1 and look() == 1) class.field = nil assert(look() == nil and look() == nil)");
    EXPECT_EQ(table_named(L, "class")->shape, word(&site, 1));
    EXPECT_EQ(use(L, 1, "class", 5), 5);
    run(L, "assert(look() == 5)");
    lua_close(L);
}

/* ---- constructors ---- */

/* The first NEWTABLE, in whatever form, of a function whose caches are looked at. */
static Site find_constructor(Site site) {
    for (site.at = 0; site.at < site.proto->ncode; site.at += np_opcode_info[np_op(site.proto->code[site.at])].words)
        if (np_opcode_info[np_op(site.proto->code[site.at])].base == NP_OP_NEWTABLE) return site;
    REQUIRE(false);
    return site;
}

TEST(a_constructor_knows_the_shape_of_what_it_makes) {
    lua_State *L = open_state();
    Site site = make_site(L, "function(o, v) last = {x = v, inner = {z = v}, y = v} return last.x end");
    site = find_constructor(site);
    run(L, "made = {x = 1, inner = 1, y = 1}");
    EXPECT_EQ(use(L, 1, "made", 3), 3);
    EXPECT_EQ(form(&site), NP_OP_NEWTABLE_AS);
    EXPECT_EQ(word(&site, 1), table_named(L, "made")->shape);
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(use(L, 1, "made", 4), 4);
        EXPECT_EQ(table_named(L, "last")->shape, word(&site, 1));
    }
    run(L, "local keys = {} for k in pairs(last) do keys[#keys + 1] = k end\n"
           "assert(table.concat(keys, ' ') == 'x inner y' and last.inner.z == 4)");
    lua_settop(L, 0);
    site = find_constructor(make_site(L, "function(o, v) last = {1, 2, x = v} return last.x + last[2] + #last end"));
    for (int i = 0; i < 3; i++) EXPECT_EQ(use(L, 1, "made", i), i + 4);
    EXPECT_EQ(form(&site), NP_OP_NEWTABLE_AS);
    EXPECT_EQ(table_named(L, "last")->array_size, 2);
    lua_settop(L, 0);
    site = find_constructor(make_site(L, "function(o, v) last = {1, v} return last[2] end"));
    EXPECT_EQ(use(L, 1, "made", 3), 3);
    EXPECT_EQ(form(&site), NP_OP_NEWTABLE);
    lua_close(L);
}

TEST(fields_of_constructors_that_are_nil_are_not_there) {
    lua_State *L = open_state();
    expect_chunk(L, "local function make(a, b) return {x = a, y = b, x2 = a} end\n"
                    "for i = 1, 4 do\n"
                    "  local t = make(nil, i)\n"
                    "  assert(t.x == nil and rawget(t, 'x') == nil and t.y == i and next(t) == 'y' and next(t, 'y') == nil)\n"
                    "  local meta = setmetatable(make(), {__index = function(_, k) return k .. '!' end})\n"
                    "  assert(meta.x == 'x!' and meta.y == 'y!' and next(meta) == nil)\n"
                    "  local seen = {}\n"
                    "  local caught = setmetatable(make(1), {__newindex = function(_, k, v) seen[k] = v end})\n"
                    "  caught.y = i caught.x = i + 1\n"
                    "  assert(seen.y == i and seen.x == nil and caught.x == i + 1)\n"
                    "end return true");
    expect_chunk(L, "local function twice(v) return {x = 1, x = v, y = 2} end\n"
                    "for i = 1, 4 do local t = twice(i) assert(t.x == i and t.y == 2) end return true");
    expect_chunk(L, "local function f() local t = {a = 1, b = coroutine.yield(), c = 3} return t.a + t.b + t.c end\n"
                    "for i = 1, 4 do local co = coroutine.wrap(f) co() collectgarbage() assert(co(i) == i + 4) end return true");
    lua_close(L);
}

TEST(objects_of_a_class_whose_metatable_changes) {
    lua_State *L = open_state();
    expect_chunk(L, "local class, died = {}, 0\n"
                    "local function new(v) return setmetatable({v = v}, class) end\n"
                    "for i = 1, 5 do assert(getmetatable(new(i)) == class and new(i).v == i) end\n"
                    "class.__gc = function(o) died = died + o.v end\n"
                    "for i = 1, 5 do new(10) end collectgarbage() assert(died == 50)\n"
                    "class.__gc = nil for i = 1, 5 do new(1) end collectgarbage() assert(died == 50)\n"
                    "class.__index = function(_, k) return k end assert(new(1).w == 'w')\n"
                    "class.__metatable = 'locked' local o = new(1)\n"
                    "assert(getmetatable(o) == 'locked' and not pcall(setmetatable, o, {}))\n"
                    "local weak = setmetatable({}, {__mode = 'k'})\n"
                    "for i = 1, 5 do weak[setmetatable({}, class)] = i end collectgarbage() assert(next(weak) == nil)\n"
                    "local other = {} for i = 1, 5 do\n"
                    "  local o = setmetatable({v = i}, {}) assert(not pcall(setmetatable(o, other).none))\n"
                    "  assert(getmetatable(o) == other) end\n"
                    "return true");
    lua_close(L);
}

TEST(functions_share_their_variables_whoever_made_them) {
    lua_State *L = open_state();
    expect_chunk(L, "local function pair(a, b)\n"
                    "  local function set(v) a = v end\n"
                    "  return set, function() return a, b end, function(...) b = ... return ... end\n"
                    "end\n"
                    "for i = 1, 100 do\n"
                    "  local set, get, put = pair(i, -i)\n"
                    "  local a, b = get() assert(a == i and b == -i)\n"
                    "  set('x') put('y', 1) a, b = get() assert(a == 'x' and b == 'y')\n"
                    "  assert(debug.upvalueid(set, 1) == debug.upvalueid(get, 1))\n"
                    "end\n"
                    "local function many(...) local n = select('#', ...) return function() return n end, ... end\n"
                    "local all = table.pack(many(1, 2, 3)) assert(all.n == 4 and all[1]() == 3 and all[4] == 3)\n"
                    "local function tail(n) local f = function() return n end return select(2, f, f(), n + 1) end\n"
                    "for i = 1, 100 do local a, b = tail(i) assert(a == i and b == i + 1) end\n"
                    "local function deep(n, f) local g = function() return f and f() + n or n end\n"
                    "  if n == 0 then return g end return deep(n - 1, g) end\n"
                    "assert(deep(100)() == 5050)\n"
                    "local function closes() local x <close> = setmetatable({}, {__close = function() end})\n"
                    "  local v = 1 return function() v = v + 1 return v end, v end\n"
                    "local f, v = closes() assert(f() == 2 and v == 1)\n"
                    "return true");
    lua_close(L);
}

TEST(fields_that_one_site_adds_to_many_shapes) {
    lua_State *L = open_state();
    expect_chunk(L, "local function add(t, v) t.a = v t.b = v + 1 t.c = v + 2 return t end\n"
                    "local function is(t, v) return t.a == v and t.b == v + 1 and t.c == v + 2 end\n"
                    "local makers = {function() return {} end, function() return {x = 1} end,\n"
                    "  function() return {b = 0} end, function() return {x = 1, y = 2, z = 3} end,\n"
                    "  function() return {[1.5] = 1} end, function() return setmetatable({}, {}) end,\n"
                    "  function() return setmetatable({c = 1}, {}) end}\n"
                    "for i = 1, 2000 do\n"
                    "  local make = makers[i % #makers + 1]\n"
                    "  local t = add(make(), i) assert(is(t, i)) assert(is(add(t, -i), -i))\n"
                    "  if i % 400 == 0 then collectgarbage() end\n"
                    "end\n"
                    "local caught = {}\n"
                    "local watched = {__newindex = function(t, k, v) caught[k] = v end}\n"
                    "for i = 1, 300 do add(setmetatable({x = 1}, {}), i) end\n"
                    "local t = add(setmetatable({x = 1}, watched), 7)\n"
                    "assert(rawget(t, 'a') == nil and is(caught, 7))\n"
                    "return true");
    lua_close(L);
}

TEST(a_constructor_is_dumped_as_it_was_compiled) {
    lua_State *L = open_state();
    expect_chunk(L, "local function f(v) return {x = v, y = {v}, z = {}} end\n"
                    "local before = string.dump(f) f(1) f(2) assert(string.dump(f) == before)\n"
                    "assert(load(before)(7).y[1] == 7) return true");
    lua_close(L);
}

TEST(lists_of_unknown_length_and_those_with_other_keys) {
    lua_State *L = open_state();
    expect_chunk(L, "local function n(...) return ... end\n"
                    "for i = 1, 3 do\n"
                    "  local t = {n(1, 2, 3)} assert(#t == 3 and t[3] == 3 and t[4] == nil)\n"
                    "  t[#t + 1] = 4 assert(#t == 4)\n"
                    "  assert(#{n()} == 0 and #{1, n()} == 1 and #{1, 2, n(nil, 4)} == 4)\n"
                    "  local u = {[2] = 'late', [7] = 7, n(1, 2, 3)} assert(u[2] == 2 and u[7] == 7 and #u == 3)\n"
                    "  local w = {[3.5] = 1, n(table.unpack({}, 1, 300))} assert(w[3.5] == 1 and next(w) == 3.5)\n"
                    "  local r = {x = 1, n(1, 2)} assert(r.x == 1 and r[2] == 2)\n"
                    "end return true");
    lua_close(L);
}

TEST(nil_is_never_added) {
    lua_State *L = open_state();
    Site site = make_site(L, "function(o, v) local x if v > 0 then x = v end o.field = x return v end");
    run(L, "one, two = {}, {}");
    use(L, 1, "one", 5);
    EXPECT_EQ(form(&site), NP_OP_SETFIELD_ADD);
    use(L, 1, "two", 0);
    EXPECT_EQ(table_named(L, "two")->shape, NP_SHAPE_ROOT);
    lua_close(L);
}

TEST(stores_into_metatables_are_never_quick) {
    lua_State *L = open_state();
    run(L, "function set(t, v) t.__newindex = v end\n"
           "local plain = {} set(plain, 1)\n" /* warms the site with an ordinary table of the same keys */
           "mt = {} object = setmetatable({}, mt)\n"
           "object.a = 1\n"
           "set(mt, function(t, k, v) rawset(t, k, 'caught') end)\n"
           "object.b = 1\n"
           "assert(object.b == 'caught')\n"
           "set(mt, nil) object.c = 1 assert(object.c == 1)\n"
           "set(mt, function(t, k, v) rawset(t, k, 'again') end) object.d = 1 assert(object.d == 'again')");
    lua_close(L);
}

TEST(globals_are_fields) {
    lua_State *L = open_state();
    expect_chunk(L, "local function get() return some_global end\n"
                    "local function set(v) some_global = v end\n"
                    "assert(get() == nil) set(1) assert(get() == 1) set(2) assert(get() == 2) set(nil) assert(get() == nil) set(3)\n"
                    "assert(get() == 3 and rawget(_G, 'some_global') == 3)\n"
                    "local function inner() local _ENV <const> = {x = 5}; return function() return x end, function(v) x = v end end\n"
                    "local g, s = inner()\n"
                    "assert(g() == 5) s(6) assert(g() == 6) s(nil) assert(g() == nil) s(7) assert(g() == 7)\n"
                    "setmetatable(_G, {__index = function(_, k) return k .. '?' end, __newindex = function(_, k, v) rawset(_G, k, v .. '!') end})\n"
                    "assert(not_there == 'not_there?')\n"
                    "fresh = 'new' assert(fresh == 'new!')\n"
                    "setmetatable(_G, nil)\n"
                    "return true");
    lua_close(L);
}

/* ---- all of it at random, against rawget by hand ---- */

TEST(random_changes_against_a_walk_by_hand) {
    lua_State *L = open_state();
    expect_chunk(L,
        "math.randomseed(42)\n"
        "local names = {'a', 'b', 'c', 'd'}\n"
        "local getters, setters, callers = {}, {}, {}\n"
        "for _, n in ipairs(names) do\n"
        "  getters[n] = load('return function(o) return o.' .. n .. ' end')()\n"
        "  setters[n] = load('return function(o, v) o.' .. n .. ' = v end')()\n"
        "end\n"
        "local function by_hand(o, k)\n"
        "  for _ = 1, 20 do\n"
        "    local v = rawget(o, k)\n"
        "    if v ~= nil then return v end\n"
        "    local mt = getmetatable(o)\n"
        "    local index = mt and rawget(mt, '__index')\n"
        "    if index == nil then return nil end\n"
        "    if type(index) == 'function' then return index(o, k) end\n"
        "    o = index\n"
        "  end\n"
        "end\n"
        "local function computed(o, k) return 'computed ' .. k end\n"
        "local log\n"
        "local function caught(o, k, v) log = k rawset(o, k, v) end\n"
        "for round = 1, 60 do\n"
        "  local tables, metas = {}, {}\n"
        "  for i = 1, 6 do tables[i] = {} metas[i] = {} end\n"
        "  for step = 1, 400 do\n"
        "    local i, n = math.random(6), names[math.random(4)]\n"
        "    local t, action = tables[i], math.random(12)\n"
        "    if action <= 3 then\n"
        "      local v = math.random(3) > 1 and math.random(1000) or nil\n"
        "      local mt = getmetatable(t)\n"
        "      local expect = rawget(t, n) == nil and mt and rawget(mt, '__newindex') and n or nil\n"
        "      log = nil\n"
        "      setters[n](t, v)\n"
        "      assert(log == expect and rawget(t, n) == v)\n"
        "    elseif action == 4 then rawset(t, n, math.random(1000))\n"
        "    elseif action == 5 and i > 1 then metas[i].__index = math.random(3) > 1 and tables[math.random(i - 1)] or math.random(2) == 1 and computed or nil\n"
        "    elseif action == 6 then setmetatable(t, math.random(4) > 1 and metas[i] or nil)\n"
        "    elseif action == 7 then metas[i].__newindex = math.random(2) == 1 and caught or nil\n"
        "    elseif action == 8 and math.random(20) == 1 then t[1.5] = true\n"
        "    elseif action == 9 and math.random(20) == 1 then collectgarbage(math.random(2) == 1 and 'step' or 'collect')\n"
        "    elseif action == 10 and math.random(6) == 1 then tables[i] = {a = 1}\n"
        "    elseif action == 11 and math.random(10) == 1 and i > 1 then\n" /* its own metatable */
        "      t.__index = tables[i - 1] setmetatable(t, t)\n"
        "    end\n"
        "    for j = 1, 6 do\n"
        "      for _, k in ipairs(names) do assert(getters[k](tables[j]) == by_hand(tables[j], k)) end\n"
        "    end\n"
        "  end\n"
        "end\n"
        "return true");
    lua_close(L);
}

TEST(the_same_while_the_collector_marks) {
    lua_State *L = open_state();
    lua_gc(L, LUA_GCINC, 100, 400, 10);
    expect_chunk(L,
        "local Class = {} Class.__index = Class\n"
        "function Class.new(i) local o = setmetatable({}, Class) o.id = i o.name = 'n' .. i o.items = {} return o end\n"
        "function Class:add(v) local items = self.items items[#items + 1] = v self.last = v return self end\n"
        "local kept = {}\n"
        "for i = 1, 60000 do\n"
        "  local o = Class.new(i):add(i):add({i})\n"
        "  if i % 20 == 0 then kept[#kept + 1] = o end\n"
        "  if i % 1000 == 0 then local extra = {['f' .. i] = i} extra.x = i extra['g' .. i % 7] = i kept[#kept].extra = extra end\n"
        "end\n"
        "for n, o in ipairs(kept) do\n"
        "  assert(o.id == n * 20 and o.name == 'n' .. n * 20 and o.items[1] == o.id and o.items[2][1] == o.id and o.last == o.items[2])\n"
        "  if o.extra then assert(o.extra.x == o.id and o.extra['f' .. o.id] == o.id) end\n"
        "end\n"
        "return true");
    lua_close(L);
}

/* ---- other cold paths ---- */

TEST(closing_leaves_the_registers_alone) {
    lua_State *L = open_state();
    expect_chunk(L,
        "local log = {}\n"
        "local function closer(n) return setmetatable({}, {__close = function() local a, b, c, d, e, f = 1, 2, 3, 4, 5, 6; log[#log + 1] = n end}) end\n"
        "local total = 0\n"
        "for i = 1, 5 do\n"
        "  local x, y, z = i, i * 2, i * 3\n"
        "  do local a <close> = closer(i) local b, c = x, y end\n"
        "  total = total + x + y + z\n"
        "end\n"
        "assert(total == 90 and table.concat(log) == '12345')\n"
        "log = {}\n"
        "for i = 1, 3 do local a <close> = closer(i) if i == 2 then goto continue end local b <close> = closer(i + 10) ::continue:: end\n"
        "assert(table.concat(log, ' ') == '11 1 2 13 3')\n"
        "for k, v in (function() return next, {1, 2, 3}, nil, closer('loop') end)() do total = total + v end\n"
        "assert(total == 96 and log[#log] == 'loop')\n"
        "return true");
    lua_close(L);
}

TEST(locals_above_the_target_survive_a_collection) {
    lua_State *L = open_state();
    /* Objects made for a variable that lies below others: the collector must know of those others. */
    expect_chunk(L, "local a, b, c = nil, {1}, {2}\n"
                    "local sink\n"
                    "for i = 1, 60000 do\n"
                    "  a = {}\n"
                    "  a = {i, i}\n"
                    "  a = function() return i end\n"
                    "  a = 'x' .. i .. 'a string that is long enough not to be interned'\n"
                    "  sink = {a}\n"
                    "end\n"
                    "return b[1] == 1 and c[1] == 2 and sink[1] == a");
    lua_close(L);
}

UNIT_MAIN
