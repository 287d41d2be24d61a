/* mkcli.c: prints what is made of cli/options.def for out/share (`ninja share`): mkcli man < docs/neap.1.in puts the lists
 * of options and variables in place of the lines @OPTIONS@ and @VARIABLES@; mkcli bash, zsh, fish print the completions.
 * Owns: their layout. The facts are the table's. */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef enum Kind { FLAG, TEXT, TEXT_OR_NONE, WORD, WORD_OR_NONE } Kind;
typedef enum Sort { HEADING, SHORT, LONG, VARIABLE } Sort;

typedef struct Row {
    Sort sort;
    const char *name;
    Kind kind;
    const char *argument, *help, *more;
} Row;

static const Row rows[] = {
#define SECTION(title) {HEADING, title, FLAG, "", "", ""},
#define SHORT(word, argument, help, more) {SHORT, word, FLAG, argument, help, more},
#define LONG(field, name, kind, argument, help, more) {LONG, name, kind, argument, help, more},
#define VARIABLE(name, help) {VARIABLE, name, FLAG, "", help, ""},
#include "cli/options.def"
};
enum { COUNT = sizeof rows / sizeof rows[0] };

static bool is_optional(const Row *row) { return row->kind == TEXT_OR_NONE || row->kind == WORD_OR_NONE; }
static bool has_words(const Row *row) { return row->kind == WORD || row->kind == WORD_OR_NONE; }
static bool is_file(const Row *row) { return strncmp(row->argument, "FILE", 4) == 0; }
/* -- and - are not options to complete. */
static bool is_letter(const Row *row) { return row->sort == SHORT && isalpha((unsigned char)row->name[1]); }

/* ---- The manual page ---- */

/* A hyphen that is typed is \- in roff; a backslash or a dot at the beginning of a line would be a request. */
static void roff(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\\')
            fputs("\\e", stdout);
        else
            putchar(*text);
    }
}

/* The help as a sentence. */
static void sentence(const char *help) {
    putchar(toupper((unsigned char)*help));
    roff(help + 1);
    puts(".");
}

/* Sentences begin on lines of their own, as roff wants it. */
static void sentences(const char *text) {
    for (; *text != '\0'; text++) {
        char one[2] = {*text, '\0'};
        if (text[0] == '.' && text[1] == ' ') {
            puts(".");
            text++;
        } else {
            roff(one);
        }
    }
    putchar('\n');
}

static void man_options(void) {
    for (int i = 0; i < COUNT; i++) {
        const Row *row = &rows[i];
        if (row->sort == HEADING) {
            printf(".SS ");
            roff(row->name);
            putchar('\n');
            continue;
        }
        if (row->sort == VARIABLE)
            continue;
        printf(".TP\n\\fB");
        roff(row->sort == LONG ? "--" : "");
        roff(row->name);
        printf("\\fR");
        if (*row->argument != '\0')
            printf("%s%s%s\\fR%s", row->sort == SHORT ? " " : is_optional(row) ? "[=" : "=", has_words(row) ? "\\fB" : "\\fI",
                   row->argument, is_optional(row) ? "]" : "");
        putchar('\n');
        sentence(row->help);
        if (*row->more != '\0')
            sentences(row->more);
    }
}

static void man_variables(void) {
    for (int i = 0; i < COUNT; i++) {
        if (rows[i].sort != VARIABLE)
            continue;
        printf(".TP\n\\fB%s\\fR\n", rows[i].name);
        sentences(rows[i].help);
    }
}

static int man(void) {
    char line[1024];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "@OPTIONS@\n") == 0)
            man_options();
        else if (strcmp(line, "@VARIABLES@\n") == 0)
            man_variables();
        else
            fputs(line, stdout);
    }
    return 0;
}

/* ---- bash ---- */

static void print_words(const char *words, const char *prefix, char between) {
    printf("%s", prefix);
    for (; *words != '\0'; words++) {
        putchar(*words == '|' ? between : *words);
        if (*words == '|')
            printf("%s", prefix);
    }
}

/* bash breaks words at '=': after "--name=" the word being completed is what follows it, and the one before
 * that is the option. */
static int bash(void) {
    puts("# Completion for neap in bash. Made by tools/mkcli from cli/options.def.\n"
         "_neap()\n{\n"
         "    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
         "    if [[ $word == = ]]; then\n"
         "        word=\n"
         "    elif [[ $before == = && $COMP_CWORD -ge 2 ]]; then\n"
         "        before=${COMP_WORDS[COMP_CWORD-2]}\n"
         "    fi\n"
         "    COMPREPLY=()\n"
         "    case $before in\n"
         "        -e | -l) return ;;");
    for (int i = 0; i < COUNT; i++) {
        if (rows[i].sort != LONG || rows[i].kind == FLAG)
            continue;
        printf("        --%s) ", rows[i].name);
        if (has_words(&rows[i])) {
            printf("[[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]] &&\n"
                   "            COMPREPLY=($(compgen -W '");
            print_words(rows[i].argument, "", ' ');
            puts("' -- \"$word\")) && return ;;");
        } else if (is_file(&rows[i])) {
            puts("[[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]] &&\n"
                 "            compopt -o filenames && COMPREPLY=($(compgen -f -- \"$word\")) && return ;;");
        } else {
            puts("[[ ${COMP_WORDS[COMP_CWORD]} == = || ${COMP_WORDS[COMP_CWORD-1]} == = ]] && return ;;");
        }
    }
    puts("    esac\n"
         "    if [[ $word == -* ]]; then");
    printf("        COMPREPLY=($(compgen -W '");
    for (int i = 0; i < COUNT; i++) {
        if (is_letter(&rows[i]))
            printf("%s ", rows[i].name);
        else if (rows[i].sort == LONG)
            printf("--%s%s ", rows[i].name, rows[i].kind == TEXT || rows[i].kind == WORD ? "=" : "");
    }
    puts("' -- \"$word\"))\n"
         "        [[ ${COMPREPLY[0]} == *= ]] && compopt -o nospace\n"
         "        return\n"
         "    fi\n"
         "    compopt -o filenames\n"
         "    COMPREPLY=($(compgen -f -- \"$word\"))\n"
         "}\n"
         "complete -F _neap neap");
    return 0;
}

/* ---- zsh ---- */

/* Inside single quotes and brackets. */
static void zsh_text(const char *text) {
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else if (strchr("[]:\\", *text) != NULL)
            printf("\\%c", *text);
        else
            putchar(*text);
    }
}

static int zsh(void) {
    puts("#compdef neap\n"
         "# Completion for neap in zsh. Made by tools/mkcli from cli/options.def.\n"
         "_arguments -S \\");
    for (int i = 0; i < COUNT; i++) {
        const Row *row = &rows[i];
        bool letter = is_letter(row);
        if (!letter && row->sort != LONG)
            continue;
        printf("    '%s%s%s%s%s[", letter && *row->argument != '\0' ? "*" : "", letter ? "" : "--", row->name,
               letter && *row->argument != '\0' ? "+" : "", !letter && row->kind != FLAG ? (is_optional(row) ? "=-" : "=") : "");
        zsh_text(row->help);
        putchar(']');
        if (*row->argument != '\0') {
            printf("%s", is_optional(row) ? "::" : ":");
            if (has_words(row)) {
                printf("%s:(", row->name);
                print_words(row->argument, "", ' ');
                putchar(')');
            } else {
                zsh_text(row->argument);
                printf(":%s", is_file(row) ? "_files" : " ");
            }
        }
        puts("' \\");
    }
    puts("    ':script:_files -g \"*.lua(-.)\"' \\\n"
         "    '*::argument:_files'");
    return 0;
}

/* ---- fish ---- */

static void fish_text(const char *text) {
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static int fish(void) {
    puts("# Completion for neap in fish. Made by tools/mkcli from cli/options.def.");
    for (int i = 0; i < COUNT; i++) {
        const Row *row = &rows[i];
        if (is_letter(row))
            printf("complete -c neap -s %s %s-d ", row->name + 1, *row->argument != '\0' ? "-x " : "");
        else if (row->sort == LONG)
            printf("complete -c neap -l %s %s-d ", row->name,
                   row->kind == TEXT || row->kind == WORD ? (is_file(row) ? "-r " : "-x ") : "");
        else
            continue;
        fish_text(row->help);
        if (has_words(row)) {
            printf(" -a '");
            print_words(row->argument, "", ' ');
            putchar('\'');
        }
        putchar('\n');
    }
    return 0;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*print)(void);
    } kinds[] = {{"man", man}, {"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    for (size_t i = 0; argc == 2 && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(argv[1], kinds[i].name) == 0)
            return kinds[i].print();
    }
    fputs("usage: mkcli man|bash|zsh|fish\n", stderr);
    return 2;
}
