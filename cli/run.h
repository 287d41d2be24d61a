/* run.h - running Lua for the command: protected calls that Ctrl-C and SIGTERM can end, and messages about errors. */
#ifndef NP_RUN_H
#define NP_RUN_H

#include <stdbool.h>

#include "lua.h"

/* The name messages begin with; `neap` until it is set. The string must stay. */
void np_run_set_program(const char *name);
const char *np_run_program(void);

/* From now on errors are shown without the program's name, and Ctrl-C never ends the process: it interrupts what
 * np_run_call runs, and in between makes np_run_take_interrupt true. */
void np_run_be_interactive(void);

/* Whether Ctrl-C came since the last time while nothing ran. */
bool np_run_take_interrupt(void);

/* From now on SIGTERM and SIGHUP, where they would end the process, interrupt what np_run_call runs for good: the program
 * goes the way out of an error. A second SIGTERM, half a second later or more, ends the process at once, after
 * `abandon` has been called from the handler. The REPL undoes this. */
void np_run_end_by_signals(void (*abandon)(void));

/* Undoes it: such a signal ends the process at once again. Of one that came before nothing is forgotten. */
void np_run_no_end_by_signals(void);

/* Ends the process by the signal that has ended the program, if one has. */
void np_run_end_by_signal(void);

/* [-(nargs + 1), +?] Calls the function below its nargs arguments with all its results, with
 * tracebacks on errors and with Ctrl-C turned into an error. Returns lua_pcall's status; the
 * message is on top after an error. */
int np_run_call(lua_State *L, int nargs, int nresults);

/* [-(0|1), +0] Prints the message on top unless status is LUA_OK; returns status. */
int np_run_report(lua_State *L, int status);

/* [-1, +0] Runs the chunk on top if loading gave LUA_OK, and reports any error. Returns the status. */
int np_run_chunk(lua_State *L, int status);

/* "text\n" on stderr, after the program's name and a colon if asked for. */
void np_run_message(bool with_name, const char *text, size_t len);

/* The same of a formatted text, always with the program's name. */
void np_run_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
