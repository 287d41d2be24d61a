/* list.h - `neap --list` and `neap --check`. */
#ifndef NP_LIST_H
#define NP_LIST_H

#include <stdbool.h>

#include "lua.h"

/* Compiles each file of argv, which ends with NULL ("-": standard input; no file: that too), without running anything, and with
 * `list` prints its bytecode. Errors are reported; false when there were any. */
bool np_list_files(lua_State *L, char **argv, bool list);

#endif
