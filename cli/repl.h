/* repl.h - the interactive mode of `neap`. */
#ifndef NP_REPL_H
#define NP_REPL_H

#include "lua.h"

/* Reads, runs and prints until standard input ends. Errors go to stderr without a prefix. */
void np_repl_run(lua_State *L);

#endif
