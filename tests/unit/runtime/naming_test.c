/* Tests of runtime/naming.c: names of registers and calls, on bytecode written by hand and on compiled programs. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/debuginfo.h"
#include "runtime/func.h"
#include "runtime/strings.h"

static lua_State *L;

static void open(void) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
}

/* ---- by hand ---- */

/* Constants 0 "x", 1 "print", 2 integer 5; upvalues 0 _ENV, 1 up; local "v" in register 0 from word 1 on. */
static NpProto *proto_of(const NpInstr *code, int ncode) {
    NpValue constants[3];
    np_set_obj(&constants[0], np_string_lit(L, "x"), NP_STR);
    np_set_obj(&constants[1], np_string_lit(L, "print"), NP_STR);
    np_set_int(&constants[2], 5);
    NpUpvalDesc upvalues[2] = {{np_string_lit(L, "_ENV"), 1, 0, 0}, {np_string_lit(L, "up"), 1, 1, 0}};
    NpLocVar locvars[1] = {{np_string_lit(L, "v"), 1, 1000}};
    NpProtoParts parts = {.max_stack = 10, .code = code, .ncode = ncode, .constants = constants, .nconstants = 3,
                          .upvalues = upvalues, .nupvalues = 2, .locvars = locvars, .nlocvars = 1};
    return np_func_new_proto(L, &parts);
}

static void expect_name(NpProto *proto, int pc, int reg, const char *kind, const char *name) {
    NpDebugName found = np_debug_register_name(proto, pc, reg);
    EXPECT_STR(found.kind, kind);
    EXPECT_STR(found.name, name);
}

#define ABC(op, a, b, c) np_make_abc(NP_OP_##op, a, b, c)

TEST(one_setter) {
    open();
    lua_gc(L, LUA_GCSTOP);
    const NpInstr code[] = {
        ABC(LOADNIL, 0, 0, 0),                 /* 0 */
        ABC(GETTABUP, 1, 0, 0), 0, 1,          /* 1: print */
        ABC(GETFIELD, 2, 0, 0), 0, 0,          /* 4: v.x */
        ABC(SELF, 3, 0, 0), 0, 0,              /* 7: v:x */
        ABC(GETUPVAL, 5, 1, 0),                /* 10 */
        np_make_ad(NP_OP_LOADK, 6, 0),         /* 11 */
        ABC(GETINDEX, 7, 0, 6),                /* 12: v["x"] by register */
        ABC(GETINDEX, 8, 0, 0),                /* 13: v[v] */
        ABC(GETINT, 9, 0, 1),                  /* 14 */
        ABC(MOVE, 4, 0, 0),                    /* 15 */
        ABC(RETURN0, 0, 0, 0),                 /* 16 */
    };
    NpProto *proto = proto_of(code, 17);
    expect_name(proto, 15, 0, "local", "v");
    expect_name(proto, 15, 1, "global", "print");
    expect_name(proto, 15, 2, "field", "x");
    expect_name(proto, 15, 3, "method", "x");
    expect_name(proto, 15, 4, "local", "v"); /* the object of the method call */
    expect_name(proto, 15, 5, "upvalue", "up");
    expect_name(proto, 15, 6, "constant", "x");
    expect_name(proto, 15, 7, "field", "x");
    expect_name(proto, 15, 8, "field", "?");
    expect_name(proto, 15, 9, "field", "integer index");
    expect_name(proto, 16, 4, "local", "v");
    expect_name(proto, 4, 5, NULL, NULL); /* not set yet */
    lua_close(L);
}

TEST(a_jump_over_the_setter_leaves_no_name) {
    open();
    lua_gc(L, LUA_GCSTOP);
    const NpInstr code[] = {
        ABC(LOADNIL, 0, 0, 0),          /* 0 */
        ABC(GETTABUP, 2, 0, 0), 0, 1,   /* 1 */
        ABC(TEST, 2, 0, 0), 3,          /* 4: to 9 */
        ABC(GETFIELD, 2, 0, 0), 0, 0,   /* 6: only sometimes */
        ABC(CALL, 2, 1, 1),             /* 9 */
        ABC(RETURN0, 0, 0, 0),
    };
    NpProto *proto = proto_of(code, 11);
    expect_name(proto, 6, 2, "global", "print");
    expect_name(proto, 9, 2, NULL, NULL);
    lua_close(L);
}

TEST(a_call_overwrites_what_is_above) {
    open();
    lua_gc(L, LUA_GCSTOP);
    const NpInstr code[] = {
        ABC(LOADNIL, 0, 0, 0),
        ABC(GETTABUP, 3, 0, 0), 0, 1,
        ABC(GETTABUP, 2, 0, 0), 0, 1,
        ABC(CALL, 2, 1, 2),
        ABC(RETURN0, 0, 0, 0),
    };
    NpProto *proto = proto_of(code, 9);
    expect_name(proto, 7, 2, "global", "print");
    expect_name(proto, 8, 2, NULL, NULL);
    expect_name(proto, 8, 3, NULL, NULL);
    lua_close(L);
}

/* ---- compiled ---- */

static void expect_message(const char *program, const char *part) {
    REQUIRE_EQ(luaL_loadstring(L, program), LUA_OK);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    const char *message = lua_tostring(L, -1);
    if (!message || !strstr(message, part)) unit_fail(__FILE__, __LINE__, program, part, message ? message : "(null)", false);
    lua_settop(L, 0);
}

TEST(messages_name_the_culprit) {
    open();
    expect_message("local a; a.b = 1", "attempt to index a nil value (local 'a')");
    expect_message("a.b.c = 1", "attempt to index a nil value (global 'a')");
    expect_message("a = {}; a.b.c = 1", "attempt to index a nil value (field 'b')");
    expect_message("local a = {}; a.b.c()", "attempt to index a nil value (field 'b')");
    expect_message("local a = {}; a.b()", "attempt to call a nil value (field 'b')");
    expect_message("local a = {}; a:b()", "attempt to call a nil value (method 'b')");
    expect_message("local a = {}; a[1]()", "attempt to call a nil value (field 'integer index')");
    expect_message("local a; local function f() a.x = 1 end f()", "attempt to index a nil value (upvalue 'a')");
    expect_message("local a; local function f() a() end f()", "attempt to call a nil value (upvalue 'a')");
    expect_message("local _ENV = {}; x.y = 1", "attempt to index a nil value (global 'x')");
    expect_message("local t = {}; return t.x + 1", "attempt to perform arithmetic on a nil value (field 'x')");
    expect_message("local t = {}; return 1 + t.x", "attempt to perform arithmetic on a nil value (field 'x')");
    expect_message("local x = 'a'; return x | 1", "attempt to perform bitwise operation on a string value (local 'x')");
    expect_message("local x = 1.5; return x | 1", "number (local 'x') has no integer representation");
    expect_message("local t = {}; return 'a' .. t", "attempt to concatenate a table value (local 't')");
    expect_message("local t = {}; return #t.x", "attempt to get length of a nil value (field 'x')");
    expect_message("for x in 5 do end", "attempt to call a number value");
    expect_message("return (nil)()", "attempt to call a nil value");
    expect_message("local t = setmetatable({}, {__add = 1}); return t + t", "attempt to call a number value (metamethod 'add')");
    expect_message("local a, b; return (a or b).x", "attempt to index a nil value");
    lua_close(L);
}

TEST(quickened_code_keeps_its_names) {
    open();
    expect_message("local function f(t) return t.p.q end\n"
                   "local good = {p = {q = 1}}\n"
                   "for i = 1, 10 do f(good) end\n"
                   "local class = {p = {q = 2}}; class.__index = class\n"
                   "local object = setmetatable({}, class)\n"
                   "for i = 1, 10 do f(object) end\n"
                   "class.p = nil\n"
                   "f(object)",
                   ":1: attempt to index a nil value (field 'p')");
    expect_message("local class = {m = function() end}; class.__index = class\n"
                   "local o = setmetatable({}, class)\n"
                   "for i = 1, 10 do\n"
                   "  if i == 10 then class.m = nil end\n"
                   "  o:m()\n"
                   "end",
                   ":5: attempt to call a nil value (method 'm')");
    lua_close(L);
}

UNIT_MAIN
