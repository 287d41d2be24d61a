/*
 * options.c - reading the command line into NpOptions, and what --help shows.
 *
 * Owns: which words are options, where they end, and complaints about them. Does not: carry anything out.
 */
#include "cli/options.h"

#include <stddef.h>
#include <string.h>

#include "cli/spell.h"

typedef enum Kind { FLAG, TEXT, TEXT_OR_NONE, WORD, WORD_OR_NONE } Kind;

typedef struct Long {
    const char *name;
    const char *argument;
    Kind kind;
    size_t field; /* its place in NpOptions */
} Long;

static const Long longs[] = {
#define LONG(field, name, kind, argument, help, more) {name, argument, kind, offsetof(NpOptions, field)},
#include "cli/options.def"
};
enum { NLONGS = sizeof longs / sizeof longs[0] };

/* The option that `word` names, up to its end or a '='; *value is what follows that, or NULL. */
static const Long *find_long(const char *word, const char **value) {
    if (strncmp(word, "--", 2) != 0)
        return NULL;
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t len = equals != NULL ? (size_t)(equals - name) : strlen(name);
    *value = equals != NULL ? equals + 1 : NULL;
    for (int i = 0; i < NLONGS; i++) {
        if (strlen(longs[i].name) == len && strncmp(longs[i].name, name, len) == 0)
            return &longs[i];
    }
    return NULL;
}

/* The place of `value` in "a|b|c", from 1; 0 when it is not there. */
static int place_in(const char *words, const char *value) {
    size_t len = strlen(value);
    for (int place = 1;; place++) {
        const char *end = strchr(words, '|');
        size_t word_len = end != NULL ? (size_t)(end - words) : strlen(words);
        if (word_len == len && strncmp(words, value, len) == 0)
            return place;
        if (end == NULL)
            return 0;
        words = end + 1;
    }
}

/* Sets the option's field; false when its value cannot be. */
static bool set_long(const Long *option, const char *value, NpOptions *options) {
    void *field = (char *)options + option->field;
    switch (option->kind) {
    case FLAG:
        *(bool *)field = true;
        return value == NULL;
    case TEXT:
        *(const char **)field = value;
        return value != NULL && *value != '\0';
    case TEXT_OR_NONE:
        *(const char **)field = value != NULL ? value : "";
        return true;
    case WORD:
    case WORD_OR_NONE:
        if (value == NULL) {
            *(int *)field = 1;
            return option->kind == WORD_OR_NONE;
        }
        *(int *)field = place_in(option->argument, value);
        return *(int *)field != 0;
    }
    return false;
}

/* Understands one option; false when it is none. *takes_next: its argument is the next word. */
static bool read_option(const char *word, NpOptions *options, bool *takes_next) {
    const char *value;
    const Long *option = find_long(word, &value);
    *takes_next = false;
    if (option != NULL)
        return set_long(option, value, options);
    switch (word[1]) {
    case 'e':
    case 'l':
        options->has_chunk = options->has_chunk || word[1] == 'e';
        *takes_next = word[2] == '\0';
        return true;
    case 'i':
        options->interactive = true;
        break;
    case 'v':
        options->show_version = true;
        break;
    case 'E':
        options->no_environment = true;
        break;
    case 'W':
        break;
    default:
        return false;
    }
    return word[2] == '\0';
}

NpOptions np_options_read(char **argv) {
    NpOptions options = {0};
    int at = argv[0] != NULL;
    for (; argv[at] != NULL; at++) {
        bool takes_next;
        if (argv[at][0] != '-' || strcmp(argv[at], "-") == 0)
            break; /* a script */
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (!read_option(argv[at], &options, &takes_next) ||
            (takes_next && (argv[at + 1] == NULL || argv[at + 1][0] == '-'))) {
            options.bad = at;
            return options;
        }
        at += takes_next;
    }
    options.rest = at;
    options.script = argv[at] != NULL ? at : 0;
    options.title = argv[at] != NULL ? argv[at] : options.has_chunk ? "(command line)" : "stdin";
    options.show_version = options.show_version || options.interactive;
    return options;
}

/* ---- Complaints ---- */

/* "auto, on or off" of "auto|on|off". */
static void list_words(FILE *out, const char *words) {
    for (; *words != '\0'; words++) {
        if (*words == '|')
            fputs(strchr(words + 1, '|') != NULL ? ", " : " or ", out);
        else
            fputc(*words, out);
    }
}

static const char *nearest_long(const char *word) {
    char typed[64];
    size_t len = strcspn(word + 2, "=");
    if (len >= sizeof typed)
        return NULL;
    memcpy(typed, word + 2, len);
    typed[len] = '\0';
    NpSpell spell = np_spell_begin(typed);
    for (int i = 0; i < NLONGS; i++)
        np_spell_try(&spell, longs[i].name);
    return spell.best;
}

static void complain_about_value(const char *word, const Long *option) {
    switch (option->kind) {
    case FLAG:
        fprintf(stderr, "'%s' should be --%s, which takes no value", word, option->name);
        break;
    case TEXT:
    case TEXT_OR_NONE:
        fprintf(stderr, "'%s' needs a value: --%s=%s", word, option->name, option->argument);
        break;
    case WORD:
    case WORD_OR_NONE:
        fprintf(stderr, "'%s' should be --%s=", word, option->name);
        list_words(stderr, option->argument);
        break;
    }
}

void np_options_complain(const char *program, const char *word) {
    const char *value, *meant;
    const Long *option = find_long(word, &value);
    fprintf(stderr, "%s: ", program);
    if (strcmp(word, "-e") == 0 || strcmp(word, "-l") == 0)
        fprintf(stderr, "'%s' needs argument", word);
    else if (option != NULL)
        complain_about_value(word, option);
    else if (strncmp(word, "--", 2) == 0 && (meant = nearest_long(word)) != NULL)
        fprintf(stderr, "unrecognized option '%s', did you mean '--%s'?", word, meant);
    else
        fprintf(stderr, "unrecognized option '%s'", word);
    fprintf(stderr, "\nusage: %s [options] [script [args]]; '%s --help' lists the options\n", program, program);
}

/* ---- Help ---- */

enum { HELP_COLUMN = 26 };

static void print_row(FILE *out, int width, const char *help) {
    if (width > HELP_COLUMN - 2)
        fprintf(out, "\n%*s%s\n", HELP_COLUMN, "", help);
    else
        fprintf(out, "%*s%s\n", HELP_COLUMN - width, "", help);
}

static void print_short(FILE *out, const char *word, const char *argument, const char *help) {
    print_row(out, fprintf(out, *argument != '\0' ? "  %s %s" : "  %s%s", word, argument), help);
}

static void print_long(FILE *out, const char *name, Kind kind, const char *argument, const char *help) {
    static const char *const formats[] = {
        [FLAG] = "  --%s%s", [TEXT] = "  --%s=%s", [TEXT_OR_NONE] = "  --%s[=%s]", [WORD] = "  --%s=%s", [WORD_OR_NONE] = "  --%s[=%s]",
    };
    print_row(out, fprintf(out, formats[kind], name, argument), help);
}

void np_options_usage(FILE *out, const char *program) {
    fprintf(out, "usage: %s [options] [script [args]]\n"
                 "Runs a Lua 5.4 script; without one and without -e and -v, reads from the terminal.\n", program);
#define SECTION(title) fputs("\n" title ":\n", out);
#define SHORT(word, argument, help, more) print_short(out, word, argument, help);
#define LONG(field, name, kind, argument, help, more) print_long(out, name, kind, argument, help);
#include "cli/options.def"
    fputs("\nThe manual page neap(1) tells more.\n", out);
}
