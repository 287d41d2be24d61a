/*
 * heaplib.h - what the files of the `heap` module share. Private to stdlib/.
 *
 * heaplib.c opens the module; each other part has its functions in a table of its own.
 */
#ifndef heaplib_h
#define heaplib_h

#include <stddef.h>

#include "lua.h"

#include "lauxlib.h"

extern const luaL_Reg np_heapgraph_functions[];   /* heapgraph.c: looking at the object graph */
extern const luaL_Reg np_heapgroup_functions[];   /* heapgroup.c: accounts of memory */
extern const luaL_Reg np_heapmetrics_functions[]; /* heapmetrics.c: figures as text */
extern const luaL_Reg np_heapsites_functions[];   /* heapsites.c: where memory comes from */

/* Make the metatables of their values when the module is opened, all of it each time: one that a memory error left half made
 * would stay so if it was made with the first value. [gc][err] */
void np_heapgroup_open(lua_State *L);
void np_heapsites_open(lua_State *L);

/* heaplib.c: the limit that the value on top of the stack, which is popped, stands for: a number of bytes, a text like "64MiB",
 * false for none (0); `old` for nil. Anything else is an error that begins with `function` and calls the value `name`. [gc][err] */
size_t np_heaplib_limit(lua_State *L, const char *function, const char *name, size_t old);
/* heaplib.c: sets field `name` of the table on top of the stack; false stands for 0, which is no limit. [gc][err] */
void np_heaplib_set_limit(lua_State *L, const char *name, size_t bytes);

/* Writes a snapshot of the heap to a file, whole or not at all. NULL, or what is wrong, as text that continues a sentence
 * about the file. Raises no errors. */
const char *np_heapgraph_snapshot(lua_State *L, const char *path);

#endif
