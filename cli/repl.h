/* repl.h - the interactive mode of `neap`, and what it shares with the program. */
#ifndef NP_REPL_H
#define NP_REPL_H

#include "lua.h"

/* Reads, runs and prints until standard input ends. Errors go to stderr without a prefix. */
void np_repl_run(lua_State *L);

/* [-(nargs + 1), +?] Calls the function below its nargs arguments with all its results, with
 * tracebacks on errors and with Ctrl-C turned into an error. Returns lua_pcall's status; the
 * message is on top after an error. */
int np_neap_call(lua_State *L, int nargs, int nresults);

/* [-(0|1), +0] Prints the message on top unless status is LUA_OK; returns status. */
int np_neap_report(lua_State *L, int status);

/* "text\n" on stderr, after the program's name and a colon unless name is NULL. */
void np_neap_message(const char *name, const char *text, size_t len);

#endif
