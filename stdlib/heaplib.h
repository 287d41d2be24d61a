/* heaplib.h - the parts of the `heap` module, each with its functions in a table of its own. */
#ifndef heaplib_h
#define heaplib_h

#include "lauxlib.h"

extern const luaL_Reg np_heapgraph_functions[]; /* heapgraph.c: looking at the object graph */

#endif
