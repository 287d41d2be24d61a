/* pretty.h - values shown to people. */
#ifndef NP_PRETTY_H
#define NP_PRETTY_H

#include "lua.h"

/* A lua_CFunction: writes its arguments to stdout, with colours if that can have them, in lines that fit the terminal. What is
 * too deep or too long is cut, and says so. Of the program only __tostring is called; an error in it is shown. */
int np_pretty(lua_State *L);

#endif
