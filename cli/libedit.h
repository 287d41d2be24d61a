/* libedit.h - the few declarations of libedit's interface (histedit.h) that edit.c uses: the library is opened when the
 * REPL starts, so that nothing else carries it, and building needs no headers of it. tests/cli/libedit_test.sh compares
 * them with histedit.h. */
#ifndef NP_LIBEDIT_H
#define NP_LIBEDIT_H

#include <stdio.h>

#define NP_LIBEDIT "libedit.so.2"

typedef struct NpEditLine NpEditLine;  /* EditLine */
typedef struct NpEditPast NpEditPast;  /* History */

typedef struct NpEditText { /* LineInfo */
    const char *buffer, *cursor, *lastchar;
} NpEditText;

typedef struct NpEditEvent { /* HistEvent */
    int num;
    const char *str;
} NpEditEvent;

/* Numbers of the binary interface, by the names they have in histedit.h. */
#define NP_LIBEDIT_NUMBERS(X)                                                                                          \
    X(EL_PROMPT, 0) X(EL_EDITOR, 2) X(EL_SIGNAL, 3) X(EL_BIND, 4) X(EL_SETTY, 8) X(EL_ADDFN, 9) X(EL_HIST, 10)         \
    X(EL_CLIENTDATA, 14) X(EL_GETTC, 17) X(CC_NORM, 0) X(CC_NEWLINE, 1) X(CC_REFRESH, 4) X(CC_ERROR, 6)                \
    X(CC_REDISPLAY, 8) X(CC_REFRESH_BEEP, 9) X(H_SETSIZE, 1) X(H_ENTER, 10) X(H_SETUNIQUE, 20)

enum {
#define NP_LIBEDIT_NUMBER(name, number) NP_##name = number,
    NP_LIBEDIT_NUMBERS(NP_LIBEDIT_NUMBER)
};

/* The functions, as fields of a table: X(type of result, name, parameters). */
#define NP_LIBEDIT_FUNCTIONS(X)                                                                                        \
    X(NpEditLine *, el_init, (const char *, FILE *, FILE *, FILE *))                                                   \
    X(void, el_end, (NpEditLine *))                                                                                    \
    X(const char *, el_gets, (NpEditLine *, int *))                                                                    \
    X(int, el_set, (NpEditLine *, int, ...))                                                                           \
    X(int, el_get, (NpEditLine *, int, ...))                                                                           \
    X(int, el_source, (NpEditLine *, const char *))                                                                    \
    X(const NpEditText *, el_line, (NpEditLine *))                                                                     \
    X(int, el_insertstr, (NpEditLine *, const char *))                                                                 \
    X(void, el_deletestr, (NpEditLine *, int))                                                                         \
    X(NpEditPast *, history_init, (void))                                                                              \
    X(void, history_end, (NpEditPast *))                                                                               \
    X(int, history, (NpEditPast *, NpEditEvent *, int, ...))

#endif
