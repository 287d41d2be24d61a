/* Tests of runtime/vmslow.c: the operations for the C API with all their cases. Results in slots of a stack that moves. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lua.h"
#include "include/lualib.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/strings.h"
#include "runtime/table.h"
#include "runtime/vmslow.h"

static lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    return L;
}

static NpValue integer(int64_t i) {
    NpValue value;
    np_set_int(&value, i);
    return value;
}
static NpValue number(double n) {
    NpValue value;
    np_set_flt(&value, n);
    return value;
}
static NpValue text(lua_State *L, const char *string) {
    NpValue value;
    np_set_obj(&value, np_string_from(L, string), NP_STR);
    return value;
}

/* The value of a Lua expression, kept alive in the registry's way: on the stack. */
static NpValue make(lua_State *L, const char *expression) {
    char chunk[1000];
    snprintf(chunk, sizeof chunk, "return %s", expression);
    int status = luaL_dostring(L, chunk);
    EXPECT_STR(status == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
    NpValue value;
    np_copy(&value, L->top - 1);
    return value;
}

struct Op { int op; NpValue a, b, c; NpValue result; };

static void do_op(lua_State *L, void *arg) {
    struct Op *what = arg;
    switch (what->op) {
    case 'g': np_slow_get(L, &what->a, &what->b, &what->result); break;
    case 's': np_slow_set(L, &what->a, &what->b, &what->c); break;
    case '#': np_slow_length(L, &what->a, &what->result); break;
    case '=': np_set_bool(&what->result, np_slow_equal(L, &what->a, &what->b)); break;
    case '<': np_set_bool(&what->result, np_slow_less(L, &what->a, &what->b)); break;
    case 'l': np_set_bool(&what->result, np_slow_less_equal(L, &what->a, &what->b)); break;
    default: np_slow_arith(L, what->op - 1000, &what->a, &what->b, &what->result); break;
    }
}

static NpValue op(lua_State *L, int which, NpValue a, NpValue b) {
    struct Op what = {.op = which, .a = a, .b = b};
    ptrdiff_t top = np_stack_save(L, L->top);
    int status = np_err_protect(L, do_op, &what);
    EXPECT_STR(status == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
    EXPECT_EQ(np_stack_save(L, L->top), top);
    return what.result;
}

static const char *op_error(lua_State *L, int which, NpValue a, NpValue b) {
    struct Op what = {.op = which, .a = a, .b = b, .c = integer(1)};
    REQUIRE_EQ(np_err_protect(L, do_op, &what), LUA_ERRRUN);
    const char *message = lua_tostring(L, -1);
    return message;
}

static void expect_int(NpValue got, int64_t want) {
    EXPECT_EQ(got.tag, NP_INT);
    EXPECT_EQ(got.v.i, want);
}
static void expect_bool(NpValue got, bool want) { EXPECT_EQ(got.tag, want ? NP_TRUE : NP_FALSE); }

TEST(index_chains) {
    lua_State *L = open_state();
    NpValue object = make(L, "(function() local t = {deep = 77} for i = 1, 50 do t = setmetatable({}, {__index = t}) end return t end)()");
    expect_int(op(L, 'g', object, text(L, "deep")), 77);
    EXPECT_EQ(op(L, 'g', object, text(L, "none")).tag, NP_NIL);
    object = make(L, "setmetatable({own = 1}, {__index = function(t, k) return k .. '!' end})");
    expect_int(op(L, 'g', object, text(L, "own")), 1);
    EXPECT_STR(np_str(&(NpValue){.v = op(L, 'g', object, text(L, "other")).v})->text, "other!");
    NpValue length = op(L, 'g', text(L, "a string"), text(L, "len")); /* strings have methods */
    EXPECT_EQ(np_lua_type[length.tag], LUA_TFUNCTION);
    object = make(L, "(function() local t = {} setmetatable(t, {__index = t}) return t end)()");
    EXPECT_CONTAINS(op_error(L, 'g', object, text(L, "x")), "'__index' chain too long; possible loop");
    EXPECT_CONTAINS(op_error(L, 'g', integer(5), text(L, "x")), "attempt to index a number value");
    lua_close(L);
}

static void set(lua_State *L, NpValue a, NpValue b, NpValue c) {
    struct Op what = {.op = 's', .a = a, .b = b, .c = c};
    EXPECT_EQ(np_err_protect(L, do_op, &what), LUA_OK);
}

TEST(newindex_chains) {
    lua_State *L = open_state();
    NpValue object = make(L, "(function() store = {} local t = store for i = 1, 50 do t = setmetatable({}, {__newindex = t}) end return t end)()");
    set(L, object, text(L, "x"), integer(5));
    NpValue store = make(L, "store");
    expect_int(op(L, 'g', store, text(L, "x")), 5);
    EXPECT_EQ(op(L, 'g', object, text(L, "x")).tag, NP_NIL);
    object = make(L, "setmetatable({own = 1}, {__newindex = function(t, k, v) rawset(t, k, v * 2) end})");
    set(L, object, text(L, "own"), integer(10)); /* it is there: no metamethod */
    set(L, object, text(L, "new"), integer(10));
    expect_int(op(L, 'g', object, text(L, "own")), 10);
    expect_int(op(L, 'g', object, text(L, "new")), 20);
    set(L, object, integer(7), integer(4));
    expect_int(op(L, 'g', object, number(7.0)), 8);
    object = make(L, "(function() local t = {} setmetatable(t, {__newindex = t}) return t end)()");
    EXPECT_CONTAINS(op_error(L, 's', object, text(L, "x")), "'__newindex' chain too long; possible loop");
    EXPECT_CONTAINS(op_error(L, 's', integer(5), text(L, "x")), "attempt to index a number value");
    EXPECT_CONTAINS(op_error(L, 's', make(L, "{}"), (NpValue){.tag = NP_NIL}), "index is nil");
    /* A metamethod may take nil and NaN, though. */
    object = make(L, "setmetatable({}, {__newindex = function(t, k, v) taken = k == nil and 'nil' or k ~= k and 'nan' end})");
    set(L, object, (NpValue){.tag = NP_NIL}, integer(1));
    EXPECT_STR(lua_tostring((make(L, "taken"), L), -1), "nil");
    set(L, object, number(NAN), integer(1));
    EXPECT_STR(lua_tostring((make(L, "taken"), L), -1), "nan");
    lua_close(L);
}

TEST(lengths) {
    lua_State *L = open_state();
    expect_int(op(L, '#', text(L, "seven"), integer(0)), 5);
    expect_int(op(L, '#', make(L, "{1, 2, 3}"), integer(0)), 3);
    expect_int(op(L, '#', make(L, "setmetatable({1, 2, 3}, {__len = function() return 42 end})"), integer(0)), 42);
    expect_int(op(L, '#', make(L, "setmetatable({1, 2, 3}, {})"), integer(0)), 3);
    EXPECT_CONTAINS(op_error(L, '#', integer(1), integer(0)), "attempt to get length of a number value");
    lua_close(L);
}

TEST(equality) {
    lua_State *L = open_state();
    expect_bool(op(L, '=', integer(1), number(1.0)), true);
    expect_bool(op(L, '=', integer(INT64_MAX), number(9223372036854775808.0)), false);
    expect_bool(op(L, '=', number(NAN), number(NAN)), false);
    expect_bool(op(L, '=', number(-0.0), number(0.0)), true);
    expect_bool(op(L, '=', text(L, "1"), integer(1)), false);
    make(L, "(function() local mt = {__eq = function(a, b) return a[1] == b[1] end}\n"
            "  one, two, three = setmetatable({5}, mt), setmetatable({5}, mt), setmetatable({6}, mt) end)()");
    NpValue one = make(L, "one"), two = make(L, "two"), three = make(L, "three"), bare = make(L, "{5}");
    expect_bool(op(L, '=', one, two), true);
    expect_bool(op(L, '=', one, three), false);
    expect_bool(op(L, '=', one, bare), true); /* the method of either side */
    expect_bool(op(L, '=', bare, one), true);
    expect_bool(op(L, '=', one, integer(5)), false); /* never between types */
    EXPECT_FALSE(np_raw_equal(&one, &two));
    EXPECT(np_raw_equal(&one, &one));
    lua_close(L);
}

TEST(orderings) {
    lua_State *L = open_state();
    expect_bool(op(L, '<', text(L, "a"), text(L, "b")), true);
    expect_bool(op(L, '<', text(L, ""), text(L, "")), false);
    expect_bool(op(L, 'l', text(L, ""), text(L, "")), true);
    expect_bool(op(L, '<', integer(INT64_MAX), number(9223372036854775808.0)), true);
    expect_bool(op(L, 'l', number(NAN), integer(1)), false);
    NpValue object = make(L, "setmetatable({}, {__lt = function(a, b) return 1 end, __le = function() return nil end})");
    expect_bool(op(L, '<', object, integer(1)), true);
    expect_bool(op(L, '<', integer(1), object), true);
    expect_bool(op(L, 'l', integer(1), object), false);
    EXPECT_CONTAINS(op_error(L, '<', integer(1), text(L, "2")), "attempt to compare number with string");
    EXPECT_CONTAINS(op_error(L, 'l', make(L, "{}"), make(L, "{}")), "attempt to compare two table values");
    lua_close(L);
}

TEST(arithmetic) {
    lua_State *L = open_state();
    expect_int(op(L, 1000 + LUA_OPADD, integer(INT64_MAX), integer(1)), INT64_MIN);
    expect_int(op(L, 1000 + LUA_OPADD, text(L, "10"), integer(1)), 11); /* by the metatable of strings */
    EXPECT_NUM(op(L, 1000 + LUA_OPMUL, text(L, "0x10"), text(L, "2.0")).v.n, 32.0);
    expect_int(op(L, 1000 + LUA_OPBAND, number(7.0), integer(5)), 5);
    NpValue object = make(L, "setmetatable({}, {__add = function(a, b) return type(a) == 'number' and a or b end, __bnot = function(a, b) return rawequal(a, b) and 1 or 2 end})");
    expect_int(op(L, 1000 + LUA_OPADD, object, integer(3)), 3);
    expect_int(op(L, 1000 + LUA_OPADD, integer(4), object), 4);
    expect_int(op(L, 1000 + LUA_OPBNOT, object, object), 1);
    EXPECT_CONTAINS(op_error(L, 1000 + LUA_OPSUB, object, integer(3)), "attempt to perform arithmetic on a table value");
    EXPECT_CONTAINS(op_error(L, 1000 + LUA_OPBOR, number(0.5), integer(3)), "number has no integer representation");
    EXPECT_CONTAINS(op_error(L, 1000 + LUA_OPBOR, text(L, "3"), integer(3)), "attempt to perform bitwise operation on a string value");
    EXPECT_CONTAINS(op_error(L, 1000 + LUA_OPIDIV, integer(1), integer(0)), "attempt to divide by zero");
    EXPECT_CONTAINS(op_error(L, 1000 + LUA_OPMOD, integer(1), integer(0)), "attempt to perform 'n%0'");
    lua_close(L);
}

/* ---- concatenation ---- */

static void concat(lua_State *L, void *arg) { np_slow_concat(L, *(int *)arg); }

static const char *joined(lua_State *L, int n) {
    ptrdiff_t under = np_stack_save(L, L->top - n);
    int status = np_err_protect(L, concat, &n);
    EXPECT_STR(status == LUA_OK ? NULL : lua_tostring(L, -1), NULL);
    EXPECT_EQ(np_stack_save(L, L->top), under + (ptrdiff_t)sizeof(NpValue));
    return lua_tostring(L, -1);
}

TEST(concatenation_of_texts_and_numbers) {
    lua_State *L = open_state();
    lua_pushstring(L, "a"), lua_pushinteger(L, 1), lua_pushnumber(L, 2.0), lua_pushstring(L, "");
    EXPECT_STR(joined(L, 4), "a12.0");
    lua_pushinteger(L, 1), lua_pushstring(L, "");
    EXPECT_STR(joined(L, 2), "1");
    EXPECT_EQ((L->top - 1)->tag, NP_STR);
    lua_pushstring(L, ""), lua_pushinteger(L, 7);
    EXPECT_STR(joined(L, 2), "7");
    EXPECT_EQ((L->top - 1)->tag, NP_STR);
    lua_pushstring(L, "only");
    EXPECT_STR(joined(L, 1), "only");
    /* Every total around the length from which strings are no longer interned. */
    for (int total = NP_SHORT_MAX - 3; total <= NP_SHORT_MAX + 3; total++) {
        char want[64];
        lua_checkstack(L, 64);
        for (int i = 0; i < total; i++) {
            want[i] = (char)('a' + i % 26);
            lua_pushlstring(L, want + i, 1);
        }
        want[total] = 0;
        EXPECT_STR(joined(L, total), want);
        EXPECT_EQ(np_str(L->top - 1)->is_short, total <= NP_SHORT_MAX);
        EXPECT(np_string_equal(np_str(L->top - 1), np_string_new(L, want, (size_t)total)));
        lua_settop(L, 0);
    }
    lua_close(L);
}

TEST(concatenation_with_metamethods) {
    lua_State *L = open_state();
    REQUIRE_EQ(luaL_dostring(L, "mt = {__concat = function(a, b) return '(' .. (type(a) == 'table' and a[1] or a) .. '+' .. (type(b) == 'table' and b[1] or b) .. ')' end}\n"
                                "x, y = setmetatable({'x'}, mt), setmetatable({'y'}, mt)"), LUA_OK);
    lua_pushstring(L, "a"), lua_getglobal(L, "x"), lua_pushstring(L, "b"), lua_pushstring(L, "c");
    EXPECT_STR(joined(L, 4), "a(x+bc)");
    lua_getglobal(L, "x"), lua_getglobal(L, "y");
    EXPECT_STR(joined(L, 2), "(x+y)");
    lua_pushstring(L, "a"), lua_pushstring(L, "b"), lua_getglobal(L, "y");
    EXPECT_STR(joined(L, 3), "a(b+y)");
    int two = 2;
    lua_pushstring(L, "a"), lua_pushnil(L);
    EXPECT_EQ(np_err_protect(L, concat, &two), LUA_ERRRUN);
    EXPECT_CONTAINS(lua_tostring(L, -1), "attempt to concatenate a nil value");
    lua_close(L);
}

/* ---- the stack moves while a metamethod runs; the result must not go to where it was ---- */

TEST(results_go_to_slots_of_a_stack_that_moved) {
    lua_State *L = open_state();
    NpValue object = make(L, "setmetatable({}, {__index = function() local function f(n) if n > 0 then return (f(n - 1)) end return 0 end f(3000) return 99 end})");
    for (int round = 0; round < 3; round++) {
        lua_settop(L, 10);
        np_copy(L->frame->func + 1, &object);
        lua_pushstring(L, "key");
        const NpValue *before = L->stack;
        np_slow_get(L, L->frame->func + 1, L->top - 1, L->frame->func + 5);
        if (round == 0) EXPECT(L->stack != before);
        EXPECT_EQ(lua_tointeger(L, 5), 99);
        EXPECT_EQ(lua_gettop(L), 11);
        np_stack_shrink(L);
    }
    lua_close(L);
}

UNIT_MAIN
