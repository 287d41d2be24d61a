/*
 * lualib.h - the standard libraries of Lua 5.4 (manual section 6) for a host that opens them.
 *
 * Owns: each library's module name and opener. An opener is a lua_CFunction that leaves the
 * module's table on top; open one with luaL_requiref so that `require` knows it.
 */
#ifndef lualib_h
#define lualib_h

#include "lua.h"

/* Tail of version-specific environment variables: LUA_PATH_5_4, LUA_INIT_5_4. */
#define LUA_VERSUFFIX "_" LUA_VERSION_MAJOR "_" LUA_VERSION_MINOR

/* 6.1 basic functions; the module is the table of globals itself. */
LUAMOD_API int (luaopen_base)(lua_State *L);

#define LUA_COLIBNAME "coroutine" /* 6.2 */
LUAMOD_API int (luaopen_coroutine)(lua_State *L);

#define LUA_LOADLIBNAME "package" /* 6.3 */
LUAMOD_API int (luaopen_package)(lua_State *L);

#define LUA_STRLIBNAME "string" /* 6.4 */
LUAMOD_API int (luaopen_string)(lua_State *L);

#define LUA_UTF8LIBNAME "utf8" /* 6.5 */
LUAMOD_API int (luaopen_utf8)(lua_State *L);

#define LUA_TABLIBNAME "table" /* 6.6 */
LUAMOD_API int (luaopen_table)(lua_State *L);

#define LUA_MATHLIBNAME "math" /* 6.7 */
LUAMOD_API int (luaopen_math)(lua_State *L);

#define LUA_IOLIBNAME "io" /* 6.8 */
LUAMOD_API int (luaopen_io)(lua_State *L);

#define LUA_OSLIBNAME "os" /* 6.9 */
LUAMOD_API int (luaopen_os)(lua_State *L);

#define LUA_DBLIBNAME "debug" /* 6.10 */
LUAMOD_API int (luaopen_debug)(lua_State *L);

/* [-0, +0, e] Opens all of the above as globals. */
LUALIB_API void (luaL_openlibs)(lua_State *L);

#endif
