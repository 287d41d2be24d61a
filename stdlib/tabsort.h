/* tabsort.h - table.sort, kept apart from the other table functions. */
#ifndef NP_TABSORT_H
#define NP_TABSORT_H

#include "lua.h"

/* Sorts elements 1..count of the table (or table-like value) at stack index 1 in place, by the
 * function at index 2 or with < when that is nil. plain: index 1 is a table without a metatable.
 * Needs 2 <= count < INT_MAX. Raises the errors of the order function. */
void np_tabsort_sort(lua_State *L, lua_Integer count, int plain);

#endif
