/* load.h: from the text or binary form of a chunk to a function (load.c). */
#ifndef NP_LOAD_H
#define NP_LOAD_H

#include "runtime/state.h"

/* [gc err-free stk] The work of lua_load but for setting the first upvalue: leaves a closure, or with a
 * status that is not LUA_OK the error value, as one more value on the stack, and returns the status.
 * Errors of the reader are returned too; it cannot yield. Nothing is collected but while the reader runs.
 * chunk_name may be NULL ("?"), mode may be NULL (both forms). */
int np_load(lua_State *L, lua_Reader reader, void *data, const char *chunk_name, const char *mode);

#endif
