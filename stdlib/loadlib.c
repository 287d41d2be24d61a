/*
 * loadlib.c - modules (manual 6.3).
 *
 * Owns: `package` and `require`; the shared objects opened for C modules, until the state closes.
 * Does not: know where files are beyond package.path and package.cpath.
 *
 * Handles of shared objects are light userdata in a registry table under the address of
 * libraries_key: by path for looking them up, and in order of opening for closing them in reverse.
 * That table's __gc runs after all others, being the first made.
 */
#define LUA_LIB

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua.h"

#include "lauxlib.h"
#include "lualib.h"

#define OPENER_PREFIX "luaopen_"

static const char libraries_key = 'L';

/* ---- Shared objects ---- */

static int close_libraries(lua_State *L) {
    for (lua_Integer i = luaL_len(L, 1); i >= 1; i--) {
        lua_rawgeti(L, 1, i);
        dlclose(lua_touserdata(L, -1));
        lua_pop(L, 1);
    }
    return 0;
}

static void make_library_table(lua_State *L) {
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, close_libraries);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &libraries_key);
}

/* Handle of the object at path if it is open already, else NULL. */
static void *find_library(lua_State *L, const char *path) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &libraries_key);
    lua_getfield(L, -1, path);
    void *handle = lua_touserdata(L, -1);
    lua_pop(L, 2);
    return handle;
}

static void remember_library(lua_State *L, const char *path, void *handle) {
    lua_rawgetp(L, LUA_REGISTRYINDEX, &libraries_key);
    lua_pushlightuserdata(L, handle);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, path);
    lua_rawseti(L, -2, luaL_len(L, -2) + 1);
    lua_pop(L, 1);
}

typedef enum { FOUND, NO_LIBRARY, NO_FUNCTION } Lookup;

/* Pushes function `name` of the object at `path`, or the linker's message. The name "*" stands for
 * no function: the object's symbols become visible to later ones, and true is pushed. */
static Lookup push_function(lua_State *L, const char *path, const char *name) {
    bool link_only = *name == '*';
    void *handle = find_library(L, path);
    if (handle == NULL) {
        handle = dlopen(path, RTLD_NOW | (link_only ? RTLD_GLOBAL : RTLD_LOCAL));
        if (handle == NULL) {
            lua_pushstring(L, dlerror());
            return NO_LIBRARY;
        }
        remember_library(L, path, handle);
    }
    if (link_only) {
        lua_pushboolean(L, 1);
        return FOUND;
    }
    union { /* C has no cast from an object pointer to a function pointer */
        void *address;
        lua_CFunction function;
    } symbol = {dlsym(handle, name)};
    if (symbol.address == NULL) {
        lua_pushstring(L, dlerror());
        return NO_FUNCTION;
    }
    lua_pushcfunction(L, symbol.function);
    return FOUND;
}

static int pkg_loadlib(lua_State *L) {
    const char *path = luaL_checkstring(L, 1);
    const char *name = luaL_checkstring(L, 2);
    Lookup result = push_function(L, path, name);
    if (result == FOUND)
        return 1;
    luaL_pushfail(L);
    lua_insert(L, -2);
    lua_pushstring(L, result == NO_LIBRARY ? "open" : "init");
    return 3;
}

/* ---- Searching files ---- */

static bool is_readable(const char *name) {
    FILE *file = fopen(name, "r");
    if (file == NULL)
        return false;
    fclose(file);
    return true;
}

/* Tries the templates of `path` with `name` for each mark. Pushes the first file name that can be
 * opened and returns it; or pushes the list of the names tried and returns NULL. Every `sep` in
 * the name becomes `dir` first, unless sep is empty. */
static const char *search(lua_State *L, const char *name, const char *path, const char *sep,
                          const char *dir) {
    if (*sep != '\0' && strstr(name, sep) != NULL)
        name = luaL_gsub(L, name, sep, dir);
    const char *candidates = luaL_gsub(L, path, LUA_PATH_MARK, name);
    for (const char *at = candidates; *at != '\0';) {
        size_t len = strcspn(at, LUA_PATH_SEP);
        const char *file = lua_pushlstring(L, at, len);
        if (is_readable(file))
            return file;
        lua_pop(L, 1);
        at += len + (at[len] != '\0');
    }
    luaL_Buffer message;
    luaL_buffinit(L, &message);
    luaL_addstring(&message, "no file '");
    luaL_addgsub(&message, candidates, LUA_PATH_SEP, "'\n\tno file '");
    luaL_addstring(&message, "'");
    luaL_pushresult(&message);
    return NULL;
}

static int pkg_searchpath(lua_State *L) {
    /* from the last to the first: of several bad arguments Debian's lua5.4 names the last one */
    const char *dir = luaL_optstring(L, 4, LUA_DIRSEP);
    const char *sep = luaL_optstring(L, 3, ".");
    const char *path = luaL_checkstring(L, 2);
    const char *name = luaL_checkstring(L, 1);
    if (search(L, name, path, sep, dir) != NULL)
        return 1;
    luaL_pushfail(L);
    lua_insert(L, -2);
    return 2;
}

/* search with the path in field `field` of the package table, the upvalue of every searcher. */
static const char *search_module(lua_State *L, const char *name, const char *field) {
    lua_getfield(L, lua_upvalueindex(1), field);
    const char *path = lua_tostring(L, -1);
    if (path == NULL)
        luaL_error(L, "'package.%s' must be a string", field);
    return search(L, name, path, ".", LUA_DIRSEP);
}

/* ---- The searchers ---- */

/* Results of a searcher that found `file`: the loader on top and the file's name; or the error
 * with the message on top. */
static int end_search(lua_State *L, bool loaded, const char *file) {
    if (!loaded)
        return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s",
                          lua_tostring(L, 1), file, lua_tostring(L, -1));
    lua_pushstring(L, file);
    return 2;
}

static int search_preload(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    if (lua_getfield(L, -1, name) == LUA_TNIL) {
        lua_pushfstring(L, "no field package.preload['%s']", name);
        return 1;
    }
    lua_pushliteral(L, ":preload:");
    return 2;
}

static int search_lua(lua_State *L) {
    const char *file = search_module(L, luaL_checkstring(L, 1), "path");
    if (file == NULL)
        return 1;
    return end_search(L, luaL_loadfile(L, file) == LUA_OK, file);
}

/* Pushes the opener of module `name` in the object `file`. In a name with a hyphen only the part
 * before it counts (or, as in Lua 5.1, only the part after it when there is no such opener). */
static Lookup push_opener(lua_State *L, const char *file, const char *name) {
    name = luaL_gsub(L, name, ".", "_");
    const char *hyphen = strstr(name, LUA_IGMARK);
    if (hyphen != NULL) {
        lua_pushlstring(L, name, (size_t)(hyphen - name));
        const char *opener = lua_pushfstring(L, OPENER_PREFIX "%s", lua_tostring(L, -1));
        Lookup result = push_function(L, file, opener);
        if (result != NO_FUNCTION)
            return result;
        name = hyphen + 1;
    }
    return push_function(L, file, lua_pushfstring(L, OPENER_PREFIX "%s", name));
}

static int search_c(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    const char *file = search_module(L, name, "cpath");
    if (file == NULL)
        return 1;
    return end_search(L, push_opener(L, file, name) == FOUND, file);
}

/* For a.b.c: the object of module a may hold the opener luaopen_a_b_c. */
static int search_c_root(lua_State *L) {
    const char *name = luaL_checkstring(L, 1), *dot = strchr(name, '.');
    if (dot == NULL)
        return 0;
    lua_pushlstring(L, name, (size_t)(dot - name));
    const char *file = search_module(L, lua_tostring(L, -1), "cpath");
    if (file == NULL)
        return 1;
    Lookup result = push_opener(L, file, name);
    if (result == NO_FUNCTION) {
        lua_pushfstring(L, "no module '%s' in file '%s'", name, file);
        return 1;
    }
    return end_search(L, result == FOUND, file);
}

/* ---- require ---- */

/* Pushes the loader and its extra value that the first successful searcher gives. */
static void find_loader(lua_State *L, const char *name) {
    luaL_Buffer tried;
    if (lua_getfield(L, lua_upvalueindex(1), "searchers") != LUA_TTABLE)
        luaL_error(L, "'package.searchers' must be a table");
    int searchers = lua_gettop(L);
    luaL_buffinit(L, &tried); /* its slot is on top between the rounds */
    for (lua_Integer i = 1;; i++) {
        if (lua_rawgeti(L, searchers, i) == LUA_TNIL) {
            lua_pop(L, 1);
            luaL_pushresult(&tried);
            luaL_error(L, "module '%s' not found:%s", name, lua_tostring(L, -1));
        }
        lua_pushstring(L, name);
        lua_call(L, 1, 2);
        if (lua_isfunction(L, -2))
            return;
        lua_pop(L, 1);
        if (lua_isstring(L, -1)) {
            lua_pushliteral(L, "\n\t");
            lua_insert(L, -2);
            lua_concat(L, 2);
            luaL_addvalue(&tried);
        } else {
            lua_pop(L, 1);
        }
    }
}

static int pkg_require(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    lua_settop(L, 1);
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE); /* at 2 */
    lua_getfield(L, 2, name);
    if (lua_toboolean(L, -1))
        return 1;
    lua_pop(L, 1);
    find_loader(L, name);
    lua_pushvalue(L, -1);
    lua_insert(L, -3); /* extra, loader, extra */
    lua_pushvalue(L, 1);
    lua_insert(L, -2);
    lua_call(L, 2, 1);
    if (!lua_isnil(L, -1))
        lua_setfield(L, 2, name);
    else
        lua_pop(L, 1);
    if (lua_getfield(L, 2, name) == LUA_TNIL) { /* the loader may have set it itself */
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, 2, name);
    }
    lua_insert(L, -2); /* value, extra */
    return 2;
}

/* ---- The module ---- */

/* Sets field `field` of the table on top to the path in the environment, where ";;" stands for
 * the default, or to the default. */
static void set_path(lua_State *L, const char *field, const char *variable,
                     const char *fallback) {
    int package = lua_gettop(L);
    const char *versioned = lua_pushfstring(L, "%s%s", variable, LUA_VERSUFFIX);
    const char *path = getenv(versioned);
    if (path == NULL)
        path = getenv(variable);
    lua_getfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    const char *gap = path != NULL ? strstr(path, LUA_PATH_SEP LUA_PATH_SEP) : NULL;
    if (path == NULL || lua_toboolean(L, -1)) {
        lua_pushstring(L, fallback);
    } else if (gap == NULL) {
        lua_pushstring(L, path);
    } else {
        const char *rest = gap + 2;
        luaL_Buffer whole;
        luaL_buffinit(L, &whole);
        if (gap > path) {
            luaL_addlstring(&whole, path, (size_t)(gap - path));
            luaL_addchar(&whole, *LUA_PATH_SEP);
        }
        luaL_addstring(&whole, fallback);
        if (*rest != '\0') {
            luaL_addchar(&whole, *LUA_PATH_SEP);
            luaL_addstring(&whole, rest);
        }
        luaL_pushresult(&whole);
    }
    lua_setfield(L, package, field);
    lua_settop(L, package);
}

static const luaL_Reg functions[] = {
    {"loadlib", pkg_loadlib},
    {"searchpath", pkg_searchpath},
    {"config", NULL},
    {"cpath", NULL},
    {"loaded", NULL},
    {"path", NULL},
    {"preload", NULL},
    {"searchers", NULL},
    {NULL, NULL},
};

LUAMOD_API int luaopen_package(lua_State *L) {
    static const lua_CFunction searchers[] = {search_preload, search_lua, search_c, search_c_root};
    const int count = (int)(sizeof searchers / sizeof searchers[0]);
    make_library_table(L);
    luaL_newlib(L, functions);
    lua_createtable(L, count, 0);
    for (int i = 0; i < count; i++) {
        lua_pushvalue(L, -2);
        lua_pushcclosure(L, searchers[i], 1);
        lua_rawseti(L, -2, i + 1);
    }
    lua_setfield(L, -2, "searchers");
    set_path(L, "path", "LUA_PATH", LUA_PATH_DEFAULT);
    set_path(L, "cpath", "LUA_CPATH", LUA_CPATH_DEFAULT);
    /* directory separator, template separator, mark, two more that only Windows and C names use */
    lua_pushliteral(L, LUA_DIRSEP "\n" LUA_PATH_SEP "\n" LUA_PATH_MARK "\n" LUA_EXEC_DIR
                                  "\n" LUA_IGMARK "\n");
    lua_setfield(L, -2, "config");
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_setfield(L, -2, "loaded");
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
    lua_setfield(L, -2, "preload");
    lua_pushglobaltable(L);
    lua_pushvalue(L, -2);
    lua_pushcclosure(L, pkg_require, 1);
    lua_setfield(L, -2, "require");
    lua_pop(L, 1);
    return 1;
}
