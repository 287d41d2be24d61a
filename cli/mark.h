/* mark.h - which part of a source line an error message is about. */
#ifndef NP_MARK_H
#define NP_MARK_H

#include <stdbool.h>
#include <stddef.h>

enum { NP_MARK_SPANS = 8 };

typedef enum NpMarkName { NP_MARK_UNNAMED, NP_MARK_VARIABLE, NP_MARK_FIELD, NP_MARK_METHOD } NpMarkName;

typedef struct NpMark {
    /* What the message tells, by np_mark_read: */
    NpMarkName kind;
    bool is_global;   /* of a VARIABLE */
    bool is_nil;      /* the value was nil where another was needed: perhaps the name is misspelt */
    char name[80];    /* "" for none */
    /* Where that is in the line, by np_mark_find: */
    int nspans;       /* 0: nowhere to be found; more than 1: it may be any of them */
    struct NpMarkSpan {
        size_t start, len; /* bytes */
    } spans[NP_MARK_SPANS];
} NpMark;

/* Reads the message of a run-time error, without its position. */
void np_mark_read(NpMark *mark, const char *message);

/* Finds what `message` is about in a line of source. */
void np_mark_find(NpMark *mark, const char *message, const char *line, size_t len);

/* Finds the token whose text is `near` in the line, at or behind byte `from`; false when it is not there. */
bool np_mark_token(const char *line, size_t len, size_t from, const char *near, size_t near_len, struct NpMarkSpan *span);

#endif
