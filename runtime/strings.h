/* strings.h: string objects and the table of short strings (string.c).
 * Does not: format or convert (number.c, errmsg.c). */
#ifndef NP_STRINGS_H
#define NP_STRINGS_H

#include "runtime/state.h"

/* [gc-free, err] The string with these bytes: the interned one when short, a new one when long. */
NpString *np_string_new(lua_State *L, const char *text, size_t length);
/* [gc-free, err] Of a NUL-terminated text. */
NpString *np_string_from(lua_State *L, const char *text);
/* [gc-free, err] A new long string (length > NP_SHORT_MAX) whose text the caller fills in at once. */
NpString *np_string_new_long(lua_State *L, size_t length);
/* [-] Equality of contents. */
bool np_string_equal(const NpString *a, const NpString *b);
/* [-] Hash, computing a long string's on first use. */
uint32_t np_string_hash(lua_State *L, NpString *string);
/* [-] <0, 0, >0 by strcoll pieces, as Lua's < does. */
int np_string_compare(const NpString *a, const NpString *b);
/* [err] Sets up the table. */
void np_string_init(lua_State *L);
/* [-] For the collector: drops dead strings from slots [from, from + n); returns the next position, 0 when done. */
size_t np_string_sweep(NpGlobal *global, size_t from, size_t n);
/* [-] For the collector: moves what a resize has left in the old table, about n slots of it; true when nothing is. The sweep
 * wants that done. */
bool np_string_settle(NpGlobal *global, size_t n);
/* [-] For the collector, after the sweep: a table that has become much too large begins to give memory back; np_string_settle
 * goes on with it. */
void np_string_shrink(NpGlobal *global);

#define np_string_lit(L, text) np_string_new(L, "" text, sizeof(text) - 1)

#endif
