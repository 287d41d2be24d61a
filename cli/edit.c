/*
 * edit.c - reading a line from the terminal, with editing where that can be had.
 *
 * Owns: libedit (opened by its name when the REPL starts: no other program carries it), the keys, the list of
 * candidates of a completion, and the plain way when there is no editor. Does not: know Lua.
 *
 * Ctrl-C and Ctrl-Z while a line is typed are keys here: the editor has the terminal in its own mode, in which no
 * character makes a signal. At other times Ctrl-C is the signal that run.c handles. Between lines the terminal is as
 * the program wants it, so that nothing has to be done at exit: the editor lives as long as the process (libedit does not
 * free all of it either).
 */
#include "cli/edit.h"

#include <dlfcn.h>
#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/history.h"
#include "cli/libedit.h"
#include "cli/run.h"
#include "cli/term.h"

enum { MOST_CANDIDATES = 1000, LISTED = 200, HISTORY_KEPT = 1000 };

static struct {
#define NP_LIBEDIT_POINTER(type, name, parameters) type(*name) parameters;
    NP_LIBEDIT_FUNCTIONS(NP_LIBEDIT_POINTER)
} lib;

static const NpEditUser *user;
static NpEditLine *editor; /* NULL: lines are read the plain way */
static NpEditPast *past;
static locale_t typing_locale; /* the terminal's characters; the program's own locale stays as it is */
static const char *current_prompt = "";
static bool dropped;     /* by Ctrl-C */
static char *plain_line;
static size_t plain_size;

/* ---- Candidates ---- */

static char *candidates[MOST_CANDIDATES];
static size_t ncandidates;

void np_edit_candidate(const char *name, size_t len) {
    if (ncandidates < MOST_CANDIDATES && (candidates[ncandidates] = strndup(name, len)) != NULL)
        ncandidates++;
}

static int by_name(const void *left, const void *right) { return strcmp(*(char *const *)left, *(char *const *)right); }

/* Sorted, each once. */
static void sort_candidates(void) {
    size_t kept = 0;
    qsort(candidates, ncandidates, sizeof candidates[0], by_name);
    for (size_t i = 0; i < ncandidates; i++) {
        if (kept > 0 && strcmp(candidates[kept - 1], candidates[i]) == 0)
            free(candidates[i]);
        else
            candidates[kept++] = candidates[i];
    }
    ncandidates = kept;
}

static void forget_candidates(void) {
    while (ncandidates > 0)
        free(candidates[--ncandidates]);
}

/* How many bytes all of them begin with. */
static size_t common_length(void) {
    size_t len = strlen(candidates[0]);
    for (size_t i = 1; i < ncandidates; i++) {
        size_t same = 0;
        while (same < len && candidates[0][same] == candidates[i][same])
            same++;
        len = same;
    }
    return len;
}

/* In columns, below the line being typed. */
static void list_candidates(void) {
    size_t widest = 0, shown = ncandidates < LISTED ? ncandidates : LISTED;
    for (size_t i = 0; i < shown; i++) {
        size_t len = strlen(candidates[i]);
        widest = len > widest ? len : widest;
    }
    size_t columns = (size_t)np_term_width(stdout) / (widest + 2);
    columns = columns == 0 ? 1 : columns;
    size_t rows = (shown + columns - 1) / columns;
    fputc('\n', stdout);
    for (size_t row = 0; row < rows; row++) {
        for (size_t i = row; i < shown; i += rows)
            printf("%-*s", i + rows < shown ? (int)widest + 2 : 0, candidates[i]);
        fputc('\n', stdout);
    }
    if (shown < ncandidates)
        printf("... %zu more\n", ncandidates - shown);
    fflush(stdout);
}

/* ---- Keys ---- */

static unsigned char key_complete(NpEditLine *el, int key) {
    (void)key;
    const NpEditText *line = lib.el_line(el);
    size_t len = (size_t)(line->cursor - line->buffer);
    if (strspn(line->buffer, " \t\n") >= len) /* nothing typed yet: an indentation, perhaps a pasted one */
        return lib.el_insertstr(el, "    ") == 0 ? NP_CC_REFRESH : NP_CC_ERROR;
    size_t typed = user->complete(line->buffer, len);
    unsigned char result = NP_CC_REFRESH_BEEP;
    if (ncandidates > 0) {
        sort_candidates();
        size_t same = common_length();
        if (same > typed) {
            candidates[0][same] = '\0';
            lib.el_insertstr(el, candidates[0] + typed);
            result = NP_CC_REFRESH;
        } else if (ncandidates > 1) {
            list_candidates();
            result = NP_CC_REDISPLAY;
        }
        forget_candidates();
    }
    return result;
}

static unsigned char key_drop(NpEditLine *el, int key) {
    (void)el;
    (void)key;
    fputs("^C\n", stdout);
    fflush(stdout);
    dropped = true;
    return NP_CC_NEWLINE;
}

/* The editor's handler of the signal gives the terminal back first, and takes it again when the process goes on. */
static unsigned char key_suspend(NpEditLine *el, int key) {
    (void)el;
    (void)key;
    raise(SIGTSTP);
    return NP_CC_REDISPLAY;
}

static char *tell_prompt(NpEditLine *el) {
    (void)el;
    return (char *)current_prompt;
}

static void set_keys(void) {
    static const char *const keys[][2] = {
        {"^I", "neap-complete"},      {"^C", "neap-drop"},           {"^Z", "neap-suspend"},      {"^R", "em-inc-search-prev"},
        {"\\e[H", "ed-move-to-beg"},  {"\\e[F", "ed-move-to-end"},   {"\\e[1~", "ed-move-to-beg"},
        {"\\e[4~", "ed-move-to-end"}, {"\\e[3~", "ed-delete-next-char"}, {"\\e[1;5C", "em-next-word"},
        {"\\e[1;5D", "ed-prev-word"},
    };
    lib.el_set(editor, NP_EL_ADDFN, "neap-complete", "complete a name", key_complete);
    lib.el_set(editor, NP_EL_ADDFN, "neap-drop", "drop the line", key_drop);
    lib.el_set(editor, NP_EL_ADDFN, "neap-suspend", "stop the process", key_suspend);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        lib.el_set(editor, NP_EL_BIND, keys[i][0], keys[i][1], (char *)NULL);
    lib.el_set(editor, NP_EL_SETTY, "-d", "-isig", (char *)NULL);
}

/* ---- Opening ---- */

static bool load_library(void) {
    void *handle = dlopen(NP_LIBEDIT, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL)
        return false;
#define NP_LIBEDIT_FIND(type, name, parameters)                                                    \
    if ((*(void **)&lib.name = dlsym(handle, #name)) == NULL)                                      \
        return false;
    NP_LIBEDIT_FUNCTIONS(NP_LIBEDIT_FIND)
    return true;
}

static void remember(void *ctx, const char *entry) {
    (void)ctx;
    NpEditEvent event;
    lib.history(past, &event, NP_H_ENTER, entry);
}

void np_edit_open(const char *program, const NpEditUser *edit_user) {
    NpEditEvent event;
    if (editor != NULL || !np_term_is(stdin) || !np_term_is(stdout) || !np_term_moves() || !load_library())
        return;
    user = edit_user;
    typing_locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    locale_t before = typing_locale != (locale_t)0 ? uselocale(typing_locale) : (locale_t)0;
    past = lib.history_init();
    if (past != NULL)
        editor = lib.el_init(program, stdin, stdout, stderr);
    if (editor != NULL) {
        lib.history(past, &event, NP_H_SETSIZE, HISTORY_KEPT);
        lib.history(past, &event, NP_H_SETUNIQUE, 1);
        lib.el_set(editor, NP_EL_PROMPT, tell_prompt);
        lib.el_set(editor, NP_EL_EDITOR, "emacs");
        lib.el_set(editor, NP_EL_SIGNAL, 1);
        lib.el_set(editor, NP_EL_HIST, lib.history, past);
        set_keys();
        lib.el_source(editor, NULL); /* the user's ~/.editrc */
        np_history_open(remember, NULL);
    }
    if (before != (locale_t)0)
        uselocale(before);
}

void np_edit_remember(const char *entry, size_t len) {
    if (editor == NULL || len == 0)
        return;
    remember(NULL, entry);
    np_history_add(entry, len);
}

/* ---- Lines ---- */

static NpEditResult strip_line(char *line, size_t length, char **text, size_t *len) {
    if (length > 0 && line[length - 1] == '\n')
        line[--length] = '\0';
    *text = line;
    *len = length;
    return NP_EDIT_LINE;
}

static NpEditResult read_plain(const char *prompt, char **text, size_t *len) {
    fputs(prompt, stdout);
    fflush(stdout);
    ssize_t length = getline(&plain_line, &plain_size, stdin);
    if (np_run_take_interrupt()) {
        clearerr(stdin);
        fputc('\n', stdout);
        return NP_EDIT_DROPPED;
    }
    return length < 0 ? NP_EDIT_END : strip_line(plain_line, (size_t)length, text, len);
}

static NpEditResult read_edited(const char *prompt, char **text, size_t *len) {
    int length = 0;
    current_prompt = prompt;
    dropped = false;
    fflush(stdout);
    locale_t before = typing_locale != (locale_t)0 ? uselocale(typing_locale) : (locale_t)0;
    const char *line = lib.el_gets(editor, &length);
    if (before != (locale_t)0)
        uselocale(before);
    if (np_run_take_interrupt() || dropped) {
        if (!dropped)
            fputc('\n', stdout);
        return NP_EDIT_DROPPED;
    }
    if (line == NULL || length <= 0)
        return NP_EDIT_END;
    char *copy = realloc(plain_line, (size_t)length + 1);
    if (copy == NULL)
        return NP_EDIT_DROPPED;
    plain_line = copy;
    plain_size = (size_t)length + 1;
    memcpy(copy, line, (size_t)length);
    copy[length] = '\0';
    return strip_line(copy, (size_t)length, text, len);
}

NpEditResult np_edit_line(const char *prompt, char **text, size_t *len) {
    return editor != NULL ? read_edited(prompt, text, len) : read_plain(prompt, text, len);
}
