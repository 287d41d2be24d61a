/* api.c: a program that uses every function and macro of Lua 5.4's C interface for real, and checks what each does.
 *
 * api_test.sh compiles it against Debian's headers and against ours, and runs it on Debian's library and on ours, in every
 * combination: what it prints (sizes, offsets, constants, results, messages) must be the same. It is written for 5.4.4,
 * what Debian 12 has; of what came later (lua_closethread) there is a unit test.
 *
 * The sections follow the manual's: 4.6 (the API), 4.7 (debug), 5 (the auxiliary library). */
#undef NDEBUG
#define LUA_COMPAT_APIINTCASTS
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define lua_assert(c) assert(c)
#include "lua.h"
#include "lauxlib.h"
#include "lualib.h"

#define SAY_INT(expression) printf("%s = %lld\n", #expression, (long long)(expression))
#define SAY_STR(expression) printf("%s = %s\n", #expression, (expression))

/* ---- what the compiler knows ---- */

static void layouts(void) {
    SAY_INT(sizeof(lua_Debug));
    SAY_INT(offsetof(lua_Debug, event));
    SAY_INT(offsetof(lua_Debug, name));
    SAY_INT(offsetof(lua_Debug, namewhat));
    SAY_INT(offsetof(lua_Debug, what));
    SAY_INT(offsetof(lua_Debug, source));
    SAY_INT(offsetof(lua_Debug, srclen));
    SAY_INT(offsetof(lua_Debug, currentline));
    SAY_INT(offsetof(lua_Debug, linedefined));
    SAY_INT(offsetof(lua_Debug, lastlinedefined));
    SAY_INT(offsetof(lua_Debug, nups));
    SAY_INT(offsetof(lua_Debug, nparams));
    SAY_INT(offsetof(lua_Debug, isvararg));
    SAY_INT(offsetof(lua_Debug, istailcall));
    SAY_INT(offsetof(lua_Debug, ftransfer));
    SAY_INT(offsetof(lua_Debug, ntransfer));
    SAY_INT(offsetof(lua_Debug, short_src));
    SAY_INT(sizeof(luaL_Buffer));
    SAY_INT(offsetof(luaL_Buffer, b));
    SAY_INT(offsetof(luaL_Buffer, size));
    SAY_INT(offsetof(luaL_Buffer, n));
    SAY_INT(offsetof(luaL_Buffer, L));
    SAY_INT(offsetof(luaL_Buffer, init));
    SAY_INT(sizeof(luaL_Stream));
    SAY_INT(offsetof(luaL_Stream, f));
    SAY_INT(offsetof(luaL_Stream, closef));
    SAY_INT(sizeof(luaL_Reg));
    SAY_INT(offsetof(luaL_Reg, func));
    SAY_INT(sizeof(lua_Integer));
    SAY_INT(sizeof(lua_Unsigned));
    SAY_INT(sizeof(lua_Number));
    SAY_INT(sizeof(lua_KContext));
    SAY_INT((LUA_INTEGER)-1 < 0);
    SAY_INT((LUA_UNSIGNED)-1 > 0);
    SAY_INT(sizeof(LUA_NUMBER) + sizeof(LUA_KCONTEXT));
    SAY_INT(LUA_EXTRASPACE);
    SAY_INT(LUAL_BUFFERSIZE);
    SAY_INT(LUAL_NUMSIZES);
    SAY_INT(LUA_IDSIZE);
    SAY_INT(LUAI_MAXSTACK);
}

static void constants(void) {
    const int numbers[] = {
        LUA_VERSION_NUM, LUA_MULTRET, LUA_REGISTRYINDEX, LUA_MINSTACK, LUA_RIDX_MAINTHREAD, LUA_RIDX_GLOBALS, LUA_RIDX_LAST,
        LUA_OK, LUA_YIELD, LUA_ERRRUN, LUA_ERRSYNTAX, LUA_ERRMEM, LUA_ERRERR, LUA_ERRFILE, LUA_TNONE, LUA_TNIL, LUA_TBOOLEAN,
        LUA_TLIGHTUSERDATA, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, LUA_TFUNCTION, LUA_TUSERDATA, LUA_TTHREAD, LUA_NUMTYPES,
        LUA_OPADD, LUA_OPSUB, LUA_OPMUL, LUA_OPMOD, LUA_OPPOW, LUA_OPDIV, LUA_OPIDIV, LUA_OPBAND, LUA_OPBOR, LUA_OPBXOR,
        LUA_OPSHL, LUA_OPSHR, LUA_OPUNM, LUA_OPBNOT, LUA_OPEQ, LUA_OPLT, LUA_OPLE, LUA_GCSTOP, LUA_GCRESTART, LUA_GCCOLLECT,
        LUA_GCCOUNT, LUA_GCCOUNTB, LUA_GCSTEP, LUA_GCSETPAUSE, LUA_GCSETSTEPMUL, LUA_GCISRUNNING, LUA_GCGEN, LUA_GCINC,
        LUA_HOOKCALL, LUA_HOOKRET, LUA_HOOKLINE, LUA_HOOKCOUNT, LUA_HOOKTAILCALL, LUA_MASKCALL, LUA_MASKRET, LUA_MASKLINE,
        LUA_MASKCOUNT, LUA_NOREF, LUA_REFNIL, lua_upvalueindex(1), lua_upvalueindex(255)
    };
    const char *const texts[] = {
        LUA_VERSION, LUA_VERSION_MAJOR, LUA_VERSION_MINOR, LUA_VERSUFFIX, LUA_FILEHANDLE, LUA_LOADED_TABLE, LUA_PRELOAD_TABLE,
        LUA_GNAME, LUA_COLIBNAME, LUA_TABLIBNAME, LUA_IOLIBNAME, LUA_OSLIBNAME, LUA_STRLIBNAME, LUA_UTF8LIBNAME,
        LUA_MATHLIBNAME, LUA_DBLIBNAME, LUA_LOADLIBNAME, &LUA_SIGNATURE[1]
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) printf("number %zu: %d\n", i, numbers[i]);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) printf("text %zu: %s\n", i, texts[i]);
    lua_Alloc alloc = NULL; /* the types of functions */
    lua_Reader reader = NULL;
    lua_Writer writer = NULL;
    lua_Hook debug_hook = NULL;
    lua_KFunction continuation = NULL;
    lua_WarnFunction warning = NULL;
    assert(!alloc && !reader && !writer && !debug_hook && !continuation && !warning);
    assert(LUA_VERSION_RELEASE_NUM / 100 == LUA_VERSION_NUM && strstr(LUA_RELEASE, LUA_VERSION));
    assert(strstr(LUA_RELEASE, LUA_VERSION_RELEASE) && *LUA_COPYRIGHT && *LUA_AUTHORS);
}

/* ---- small helpers ---- */

/* The error of running a chunk, on top of the stack and printed. */
static void say_error(lua_State *L, const char *what, int status) {
    printf("%s: status %d: %s\n", what, status, luaL_tolstring(L, -1, NULL));
    lua_pop(L, 2);
}

static void run(lua_State *L, const char *text) {
    if (luaL_dostring(L, text)) say_error(L, text, -1);
}

/* Calls `func` protected with the values of the stack's top `nargs`, and says what it throws. */
static void fails(lua_State *L, const char *what, lua_CFunction func, int nargs) {
    int status;
    lua_pushcfunction(L, func);
    lua_insert(L, -nargs - 1);
    status = lua_pcall(L, nargs, 0, 0);
    if (status == LUA_OK) printf("%s: no error\n", what);
    else say_error(L, what, status);
}

/* ---- 4.6: the stack ---- */

static void stack(lua_State *L) {
    int top = lua_gettop(L);
    assert(lua_checkstack(L, 100));
    assert(!lua_checkstack(L, LUAI_MAXSTACK));
    lua_pushnil(L);
    lua_pushboolean(L, 5);
    lua_pushinteger(L, LUA_MININTEGER);
    lua_pushnumber(L, 0.5);
    SAY_STR(lua_pushstring(L, "text"));
    SAY_STR(lua_pushlstring(L, "len\0gth", 7));
    SAY_STR(lua_pushliteral(L, "literal"));
    assert(lua_pushstring(L, NULL) == NULL && lua_isnil(L, -1));
    lua_pushlightuserdata(L, &top);
    lua_pushcfunction(L, luaopen_base);
    assert(lua_pushthread(L) == 1);
    lua_pushglobaltable(L);
    SAY_INT(lua_gettop(L) - top);
    assert(lua_absindex(L, -1) == lua_gettop(L) && lua_absindex(L, LUA_REGISTRYINDEX) == LUA_REGISTRYINDEX);
    for (int i = top + 1; i <= lua_gettop(L) + 1; i++) {
        printf("%s: %d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d len %llu\n", luaL_typename(L, i), lua_isnone(L, i), lua_isnil(L, i),
               lua_isnoneornil(L, i), lua_isboolean(L, i), lua_isnumber(L, i), lua_isinteger(L, i), lua_isstring(L, i),
               lua_istable(L, i), lua_isfunction(L, i), lua_iscfunction(L, i), lua_isuserdata(L, i),
               lua_islightuserdata(L, i), lua_isthread(L, i), lua_toboolean(L, i), lua_type(L, i),
               lua_topointer(L, i) != NULL, (unsigned long long)lua_rawlen(L, i));
    }
    lua_settop(L, top);
    for (int i = 1; i <= 5; i++) lua_pushinteger(L, i);
    lua_rotate(L, top + 1, 2);
    lua_pushvalue(L, top + 1);
    lua_insert(L, top + 2);
    lua_remove(L, top + 1);
    lua_pushinteger(L, 9);
    lua_replace(L, top + 3);
    lua_copy(L, top + 1, top + 5);
    for (int i = top + 1; i <= lua_gettop(L); i++) printf("%d ", (int)lua_tointeger(L, i));
    printf("\n");
    lua_pop(L, 5);
    assert(lua_gettop(L) == top);
}

static void conversions(lua_State *L) {
    static const char *const texts[] = { "10", "0x1p4", " 3.5 ", "1e400", "nan", "0x", "9223372036854775808", "" };
    int exact;
    size_t len;
    lua_Integer whole = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t size = lua_stringtonumber(L, texts[i]);
        printf("'%s' takes %zu: %s\n", texts[i], size, size ? luaL_tolstring(L, -1, NULL) : "-");
        lua_pushstring(L, texts[i]);
        printf("%lld", (long long)lua_tointegerx(L, -1, &exact));
        printf(" %d %g", exact, lua_tonumberx(L, -1, &exact));
        printf(" %d %g %lld %d\n", exact, lua_tonumber(L, -1), (long long)lua_tointeger(L, -1), lua_toboolean(L, -1));
        lua_pop(L, size ? 3 : 1);
    }
    lua_pushnumber(L, -1e15);
    SAY_STR(lua_tostring(L, -1));
    assert(lua_type(L, -1) == LUA_TSTRING);
    lua_pushlstring(L, "a\0b", 3);
    assert(lua_tolstring(L, -1, &len)[2] == 'b' && len == 3);
    lua_pushcfunction(L, luaopen_math);
    assert(lua_tocfunction(L, -1) == luaopen_math && !lua_tolstring(L, -1, NULL) && !lua_touserdata(L, -1));
    assert(!lua_tothread(L, -1) && !lua_tocfunction(L, -2));
    lua_pop(L, 3);
    assert(lua_numbertointeger(-8.0, &whole) && whole == -8 && !lua_numbertointeger(9.3e18, &whole));
    assert(luaL_intop(+, LUA_MAXINTEGER, 1) == LUA_MININTEGER);
    lua_pushunsigned(L, 7);
    assert(lua_tounsigned(L, -1) == 7 && lua_tounsignedx(L, -1, &exact) == 7 && exact);
    lua_pop(L, 1);
    for (int type = LUA_TNONE; type < LUA_NUMTYPES; type++) printf("%s ", lua_typename(L, type));
    printf("\n");
}

static const char *formatted(lua_State *L, const char *format, ...) {
    va_list arguments;
    const char *text;
    va_start(arguments, format);
    text = lua_pushvfstring(L, format, arguments);
    va_end(arguments);
    return text;
}

static int bad_format(lua_State *L) {
    lua_pushfstring(L, "%y", 1);
    return 1;
}

static void operators(lua_State *L) {
    static const int binary[] = { LUA_OPADD, LUA_OPSUB, LUA_OPMUL, LUA_OPMOD, LUA_OPPOW, LUA_OPDIV, LUA_OPIDIV, LUA_OPBAND,
                                  LUA_OPBOR, LUA_OPBXOR, LUA_OPSHL, LUA_OPSHR };
    for (size_t i = 0; i < sizeof binary / sizeof *binary; i++) {
        lua_pushinteger(L, -7);
        if (binary[i] <= LUA_OPPOW) lua_pushstring(L, "3");
        else lua_pushinteger(L, 3);
        lua_arith(L, binary[i]);
        printf("%s ", luaL_tolstring(L, -1, NULL));
        lua_pop(L, 2);
    }
    lua_pushinteger(L, 6);
    lua_arith(L, LUA_OPUNM);
    lua_arith(L, LUA_OPBNOT);
    lua_pushnumber(L, 5.0);
    printf("%d%d%d%d%d\n", lua_compare(L, -1, -2, LUA_OPEQ), lua_compare(L, -1, -2, LUA_OPLT),
           lua_compare(L, -1, -2, LUA_OPLE), lua_rawequal(L, -1, -2), lua_compare(L, -1, 100, LUA_OPEQ));
    lua_pushstring(L, "tail");
    lua_concat(L, 3);
    SAY_STR(lua_tostring(L, -1));
    lua_concat(L, 1);
    lua_concat(L, 0);
    lua_len(L, -2);
    SAY_INT(lua_tointeger(L, -1));
    SAY_INT(luaL_len(L, -3));
    lua_pop(L, 3);
    SAY_STR(lua_pushfstring(L, "%s %d %I %f %c %U %%|", "s", -3, (LUAI_UACINT)1 << 40, 1.5, 'x', 0x20ACL));
    SAY_STR(formatted(L, "%s %f", (char *)NULL, 3.0));
    assert(strncmp(lua_pushfstring(L, "%p", (void *)L), "0x", 2) == 0);
    lua_pop(L, 3);
    fails(L, "a bad format", bad_format, 0);
}

/* ---- tables and userdata ---- */

static void tables(lua_State *L) {
    static char key;
    int top = lua_gettop(L), count = 0;
    lua_newtable(L);
    lua_createtable(L, 10, 10);
    lua_setfield(L, -2, "field");
    SAY_INT(lua_getfield(L, -1, "field"));
    lua_pop(L, 1);
    lua_pushinteger(L, 11);
    lua_seti(L, -2, 1);
    SAY_INT(lua_geti(L, -1, 1));
    lua_pop(L, 1);
    lua_pushliteral(L, "key");
    lua_pushliteral(L, "value");
    lua_settable(L, -3);
    lua_pushliteral(L, "key");
    SAY_INT(lua_gettable(L, -2));
    lua_pushliteral(L, "raw");
    lua_insert(L, -2);
    lua_rawset(L, -3);
    lua_pushliteral(L, "raw");
    SAY_INT(lua_rawget(L, -2));
    lua_rawseti(L, -2, 2);
    SAY_INT(lua_rawgeti(L, -1, 2));
    lua_rawsetp(L, -2, &key);
    SAY_INT(lua_rawgetp(L, -1, &key));
    lua_pop(L, 1);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) count++;
    SAY_INT(count);
    SAY_INT(lua_getmetatable(L, -1));
    lua_pushvalue(L, -1);
    SAY_INT(lua_setmetatable(L, -2));
    SAY_INT(lua_getmetatable(L, -1));
    lua_setglobal(L, "made");
    SAY_INT(lua_getglobal(L, "made"));
    SAY_INT(lua_getglobal(L, "nowhere"));
    SAY_INT(luaL_getsubtable(L, -2, "sub"));
    SAY_INT(luaL_getsubtable(L, -3, "sub"));
    lua_settop(L, top);
    SAY_INT(lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_MAINTHREAD));
    assert(lua_tothread(L, -1) == L);
    lua_pop(L, 1);
    lua_register(L, "registered", luaopen_string);
    assert(lua_getglobal(L, "registered") == LUA_TFUNCTION && lua_iscfunction(L, -1));
    lua_pop(L, 1);
}

static void userdata(lua_State *L) {
    int *block = lua_newuserdatauv(L, sizeof *block, 2);
    *block = 77;
    lua_pushliteral(L, "first");
    SAY_INT(lua_setiuservalue(L, -2, 1));
    lua_pushnil(L);
    SAY_INT(lua_setiuservalue(L, -2, 3));
    SAY_INT(lua_getiuservalue(L, -1, 1));
    SAY_INT(lua_getiuservalue(L, -2, 2));
    SAY_INT(lua_getiuservalue(L, -3, 3));
    lua_pop(L, 3);
    SAY_INT(lua_rawlen(L, -1));
    assert(*(int *)lua_touserdata(L, -1) == 77);
    SAY_INT(luaL_newmetatable(L, "Tide"));
    SAY_INT(luaL_newmetatable(L, "Tide"));
    lua_pop(L, 2);
    luaL_setmetatable(L, "Tide");
    assert(luaL_testudata(L, -1, "Tide") == block && !luaL_testudata(L, -1, "Ebb") && !luaL_testudata(L, 200, "Tide"));
    SAY_INT(luaL_getmetatable(L, "Tide"));
    lua_pushliteral(L, "gone");
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
    SAY_INT(luaL_getmetafield(L, -1, "__metatable"));
    lua_pop(L, 1);
    SAY_INT(luaL_getmetafield(L, -1, "__call"));
    SAY_INT(luaL_callmeta(L, -1, "__tostring"));
    lua_pop(L, 1);
    block = lua_newuserdata(L, 0);
    assert(block == lua_touserdata(L, -1));
    lua_pushinteger(L, 5);
    SAY_INT(lua_setuservalue(L, -2));
    SAY_INT(lua_getuservalue(L, -1));
    lua_pop(L, 2);
}

/* ---- calls, errors, coroutines ---- */

static int adds(lua_State *L) {
    lua_pushnumber(L, luaL_checknumber(L, 1) + lua_tonumber(L, lua_upvalueindex(1)));
    lua_pushinteger(L, lua_tointeger(L, lua_upvalueindex(1)) + 1);
    lua_replace(L, lua_upvalueindex(1));
    return 1;
}

static int after_call(lua_State *L, int status, lua_KContext context) {
    lua_pushfstring(L, "continued: %d %I", status, (LUAI_UACINT)context);
    return lua_gettop(L);
}

static int calls_across(lua_State *L) { /* a function that may yield */
    lua_callk(L, lua_gettop(L) - 1, LUA_MULTRET, 42, after_call);
    return after_call(L, LUA_OK, 42);
}

static int pcalls_across(lua_State *L) {
    return after_call(L, lua_pcallk(L, lua_gettop(L) - 1, LUA_MULTRET, 0, 43, after_call), 43);
}

static int yields_on(lua_State *L) { return lua_yieldk(L, lua_gettop(L), 44, after_call); }
static int yields(lua_State *L) { return lua_yield(L, lua_gettop(L)); }
static int throws(lua_State *L) { return lua_error(L); }
static int raises(lua_State *L) { return luaL_error(L, "raised %d", 5); }
static int marks_message(lua_State *L) {
    lua_pushfstring(L, "<%s>", lua_tostring(L, 1));
    return 1;
}

static void calls(lua_State *L) {
    lua_pushinteger(L, 100);
    lua_pushcclosure(L, adds, 1);
    for (int i = 0; i < 2; i++) {
        lua_pushvalue(L, -1);
        lua_pushinteger(L, 1);
        lua_call(L, 1, 1);
        SAY_STR(lua_tostring(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    lua_pushcfunction(L, marks_message);
    lua_pushcfunction(L, raises);
    SAY_INT(lua_pcall(L, 0, LUA_MULTRET, -2));
    SAY_STR(lua_tostring(L, -1));
    lua_pop(L, 2);
    lua_pushboolean(L, 0);
    fails(L, "false thrown", throws, 1);
    SAY_INT(luaL_loadstring(L, "error(setmetatable({}, { __tostring = function() return 'object' end }))"));
    say_error(L, "an object", lua_pcall(L, 0, 0, 0));
    SAY_INT(luaL_loadstring(L, "return 1 +"));
    say_error(L, "loadstring", LUA_ERRSYNTAX);
}

static void resume(lua_State *L, lua_State *co, int nargs) {
    int nresults = -1, status = lua_resume(co, L, nargs, &nresults);
    if (status > LUA_YIELD) nresults = 1; /* what else is left on the stack is nobody's business */
    printf("resume: %d, %d results, status %d, %d yieldable:", status, nresults, lua_status(co), lua_isyieldable(co));
    for (int i = lua_gettop(co) - nresults + 1; i <= lua_gettop(co); i++) {
        printf(" %s", luaL_tolstring(co, i, NULL));
        lua_pop(co, 1);
    }
    printf("\n");
    if (status <= LUA_YIELD) lua_pop(co, nresults);
}

static void coroutines(lua_State *L) {
    lua_State *co = lua_newthread(L);
    assert(lua_tothread(L, -1) == co && !lua_isyieldable(L));
    lua_register(L, "across", calls_across);
    lua_register(L, "pacross", pcalls_across);
    lua_register(L, "yields", yields);
    lua_register(L, "yieldson", yields_on);
    luaL_loadstring(co, "local a = ... a = yields(a, 2) a = across(yields, a) return 'end', a, yieldson(7)");
    lua_pushliteral(L, "one");
    lua_xmove(L, co, 1);
    resume(L, co, 1);
    lua_pushliteral(co, "two");
    resume(L, co, 1);
    lua_pushliteral(co, "three");
    resume(L, co, 1);
    lua_pushliteral(co, "four");
    resume(L, co, 1);
    lua_pop(L, 1);
    co = lua_newthread(L);
    luaL_loadstring(co, "return pacross(function() yields(1) error 'late' end)");
    resume(L, co, 0);
    resume(L, co, 0);
    lua_pop(L, 1);
    co = lua_newthread(L);
    luaL_loadstring(co, "local x <close> = setmetatable({}, { __close = function(_, e) seen = e end }) error 'fatal'");
    resume(L, co, 0);
    SAY_INT(lua_resetthread(co));
    SAY_STR(lua_tostring(co, -1));
    SAY_INT(lua_status(co));
    luaL_loadstring(co, "coroutine.yield()");
    resume(L, co, 0);
    SAY_INT(lua_resetthread(co));
    resume(L, co, 0);
    memcpy(lua_getextraspace(co), "1234567", LUA_EXTRASPACE);
    assert(memcmp(lua_getextraspace(co), "1234567", LUA_EXTRASPACE) == 0);
    lua_pop(L, 1);
    lua_settop(L, 0);
    lua_pushcfunction(L, yields);
    say_error(L, "a yield outside", lua_pcall(L, 0, 0, 0));
}

static int closes(lua_State *L) {
    printf("closing %s: %s\n", lua_tostring(L, lua_upvalueindex(1)), luaL_tolstring(L, 2, NULL));
    return 0;
}

static void push_closable(lua_State *L, const char *name) {
    lua_newtable(L);
    lua_newtable(L);
    lua_pushstring(L, name);
    lua_pushcclosure(L, closes, 1);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
}

static int uses_tbc(lua_State *L) {
    push_closable(L, "first");
    lua_toclose(L, -1);
    push_closable(L, "second");
    lua_toclose(L, -1);
    lua_closeslot(L, -1);
    assert(lua_isnil(L, -1));
    push_closable(L, "third");
    lua_toclose(L, -1);
    lua_pop(L, 1);
    return luaL_error(L, "with one open");
}

static int closes_nothing(lua_State *L) {
    lua_newtable(L);
    lua_toclose(L, -1);
    return 0;
}

/* ---- loading and dumping ---- */

static const char *reads_bytes(lua_State *L, void *data, size_t *size) {
    const char **text = data;
    (void)L;
    *size = **text ? 1 : 0;
    return *size ? (*text)++ : NULL;
}

static int writes_bytes(lua_State *L, const void *data, size_t size, void *target) {
    luaL_Buffer *buffer = target;
    (void)L;
    luaL_addlstring(buffer, data, size);
    return 0;
}

static int refuses_bytes(lua_State *L, const void *data, size_t size, void *target) {
    (void)L; (void)data; (void)size; (void)target;
    return 99;
}

static void loading(lua_State *L) {
    const char *text = "local a, b = ... return a * b";
    luaL_Buffer buffer;
    size_t len;
    SAY_INT(lua_load(L, reads_bytes, &text, "=bytes", "t"));
    SAY_INT(lua_dump(L, refuses_bytes, NULL, 0));
    lua_pushvalue(L, -1);
    lua_remove(L, -2);
    luaL_buffinit(L, &buffer);
    lua_pushvalue(L, -1);
    lua_pop(L, 1);
    luaL_pushresult(&buffer);
    lua_pop(L, 1);
    /* the buffer below, the function on top, as lua_dump wants it */
    luaL_buffinitsize(L, &buffer, 100000);
    luaL_pushresultsize(&buffer, 0);
    lua_pop(L, 1);
    lua_getglobal(L, "string");
    lua_getfield(L, -1, "dump");
    lua_remove(L, -2);
    lua_pushvalue(L, -2);
    lua_call(L, 1, 1);
    text = lua_tolstring(L, -1, &len);
    assert(memcmp(text, LUA_SIGNATURE, sizeof LUA_SIGNATURE - 1) == 0);
    SAY_INT(luaL_loadbufferx(L, text, len, "dumped", "t"));
    say_error(L, "binary as text", -1);
    SAY_INT(luaL_loadbufferx(L, text, len, "dumped", "b"));
    lua_pushinteger(L, 6);
    lua_pushinteger(L, 7);
    lua_call(L, 2, 1);
    SAY_INT(lua_tointeger(L, -1));
    lua_pop(L, 3);
    SAY_INT(luaL_loadbuffer(L, "x = = 1", 7, "@file.lua"));
    say_error(L, "loadbuffer", -1);
    SAY_INT(luaL_loadfile(L, "/no/such/file"));
    say_error(L, "loadfile", -1);
    SAY_INT(luaL_loadfilex(L, "/no/such/file", "b"));
    say_error(L, "loadfilex", -1);
    SAY_INT(luaL_dofile(L, "/no/such/file"));
    say_error(L, "dofile", -1);
}

static void dumps_by_writer(lua_State *L) {
    luaL_Buffer buffer;
    luaL_buffinit(L, &buffer);
    luaL_loadstring(L, "return 5"); /* a small chunk stays within the buffer's own bytes: the stack is free */
    assert(lua_dump(L, writes_bytes, &buffer, 1) == 0 && luaL_bufflen(&buffer) < LUAL_BUFFERSIZE);
    assert(memcmp(luaL_buffaddr(&buffer), LUA_SIGNATURE, 4) == 0);
    lua_pop(L, 1);
    luaL_pushresult(&buffer);
    lua_pop(L, 1);
}

/* ---- the collector, the state ---- */

static int collected;
static int counts(lua_State *L) {
    (void)L;
    collected++;
    return 0;
}

static void collector(lua_State *L) {
    lua_newuserdatauv(L, 10, 0);
    lua_newtable(L);
    lua_pushcfunction(L, counts);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_pop(L, 1);
    SAY_INT(lua_gc(L, LUA_GCCOLLECT));
    SAY_INT(collected);
    SAY_INT(lua_gc(L, LUA_GCSTOP) + lua_gc(L, LUA_GCISRUNNING));
    SAY_INT(lua_gc(L, LUA_GCRESTART) + lua_gc(L, LUA_GCISRUNNING));
    assert(lua_gc(L, LUA_GCCOUNT) > 0 && lua_gc(L, LUA_GCCOUNTB) < 1024);
    SAY_INT(lua_gc(L, LUA_GCSETPAUSE, 180));
    SAY_INT(lua_gc(L, LUA_GCSETPAUSE, 200));
    SAY_INT(lua_gc(L, LUA_GCSETSTEPMUL, 180));
    SAY_INT(lua_gc(L, LUA_GCSETSTEPMUL, 100));
    SAY_INT(lua_gc(L, LUA_GCGEN, 0, 0));
    SAY_INT(lua_gc(L, LUA_GCINC, 0, 0, 0));
    for (int i = 0; i < 1000 && !lua_gc(L, LUA_GCSTEP, 100); i++) assert(i < 999);
    SAY_INT(lua_gc(L, 1000));
}

static int panicked(lua_State *L) {
    printf("panic: %s\n", lua_tostring(L, -1));
    exit(7);
}

static void warned(void *data, const char *message, int more) { printf("warning %s %s %d\n", (char *)data, message, more); }

static void *allocates(void *data, void *block, size_t old_size, size_t size) {
    (void)old_size;
    ++*(int *)data;
    if (size == 0) return free(block), NULL;
    return realloc(block, size);
}

static void states(void) {
    int count = 0;
    void *data = NULL;
    lua_State *L = lua_newstate(allocates, &count);
    assert(L && lua_version(L) == LUA_VERSION_NUM);
    assert(lua_getallocf(L, &data) == allocates && data == &count);
    lua_setallocf(L, allocates, &count);
    luaL_checkversion(L);
    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(L, LUA_COLIBNAME, luaopen_coroutine, 1);
    luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
    luaL_requiref(L, LUA_IOLIBNAME, luaopen_io, 1);
    luaL_requiref(L, LUA_OSLIBNAME, luaopen_os, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(L, LUA_UTF8LIBNAME, luaopen_utf8, 1);
    luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
    luaL_requiref(L, LUA_DBLIBNAME, luaopen_debug, 1);
    luaL_requiref(L, LUA_LOADLIBNAME, luaopen_package, 1);
    SAY_INT(lua_gettop(L));
    run(L, "assert(require 'utf8' == utf8 and math.type(3) == 'integer' and os.time() and debug.getinfo(1))");
    lua_setwarnf(L, warned, "here");
    lua_warning(L, "part", 1);
    run(L, "warn('from', ' Lua')");
    lua_setwarnf(L, NULL, NULL);
    lua_warning(L, "unheard", 0);
    assert(lua_setcstacklimit(L, 500) > 0);
    assert(lua_atpanic(L, panicked) == NULL);
    lua_close(L);
    SAY_INT(count > 0);
}

/* In a process of its own, which ends by it. */
static void panics(void) {
    lua_State *L = luaL_newstate();
    lua_CFunction old = lua_atpanic(L, panicked);
    assert(old && old != panicked);
    lua_pushliteral(L, "nobody catches");
    lua_error(L);
}

/* ---- 4.7: debug ---- */

static int traced;
static void hook(lua_State *L, lua_Debug *ar) {
    lua_getinfo(L, "Sl", ar);
    if (++traced <= 12 && strcmp(ar->what, "C") != 0)
        printf("hook %d line %d (%s)\n", ar->event, ar->currentline, ar->short_src);
    assert(ar->event == LUA_HOOKCALL || ar->event == LUA_HOOKRET || ar->event == LUA_HOOKLINE || ar->event == LUA_HOOKCOUNT ||
           ar->event == LUA_HOOKTAILCALL);
}

static int inspects(lua_State *L) {
    lua_Debug ar;
    const char *name;
    assert(!lua_getstack(L, 100, &ar) && lua_getstack(L, 1, &ar) && lua_getinfo(L, "nSlutr", &ar));
    printf("%s %s %s %s %zu %d %d-%d %d %d %d %d %d %d %s\n", ar.name, ar.namewhat, ar.what, ar.source, ar.srclen,
           ar.currentline, ar.linedefined, ar.lastlinedefined, ar.nups, ar.nparams, ar.isvararg, ar.istailcall, ar.ftransfer,
           ar.ntransfer, ar.short_src);
    for (int i = 1; (name = lua_getlocal(L, &ar, i)) != NULL; i++) {
        printf("local %s = %s\n", name, luaL_tolstring(L, -1, NULL));
        lua_pop(L, 2);
    }
    assert((name = lua_getlocal(L, &ar, -1)) != NULL);
    printf("%s = %s\n", name, lua_tostring(L, -1));
    lua_pop(L, 1);
    lua_pushliteral(L, "set from C");
    SAY_STR(lua_setlocal(L, &ar, 1));
    lua_pushinteger(L, 1);
    assert(lua_setlocal(L, &ar, 100) == NULL);
    assert(lua_getinfo(L, "fL", &ar) && lua_istable(L, -1) && lua_isfunction(L, -2));
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) printf("active line %d\n", (int)lua_tointeger(L, -2));
    lua_pop(L, 1);
    SAY_STR(lua_getupvalue(L, -1, 1));
    lua_pop(L, 1);
    assert(lua_upvalueid(L, -1, 1) && !lua_getupvalue(L, -1, 50));
    lua_pop(L, 1);
    luaL_traceback(L, L, "traced", 0);
    SAY_STR(lua_tostring(L, -1));
    luaL_where(L, 1);
    SAY_STR(lua_tostring(L, -1));
    lua_pop(L, 2);
    return 0;
}

static void debugging(lua_State *L) {
    lua_Debug ar;
    lua_register(L, "inspects", inspects);
    run(L, "local up = 5 local function tide(a, b, ...)\n local c = up\n inspects(a)\n return a\nend print(tide('x', 2, 3))");
    lua_sethook(L, hook, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1000);
    assert(lua_gethook(L) == hook && lua_gethookmask(L) == 15 && lua_gethookcount(L) == 1000);
    run(L, "local function f()\n return 1 end\nlocal function g() return f() end\ng()");
    lua_sethook(L, NULL, 0, 0);
    assert(!lua_gethook(L) && traced > 0);
    luaL_loadstring(L, "local a, b return function() return a end, function() return b end");
    lua_call(L, 0, 2);
    lua_pushinteger(L, 31);
    SAY_STR(lua_setupvalue(L, -3, 1));
    lua_upvaluejoin(L, -1, 1, -2, 1);
    assert(lua_upvalueid(L, -1, 1) == lua_upvalueid(L, -2, 1));
    lua_call(L, 0, 1);
    SAY_INT(lua_tointeger(L, -1));
    lua_pop(L, 1);
    assert(lua_getinfo(L, ">S", &ar));
    SAY_STR(ar.what);
}

/* ---- 5: the auxiliary library ---- */

static int checks(lua_State *L) {
    static const char *const options[] = { "ebb", "flow", NULL };
    switch (luaL_checkoption(L, 1, "flow", options)) {
    case 0:
        luaL_checkany(L, 2);
        luaL_checktype(L, 3, LUA_TTABLE);
        luaL_checkudata(L, 4, "Tide");
        break;
    default:
        printf("%d %ld %u ", luaL_checkint(L, 2), luaL_checklong(L, 2), (unsigned)luaL_checkunsigned(L, 2));
        printf("%d %ld %u ", luaL_optint(L, 9, 1), luaL_optlong(L, 9, 2), (unsigned)luaL_optunsigned(L, 9, 3));
        printf("%lld %s %s ", (long long)luaL_checkinteger(L, 2), luaL_checkstring(L, 3), luaL_optstring(L, 9, "default"));
        printf("%s %s ", luaL_checklstring(L, 3, NULL), luaL_optlstring(L, 9, "also", NULL));
        printf("%g %lld %s\n", luaL_optnumber(L, 9, 0.5), (long long)luaL_optinteger(L, 9, 7),
               luaL_opt(L, luaL_checkstring, 9, "opt"));
        luaL_argcheck(L, lua_tointeger(L, 2) < 10, 2, "at least 10");
        luaL_argexpected(L, lua_isnil(L, 4), 4, "nothing");
    }
    return 0;
}

static int argument_error(lua_State *L) { return luaL_argerror(L, 1, "of my making"); }
static int type_error(lua_State *L) { return luaL_typeerror(L, 1, "tide"); }
static int needs_stack(lua_State *L) {
    luaL_checkstack(L, LUAI_MAXSTACK, "asked for by a test");
    return 0;
}

static void arguments(lua_State *L) {
    lua_register(L, "checks", checks);
    run(L, "checks('flow', 5, 'text')");
    run(L, "checks(nil, 12, 'text')");
    run(L, "checks('flow', 5, 'text', {})");
    run(L, "checks('flow', 5.5, 'text')");
    run(L, "checks('flow', '5x', 'text')");
    run(L, "checks('flow', 5, {})");
    run(L, "checks('tide')");
    run(L, "checks('ebb')");
    run(L, "checks('ebb', 1, 2)");
    run(L, "checks('ebb', 1, {}, io.stdout)");
    lua_pushinteger(L, 1);
    fails(L, "argerror", argument_error, 1);
    fails(L, "typeerror", type_error, 0);
    fails(L, "checkstack", needs_stack, 0);
}

static void buffers(lua_State *L) {
    luaL_Buffer buffer;
    char *room;
    size_t len;
    luaL_buffinit(L, &buffer);
    luaL_addstring(&buffer, "a");
    luaL_addchar(&buffer, 'b');
    room = luaL_prepbuffer(&buffer);
    memcpy(room, "cde", 3);
    luaL_addsize(&buffer, 3);
    luaL_buffsub(&buffer, 1);
    for (int i = 0; i < 3000; i++) luaL_addlstring(&buffer, "xyz", 3);
    lua_pushinteger(L, 12);
    luaL_addvalue(&buffer);
    luaL_addgsub(&buffer, "tide-tide", "tide", "ebb");
    room = luaL_prepbuffsize(&buffer, 5000);
    memset(room, '.', 5000);
    luaL_addsize(&buffer, 5000);
    SAY_INT(luaL_bufflen(&buffer));
    assert(luaL_buffaddr(&buffer)[0] == 'a');
    luaL_pushresult(&buffer);
    lua_tolstring(L, -1, &len);
    SAY_INT(len);
    lua_pop(L, 1);
    room = luaL_buffinitsize(L, &buffer, 3000);
    memset(room, 'q', 3000);
    luaL_pushresultsize(&buffer, 3000);
    SAY_INT(luaL_len(L, -1));
    SAY_STR(luaL_gsub(L, "a.b.c", ".", "::"));
    lua_pop(L, 2);
}

static int opens_lib(lua_State *L) {
    static const luaL_Reg functions[] = { { "fails", raises }, { "place", NULL }, { NULL, NULL } };
    static const luaL_Reg more[] = { { "counts", counts }, { NULL, NULL } };
    luaL_newlib(L, functions);
    luaL_newlibtable(L, more);
    lua_pushinteger(L, 40);
    luaL_setfuncs(L, more, 1);
    lua_setfield(L, -2, "more");
    return 1;
}

static int reports(lua_State *L) {
    int count;
    errno = ENOENT;
    count = luaL_fileresult(L, 0, "name");
    printf("%d: %s\n", count, lua_tostring(L, -2));
    SAY_INT(luaL_fileresult(L, 1, NULL));
    errno = 0;
    SAY_INT(luaL_execresult(L, system("exit 3")));
    printf("%s %s %d\n", luaL_typename(L, -3), lua_tostring(L, -2), (int)lua_tointeger(L, -1));
    luaL_pushfail(L);
    assert(lua_isnil(L, -1));
    return 0;
}

static void references(lua_State *L) {
    int first, second;
    lua_newtable(L);
    lua_pushliteral(L, "kept");
    SAY_INT(first = luaL_ref(L, -2));
    lua_pushnil(L);
    SAY_INT(luaL_ref(L, -2));
    lua_pushliteral(L, "other");
    SAY_INT(second = luaL_ref(L, -2));
    luaL_unref(L, -1, first);
    luaL_unref(L, -1, LUA_NOREF);
    luaL_unref(L, -1, LUA_REFNIL);
    lua_pushliteral(L, "again");
    SAY_INT(luaL_ref(L, -2));
    SAY_INT(lua_rawgeti(L, -1, second));
    lua_pop(L, 2);
}

static int closes_stream(lua_State *L) {
    luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
    return luaL_fileresult(L, fclose(stream->f) == 0, NULL);
}

static void streams(lua_State *L) {
    luaL_Stream *stream = lua_newuserdatauv(L, sizeof *stream, 0);
    stream->closef = NULL;
    luaL_setmetatable(L, LUA_FILEHANDLE);
    stream->f = tmpfile();
    stream->closef = closes_stream;
    lua_setglobal(L, "stream");
    run(L, "stream:write('a line\\n', 12) stream:seek('set') assert(stream:read('L', 'n') == 'a line\\n')");
    run(L, "print(io.type(stream), stream:close(), io.type(stream))");
    lua_getglobal(L, "stream");
    assert(((luaL_Stream *)lua_touserdata(L, -1))->closef == NULL);
    lua_pop(L, 1);
}

static int all(lua_State *L) {
    const char *text;
    stack(L);
    conversions(L);
    operators(L);
    tables(L);
    userdata(L);
    calls(L);
    fails(L, "closing", uses_tbc, 0);
    fails(L, "nothing to close", closes_nothing, 0);
    loading(L);
    dumps_by_writer(L);
    arguments(L);
    buffers(L);
    references(L);
    streams(L);
    luaL_requiref(L, "mine", opens_lib, 0);
    lua_pop(L, 1);
    run(L, "local m = require 'mine' print(m.place, type(m.more.counts), pcall(m.fails))");
    fails(L, "reports", reports, 0);
    lua_newtable(L);
    lua_setglobal(L, "print_target");
    text = luaL_tolstring(L, -1, NULL);
    assert(text);
    lua_writestring("written", 7);
    lua_writeline();
    fflush(stdout);
    lua_writestringerror("%s\n", "an error line");
    lua_assert(luai_likely(1) && !luai_unlikely(0));
    return 0;
}

int main(int argc, char **argv) {
    lua_State *L;
    if (argc > 1 && strcmp(argv[1], "panic") == 0) panics();
    layouts();
    constants();
    L = luaL_newstate();
    luaL_openlibs(L);
    luaL_checkversion_(L, LUA_VERSION_NUM, LUAL_NUMSIZES);
    lua_pushcfunction(L, all);
    if (lua_pcall(L, 0, 0, 0) != LUA_OK) {
        printf("failed: %s\n", lua_tostring(L, -1));
        return 1;
    }
    debugging(L);
    coroutines(L);
    collector(L);
    lua_close(L);
    states();
    return 0;
}
