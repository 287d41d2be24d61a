/*
 * run.c - protected calls for the command, Ctrl-C and signals that end, and messages about errors.
 *
 * Owns: the program's name in messages, the handlers of SIGINT, SIGTERM and SIGHUP, and what an uncaught error looks like.
 * Does not: decide what is run, or the exit status.
 */
#include "cli/run.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "lauxlib.h"
#include "neap.h"

#include "cli/explain.h"

/* State of the process: needed by the signal handler and at exit, where nothing can be passed. */
static const char *program_name = "neap";
static bool interactive;

void np_run_set_program(const char *name) { program_name = name; }

const char *np_run_program(void) { return program_name; }

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
    if (status == LUA_ERRSYNTAX && lua_type(L, -1) == LUA_TSTRING && np_explain(L, lua_tostring(L, -1)))
        lua_concat(L, 2);
    const char *text = lua_tolstring(L, -1, &len);
    np_run_message(!interactive, text != NULL ? text : no_text, len);
    lua_pop(L, 1);
    return status;
}

/* ---- Ctrl-C ---- */

/* A program interrupted in the REPL, or by a signal that ends, that goes on for so many instructions (it may have caught the error in order to
 * clean up) is interrupted again, and then at every instruction until it gives up. */
enum { PATIENCE = 1000000 };

#define EVERY_EVENT (LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT)

static lua_State *interruptible; /* state that Ctrl-C interrupts; NULL while nothing runs */
static volatile sig_atomic_t wanted;    /* Ctrl-C was pressed and what runs is to end */
static volatile sig_atomic_t insisting; /* and has not ended at the first error */
static volatile sig_atomic_t missed;    /* Ctrl-C was pressed while nothing ran */
static volatile sig_atomic_t ended_by;  /* SIGTERM or SIGHUP, when it came */

static void raise_interrupt(lua_State *L, lua_Debug *event) {
    (void)event;
    if (!wanted) { /* left over in a coroutine that was resumed only now */
        lua_sethook(L, NULL, 0, 0);
        return;
    }
    if (interactive || ended_by != 0) {
        /* Count alone: the hook must not strike at the message handler, a C function. */
        neap_hookrunning(L, raise_interrupt, LUA_MASKCOUNT, insisting ? 1 : PATIENCE);
        insisting = 1;
    } else {
        wanted = 0;
        neap_hookrunning(L, NULL, 0, 0);
    }
    luaL_error(L, ended_by != 0 ? "terminated!" : "interrupted!");
}

static void set_handler(void (*handler)(int)) {
#ifdef SA_RESTART
    /* Without SA_RESTART: what waits for input or a child comes back. */
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
#else
    signal(SIGINT, handler);
#endif
}

/* Only asks for the error: the state may be anywhere. */
static void interrupt(void) {
    wanted = 1;
    neap_hookrunning(interruptible, raise_interrupt, EVERY_EVENT, 1);
}

/* For a script, a second Ctrl-C ends the process. */
static void on_interrupt(int number) {
    (void)number;
    if (!interactive)
        set_handler(SIG_DFL);
    if (interruptible == NULL) {
        missed = 1;
        return;
    }
    interrupt();
}

/* ---- SIGTERM and SIGHUP ---- */

#ifdef SA_RESTART
#define SECOND_AFTER 0.5 /* seconds: timeout(1), for one, sends the same signal twice at once */

static const int end_signals[] = {SIGTERM, SIGHUP};
enum { NEND_SIGNALS = sizeof end_signals / sizeof end_signals[0] };

static void (*abandon_files)(void);
static double first_end; /* when the first came */

static double seconds(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* A terminal that closes may send SIGHUP any number of times. */
static void on_end_signal(int number) {
    if (ended_by == 0) {
        first_end = seconds();
        ended_by = number;
        if (interruptible != NULL)
            interrupt();
    } else if (number == SIGTERM && seconds() - first_end > SECOND_AFTER) {
        abandon_files();
        signal(number, SIG_DFL);
        raise(number);
    }
}

void np_run_end_by_signals(void (*abandon)(void)) {
    struct sigaction action = {.sa_handler = on_end_signal}, old;
    abandon_files = abandon;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < NEND_SIGNALS; i++) {
        if (sigaction(end_signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
            sigaction(end_signals[i], &action, NULL);
    }
}

/* What the program has installed itself stays. */
void np_run_no_end_by_signals(void) {
    struct sigaction old;
    for (int i = 0; i < NEND_SIGNALS; i++) {
        if (sigaction(end_signals[i], NULL, &old) == 0 && old.sa_handler == on_end_signal)
            signal(end_signals[i], SIG_DFL);
    }
}

void np_run_end_by_signal(void) {
    if (ended_by == 0)
        return;
    signal(ended_by, SIG_DFL);
    raise(ended_by);
}
#else
void np_run_end_by_signals(void (*abandon)(void)) { (void)abandon; }
void np_run_no_end_by_signals(void) {}
void np_run_end_by_signal(void) {}
#endif

/* ---- The REPL ---- */

void np_run_be_interactive(void) {
    interactive = true;
    np_run_no_end_by_signals();
    set_handler(on_interrupt);
}

bool np_run_take_interrupt(void) {
    bool was = missed != 0;
    missed = 0;
    return was;
}

/* ---- Protected calls ---- */

/* Message handler: every error value becomes a string, with a traceback unless it described
 * itself by __tostring; on a terminal with the source line. */
static int explain_error(lua_State *L) {
    const char *text = lua_tostring(L, 1);
    if (text == NULL) {
        if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
            return 1;
        text = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    if (np_explain(L, text)) {
        lua_pushfstring(L, "%s%s", text, lua_tostring(L, -1));
        text = lua_tostring(L, -1);
    }
    luaL_traceback(L, L, text, 1);
    return 1;
}

int np_run_call(lua_State *L, int nargs, int nresults) {
    int handler = lua_gettop(L) - nargs;
    lua_pushcfunction(L, explain_error);
    lua_insert(L, handler);
    lua_State *outer = interruptible;
    interruptible = L;
    set_handler(on_interrupt);
    if (ended_by != 0)
        interrupt(); /* the signal came while nothing ran */
    int status = lua_pcall(L, nargs, nresults, handler);
    interruptible = outer;
    if (!interactive)
        set_handler(SIG_DFL);
    else if (wanted && outer == NULL)
        neap_hookrunning(L, NULL, 0, 0);
    if (outer == NULL)
        wanted = insisting = 0;
    lua_remove(L, handler);
    return status;
}

int np_run_chunk(lua_State *L, int status) {
    if (status == LUA_OK)
        status = np_run_call(L, 0, 0);
    return np_run_report(L, status);
}
