/* why.h: by which paths an object can be reached from the roots (why.c). */
#ifndef NP_INSPECT_WHY_H
#define NP_INSPECT_WHY_H

#include "runtime/state.h"

enum { NP_WHY_MOST = 4096 }; /* bytes of a path's text, NUL included */

/* [-] Settles the heap and finds up to `most` references to obj, those of the shortest paths first. `tell` gets the text
 * of each path; it must not allocate in the heap. What the running C function has on its stack does not count.
 * false: no memory for the walk. */
bool np_why(lua_State *L, NpObj *obj, size_t most, bool (*tell)(void *ctx, const char *path, size_t length), void *ctx);

#endif
