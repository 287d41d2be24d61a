/*
 * lauxlib.h - the auxiliary library of Lua 5.4 (manual section 5).
 *
 * Owns: helpers for C functions and hosts, all of them built on lua.h alone (stdlib/auxlib.c).
 * Does not: reach anything in the runtime that lua.h does not offer.
 *
 * Stack effects [-pops, +pushes, errors] are written as in lua.h. Functions whose name has
 * "check" or "opt" take the position of an argument and raise Lua's "bad argument" error.
 */
#ifndef lauxlib_h
#define lauxlib_h

#include <stddef.h>
#include <stdio.h>

#include "luaconf.h"
#include "lua.h"

/* Name of the table of globals, and keys of the registry used by `require`. */
#define LUA_GNAME "_G"
#define LUA_LOADED_TABLE "_LOADED"
#define LUA_PRELOAD_TABLE "_PRELOAD"

/* luaL_loadfilex could not open or read the file. */
#define LUA_ERRFILE (LUA_ERRERR + 1)

/* References that luaL_ref never creates for a value: none, and nil's. */
#define LUA_NOREF (-2)
#define LUA_REFNIL (-1)

/* Entry of a function list; {NULL, NULL} ends it, func NULL reserves a field (set to false). */
typedef struct luaL_Reg {
    const char *name;
    lua_CFunction func;
} luaL_Reg;

/* ---- Version check --------------------------------------------------------------------------- */

#define LUAL_NUMSIZES (sizeof(lua_Integer) * 16 + sizeof(lua_Number))

/* [-0, +0, v] Error when a module was compiled for another version or for other number types. */
LUALIB_API void (luaL_checkversion_)(lua_State *L, lua_Number ver, size_t sz);
#define luaL_checkversion(L) luaL_checkversion_(L, LUA_VERSION_NUM, LUAL_NUMSIZES)

/* ---- Metafields and conversion --------------------------------------------------------------- */

/* [-0, +(0|1), m] Pushes field e of obj's metatable and returns its type; LUA_TNIL, nothing
   pushed, when there is no metatable or no such field. */
LUALIB_API int (luaL_getmetafield)(lua_State *L, int obj, const char *e);
/* [-0, +(0|1), e] Calls metamethod e on obj; 0 with nothing pushed when there is none. */
LUALIB_API int (luaL_callmeta)(lua_State *L, int obj, const char *e);
/* [-0, +1, e] Any value as a string the way tostring does it; asks __tostring and __name. */
LUALIB_API const char *(luaL_tolstring)(lua_State *L, int idx, size_t *len);

/* ---- Arguments ------------------------------------------------------------------------------- */

/* [-0, +0, v] "bad argument #arg to 'function' (extramsg)"; does not return. */
LUALIB_API int (luaL_argerror)(lua_State *L, int arg, const char *extramsg);
/* [-0, +0, v] The same with "tname expected, got ..."; does not return. */
LUALIB_API int (luaL_typeerror)(lua_State *L, int arg, const char *tname);

/* [-0, +0, v] The argument as a string (numbers convert in place), size in *len when wanted. */
LUALIB_API const char *(luaL_checklstring)(lua_State *L, int arg, size_t *len);
/* [-0, +0, v] The same, or def when the argument is absent or nil (def may be NULL). */
LUALIB_API const char *(luaL_optlstring)(lua_State *L, int arg, const char *def, size_t *len);
/* [-0, +0, v] */
LUALIB_API lua_Number (luaL_checknumber)(lua_State *L, int arg);
LUALIB_API lua_Number (luaL_optnumber)(lua_State *L, int arg, lua_Number def);
/* [-0, +0, v] */
LUALIB_API lua_Integer (luaL_checkinteger)(lua_State *L, int arg);
LUALIB_API lua_Integer (luaL_optinteger)(lua_State *L, int arg, lua_Integer def);

/* [-0, +0, v] Room for sz more values, or "stack overflow (msg)". */
LUALIB_API void (luaL_checkstack)(lua_State *L, int sz, const char *msg);
/* [-0, +0, v] The argument has type t (a LUA_T constant). */
LUALIB_API void (luaL_checktype)(lua_State *L, int arg, int t);
/* [-0, +0, v] There is an argument here, nil allowed. */
LUALIB_API void (luaL_checkany)(lua_State *L, int arg);
/* [-0, +0, v] Index in lst (NULL ends it) of the string argument; def when absent, unless NULL. */
LUALIB_API int (luaL_checkoption)(lua_State *L, int arg, const char *def,
                                  const char *const lst[]);

/* ---- Userdata types -------------------------------------------------------------------------- */

/* [-0, +1, m] Pushes registry[tname], created with __name set when missing; 0 when it was there. */
LUALIB_API int (luaL_newmetatable)(lua_State *L, const char *tname);
/* [-0, +0, -] Gives the value on top the metatable registered as tname. */
LUALIB_API void (luaL_setmetatable)(lua_State *L, const char *tname);
/* [-0, +0, m] Block of a userdata of type tname, or NULL. */
LUALIB_API void *(luaL_testudata)(lua_State *L, int ud, const char *tname);
/* [-0, +0, v] The same, or an argument error. */
LUALIB_API void *(luaL_checkudata)(lua_State *L, int ud, const char *tname);

/* ---- Errors and results ---------------------------------------------------------------------- */

/* [-0, +1, m] "chunk:line: " of the function at level lvl, or "". */
LUALIB_API void (luaL_where)(lua_State *L, int lvl);
/* [-0, +0, v] Raises a message with the position of the caller; formats as lua_pushfstring. */
LUALIB_API int (luaL_error)(lua_State *L, const char *fmt, ...);
/* [-0, +(1|3), m] Results of a file operation: true, or fail, message with errno's text, errno. */
LUALIB_API int (luaL_fileresult)(lua_State *L, int stat, const char *fname);
/* [-0, +3, m] Results of a process: true or fail, "exit" or "signal", code. stat is what system
   or pclose gave; when it and errno are both nonzero, luaL_fileresult's failure. */
LUALIB_API int (luaL_execresult)(lua_State *L, int stat);
/* [-0, +1, m] Traceback of L1 from a level on, after msg when it is not NULL. */
LUALIB_API void (luaL_traceback)(lua_State *L, lua_State *L1, const char *msg, int level);

/* ---- References ------------------------------------------------------------------------------ */

/* [-1, +0, m] Stores the top value in table t; returns its key, LUA_REFNIL for nil. */
LUALIB_API int (luaL_ref)(lua_State *L, int t);
/* [-0, +0, -] Frees a key of luaL_ref; negative references are ignored. */
LUALIB_API void (luaL_unref)(lua_State *L, int t, int ref);

/* ---- Loading --------------------------------------------------------------------------------- */

/* [-0, +1, m] Loads a file (NULL: stdin), skipping a first line that starts with '#' and a UTF-8
   byte order mark. Returns lua_load's status or LUA_ERRFILE, the message then on top. */
LUALIB_API int (luaL_loadfilex)(lua_State *L, const char *filename, const char *mode);
/* [-0, +1, -] Loads sz bytes of memory. */
LUALIB_API int (luaL_loadbufferx)(lua_State *L, const char *buff, size_t sz, const char *name,
                                  const char *mode);
/* [-0, +1, -] Loads a string, which is its own chunk name. */
LUALIB_API int (luaL_loadstring)(lua_State *L, const char *s);

/* [-0, +0, -] New state with a panic function that reports to stderr, and warnings off. */
LUALIB_API lua_State *(luaL_newstate)(void);

/* ---- Tables and modules ---------------------------------------------------------------------- */

/* [-0, +0, e] Length as the # operator gives it; an error when that is no integer. */
LUALIB_API lua_Integer (luaL_len)(lua_State *L, int idx);
/* [-nup, +0, m] Sets every function of l in the table below the nup shared upvalues. */
LUALIB_API void (luaL_setfuncs)(lua_State *L, const luaL_Reg *l, int nup);
/* [-0, +1, e] Pushes t[fname], making it a new table when it is none; 1 when it was a table. */
LUALIB_API int (luaL_getsubtable)(lua_State *L, int idx, const char *fname);
/* [-0, +1, e] Pushes package.loaded[modname], opened by openf unless loaded; glb sets a global. */
LUALIB_API void (luaL_requiref)(lua_State *L, const char *modname, lua_CFunction openf, int glb);

/* [-0, +1, m] Copy of s with every p replaced by r, all of them plain text. */
LUALIB_API const char *(luaL_gsub)(lua_State *L, const char *s, const char *p, const char *r);

#define luaL_newlibtable(L, l) lua_createtable(L, 0, sizeof(l) / sizeof((l)[0]) - 1)
#define luaL_newlib(L, l) (luaL_checkversion(L), luaL_newlibtable(L, l), luaL_setfuncs(L, l, 0))

/* ---- Shorthands ------------------------------------------------------------------------------ */

#define luaL_argcheck(L, cond, arg, extramsg)                                                      \
    ((void)(luai_likely(cond) || luaL_argerror(L, (arg), (extramsg))))
#define luaL_argexpected(L, cond, arg, tname)                                                      \
    ((void)(luai_likely(cond) || luaL_typeerror(L, (arg), (tname))))

#define luaL_checkstring(L, n) (luaL_checklstring(L, (n), NULL))
#define luaL_optstring(L, n, d) (luaL_optlstring(L, (n), (d), NULL))
#define luaL_typename(L, i) lua_typename(L, lua_type(L, (i)))
#define luaL_opt(L, f, n, d) (lua_isnoneornil(L, (n)) ? (d) : f(L, (n)))
#define luaL_getmetatable(L, n) (lua_getfield(L, LUA_REGISTRYINDEX, (n)))

#define luaL_loadfile(L, f) luaL_loadfilex(L, f, NULL)
#define luaL_loadbuffer(L, s, sz, n) luaL_loadbufferx(L, s, sz, n, NULL)
#define luaL_dofile(L, fn) (luaL_loadfile(L, fn) || lua_pcall(L, 0, LUA_MULTRET, 0))
#define luaL_dostring(L, s) (luaL_loadstring(L, s) || lua_pcall(L, 0, LUA_MULTRET, 0))

/* Integer arithmetic that wraps around, as Lua's does. */
#define luaL_intop(op, v1, v2) ((lua_Integer)((lua_Unsigned)(v1)op(lua_Unsigned)(v2)))

/* What library functions return for failure. */
#define luaL_pushfail(L) lua_pushnil(L)

#if !defined(lua_assert)
#define lua_assert(c) ((void)0)
#endif

/* ---- String buffers -------------------------------------------------------------------------- */

/*
 * Collects a string piece by piece. Lives in a C variable; once it outgrows `init` its bytes are
 * in a userdata of the state. From luaL_buffinit to luaL_pushresult the buffer owns one stack
 * slot, which must be on top whenever a luaL_*buff* or luaL_add* function is called (except that
 * luaL_addvalue expects the value above it).
 */
typedef struct luaL_Buffer luaL_Buffer;

struct luaL_Buffer {
    char *b;      /* where the bytes are */
    size_t size;  /* room at b */
    size_t n;     /* bytes in use */
    lua_State *L;
    union {
        LUAI_MAXALIGN;
        char b[LUAL_BUFFERSIZE];
    } init;
};

#define luaL_bufflen(bf) ((bf)->n)
#define luaL_buffaddr(bf) ((bf)->b)

#define luaL_addchar(B, c)                                                                         \
    ((void)((B)->n < (B)->size || luaL_prepbuffsize((B), 1)), ((B)->b[(B)->n++] = (c)))
#define luaL_addsize(B, s) ((B)->n += (s))
#define luaL_buffsub(B, s) ((B)->n -= (s))

/* [-0, +1, -] Starts an empty buffer. */
LUALIB_API void (luaL_buffinit)(lua_State *L, luaL_Buffer *B);
/* [-?, +?, m] Room for sz more bytes; use it, then luaL_addsize. */
LUALIB_API char *(luaL_prepbuffsize)(luaL_Buffer *B, size_t sz);
/* [-?, +?, m] Appends l bytes. */
LUALIB_API void (luaL_addlstring)(luaL_Buffer *B, const char *s, size_t l);
/* [-?, +?, m] Appends a zero-terminated string. */
LUALIB_API void (luaL_addstring)(luaL_Buffer *B, const char *s);
/* [-?, +?, m] Appends s with every p replaced by r. */
LUALIB_API void (luaL_addgsub)(luaL_Buffer *B, const char *s, const char *p, const char *r);
/* [-?, +?, m] Pops a string or number from above the buffer's slot and appends it. */
LUALIB_API void (luaL_addvalue)(luaL_Buffer *B);
/* [-1, +1, m] Ends the buffer: its slot is replaced by the string. */
LUALIB_API void (luaL_pushresult)(luaL_Buffer *B);
/* [-1, +1, m] luaL_addsize, then luaL_pushresult. */
LUALIB_API void (luaL_pushresultsize)(luaL_Buffer *B, size_t sz);
/* [-0, +1, m] luaL_buffinit, then luaL_prepbuffsize. */
LUALIB_API char *(luaL_buffinitsize)(lua_State *L, luaL_Buffer *B, size_t sz);

#define luaL_prepbuffer(B) luaL_prepbuffsize(B, LUAL_BUFFERSIZE)

/* ---- File handles (6.8) ---------------------------------------------------------------------- */

/* Name of the metatable every library's file userdata shares. */
#define LUA_FILEHANDLE "FILE*"

typedef struct luaL_Stream {
    FILE *f;              /* NULL while the userdata is being made */
    lua_CFunction closef; /* NULL for a closed file */
} luaL_Stream;

/* ---- Output of print and of the stand-alone program ------------------------------------------ */

#if !defined(lua_writestring)
#define lua_writestring(s, l) fwrite((s), sizeof(char), (l), stdout)
#endif
#if !defined(lua_writeline)
#define lua_writeline() (lua_writestring("\n", 1), fflush(stdout))
#endif
#if !defined(lua_writestringerror)
#define lua_writestringerror(s, p) (fprintf(stderr, (s), (p)), fflush(stderr))
#endif

/* ---- Lua 5.3 source compatibility, on request ------------------------------------------------ */

#if defined(LUA_COMPAT_APIINTCASTS)
#define luaL_checkunsigned(L, a) ((lua_Unsigned)luaL_checkinteger(L, a))
#define luaL_optunsigned(L, a, d) ((lua_Unsigned)luaL_optinteger(L, a, (lua_Integer)(d)))
#define luaL_checkint(L, n) ((int)luaL_checkinteger(L, (n)))
#define luaL_optint(L, n, d) ((int)luaL_optinteger(L, (n), (d)))
#define luaL_checklong(L, n) ((long)luaL_checkinteger(L, (n)))
#define luaL_optlong(L, n, d) ((long)luaL_optinteger(L, (n), (d)))
#endif

#endif
