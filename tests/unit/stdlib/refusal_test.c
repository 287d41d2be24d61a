/* refusal_test.c: every function of the libraries, and the C API, while each request for memory in turn is refused: the first,
 * the second, ... until the program succeeds. A refusal is the error "not enough memory" and nothing else, and the next run
 * in the same state finds all in order. The Lua programs are in refusal.lua, which says what is not covered. */
#include <errno.h>

#include "include/lauxlib.h"
#include "include/lua.h"
#include "include/lualib.h"
#include "include/neap.h"
#include "runtime/dbg.h"
#include "runtime/gc/heap_priv.h"
#include "runtime/mem/mem_os.h"
#include "runtime/state.h"
#include "tests/unit/unit.h"

enum { TRIES_MOST = 2000, VERIFY_EACH = 64, NEVER = 1 << 30 };

static struct { long programs, slots, system, errors; } count;

static lua_State *open_lua(void) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    return L;
}

/* A refusal may be told in other words: of a stack that cannot grow. */
static bool is_refusal(const char *message) {
    static const char *const words[] = {"not enough memory", "stack overflow", "too many results", "Cannot allocate memory", "no memory for"};
    for (size_t i = 0; message && i < sizeof words / sizeof words[0]; i++)
        if (strstr(message, words[i])) return true;
    return false;
}

static void complain(lua_State *L, const char *name, long nth, const char *expected) {
    const char *what = lua_pushfstring(L, "%s, request %d: %s", name, (int)nth, luaL_tolstring(L, -1, NULL));
    EXPECT_STR(what, expected);
    lua_pop(L, 2);
}

/* Runs the function on top of the stack, which stays there; the number of slots it asked for. */
static long run(lua_State *L, const char *name, long nth, bool refused) {
    long asked;
    int status;
    lua_pushvalue(L, -1);
    status = lua_pcall(L, 0, 0, 0);
    asked = L->global->heap.priv->slots_asked;
    np_heap_fail_at(&L->global->heap, 0);
    if (status != LUA_OK && !(refused && is_refusal(lua_tostring(L, -1))))
        complain(L, name, nth, refused ? "not enough memory" : "no error");
    if (status != LUA_OK) {
        lua_pop(L, 1);
        count.errors++;
    }
    return asked;
}

/* The function on top of the stack with one slot refused after another; takes it off. */
static void refuse_slots(lua_State *L, const char *name) {
    NpHeap *heap = &L->global->heap;
    long total, stride;
    np_heap_fail_at(heap, NEVER);
    total = run(L, name, 0, false);
    stride = total / TRIES_MOST + 1;
    for (long nth = 1; !unit.failed; nth += stride, count.slots++) {
        np_dbg.gcverify = nth % VERIFY_EACH == 1;
        np_heap_fail_at(heap, nth);
        if (run(L, name, nth, true) < nth) break; /* it got all it asked for */
        REQUIRE(nth < 4 * total + 1000);
    }
    np_dbg.gcverify = 0;
}

/* The same with the requests to the system. All that can be given back is, so that there are some. */
static void refuse_system(lua_State *L, const char *name) {
    for (long nth = 1; !unit.failed; nth++, count.system++) {
        long made;
        int status;
        lua_gc(L, LUA_GCCOLLECT);
        neap_release(L);
        np_mem_fail_at(nth, ENOMEM);
        lua_pushvalue(L, -1);
        status = lua_pcall(L, 0, 0, 0);
        made = np_mem_calls();
        np_mem_fail_at(0, 0);
        if (status != LUA_OK) {
            if (!is_refusal(lua_tostring(L, -1))) complain(L, name, nth, "not enough memory");
            lua_pop(L, 1);
            count.errors++;
        }
        if (made < nth) break;
        REQUIRE(nth < 1000);
    }
}

static void refuse(lua_State *L, const char *name) {
    count.programs++;
    refuse_slots(L, name);
    refuse_system(L, name);
    run(L, name, 0, false);
}

static void tell(const char *what) {
    printf("# %s: %ld programs, %ld slots and %ld requests to the system refused, %ld errors\n", what, count.programs, count.slots,
           count.system, count.errors);
    memset(&count, 0, sizeof count);
}

TEST(every_function_of_the_libraries) {
    lua_State *L = open_lua();
    if (luaL_dofile(L, "tests/unit/stdlib/refusal.lua")) {
        EXPECT_STR(lua_tostring(L, -1), "no error");
        lua_close(L);
        return;
    }
    lua_getfield(L, -1, "uncovered");
    lua_call(L, 0, 1);
    EXPECT_STR(lua_tostring(L, -1), ""); /* else: these functions need a program in refusal.lua */
    lua_pop(L, 1);
    lua_getfield(L, -1, "programs");
    lua_getfield(L, -2, "order");
    for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING && !unit.failed; i++) {
        const char *name = lua_tostring(L, -1);
        lua_getfield(L, -3, name);
        refuse(L, name);
        lua_pop(L, 2);
    }
    lua_close(L);
    EXPECT_GT(count.errors, count.slots / 4 * 3); /* few requests can be done without */
    tell("libraries");
}

/* ---- the C API ---- */

typedef struct { bool begun; luaL_Buffer buffer; } Dumped;

/* The buffer may put something on the stack, and lua_dump wants the function on top when it is called. */
static int write_to(lua_State *L, const void *part, size_t size, void *data) {
    Dumped *dumped = data;
    if (!dumped->begun) luaL_buffinit(L, &dumped->buffer);
    dumped->begun = true;
    luaL_addlstring(&dumped->buffer, part, size);
    return 0;
}

static int loads_and_dumps(lua_State *L) {
    Dumped dumped = {.begun = false};
    size_t size;
    const char *text;
    if (luaL_loadstring(L, "local t = {...} return function(a) local b <close> = nil return a, t, 'text', 1.5 end") != LUA_OK) return lua_error(L);
    if (lua_dump(L, write_to, &dumped, 0) != 0) return luaL_error(L, "not dumped");
    luaL_pushresult(&dumped.buffer);
    text = lua_tolstring(L, -1, &size);
    if (luaL_loadbufferx(L, text, size, "binary", "b") != LUA_OK) return lua_error(L);
    lua_pushinteger(L, 1);
    lua_call(L, 1, 1);
    return 0;
}

static int builds_strings(lua_State *L) {
    luaL_Buffer buffer;
    char *room;
    luaL_buffinit(L, &buffer);
    for (int i = 0; i < 300; i++) {
        luaL_addlstring(&buffer, "a piece of text, ", 17);
        lua_pushinteger(L, i);
        luaL_addvalue(&buffer);
    }
    luaL_addgsub(&buffer, "a.b.c", ".", "::");
    luaL_pushresult(&buffer);
    room = luaL_buffinitsize(L, &buffer, 5000);
    memset(room, 'x', 5000);
    luaL_pushresultsize(&buffer, 5000);
    luaL_gsub(L, "a,b,c", ",", "; ");
    lua_pushfstring(L, "%s %d %I %f %p %c %U %%", "s", 1, (LUAI_UACINT)2, 3.5, (void *)L, 'c', 0x20ACL);
    lua_concat(L, 4);
    luaL_tolstring(L, -1, NULL);
    lua_pushnumber(L, 1.5);
    lua_tostring(L, -1);
    return 0;
}

static int refers(lua_State *L) {
    int references[20];
    for (int i = 0; i < 20; i++) {
        lua_newtable(L);
        references[i] = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    for (int i = 0; i < 20; i++) {
        lua_rawgeti(L, LUA_REGISTRYINDEX, references[i]);
        luaL_unref(L, LUA_REGISTRYINDEX, references[i]);
        lua_pop(L, 1);
    }
    return 0;
}

static int traces(lua_State *L) {
    lua_Debug ar;
    lua_State *co = lua_newthread(L);
    luaL_traceback(L, L, "message", 0);
    luaL_traceback(L, co, NULL, 0);
    if (lua_getstack(L, 0, &ar)) lua_getinfo(L, "nSltufL", &ar);
    luaL_where(L, 0);
    return 0;
}

static int yields(lua_State *L) { return lua_yield(L, lua_gettop(L)); }

static int threads(lua_State *L) {
    lua_State *co = lua_newthread(L);
    int results;
    luaL_checkstack(L, 60, NULL);
    if (!lua_checkstack(co, 60)) return luaL_error(L, "stack overflow");
    lua_pushcfunction(co, yields);
    for (int i = 0; i < 30; i++) lua_pushinteger(co, i);
    if (lua_resume(co, L, 30, &results) != LUA_YIELD) {
        lua_xmove(co, L, 1);
        return lua_error(L);
    }
    lua_xmove(co, L, results);
    if (lua_resume(co, L, 0, &results) != LUA_OK) return luaL_error(L, "not finished");
    return lua_closethread(co, L) == LUA_OK ? 0 : lua_error(L);
}

static int collected(lua_State *L) {
    lua_getiuservalue(L, 1, 1);
    return 0;
}

static int userdata(lua_State *L) {
    static const luaL_Reg methods[] = {{"__gc", collected}, {"method", collected}, {NULL, NULL}};
    for (int i = 0; i < 4; i++) {
        memset(lua_newuserdatauv(L, (size_t)i * 3000, i), 1, (size_t)i * 3000);
        if (luaL_newmetatable(L, "refusal.type")) luaL_setfuncs(L, methods, 0);
        lua_setmetatable(L, -2);
        lua_newtable(L);
        lua_setiuservalue(L, -2, i);
        luaL_checkudata(L, -1, "refusal.type");
    }
    lua_pushnil(L);
    lua_setfield(L, LUA_REGISTRYINDEX, "refusal.type");
    return 0;
}

static int tables(lua_State *L) {
    luaL_checkstack(L, 100, NULL);
    lua_createtable(L, 10, 10);
    for (int i = 1; i <= 40; i++) {
        lua_pushinteger(L, i);
        lua_seti(L, 1, i);
        lua_pushfstring(L, "key %d", i);
        lua_pushboolean(L, 1);
        lua_settable(L, 1);
        lua_pushlightuserdata(L, &((char *)L)[i]);
        lua_rawsetp(L, 1, &((char *)L)[i]);
    }
    luaL_getsubtable(L, 1, "sub");
    lua_pushinteger(L, 3);
    lua_setfield(L, -2, "field");
    lua_pushglobaltable(L);
    for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {}
    return luaL_len(L, 1) == 40 ? 0 : luaL_error(L, "length");
}

static int counts(lua_State *L) {
    lua_pushnumber(L, lua_tonumber(L, lua_upvalueindex(1)) + 1);
    lua_copy(L, -1, lua_upvalueindex(1));
    return 1;
}

static int closures(lua_State *L) {
    luaL_checkstack(L, 40, NULL);
    for (int i = 0; i < 10; i++) {
        for (int j = 0; j <= i; j++) lua_pushinteger(L, j);
        lua_pushcclosure(L, counts, i + 1);
        lua_call(L, 0, 1);
    }
    return 0;
}

static int closed(lua_State *L) {
    lua_newtable(L);
    return 0;
}

static int closes(lua_State *L) {
    lua_newtable(L);
    lua_newtable(L);
    lua_pushcfunction(L, closed);
    lua_setfield(L, -2, "__close");
    lua_setmetatable(L, -2);
    lua_toclose(L, -1);
    lua_newtable(L);
    lua_settop(L, 0);
    luaL_requiref(L, "refusal.math", luaopen_math, 0);
    lua_pushinteger(L, 5);
    lua_pushinteger(L, 3);
    lua_arith(L, LUA_OPADD);
    lua_compare(L, -1, -1, LUA_OPEQ);
    lua_stringtonumber(L, "0x1p4");
    luaL_execresult(L, 0);
    luaL_fileresult(L, 0, "name");
    return 0;
}

TEST(the_c_api) {
    static const struct { const char *name; lua_CFunction run; } programs[] = {
        {"lua_load and lua_dump", loads_and_dumps}, {"luaL_Buffer", builds_strings}, {"luaL_ref", refers},
        {"luaL_traceback", traces}, {"lua_resume", threads}, {"lua_newuserdatauv", userdata}, {"lua_settable", tables},
        {"lua_pushcclosure", closures}, {"lua_toclose and others", closes},
    };
    lua_State *L = open_lua();
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        lua_pushcfunction(L, programs[i].run);
        refuse(L, programs[i].name);
        lua_pop(L, 1);
    }
    lua_close(L);
    tell("C API");
}

/* ---- from lua_newstate to lua_close, with every library ---- */

static int opens(lua_State *L) {
    luaL_openlibs(L);
    return 0;
}

static bool life(long slot, long request) {
    lua_State *L;
    bool refused = false;
    if (request) np_mem_fail_at(request, ENOMEM);
    L = luaL_newstate();
    if (L) {
        if (slot) np_heap_fail_at(&L->global->heap, slot);
        lua_pushcfunction(L, opens);
        if (lua_pcall(L, 0, 0, 0) != LUA_OK) EXPECT_TRUE(is_refusal(lua_tostring(L, -1)));
        if (slot) refused = L->global->heap.priv->slots_asked >= slot;
        lua_close(L);
    }
    if (request) refused = np_mem_calls() >= request;
    np_mem_fail_at(0, 0);
    return refused;
}

TEST(whole_lives) {
    while (!unit.failed && life(count.slots + 1, 0)) count.slots++;
    while (!unit.failed && life(0, count.system + 1)) count.system++;
    EXPECT_GT(count.slots, 300);
    EXPECT_GT(count.system, 5);
    count.programs = 1;
    tell("lives of a state");
    np_mem_verify(&np_mem_process);
}

UNIT_MAIN
