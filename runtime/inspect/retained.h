/* retained.h: what would be freed if an object were not there (retained.c). */
#ifndef NP_INSPECT_RETAINED_H
#define NP_INSPECT_RETAINED_H

#include "runtime/state.h"

/* [-] Settles the heap, walks all that can be reached without passing through obj, and adds up the rest: bytes and number
 * of the objects that only obj keeps alive, itself among them. false: no memory for the walk. */
bool np_retained_by(lua_State *L, NpObj *obj, size_t *bytes, size_t *objects);

#endif
