/*
 * announce.h - tells the interpreter which functions of a library it may do by itself. Private to stdlib/.
 *
 * Does not: choose them; the interpreter knows (neap_setbuiltin).
 */
#ifndef NP_ANNOUNCE_H
#define NP_ANNOUNCE_H

#include "lauxlib.h"
#include "neap.h"

/* library: as neap_setbuiltin wants it. Entries without a function are passed over. [-] */
static inline void np_announce(lua_State *L, const char *library, const luaL_Reg *list) {
    for (; list->name; list++)
        if (list->func) neap_setbuiltin(L, library, list->name, list->func);
}

#endif
