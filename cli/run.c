/*
 * run.c - protected calls for the command, Ctrl-C, and messages about errors.
 *
 * Owns: the program's name in messages, the handler of SIGINT, and what an uncaught error looks like.
 * Does not: decide what is run, or the exit status.
 */
#include "cli/run.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "lauxlib.h"

/* State of the process: needed by the signal handler and at exit, where nothing can be passed. */
static const char *program_name = "neap";
static bool interactive;
static lua_State *interruptible; /* state that Ctrl-C interrupts */

void np_run_set_program(const char *name) { program_name = name; }

const char *np_run_program(void) { return program_name; }

void np_run_be_interactive(void) { interactive = true; }

/* ---- Messages ---- */

void np_run_message(bool with_name, const char *text, size_t len) {
    if (with_name)
        fprintf(stderr, "%s: ", program_name);
    fwrite(text, 1, len, stderr);
    fputc('\n', stderr);
    fflush(stderr);
}

void np_run_complain(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s: ", program_name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

int np_run_report(lua_State *L, int status) {
    static const char no_text[] = "(error message not a string)";
    size_t len = sizeof no_text - 1;
    if (status == LUA_OK)
        return status;
    const char *text = lua_tolstring(L, -1, &len);
    np_run_message(!interactive, text != NULL ? text : no_text, len);
    lua_pop(L, 1);
    return status;
}

/* ---- Protected calls ---- */

static void raise_interrupt(lua_State *L, lua_Debug *event) {
    (void)event;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

/* Only asks for the error: the state may be anywhere. A second Ctrl-C before the interpreter gets
 * to it ends the process. */
static void on_interrupt(int number) {
    signal(number, SIG_DFL);
    lua_sethook(interruptible, raise_interrupt,
                LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* Message handler: every error value becomes a string, with a traceback unless it described
 * itself by __tostring. */
static int explain_error(lua_State *L) {
    const char *text = lua_tostring(L, 1);
    if (text == NULL) {
        if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
            return 1;
        text = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    luaL_traceback(L, L, text, 1);
    return 1;
}

int np_run_call(lua_State *L, int nargs, int nresults) {
    int handler = lua_gettop(L) - nargs;
    lua_pushcfunction(L, explain_error);
    lua_insert(L, handler);
    interruptible = L;
    signal(SIGINT, on_interrupt);
    int status = lua_pcall(L, nargs, nresults, handler);
    signal(SIGINT, SIG_DFL);
    lua_remove(L, handler);
    return status;
}

int np_run_chunk(lua_State *L, int status) {
    if (status == LUA_OK)
        status = np_run_call(L, 0, 0);
    return np_run_report(L, status);
}
