/* complete.h - names that would complete what is being typed. */
#ifndef NP_COMPLETE_H
#define NP_COMPLETE_H

#include <stddef.h>

#include "lua.h"

typedef struct NpComplete {
    const char *text; /* the line up to the cursor */
    size_t len;
    void (*found)(const char *name, size_t len); /* called for each name, some perhaps more than once */
    size_t typed;     /* result: how much of the name is there already */
} NpComplete;

/* A lua_CFunction whose argument is a light userdata NpComplete: keywords, globals, and after `a.b.` or `a:` fields,
 * as far as tables say it themselves. No function of the program is called: no __index, no __pairs. */
int np_complete(lua_State *L);

#endif
