/*
 * watch.c - the options that steer or look at the heap: what happens before and after the program runs.
 *
 * Owns: the table `watches`, and that each of them ends once, on every way out of the process.
 * Does not: read options (options.c) or lay out what is printed (report.c).
 *
 * begin is called before the libraries are opened and outside of any protected call: it must not raise errors, and
 * says by itself why it fails. end is called in a state that may be amid a call (os.exit) or closing, where all objects
 * with finalizers are gone: it must not run Lua code.
 */
#include "cli/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lauxlib.h"
#include "neap.h"

#include "cli/dumps.h"
#include "cli/heapreport.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/sampling.h"

#define IDLE_MS 1000 /* waiting for longer than this gives memory back */
#define HEAP_LIMIT_VARIABLE "NEAP_HEAP_LIMIT"

typedef struct Watch {
    bool (*begin)(lua_State *L, const NpOptions *options); /* or NULL */
    void (*end)(lua_State *L, const NpOptions *options);   /* or NULL */
    void (*abandon)(void); /* or NULL; from a signal handler, of a process that will not come to its end */
} Watch;

static lua_State *watched; /* NULL before np_watch_begin and from np_watch_end on */
static const NpOptions *wanted;
static pid_t owner; /* a forked child writes none of what its parent will */

/* ---- The watches ---- */

/* The hard limit: what the command line says, or the environment, or the control group. */
static bool begin_limit(lua_State *L, const NpOptions *options) {
    const char *name = "--heap-limit", *text = options->heap_limit;
    size_t bytes;
    if (text == NULL && !options->no_environment) {
        name = HEAP_LIMIT_VARIABLE;
        text = getenv(HEAP_LIMIT_VARIABLE);
        if (text != NULL && *text == '\0')
            text = NULL;
    }
    const char *wrong = neap_parselimit(text != NULL ? text : "cgroup", &bytes);
    if (wrong == NULL && neap_setlimit(L, bytes, 0) != NEAP_LIMIT_OK)
        wrong = "is less than what a Lua state takes";
    if (wrong == NULL || text == NULL) /* a control group too small for any program is no reason to give up */
        return true;
    np_run_complain("'%s=%s' %s", name, text, wrong);
    return false;
}

static bool begin_idle(lua_State *L, const NpOptions *options) {
    (void)options;
    neap_idle(L, IDLE_MS);
    return true;
}

static bool begin_huge_pages(lua_State *L, const NpOptions *options) {
    static const int modes[] = {NEAP_HUGE_AUTO, NEAP_HUGE_AUTO, NEAP_HUGE_ON, NEAP_HUGE_OFF}; /* not given, auto, on, off */
    neap_huge_pages(L, modes[options->huge_pages]);
    return true;
}

static bool begin_trace(lua_State *L, const NpOptions *options) {
    static const int modes[] = {NEAP_TRACE_NONE, NEAP_TRACE_TEXT, NEAP_TRACE_JSON}; /* not given, text, json */
    if (options->gc_trace != 0)
        neap_settrace(L, modes[options->gc_trace]);
    return true;
}

static void end_stats(lua_State *L, const NpOptions *options) {
    neap_Stats stats;
    if (!options->heap_stats)
        return;
    neap_stats(L, &stats);
    fflush(stdout);
    np_report_heap(stderr, &stats);
}

/* A report that cannot be written is no reason not to run the program, nor for another exit status. */
static void complain_of_report(const char *file, const char *wrong) {
    if (wrong != NULL)
        np_run_complain("cannot write the heap report '%s': %s", file, wrong);
}

static bool begin_report(lua_State *L, const NpOptions *options) {
    if (options->heap_report != NULL)
        complain_of_report(options->heap_report, np_heapreport_begin(L, options->heap_report, options->title));
    return true;
}

static void end_report(lua_State *L, const NpOptions *options) {
    complain_of_report(options->heap_report, np_heapreport_end(L));
}

static const Watch watches[] = {
    {begin_limit, NULL, NULL},
    {begin_idle, NULL, NULL},
    {begin_huge_pages, NULL, NULL},
    {begin_trace, NULL, NULL},
    {np_dumps_begin, np_dumps_end, NULL},
    {begin_report, end_report, np_heapreport_abandon},
    {NULL, end_stats, NULL},
    {np_sampling_begin, np_sampling_end, np_sampling_abandon},
};
enum { NWATCHES = sizeof watches / sizeof watches[0] };

/* ---- When they begin and end ---- */

static bool writes_at_end(const NpOptions *options) {
    return options->heap_report != NULL || options->heap_snapshot != NULL || options->heap_profile != NULL ||
           options->cpu_profile != NULL || options->heap_stats;
}

static void abandon(void) {
    for (int i = 0; owner == getpid() && i < NWATCHES; i++) {
        if (watches[i].abandon != NULL)
            watches[i].abandon();
    }
}

bool np_watch_begin(lua_State *L, const NpOptions *options) {
    owner = getpid();
    for (int i = 0; i < NWATCHES; i++) {
        if (watches[i].begin != NULL && !watches[i].begin(L, options))
            return false;
    }
    watched = L;
    wanted = options;
    if (writes_at_end(options))
        np_run_end_by_signals(abandon);
    return true;
}

void np_watch_end(void) {
    lua_State *L = watched;
    watched = NULL;
    if (L == NULL || owner != getpid())
        return;
    for (int i = 0; i < NWATCHES; i++) {
        if (watches[i].end != NULL)
            watches[i].end(L, wanted);
    }
    np_run_no_end_by_signals();
}

/* __gc of a value that dies last. */
static int end_at_close(lua_State *L) {
    (void)L;
    np_watch_end();
    return 0;
}

/* The value must be older than every other with a finalizer, to be finalized after them. */
void np_watch_closing(lua_State *L) {
    static const char key = 'W';
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, end_at_close);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
}
