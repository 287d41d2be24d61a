/*
 * lua.h - the C API of Lua 5.4.8 as Neap provides it (manual section 4).
 *
 * Owns: the types, constants and functions through which C talks to a Lua state. Names, types,
 * constants and structure layouts are those of Lua 5.4 (Lua.org, PUC-Rio; see LUA_COPYRIGHT), so
 * a C module compiled against any Lua 5.4 header loads unchanged.
 * Does not: declare anything of Neap's own (neap.h), nor the helper layer (lauxlib.h).
 *
 * Every function carries its stack effect as the manual writes it, [-pops, +pushes, errors]:
 *     -   never raises an error
 *     m   may raise only a memory error
 *     v   may raise the error its comment names
 *     e   may run arbitrary Lua code (metamethods, finalizers) and raise any error
 * "a|b" means a or b by the case described. Where a function has a section of its own, it is the
 * entry of the same name in manual 4.6 (4.7 for the debug interface).
 *
 * Invariants a caller can rely on:
 *  1. Objects never move: a pointer from lua_tolstring, lua_touserdata or lua_topointer stays
 *     good for as long as the value itself is reachable from the state.
 *  2. Stack slots do move: an index is stable, nothing else about the stack is.
 *  3. A function that pushes does not grow the stack; luaL_checkstack/lua_checkstack does, and
 *     LUA_MINSTACK slots are free when a C function is entered.
 */
#ifndef lua_h
#define lua_h

#include <stdarg.h>
#include <stddef.h>

#include "luaconf.h"

/* ---- Version --------------------------------------------------------------------------------- */

#define LUA_VERSION_MAJOR "5"
#define LUA_VERSION_MINOR "4"
#define LUA_VERSION_RELEASE "8"

#define LUA_VERSION_NUM 504
#define LUA_VERSION_RELEASE_NUM (LUA_VERSION_NUM * 100 + 8)

#define LUA_VERSION "Lua " LUA_VERSION_MAJOR "." LUA_VERSION_MINOR
#define LUA_RELEASE LUA_VERSION "." LUA_VERSION_RELEASE
#define LUA_COPYRIGHT LUA_RELEASE "  Copyright (C) 1994-2025 Lua.org, PUC-Rio"
#define LUA_AUTHORS "R. Ierusalimschy, L. H. de Figueiredo, W. Celes"

/* First bytes of a precompiled chunk: ESC and the language's name. */
#define LUA_SIGNATURE "\x1bLua"

/* ---- Constants ------------------------------------------------------------------------------- */

/* As nresults of lua_call and lua_pcall: keep every result. */
#define LUA_MULTRET (-1)

/* Pseudo-indices (4.2): the registry, and upvalue i of the running C function. */
#define LUA_REGISTRYINDEX (-LUAI_MAXSTACK - 1000)
#define lua_upvalueindex(i) (LUA_REGISTRYINDEX - (i))

/* Thread status, and what loading and protected calls return. */
#define LUA_OK 0
#define LUA_YIELD 1
#define LUA_ERRRUN 2
#define LUA_ERRSYNTAX 3
#define LUA_ERRMEM 4
#define LUA_ERRERR 5

/* What lua_type returns. LUA_TNONE is the type of an index that holds nothing. */
#define LUA_TNONE (-1)
#define LUA_TNIL 0
#define LUA_TBOOLEAN 1
#define LUA_TLIGHTUSERDATA 2
#define LUA_TNUMBER 3
#define LUA_TSTRING 4
#define LUA_TTABLE 5
#define LUA_TFUNCTION 6
#define LUA_TUSERDATA 7
#define LUA_TTHREAD 8
#define LUA_NUMTYPES 9

/* Free slots guaranteed to a C function on entry. */
#define LUA_MINSTACK 20

/* Keys of the registry (4.3). */
#define LUA_RIDX_MAINTHREAD 1
#define LUA_RIDX_GLOBALS 2
#define LUA_RIDX_LAST LUA_RIDX_GLOBALS

/* Operators for lua_arith. */
#define LUA_OPADD 0
#define LUA_OPSUB 1
#define LUA_OPMUL 2
#define LUA_OPMOD 3
#define LUA_OPPOW 4
#define LUA_OPDIV 5
#define LUA_OPIDIV 6
#define LUA_OPBAND 7
#define LUA_OPBOR 8
#define LUA_OPBXOR 9
#define LUA_OPSHL 10
#define LUA_OPSHR 11
#define LUA_OPUNM 12
#define LUA_OPBNOT 13

/* Operators for lua_compare. */
#define LUA_OPEQ 0
#define LUA_OPLT 1
#define LUA_OPLE 2

/* Requests to lua_gc. */
#define LUA_GCSTOP 0
#define LUA_GCRESTART 1
#define LUA_GCCOLLECT 2
#define LUA_GCCOUNT 3
#define LUA_GCCOUNTB 4
#define LUA_GCSTEP 5
#define LUA_GCSETPAUSE 6
#define LUA_GCSETSTEPMUL 7
#define LUA_GCISRUNNING 9
#define LUA_GCGEN 10
#define LUA_GCINC 11

/* Debug hook events (lua_Debug.event) and the masks that ask for them. */
#define LUA_HOOKCALL 0
#define LUA_HOOKRET 1
#define LUA_HOOKLINE 2
#define LUA_HOOKCOUNT 3
#define LUA_HOOKTAILCALL 4

#define LUA_MASKCALL (1 << LUA_HOOKCALL)
#define LUA_MASKRET (1 << LUA_HOOKRET)
#define LUA_MASKLINE (1 << LUA_HOOKLINE)
#define LUA_MASKCOUNT (1 << LUA_HOOKCOUNT)

/* ---- Types ----------------------------------------------------------------------------------- */

typedef struct lua_State lua_State;

typedef LUA_NUMBER lua_Number;
typedef LUA_INTEGER lua_Integer;
typedef LUA_UNSIGNED lua_Unsigned;
typedef LUA_KCONTEXT lua_KContext;

/* A C function: arguments at 1..lua_gettop, returns how many results it left on top. */
typedef int (*lua_CFunction)(lua_State *L);

/* What runs in place of the rest of a C function that yielded or called something that did. */
typedef int (*lua_KFunction)(lua_State *L, int status, lua_KContext ctx);

/* lua_load's source: returns the next piece and its size in *sz, or NULL / size 0 at the end. */
typedef const char *(*lua_Reader)(lua_State *L, void *ud, size_t *sz);

/* lua_dump's sink: nonzero stops the dump and becomes its result. */
typedef int (*lua_Writer)(lua_State *L, const void *p, size_t sz, void *ud);

/* The host's allocator. Neap asks it for blocks of 64 KiB and more, as many bytes as the state uses, by (ud, NULL, 0, size),
   frees them by (ud, block, size, 0) and never asks for a block to grow. Objects do not live in them: docs/compatibility.md. */
typedef void *(*lua_Alloc)(void *ud, void *ptr, size_t osize, size_t nsize);

/* Receives warnings; tocont is 1 when the message goes on in the next call. */
typedef void (*lua_WarnFunction)(void *ud, const char *msg, int tocont);

typedef struct lua_Debug lua_Debug;

typedef void (*lua_Hook)(lua_State *L, lua_Debug *ar);

/*
 * What lua_getinfo knows about a function or an activation (4.7). The letter is the option that
 * fills the field; strings belong to the state and live as long as the function does.
 */
struct lua_Debug {
    int event;
    const char *name;             /* n: a reasonable name, or NULL */
    const char *namewhat;         /* n: "global", "local", "method", "field", "upvalue", "" ... */
    const char *what;             /* S: "Lua", "C", "main" */
    const char *source;           /* S: chunk name as given, with its '@' or '=' */
    size_t srclen;                /* S: bytes in source */
    int currentline;              /* l: -1 when unknown */
    int linedefined;              /* S: -1 for a C function */
    int lastlinedefined;          /* S: -1 for a C function */
    unsigned char nups;           /* u: upvalues */
    unsigned char nparams;        /* u: fixed parameters */
    char isvararg;                /* u: true for C functions too */
    char istailcall;              /* t: entered by a tail call, so its caller is unknown */
    unsigned short ftransfer;     /* r: index of the first value passed in or out */
    unsigned short ntransfer;     /* r: how many values are passed */
    char short_src[LUA_IDSIZE];   /* S: source made printable */
    struct CallInfo *i_ci;        /* the runtime's own: which activation this is */
};

/* The version number as compiled into the runtime, where a debugger or `strings` can find it. */
LUA_API const char lua_ident[];

/* ---- States and threads ---------------------------------------------------------------------- */

/* [-0, +0, -] New independent state, or NULL when there is no memory or f grants none. With f NULL nobody is asked. */
LUA_API lua_State *(lua_newstate)(lua_Alloc f, void *ud);
/* [-0, +0, -] Closes what is to be closed, runs every finalizer, returns all memory. */
LUA_API void (lua_close)(lua_State *L);
/* [-0, +1, m] New coroutine sharing L's globals; collected like any other value. */
LUA_API lua_State *(lua_newthread)(lua_State *L);
/* [-0, +?, -] Unwinds thread L, closing its variables. Returns a status; on an error its object
   is on L's stack. `from` is the thread that asks (counts nested C calls), or NULL. */
LUA_API int (lua_closethread)(lua_State *L, lua_State *from);
/* [-0, +?, -] lua_closethread(L, NULL); kept for modules written for 5.4.0 to 5.4.5. */
LUA_API int (lua_resetthread)(lua_State *L);
/* [-0, +0, -] Installs what runs on an error nobody catches; returns the previous one. */
LUA_API lua_CFunction (lua_atpanic)(lua_State *L, lua_CFunction panicf);
/* [-0, +0, -] LUA_VERSION_NUM of the runtime; L may be NULL. */
LUA_API lua_Number (lua_version)(lua_State *L);

/* ---- Stack manipulation ---------------------------------------------------------------------- */

/* [-0, +0, -] idx counted from the bottom, valid whatever happens above it. */
LUA_API int (lua_absindex)(lua_State *L, int idx);
/* [-0, +0, -] Number of values on the stack of the running function. */
LUA_API int (lua_gettop)(lua_State *L);
/* [-?, +?, e] Cuts or fills with nil up to idx; closes to-be-closed slots that it removes. */
LUA_API void (lua_settop)(lua_State *L, int idx);
/* [-0, +1, -] Pushes a copy of the value at idx. */
LUA_API void (lua_pushvalue)(lua_State *L, int idx);
/* [-0, +0, -] Turns the values from idx to the top by n places towards the top. */
LUA_API void (lua_rotate)(lua_State *L, int idx, int n);
/* [-0, +0, -] Overwrites the value at toidx with the one at fromidx. */
LUA_API void (lua_copy)(lua_State *L, int fromidx, int toidx);
/* [-0, +0, -] Makes room for n more values; 0 when the stack cannot be that large. */
LUA_API int (lua_checkstack)(lua_State *L, int n);
/* [-?, +?, -] Pops n values of `from` and pushes them onto `to`, a thread of the same state. */
LUA_API void (lua_xmove)(lua_State *from, lua_State *to, int n);

/* ---- Reading values -------------------------------------------------------------------------- */

/* [-0, +0, -] 1 when the value is a number or a string that converts to one. */
LUA_API int (lua_isnumber)(lua_State *L, int idx);
/* [-0, +0, -] 1 for strings and numbers (which always convert). */
LUA_API int (lua_isstring)(lua_State *L, int idx);
/* [-0, +0, -] 1 for C functions. */
LUA_API int (lua_iscfunction)(lua_State *L, int idx);
/* [-0, +0, -] 1 for numbers that are represented as integers. */
LUA_API int (lua_isinteger)(lua_State *L, int idx);
/* [-0, +0, -] 1 for full and light userdata. */
LUA_API int (lua_isuserdata)(lua_State *L, int idx);
/* [-0, +0, -] One of LUA_T*; LUA_TNONE for an acceptable index that holds nothing. */
LUA_API int (lua_type)(lua_State *L, int idx);
/* [-0, +0, -] Name of a type from lua_type: static storage. */
LUA_API const char *(lua_typename)(lua_State *L, int tp);

/* [-0, +0, -] Value as a float, converting strings; 0 with *isnum = 0 when it is no number.
   isnum may be NULL. */
LUA_API lua_Number (lua_tonumberx)(lua_State *L, int idx, int *isnum);
/* [-0, +0, -] Likewise as an integer; floats must have an exact integer value. */
LUA_API lua_Integer (lua_tointegerx)(lua_State *L, int idx, int *isnum);
/* [-0, +0, -] 0 for nil, false and none, 1 for all else. */
LUA_API int (lua_toboolean)(lua_State *L, int idx);
/* [-0, +0, m] Bytes of a string, their number in *len (may be NULL). Turns a number in place
   into a string, which upsets lua_next on a key. NULL for other types. Zero-terminated. */
LUA_API const char *(lua_tolstring)(lua_State *L, int idx, size_t *len);
/* [-0, +0, -] Bytes of a string or userdata, border of a table (no metamethods), else 0. */
LUA_API lua_Unsigned (lua_rawlen)(lua_State *L, int idx);
/* [-0, +0, -] The C function, or NULL. */
LUA_API lua_CFunction (lua_tocfunction)(lua_State *L, int idx);
/* [-0, +0, -] Block of a full userdata, pointer of a light one, else NULL. */
LUA_API void *(lua_touserdata)(lua_State *L, int idx);
/* [-0, +0, -] The thread, or NULL. */
LUA_API lua_State *(lua_tothread)(lua_State *L, int idx);
/* [-0, +0, -] Address that identifies a collectable value or C function, else NULL. Only for
   hashing and debugging. */
LUA_API const void *(lua_topointer)(lua_State *L, int idx);

/* ---- Arithmetic and comparison --------------------------------------------------------------- */

/* [-(2|1), +1, e] Applies LUA_OPADD ... LUA_OPBNOT to the top values (one for UNM and BNOT). */
LUA_API void (lua_arith)(lua_State *L, int op);
/* [-0, +0, -] 1 when both values are the same without asking __eq; 0 for invalid indices. */
LUA_API int (lua_rawequal)(lua_State *L, int idx1, int idx2);
/* [-0, +0, e] Compares by LUA_OPEQ, LUA_OPLT or LUA_OPLE; 0 for invalid indices. */
LUA_API int (lua_compare)(lua_State *L, int idx1, int idx2, int op);

/* ---- Pushing values -------------------------------------------------------------------------- */

/* [-0, +1, -] */
LUA_API void (lua_pushnil)(lua_State *L);
/* [-0, +1, -] */
LUA_API void (lua_pushnumber)(lua_State *L, lua_Number n);
/* [-0, +1, -] */
LUA_API void (lua_pushinteger)(lua_State *L, lua_Integer n);
/* [-0, +1, m] Copies len bytes, zeros among them; returns the copy. s may be NULL when len is 0. */
LUA_API const char *(lua_pushlstring)(lua_State *L, const char *s, size_t len);
/* [-0, +1, m] Copies a zero-terminated string; NULL pushes nil and returns NULL. */
LUA_API const char *(lua_pushstring)(lua_State *L, const char *s);
/* [-0, +1, v] Formats with %s %d %I %f %p %c %U %%; any other conversion is an error. */
LUA_API const char *(lua_pushvfstring)(lua_State *L, const char *fmt, va_list argp);
/* [-0, +1, v] The same with arguments in the call. */
LUA_API const char *(lua_pushfstring)(lua_State *L, const char *fmt, ...);
/* [-n, +1, m] C function with the n top values as upvalues, n <= 255. */
LUA_API void (lua_pushcclosure)(lua_State *L, lua_CFunction fn, int n);
/* [-0, +1, -] */
LUA_API void (lua_pushboolean)(lua_State *L, int b);
/* [-0, +1, -] A pointer as a value; equal to any other light userdata with the same address. */
LUA_API void (lua_pushlightuserdata)(lua_State *L, void *p);
/* [-0, +1, -] L itself; returns 1 when L is its state's main thread. */
LUA_API int (lua_pushthread)(lua_State *L);

/* ---- Tables, userdata, metatables: reading --------------------------------------------------- */

/* [-0, +1, e] Global variable; returns the type pushed, as all of these do. */
LUA_API int (lua_getglobal)(lua_State *L, const char *name);
/* [-1, +1, e] t[k] with t at idx and k on top. */
LUA_API int (lua_gettable)(lua_State *L, int idx);
/* [-0, +1, e] t[k] for a string key. */
LUA_API int (lua_getfield)(lua_State *L, int idx, const char *k);
/* [-0, +1, e] t[n] for an integer key. */
LUA_API int (lua_geti)(lua_State *L, int idx, lua_Integer n);
/* [-1, +1, -] t[k] without metamethods; t must be a table. */
LUA_API int (lua_rawget)(lua_State *L, int idx);
/* [-0, +1, -] t[n] without metamethods. */
LUA_API int (lua_rawgeti)(lua_State *L, int idx, lua_Integer n);
/* [-0, +1, -] t[p] without metamethods, p as light userdata. */
LUA_API int (lua_rawgetp)(lua_State *L, int idx, const void *p);

/* [-0, +1, m] New table with room for narr array elements and nrec other fields (hints). */
LUA_API void (lua_createtable)(lua_State *L, int narr, int nrec);
/* [-0, +1, m] New full userdata of sz bytes with nuvalue user values; returns its block. */
LUA_API void *(lua_newuserdatauv)(lua_State *L, size_t sz, int nuvalue);
/* [-0, +(0|1), -] Metatable of the value, or 0 with nothing pushed. */
LUA_API int (lua_getmetatable)(lua_State *L, int objindex);
/* [-0, +1, -] User value n of a userdata; nil and LUA_TNONE when it has no such value. */
LUA_API int (lua_getiuservalue)(lua_State *L, int idx, int n);

/* ---- Tables, userdata, metatables: writing --------------------------------------------------- */

/* [-1, +0, e] Assigns the top value to a global variable. */
LUA_API void (lua_setglobal)(lua_State *L, const char *name);
/* [-2, +0, e] t[k] = v with k below v on top. */
LUA_API void (lua_settable)(lua_State *L, int idx);
/* [-1, +0, e] t[k] = v for a string key. */
LUA_API void (lua_setfield)(lua_State *L, int idx, const char *k);
/* [-1, +0, e] t[n] = v for an integer key. */
LUA_API void (lua_seti)(lua_State *L, int idx, lua_Integer n);
/* [-2, +0, m] t[k] = v without metamethods. */
LUA_API void (lua_rawset)(lua_State *L, int idx);
/* [-1, +0, m] t[n] = v without metamethods. */
LUA_API void (lua_rawseti)(lua_State *L, int idx, lua_Integer n);
/* [-1, +0, m] t[p] = v without metamethods, p as light userdata. */
LUA_API void (lua_rawsetp)(lua_State *L, int idx, const void *p);
/* [-1, +0, -] Sets the metatable (a table or nil on top). Returns 1. */
LUA_API int (lua_setmetatable)(lua_State *L, int objindex);
/* [-1, +0, -] Sets user value n; 0 when the userdata has no such value. */
LUA_API int (lua_setiuservalue)(lua_State *L, int idx, int n);

/* ---- Calling and loading --------------------------------------------------------------------- */

/* [-(nargs+1), +nresults, e] Calls; k (may be NULL) continues after a yield inside the call. */
LUA_API void (lua_callk)(lua_State *L, int nargs, int nresults, lua_KContext ctx,
                         lua_KFunction k);
#define lua_call(L, n, r) lua_callk(L, (n), (r), 0, NULL)

/* [-(nargs+1), +(nresults|1), -] Calls in protected mode; msgh is the index of a message handler
   or 0. Returns a status; on an error one value, the error object, is pushed. */
LUA_API int (lua_pcallk)(lua_State *L, int nargs, int nresults, int msgh, lua_KContext ctx,
                         lua_KFunction k);
#define lua_pcall(L, n, r, f) lua_pcallk(L, (n), (r), (f), 0, NULL)

/* [-0, +1, -] Compiles or undumps a chunk; mode is "b", "t", "bt" or NULL (both). Pushes the
   function, or the message with a status other than LUA_OK. First upvalue is set to the globals. */
LUA_API int (lua_load)(lua_State *L, lua_Reader reader, void *dt, const char *chunkname,
                       const char *mode);
/* [-0, +0, -] Writes the Lua function on top as a binary chunk; strip drops debug information.
   Returns the writer's last result, or 1 for a C function. */
LUA_API int (lua_dump)(lua_State *L, lua_Writer writer, void *data, int strip);

/* ---- Coroutines ------------------------------------------------------------------------------ */

/* [-?, +?, v] Leaves the running coroutine with its nresults top values; does not return. */
LUA_API int (lua_yieldk)(lua_State *L, int nresults, lua_KContext ctx, lua_KFunction k);
#define lua_yield(L, n) lua_yieldk(L, (n), 0, NULL)

/* [-?, +?, -] Starts or continues L with narg values on top. *nres values are left on top; on an
   error the stack stays as it was, with the error object on top. */
LUA_API int (lua_resume)(lua_State *L, lua_State *from, int narg, int *nres);
/* [-0, +0, -] LUA_OK, LUA_YIELD, or the error that ended the thread. */
LUA_API int (lua_status)(lua_State *L);
/* [-0, +0, -] 1 when a yield is possible here. */
LUA_API int (lua_isyieldable)(lua_State *L);

/* ---- Warnings -------------------------------------------------------------------------------- */

/* [-0, +0, -] Who receives warnings; f NULL drops them. */
LUA_API void (lua_setwarnf)(lua_State *L, lua_WarnFunction f, void *ud);
/* [-0, +0, -] Emits one (piece of a) warning. */
LUA_API void (lua_warning)(lua_State *L, const char *msg, int tocont);

/* ---- Garbage collection ---------------------------------------------------------------------- */

/* [-0, +0, -] One of LUA_GC*, with its arguments as int. -1 for an unknown request, or when the
   collector cannot be asked (inside a finalizer). */
LUA_API int (lua_gc)(lua_State *L, int what, ...);

/* ---- Miscellaneous --------------------------------------------------------------------------- */

/* [-1, +0, v] Raises the top value as an error; does not return. */
LUA_API int (lua_error)(lua_State *L);
/* [-1, +(2|0), v] Next key and value of the table after the key on top; 0 at the end. */
LUA_API int (lua_next)(lua_State *L, int idx);
/* [-n, +1, e] Concatenates the n top values ("" for 0). */
LUA_API void (lua_concat)(lua_State *L, int n);
/* [-0, +1, e] Length as the # operator gives it. */
LUA_API void (lua_len)(lua_State *L, int idx);
/* [-0, +(0|1), -] Number in s as the lexer reads it; returns bytes used with the final zero, or
   0 with nothing pushed. */
LUA_API size_t (lua_stringtonumber)(lua_State *L, const char *s);
/* [-0, +0, -] Allocator and ud given to lua_newstate, for a module's own working memory; where none was given,
   what neap_setmodulealloc was told: after luaL_newstate one that uses malloc. ud may be NULL here. */
LUA_API lua_Alloc (lua_getallocf)(lua_State *L, void **ud);
/* [-0, +0, -] Replaces the allocator; the blocks of the old one are freed by the new one. With f NULL they are freed at once,
   by the old one, and nobody is asked any more. */
LUA_API void (lua_setallocf)(lua_State *L, lua_Alloc f, void *ud);
/* [-0, +0, v] Marks the slot at idx as a to-be-closed variable. */
LUA_API void (lua_toclose)(lua_State *L, int idx);
/* [-0, +0, e] Closes the to-be-closed slot at idx and sets it to nil. */
LUA_API void (lua_closeslot)(lua_State *L, int idx);

/* Bytes of the host in front of L; copied from the main thread into each new one. */
#define lua_getextraspace(L) ((void *)((char *)(L) - LUA_EXTRASPACE))

#define lua_tonumber(L, i) lua_tonumberx(L, (i), NULL)
#define lua_tointeger(L, i) lua_tointegerx(L, (i), NULL)
#define lua_tostring(L, i) lua_tolstring(L, (i), NULL)

#define lua_pop(L, n) lua_settop(L, -(n)-1)
#define lua_newtable(L) lua_createtable(L, 0, 0)
#define lua_pushcfunction(L, f) lua_pushcclosure(L, (f), 0)
#define lua_register(L, n, f) (lua_pushcfunction(L, (f)), lua_setglobal(L, (n)))

#define lua_isfunction(L, n) (lua_type(L, (n)) == LUA_TFUNCTION)
#define lua_istable(L, n) (lua_type(L, (n)) == LUA_TTABLE)
#define lua_islightuserdata(L, n) (lua_type(L, (n)) == LUA_TLIGHTUSERDATA)
#define lua_isnil(L, n) (lua_type(L, (n)) == LUA_TNIL)
#define lua_isboolean(L, n) (lua_type(L, (n)) == LUA_TBOOLEAN)
#define lua_isthread(L, n) (lua_type(L, (n)) == LUA_TTHREAD)
#define lua_isnone(L, n) (lua_type(L, (n)) == LUA_TNONE)
#define lua_isnoneornil(L, n) (lua_type(L, (n)) <= 0)

#define lua_pushliteral(L, s) lua_pushstring(L, "" s)
#define lua_pushglobaltable(L) ((void)lua_rawgeti(L, LUA_REGISTRYINDEX, LUA_RIDX_GLOBALS))

#define lua_insert(L, idx) lua_rotate(L, (idx), 1)
#define lua_remove(L, idx) (lua_rotate(L, (idx), -1), lua_pop(L, 1))
#define lua_replace(L, idx) (lua_copy(L, -1, (idx)), lua_pop(L, 1))

/* Names from Lua 5.3. */
#define lua_newuserdata(L, s) lua_newuserdatauv(L, s, 1)
#define lua_getuservalue(L, idx) lua_getiuservalue(L, idx, 1)
#define lua_setuservalue(L, idx) lua_setiuservalue(L, idx, 1)
#define LUA_NUMTAGS LUA_NUMTYPES

#if defined(LUA_COMPAT_APIINTCASTS)
#define lua_pushunsigned(L, n) lua_pushinteger(L, (lua_Integer)(n))
#define lua_tounsignedx(L, i, is) ((lua_Unsigned)lua_tointegerx(L, i, is))
#define lua_tounsigned(L, i) lua_tounsignedx(L, (i), NULL)
#endif

/* ---- Debug interface (4.7) ------------------------------------------------------------------- */

/* [-0, +0, -] Activation `level` (0 is the running function) into *ar; 0 beyond the last. */
LUA_API int (lua_getstack)(lua_State *L, int level, lua_Debug *ar);
/* [-(0|1), +(0|1|2), m] Fills *ar by the letters of `what`; with '>' about the function on top,
   which it pops. 'f' pushes the function, 'L' its valid lines. 0 for an unknown letter. */
LUA_API int (lua_getinfo)(lua_State *L, const char *what, lua_Debug *ar);
/* [-0, +(0|1), -] Local n of an activation; ar NULL: parameter name n of the function on top. */
LUA_API const char *(lua_getlocal)(lua_State *L, const lua_Debug *ar, int n);
/* [-1, +0, -] Assigns the top value to local n; returns its name or NULL. */
LUA_API const char *(lua_setlocal)(lua_State *L, const lua_Debug *ar, int n);
/* [-0, +(0|1), -] Upvalue n of a closure; "" is the name in C functions. */
LUA_API const char *(lua_getupvalue)(lua_State *L, int funcindex, int n);
/* [-(0|1), +0, -] Assigns the top value to upvalue n; NULL when there is none. */
LUA_API const char *(lua_setupvalue)(lua_State *L, int funcindex, int n);
/* [-0, +0, -] Address that is equal for closures sharing the upvalue; NULL when there is none. */
LUA_API void *(lua_upvalueid)(lua_State *L, int fidx, int n);
/* [-0, +0, -] Makes upvalue n1 of one Lua closure refer to upvalue n2 of another. */
LUA_API void (lua_upvaluejoin)(lua_State *L, int fidx1, int n1, int fidx2, int n2);

/* [-0, +0, -] Installs func for the events in mask; count is the period of LUA_MASKCOUNT. */
LUA_API void (lua_sethook)(lua_State *L, lua_Hook func, int mask, int count);
/* [-0, +0, -] What lua_sethook installed. */
LUA_API lua_Hook (lua_gethook)(lua_State *L);
LUA_API int (lua_gethookmask)(lua_State *L);
LUA_API int (lua_gethookcount)(lua_State *L);

/* [-0, +0, -] Has no effect and returns the fixed limit; kept for modules written for 5.4.0. */
LUA_API int (lua_setcstacklimit)(lua_State *L, unsigned int limit);

#endif
