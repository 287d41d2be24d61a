/*
 * strlib.h - what the files of the string library share. Private to stdlib/.
 *
 * strlib.c opens the module; the functions that are large enough for a file of their own are
 * declared here and entered into its list. All of them are ordinary lua_CFunctions.
 */
#ifndef NP_STRLIB_H
#define NP_STRLIB_H

#include <limits.h>
#include <stddef.h>

#include "lua.h"

/* Longest result that rep and packsize promise, as in Lua: 2 GiB less one byte. */
#define STR_MAX_SIZE ((size_t)INT_MAX)

/* strmatch.c: patterns (manual 6.4.1). [gc][err] */
int np_strmatch_find(lua_State *L);
int np_strmatch_match(lua_State *L);
int np_strmatch_gmatch(lua_State *L);
int np_strmatch_gsub(lua_State *L);

/* strfmt.c: string.format. [gc][err] */
int np_strfmt_format(lua_State *L);

/* strpack.c: binary packing (manual 6.4.2). [gc][err] */
int np_strpack_pack(lua_State *L);
int np_strpack_packsize(lua_State *L);
int np_strpack_unpack(lua_State *L);

/*
 * Where a slice or search begins: 1-based, negative counts from the end, clipped from below
 * to 1. May lie beyond the string. [-]
 */
static inline size_t str_first_position(lua_Integer pos, size_t length)
{
    if (pos > 0) {
        return (size_t)pos;
    }
    if (pos == 0 || pos < -(lua_Integer)length) {
        return 1;
    }
    return length + (size_t)pos + 1;
}

/* Where a slice ends: clipped to 0 .. length. [-] */
static inline size_t str_last_position(lua_Integer pos, size_t length)
{
    if (pos > (lua_Integer)length) {
        return length;
    }
    if (pos >= 0) {
        return (size_t)pos;
    }
    if (pos < -(lua_Integer)length) {
        return 0;
    }
    return length + (size_t)pos + 1;
}

#endif
