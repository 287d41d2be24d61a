/*
 * dumps.c - the options --heap-snapshot, --heap-snapshot-signal and --heap-snapshot-on-oom.
 *
 * Owns: when a snapshot is taken, the names of the files, the signal's handler. Does not: write snapshots
 * (stdlib/heapgraph.c).
 *
 * A snapshot that cannot be written is told of in one line on stderr; output and exit status of the program are its own.
 * A signal is answered between two instructions of the program (neap_interrupt), during a C function at its end.
 */
#include "cli/dumps.h"

#include <signal.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neap.h"

#include "cli/run.h"
#include "stdlib/heaplib.h"
#include "stdlib/outfile.h"

#define EXTENSION ".heapsnapshot"
#define USUAL_NAME "neap" EXTENSION
enum { NAME_MOST = 4096 };

/* For the signal's handler, and what it asks for. */
static lua_State *dumped; /* NULL: no snapshots any more */
static char *base_name; /* absolute: the program may go elsewhere */
static size_t asked_at; /* where in it, and in names made of it, what the user has said begins */
static bool refused;    /* FILE cannot be written, which has been said */
static int signals_answered;
static bool oom_done;

static void complain(const char *path, const char *wrong) {
    np_run_complain("cannot write a snapshot of the heap to '%s': %s", path, wrong);
}

/* base_name with ".middle" before its extension. */
static void name_with(char name[NAME_MOST], const char *middle) {
    size_t len = strlen(base_name), extension = sizeof EXTENSION - 1;
    size_t stem = len > extension && strcmp(base_name + len - extension, EXTENSION) == 0 ? len - extension : len;
    snprintf(name, NAME_MOST, "%.*s.%s" EXTENSION, (int)stem, base_name, middle);
}

/* `path` is made of base_name. `told`: success is worth a line too. */
static void dump(lua_State *L, const char *path, bool told) {
    fflush(stdout);
    const char *wrong = np_heapgraph_snapshot(L, path);
    if (wrong != NULL)
        complain(path + asked_at, wrong);
    else if (told)
        np_run_complain("wrote a snapshot of the heap to '%s'", path + asked_at);
}

static void dump_for_signal(lua_State *L) {
    char number[24], name[NAME_MOST];
    snprintf(number, sizeof number, "%d", ++signals_answered);
    name_with(name, number);
    dump(L, name, true);
}

static void on_signal(int number) {
    (void)number;
    if (dumped != NULL)
        neap_interrupt(dumped, dump_for_signal);
}

/* Only the first such error: a program that catches them may raise them in a loop. */
static void dump_for_oom(lua_State *L, void *data) {
    char name[NAME_MOST];
    (void)data;
    if (oom_done)
        return;
    oom_done = true;
    name_with(name, "oom");
    dump(L, name, true);
}

/* The words of options.def, from 1. */
static int signal_number(int word) {
    switch (word) {
#ifdef SIGUSR1
    case 1: return SIGUSR1;
    case 2: return SIGUSR2;
    case 3: return SIGHUP;
#endif
    default: return 0;
    }
}

/* The names, and whether they can be written: to be known before a run of hours, not after it. */
static bool find_names(const NpOptions *options) {
    const char *asked = options->heap_snapshot != NULL ? options->heap_snapshot : USUAL_NAME;
    char name[NAME_MOST];
    base_name = np_outfile_absolute(asked);
    if (base_name == NULL) {
        complain(asked, strerror(errno));
        return false;
    }
    asked_at = strlen(base_name) - strlen(asked);
    snprintf(name, sizeof name, "%s", base_name);
    if (options->heap_snapshot == NULL)
        name_with(name, options->heap_snapshot_on_oom ? "oom" : "1");
    const char *wrong = np_outfile_probe(name);
    refused = wrong != NULL;
    if (refused)
        complain(name + asked_at, wrong);
    return true;
}

/* A folder that is not there yet is told of, but may be there when a signal comes. */
bool np_dumps_begin(lua_State *L, const NpOptions *options) {
    int number = signal_number(options->heap_snapshot_signal);
    if (options->heap_snapshot == NULL && number == 0 && !options->heap_snapshot_on_oom)
        return true;
    if (!find_names(options))
        return true;
    dumped = L;
    if (number != 0)
        signal(number, on_signal);
    if (options->heap_snapshot_on_oom)
        neap_onmemoryerror(L, dump_for_oom, NULL);
    return true;
}

/* A signal from now on changes nothing, but does not end the process either. */
void np_dumps_end(lua_State *L, const NpOptions *options) {
    if (dumped == NULL)
        return;
    dumped = NULL;
    neap_onmemoryerror(L, NULL, NULL);
    if (options->heap_snapshot != NULL && !refused)
        dump(L, base_name, false);
    free(base_name);
    base_name = NULL;
}
