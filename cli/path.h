/* path.h - values that source text names (`a.b["c"]:d`), found without calling any function. */
#ifndef NP_PATH_H
#define NP_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "lua.h"

/* [err; -0, +(0|1)] Pushes the value that the text before `end` stands for: a chain of names, string keys and integer keys, or
 * a string in quotes. Its first name is a variable as the activation `frame` sees it, a global where frame is NULL.
 * false, with nothing pushed, when it is something else, or nil, or would take a call of a function. */
bool np_path_push(lua_State *L, lua_Debug *frame, const char *text, size_t end);

/* Takes a name found. */
typedef void (*NpPathFound)(void *ctx, const char *name, size_t len);

/* [err; -0, +0] Tells of the string keys of the value at `index` and of the tables behind its __index. */
void np_path_each_key(lua_State *L, int index, bool functions_only, NpPathFound found, void *ctx);

/* [err; -0, +0] Tells of the variables that `frame` sees: locals, upvalues, and the keys of its _ENV; where frame is
 * NULL, of the globals. */
void np_path_each_variable(lua_State *L, lua_Debug *frame, NpPathFound found, void *ctx);

/* Where the name begins that ends at `end`. */
size_t np_path_name_start(const char *text, size_t end);

/* Whether the text is a name of the language; keywords are not. */
bool np_path_is_name(const char *text, size_t len);

/* Tells of the keywords. */
void np_path_each_keyword(NpPathFound found, void *ctx);

#endif
