/* options.h - what the command line asks for. */
#ifndef NP_OPTIONS_H
#define NP_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

#define NP_FIELD_FLAG(field) bool field;
#define NP_FIELD_TEXT(field) const char *field;
#define NP_FIELD_TEXT_OR_NONE(field) const char *field;
#define NP_FIELD_WORD(field) int field;
#define NP_FIELD_WORD_OR_NONE(field) int field;

/* The fields of long options and their meanings are in options.def. -e, -l and -W are carried out in their order by
 * whoever runs the program. Strings belong to argv. */
typedef struct NpOptions {
    int script; /* index of the script in argv, 0 for none */
    int bad;    /* index of an option that cannot be understood, 0 for none */
    int rest;   /* index behind the last option */
    const char *title; /* of what is run: the script's name, or "(command line)" or "stdin" */
    bool interactive, show_version, has_chunk, no_environment; /* -i; -v or -i; -e; -E */
#define LONG(field, name, kind, argument, help, more) NP_FIELD_##kind(field)
#include "cli/options.def"
} NpOptions;

/* Reads argv, which ends with NULL, up to the script. */
NpOptions np_options_read(char **argv);

/* Says on stderr what is wrong with `word`, which np_options_read found bad. */
void np_options_complain(const char *program, const char *word);

void np_options_usage(FILE *out, const char *program);

#endif
