/* explain.h - the source line of an error, what in it is meant, and what may have been meant instead. */
#ifndef NP_EXPLAIN_H
#define NP_EXPLAIN_H

#include <stdbool.h>
#include <stddef.h>

#include "lua.h"

/* To be called first. Errors are explained only where stderr is a terminal. */
void np_explain_begin(void);

/* [-0, +0, m] From now on the chunk whose name in messages is `name` has this text, which is copied; name stays the
 * caller's. */
void np_explain_text(lua_State *L, const char *name, const char *text, size_t len);

/* [-0, +0, m] The function on top is what that text was compiled to: only errors in it and in functions within it are
 * explained by the text, as others may have had its name before. It is kept until the next text. */
void np_explain_chunk(lua_State *L);

/* [-; -0, +(0|1)] For a message handler, or with a message of lua_load: pushes the lines that explain the message, to
 * be shown behind it, each beginning with a newline. false, with nothing pushed, when there is nothing to tell. */
bool np_explain(lua_State *L, const char *message);

#endif
