/* mkopcodes.c: prints out/OPCODES.md (`ninja docs`) from runtime/opcodes.def.
 * Owns: the page's layout. The facts are the table's. */
#include <stdio.h>
#include <string.h>

#include "runtime/opcode.h"

enum { NONE = NP_OPF_NONE, SA = NP_OPF_SA, JW = NP_OPF_JW, JE = NP_OPF_JE, CMP = NP_OPF_CMP, KW = NP_OPF_KW,
       CAN = NP_OPF_CAN, Q = NP_OPF_Q };

typedef struct Row {
    const char *name, *synopsis;
    int format, words, flags;
} Row;

static const Row rows[] = {
#define OP(name, format, words, flags, synopsis) {#name, synopsis, NP_FORMAT_##format, words, flags},
#include "runtime/opcodes.def"
#undef OP
};
enum { COUNT = sizeof rows / sizeof *rows };

static const char *const format_names[] = {"A B C", "A D", "A sD", "E"};

static void print_head(void) {
    printf("# Opcodes\n\n"
           "Generated from runtime/opcodes.def by tools/mkopcodes; do not edit.\n\n"
           "%d instructions. One is a 32-bit word, followed by operand words:\n\n"
           "```\n"
           " 31      24 23      16 15       8 7        0\n"
           "|    C     |    B     |    A     |    op    |   A B C\n"
           "|          D          |    A     |    op    |   A D   (sD: signed)\n"
           "|               E                |    op    |   E     (signed)\n"
           "```\n\n"
           "`R[x]` register, `K[x]` constant, `U[x]` upvalue, `W1`..`W3` the following words, `pc` the word after\n"
           "the whole instruction, `sB` B read as signed. \"Up to top\": to where the last open CALL or VARARG put\n"
           "the end of its results.\n\n"
           "Flags: **m** may call a metamethod, **j** jumps, **k** holds an inline cache and the constant index of a\n"
           "field name, **q** written by the interpreter only, in place of the instruction it is a form of.\n\n",
           (int)COUNT);
}

static void print_row(int number) {
    const Row *row = &rows[number];
    printf("| %d | `%s` | %s | %d | ", number, row->name, format_names[row->format], row->words);
    if (row->flags & CAN) putchar('m');
    if (row->flags & (JW | JE)) putchar('j');
    if (row->flags & KW) putchar('k');
    if (row->flags & Q) putchar('q');
    printf(" | ");
    for (const char *at = row->synopsis; *at; at++) {
        if (*at == '|') putchar('\\');
        putchar(*at);
    }
    printf(" |\n");
}

int main(void) {
    print_head();
    printf("| number | name | fields | words | flags | what it does |\n|--:|---|---|--:|---|---|\n");
    for (int i = 0; i < COUNT; i++) print_row(i);
    return 0;
}
