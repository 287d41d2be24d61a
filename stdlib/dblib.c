/*
 * dblib.c - the debug library (manual 6.10).
 *
 * Owns: the `debug` module; the registry table HOOKS, which maps each thread with a hook set from
 * Lua to that hook's function (weak keys).
 * Does not: look into frames; lua_getinfo and friends do.
 *
 * Many functions take an optional thread as first argument. Values of another thread are always
 * moved to L before they are used.
 */
#define LUA_LIB

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lua.h"

#include "lauxlib.h"
#include "lualib.h"

#define HOOKS "_HOOKKEY"

/* The thread to look into; *shift is 1 when it was given as first argument. */
static lua_State *subject(lua_State *L, int *shift) {
    *shift = lua_isthread(L, 1);
    return *shift ? lua_tothread(L, 1) : L;
}

/* Room for `count` values on another thread's stack; L's own minimum is enough for us. */
static void need_room(lua_State *L, lua_State *target, int count) {
    if (L != target && !lua_checkstack(target, count))
        luaL_error(L, "stack overflow");
}

/* ---- Registry, metatables, user values ---- */

static int db_getregistry(lua_State *L) {
    lua_pushvalue(L, LUA_REGISTRYINDEX);
    return 1;
}

static int db_getmetatable(lua_State *L) {
    luaL_checkany(L, 1);
    if (!lua_getmetatable(L, 1))
        lua_pushnil(L);
    return 1;
}

static int db_setmetatable(lua_State *L) {
    int type = lua_type(L, 2);
    luaL_argexpected(L, type == LUA_TNIL || type == LUA_TTABLE, 2, "nil or table");
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    return 1;
}

static int db_getuservalue(lua_State *L) {
    int slot = (int)luaL_optinteger(L, 2, 1);
    if (lua_type(L, 1) != LUA_TUSERDATA) {
        luaL_pushfail(L);
        return 1;
    }
    if (lua_getiuservalue(L, 1, slot) == LUA_TNONE)
        return 1; /* no such slot: the nil just pushed */
    lua_pushboolean(L, 1);
    return 2;
}

static int db_setuservalue(lua_State *L) {
    int slot = (int)luaL_optinteger(L, 3, 1);
    luaL_checktype(L, 1, LUA_TUSERDATA);
    luaL_checkany(L, 2);
    lua_settop(L, 2);
    if (!lua_setiuservalue(L, 1, slot))
        luaL_pushfail(L);
    return 1;
}

/* ---- getinfo ---- */

static void set_text(lua_State *L, const char *name, const char *value) {
    lua_pushstring(L, value);
    lua_setfield(L, -2, name);
}

static void set_number(lua_State *L, const char *name, int value) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
}

static void set_flag(lua_State *L, const char *name, int value) {
    lua_pushboolean(L, value);
    lua_setfield(L, -2, name);
}

/* Fills the table on top with what the options asked for, but for functions and lines. */
static void set_info(lua_State *L, const char *options, const lua_Debug *info) {
    if (strchr(options, 'S')) {
        lua_pushlstring(L, info->source, info->srclen);
        lua_setfield(L, -2, "source");
        set_text(L, "short_src", info->short_src);
        set_number(L, "linedefined", info->linedefined);
        set_number(L, "lastlinedefined", info->lastlinedefined);
        set_text(L, "what", info->what);
    }
    if (strchr(options, 'l'))
        set_number(L, "currentline", info->currentline);
    if (strchr(options, 'u')) {
        set_number(L, "nups", info->nups);
        set_number(L, "nparams", info->nparams);
        set_flag(L, "isvararg", info->isvararg);
    }
    if (strchr(options, 'n')) {
        set_text(L, "name", info->name);
        set_text(L, "namewhat", info->namewhat);
    }
    if (strchr(options, 'r')) {
        set_number(L, "ftransfer", info->ftransfer);
        set_number(L, "ntransfer", info->ntransfer);
    }
    if (strchr(options, 't'))
        set_flag(L, "istailcall", info->istailcall);
}

static int db_getinfo(lua_State *L) {
    int shift;
    lua_State *target = subject(L, &shift);
    lua_Debug info;
    const char *options = luaL_optstring(L, shift + 2, "flnSrtu"), *wanted = options;
    need_room(L, target, 3);
    luaL_argcheck(L, *options != '>', shift + 2, "invalid option '>'");
    if (lua_isfunction(L, shift + 1)) {
        wanted = lua_pushfstring(L, ">%s", options);
        lua_pushvalue(L, shift + 1);
        lua_xmove(L, target, 1);
    } else if (!lua_getstack(target, (int)luaL_checkinteger(L, shift + 1), &info)) {
        luaL_pushfail(L);
        return 1;
    }
    if (!lua_getinfo(target, wanted, &info))
        return luaL_argerror(L, shift + 2, "invalid option");
    bool function = strchr(options, 'f') != NULL, lines = strchr(options, 'L') != NULL;
    lua_xmove(target, L, function + lines);
    int extra = lua_gettop(L) - (function + lines); /* first of them is at extra + 1 */
    lua_createtable(L, 0, 16);
    set_info(L, options, &info);
    if (function) {
        lua_pushvalue(L, extra + 1);
        lua_setfield(L, -2, "func");
    }
    if (lines) {
        lua_pushvalue(L, extra + 1 + function);
        lua_setfield(L, -2, "activelines");
    }
    return 1;
}

/* ---- Local variables and upvalues ---- */

static int db_getlocal(lua_State *L) {
    int shift;
    lua_State *target = subject(L, &shift);
    int index = (int)luaL_checkinteger(L, shift + 2);
    if (lua_isfunction(L, shift + 1)) { /* names of parameters only */
        lua_pushvalue(L, shift + 1);
        lua_pushstring(L, lua_getlocal(L, NULL, index));
        return 1;
    }
    lua_Debug frame;
    if (!lua_getstack(target, (int)luaL_checkinteger(L, shift + 1), &frame))
        return luaL_argerror(L, shift + 1, "level out of range");
    need_room(L, target, 1);
    const char *name = lua_getlocal(target, &frame, index);
    if (name == NULL) {
        luaL_pushfail(L);
        return 1;
    }
    lua_xmove(target, L, 1);
    lua_pushstring(L, name);
    lua_insert(L, -2);
    return 2;
}

static int db_setlocal(lua_State *L) {
    int shift;
    lua_State *target = subject(L, &shift);
    lua_Debug frame;
    int level = (int)luaL_checkinteger(L, shift + 1);
    int index = (int)luaL_checkinteger(L, shift + 2);
    if (!lua_getstack(target, level, &frame))
        return luaL_argerror(L, shift + 1, "level out of range");
    luaL_checkany(L, shift + 3);
    lua_settop(L, shift + 3);
    need_room(L, target, 1);
    lua_xmove(L, target, 1);
    const char *name = lua_setlocal(target, &frame, index);
    if (name == NULL)
        lua_pop(target, 1);
    lua_pushstring(L, name);
    return 1;
}

static int db_getupvalue(lua_State *L) {
    int index = (int)luaL_checkinteger(L, 2);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    const char *name = lua_getupvalue(L, 1, index);
    if (name == NULL)
        return 0;
    lua_pushstring(L, name);
    lua_insert(L, -2);
    return 2;
}

static int db_setupvalue(lua_State *L) {
    luaL_checkany(L, 3);
    lua_settop(L, 3);
    int index = (int)luaL_checkinteger(L, 2);
    luaL_checktype(L, 1, LUA_TFUNCTION);
    const char *name = lua_setupvalue(L, 1, index);
    if (name == NULL)
        return 0;
    lua_pushstring(L, name);
    return 1;
}

/* Identity of the upvalue whose number is argument number_arg of the function at function_arg;
 * NULL when it has none such. *index gets the number. */
static void *upvalue_id(lua_State *L, int function_arg, int number_arg, int *index) {
    *index = (int)luaL_checkinteger(L, number_arg);
    luaL_checktype(L, function_arg, LUA_TFUNCTION);
    return lua_upvalueid(L, function_arg, *index);
}

static int db_upvalueid(lua_State *L) {
    int index;
    void *id = upvalue_id(L, 1, 2, &index);
    if (id != NULL)
        lua_pushlightuserdata(L, id);
    else
        luaL_pushfail(L);
    return 1;
}

static int db_upvaluejoin(lua_State *L) {
    int first, second;
    luaL_argcheck(L, upvalue_id(L, 1, 2, &first) != NULL, 2, "invalid upvalue index");
    luaL_argcheck(L, upvalue_id(L, 3, 4, &second) != NULL, 4, "invalid upvalue index");
    luaL_argcheck(L, !lua_iscfunction(L, 1), 1, "Lua function expected");
    luaL_argcheck(L, !lua_iscfunction(L, 3), 3, "Lua function expected");
    lua_upvaluejoin(L, 1, first, 3, second);
    return 0;
}

/* ---- Hooks ---- */

/* The one C hook: calls the Lua function registered for the running thread. */
static void call_hook(lua_State *L, lua_Debug *event) {
    static const char *const names[] = {"call", "return", "line", "count", "tail call"};
    lua_getfield(L, LUA_REGISTRYINDEX, HOOKS);
    lua_pushthread(L);
    if (lua_rawget(L, -2) != LUA_TFUNCTION)
        return;
    lua_pushstring(L, names[event->event]);
    if (event->event == LUA_HOOKLINE && event->currentline >= 0) /* stripped code has no lines */
        lua_pushinteger(L, event->currentline);
    else
        lua_pushnil(L);
    lua_call(L, 2, 0);
}

/* Pushes the table of hook functions, made on first use. */
static void push_hooks(lua_State *L) {
    if (luaL_getsubtable(L, LUA_REGISTRYINDEX, HOOKS))
        return;
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_pushvalue(L, -1);
    lua_setmetatable(L, -2);
}

static int db_sethook(lua_State *L) {
    int shift, mask = 0, count = 0;
    lua_State *target = subject(L, &shift);
    lua_Hook hook = NULL;
    if (lua_isnoneornil(L, shift + 1)) {
        lua_settop(L, shift + 1);
    } else {
        const char *events = luaL_checkstring(L, shift + 2);
        luaL_checktype(L, shift + 1, LUA_TFUNCTION);
        count = (int)luaL_optinteger(L, shift + 3, 0);
        mask = (strchr(events, 'c') ? LUA_MASKCALL : 0) | (strchr(events, 'r') ? LUA_MASKRET : 0) |
               (strchr(events, 'l') ? LUA_MASKLINE : 0) | (count > 0 ? LUA_MASKCOUNT : 0);
        hook = call_hook;
    }
    push_hooks(L);
    need_room(L, target, 1);
    lua_pushthread(target);
    lua_xmove(target, L, 1);
    lua_pushvalue(L, shift + 1);
    lua_rawset(L, -3);
    lua_sethook(target, hook, mask, count);
    return 0;
}

static int db_gethook(lua_State *L) {
    int shift;
    lua_State *target = subject(L, &shift);
    lua_Hook hook = lua_gethook(target);
    int mask = lua_gethookmask(target);
    if (hook == NULL) {
        luaL_pushfail(L);
        return 1;
    }
    if (hook != call_hook) {
        lua_pushliteral(L, "external hook");
    } else {
        push_hooks(L);
        need_room(L, target, 1);
        lua_pushthread(target);
        lua_xmove(target, L, 1);
        lua_rawget(L, -2);
    }
    lua_pushfstring(L, "%s%s%s", mask & LUA_MASKCALL ? "c" : "", mask & LUA_MASKRET ? "r" : "",
                    mask & LUA_MASKLINE ? "l" : "");
    lua_pushinteger(L, lua_gethookcount(target));
    return 3;
}

/* ---- The rest ---- */

static int db_traceback(lua_State *L) {
    int shift;
    lua_State *target = subject(L, &shift);
    const char *message = lua_tostring(L, shift + 1);
    if (message == NULL && !lua_isnoneornil(L, shift + 1)) {
        lua_pushvalue(L, shift + 1); /* some other error value: handed through untouched */
        return 1;
    }
    int level = (int)luaL_optinteger(L, shift + 2, target == L ? 1 : 0);
    luaL_traceback(L, target, message, level);
    return 1;
}

/* Pushes one line of standard input without its end; false when there is none. */
static bool read_command(lua_State *L) {
    luaL_Buffer line;
    int next = getc(stdin);
    if (next == EOF)
        return false;
    luaL_buffinit(L, &line);
    for (; next != EOF && next != '\n'; next = getc(stdin))
        luaL_addchar(&line, (char)next);
    luaL_pushresult(&line);
    return true;
}

static int db_debug(lua_State *L) {
    for (;;) {
        fputs("lua_debug> ", stderr);
        fflush(stderr);
        if (!read_command(L))
            return 0;
        size_t len;
        const char *text = lua_tolstring(L, -1, &len);
        if (strcmp(text, "cont") == 0)
            return 0;
        if (luaL_loadbuffer(L, text, len, "=(debug command)") != LUA_OK ||
            lua_pcall(L, 0, 0, 0) != LUA_OK)
            lua_writestringerror("%s\n", luaL_tolstring(L, -1, NULL));
        lua_settop(L, 0);
    }
}

static int db_setcstacklimit(lua_State *L) {
    lua_pushinteger(L, lua_setcstacklimit(L, (unsigned)luaL_checkinteger(L, 1)));
    return 1;
}

static const luaL_Reg functions[] = {
    {"debug", db_debug},
    {"gethook", db_gethook},
    {"getinfo", db_getinfo},
    {"getlocal", db_getlocal},
    {"getmetatable", db_getmetatable},
    {"getregistry", db_getregistry},
    {"getupvalue", db_getupvalue},
    {"getuservalue", db_getuservalue},
    {"setcstacklimit", db_setcstacklimit},
    {"sethook", db_sethook},
    {"setlocal", db_setlocal},
    {"setmetatable", db_setmetatable},
    {"setupvalue", db_setupvalue},
    {"setuservalue", db_setuservalue},
    {"traceback", db_traceback},
    {"upvalueid", db_upvalueid},
    {"upvaluejoin", db_upvaluejoin},
    {NULL, NULL},
};

LUAMOD_API int luaopen_debug(lua_State *L) {
    luaL_newlib(L, functions);
    return 1;
}
