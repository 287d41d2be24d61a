/*
 * luaconf.h - the configuration a host or C module of Neap can see.
 *
 * Owns: the C types behind Lua numbers, the limits and formats that are part of Lua 5.4's binary
 * or source interface, and the default module search paths.
 * Does not: configure Neap itself. Types, limits and layouts are fixed to the values Debian's
 * lua5.4 package is built with, so that modules compiled against either load into both; a 32-bit
 * or float-only Lua is therefore not offered. Only the search paths may be given to a build.
 */
#ifndef luaconf_h
#define luaconf_h

#include <float.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* ---- Names that programs test to learn how Lua was configured -------------------------------- */

#define LUA_INT_INT 1
#define LUA_INT_LONG 2
#define LUA_INT_LONGLONG 3

#define LUA_FLOAT_FLOAT 1
#define LUA_FLOAT_DOUBLE 2
#define LUA_FLOAT_LONGDOUBLE 3

#define LUA_INT_TYPE LUA_INT_LONGLONG
#define LUA_FLOAT_TYPE LUA_FLOAT_DOUBLE

/* An int holds at least 32 bits on every system Neap runs on. */
#define LUAI_IS32INT ((UINT_MAX >> 30) >= 3)

/* ---- Floats ---------------------------------------------------------------------------------- */

#define LUA_NUMBER double
#define LUAI_UACNUMBER double /* what a float becomes when it is passed through "..." */
#define LUA_NUMBER_FRMLEN ""  /* printf length modifier of a float */
#define LUA_NUMBER_FMT "%.14g"

#define l_floatatt(n) (DBL_##n)
#define l_mathop(op) op
#define l_floor(x) (l_mathop(floor)(x))

#define lua_number2str(s, sz, n) l_sprintf((s), sz, LUA_NUMBER_FMT, (LUAI_UACNUMBER)(n))
#define lua_number2strx(L, b, sz, f, n) ((void)L, l_sprintf(b, sz, f, (LUAI_UACNUMBER)(n)))
#define lua_str2number(s, p) strtod((s), (p))
#define lua_strx2number(s, p) lua_str2number(s, p)

/* True, with *p set, when float n has the value of an integer. The bounds are exact as doubles. */
#define lua_numbertointeger(n, p)                                                                  \
    ((n) >= (LUA_NUMBER)(LUA_MININTEGER) && (n) < -(LUA_NUMBER)(LUA_MININTEGER) &&                 \
     (*(p) = (LUA_INTEGER)(n), 1))

/* ---- Integers -------------------------------------------------------------------------------- */

#define LUA_INTEGER long long
#define LUA_UNSIGNED unsigned LUAI_UACINT
#define LUAI_UACINT LUA_INTEGER /* what an integer becomes when it is passed through "..." */
#define LUA_INTEGER_FRMLEN "ll"
#define LUA_INTEGER_FMT "%" LUA_INTEGER_FRMLEN "d"

#define LUA_MAXINTEGER LLONG_MAX
#define LUA_MININTEGER LLONG_MIN
#define LUA_MAXUNSIGNED ULLONG_MAX

#define lua_integer2str(s, sz, n) l_sprintf((s), sz, LUA_INTEGER_FMT, (LUAI_UACINT)(n))

/* ---- Formatting and locale ------------------------------------------------------------------- */

#define l_sprintf(s, sz, f, i) snprintf(s, sz, f, i)
#define lua_pointer2str(buff, sz, p) l_sprintf(buff, sz, "%p", p)

/* The character the C library expects as decimal point; needs <locale.h> where it is used. */
#if !defined(lua_getlocaledecpoint)
#define lua_getlocaledecpoint() (localeconv()->decimal_point[0])
#endif

/* ---- Continuations --------------------------------------------------------------------------- */

#define LUA_KCONTEXT intptr_t

/* ---- Limits ---------------------------------------------------------------------------------- */

/* Slots a Lua stack can have. Pseudo-indices start below -LUAI_MAXSTACK: part of the binary API. */
#define LUAI_MAXSTACK 1000000

/* Bytes that belong to the host in front of every lua_State; see lua_getextraspace. */
#define LUA_EXTRASPACE (sizeof(void *))

/* Bytes of lua_Debug.short_src, its final zero included. */
#define LUA_IDSIZE 60

/* Bytes inside a luaL_Buffer before it needs memory of the state. 1024 on 64-bit systems. */
#define LUAL_BUFFERSIZE ((int)(16 * sizeof(void *) * sizeof(lua_Number)))

/* Members that give a union the strictest alignment Lua promises. */
#define LUAI_MAXALIGN                                                                              \
    lua_Number n;                                                                                  \
    double u;                                                                                      \
    void *s;                                                                                       \
    lua_Integer i;                                                                                 \
    long l

/* ---- Module search paths (manual 6.3, package.path and package.cpath) ------------------------ */

#define LUA_VDIR LUA_VERSION_MAJOR "." LUA_VERSION_MINOR

#define LUA_PATH_SEP ";"
#define LUA_PATH_MARK "?"
#define LUA_EXEC_DIR "!"
#define LUA_DIRSEP "/"
#define LUA_IGMARK "-"

#define LUA_ROOT "/usr/local/"
#define LUA_LDIR LUA_ROOT "share/lua/" LUA_VDIR "/"
#define LUA_CDIR LUA_ROOT "lib/lua/" LUA_VDIR "/"

/* Where the distribution puts modules, searched after what was installed by hand: Debian's folders, which its own lua5.4
 * searches too. The name of the architecture is Debian's multiarch tuple (wiki.debian.org/Multiarch/Tuples). */
#define NEAP_SYS_LDIR "/usr/share/lua/" LUA_VDIR "/"
#define NEAP_SYS_CDIR "/usr/lib/lua/" LUA_VDIR "/"
#if defined(__linux__) && defined(__x86_64__)
#define NEAP_ARCH_CDIR "/usr/lib/x86_64-linux-gnu/lua/" LUA_VDIR "/"
#elif defined(__linux__) && defined(__aarch64__)
#define NEAP_ARCH_CDIR "/usr/lib/aarch64-linux-gnu/lua/" LUA_VDIR "/"
#elif defined(__linux__) && defined(__s390x__)
#define NEAP_ARCH_CDIR "/usr/lib/s390x-linux-gnu/lua/" LUA_VDIR "/"
#else
#define NEAP_ARCH_CDIR NEAP_SYS_CDIR
#endif

#if !defined(LUA_PATH_DEFAULT)
#define LUA_PATH_DEFAULT                                                                           \
    LUA_LDIR "?.lua;" LUA_LDIR "?/init.lua;" LUA_CDIR "?.lua;" LUA_CDIR "?/init.lua;"             \
             NEAP_SYS_LDIR "?.lua;" NEAP_SYS_LDIR "?/init.lua;"                                    \
             "./?.lua;"                                                                            \
             "./?/init.lua"
#endif

#if !defined(LUA_CPATH_DEFAULT)
#define LUA_CPATH_DEFAULT                                                                          \
    LUA_CDIR "?.so;" NEAP_ARCH_CDIR "?.so;" NEAP_SYS_CDIR "?.so;" LUA_CDIR "loadall.so;./?.so"
#endif

/* ---- Linkage --------------------------------------------------------------------------------- */

/* Neap is built with hidden visibility; these names are the ones a C module may bind to. */
#if defined(__GNUC__)
#define LUA_API __attribute__((visibility("default"))) extern
#else
#define LUA_API extern
#endif

#define LUALIB_API LUA_API
#define LUAMOD_API LUA_API

/* ---- Branch hints ---------------------------------------------------------------------------- */

#if !defined(luai_likely)
#if defined(__GNUC__) && !defined(LUA_NOBUILTIN)
#define luai_likely(x) (__builtin_expect(((x) != 0), 1))
#define luai_unlikely(x) (__builtin_expect(((x) != 0), 0))
#else
#define luai_likely(x) (x)
#define luai_unlikely(x) (x)
#endif
#endif

/* The short spelling only where a file declares itself part of Lua, so that hosts keep the name. */
#if defined(LUA_CORE) || defined(LUA_LIB)
#define l_likely(x) luai_likely(x)
#define l_unlikely(x) luai_unlikely(x)
#endif

/* ---- Lua 5.3 source compatibility, on request ------------------------------------------------ */

#if defined(LUA_COMPAT_5_3)
#define LUA_COMPAT_MATHLIB
#define LUA_COMPAT_APIINTCASTS
#define LUA_COMPAT_LT_LE

#define lua_strlen(L, i) lua_rawlen(L, (i))
#define lua_objlen(L, i) lua_rawlen(L, (i))
#define lua_equal(L, idx1, idx2) lua_compare(L, (idx1), (idx2), LUA_OPEQ)
#define lua_lessthan(L, idx1, idx2) lua_compare(L, (idx1), (idx2), LUA_OPLT)
#endif

#endif
