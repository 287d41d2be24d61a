/* lexer.h: source text to tokens (lexer.re), and the table of the texts they hold.
 *
 * Owns: the token and lexer structures. Token kinds are lemon's numbers, NP_TK_x of the generated
 *       grammar.h; 0 is the end of the source.
 * Does not: know the grammar, throw, or free anything: all memory is the scratch's.
 */
#ifndef NP_LEXER_H
#define NP_LEXER_H

#include "compiler/ast.h"
#include "runtime/mem/scratch.h"

typedef struct NpToken {
    union {
        int64_t integer;
        double number;
        NpAstName *name; /* NAME, STRING */
    } u;
    int32_t line; /* of the token's last character */
    int32_t kind; /* NP_TK_x; OTHER (a byte no token starts with) has the byte in u.integer */
} NpToken;

/* The compilation's texts, each once. All zeros but the scratch is an empty table. */
typedef struct NpNames {
    NpScratch *scratch;
    NpAstName **buckets;
    uint32_t nbuckets, count; /* nbuckets: 0 or a power of two */
} NpNames;

/* The text to show behind "near": bare, or in quotes. */
typedef struct NpNear {
    const char *text; /* may point into `small`; NULL: nothing to show */
    size_t length;
    bool quoted;
    char small[8];
} NpNear;

typedef struct NpLexer {
    const unsigned char *cursor; /* next byte to read */
    const unsigned char *limit;  /* *limit is 0 and readable: the sentinel */
    const unsigned char *start;  /* of the token read last */
    int line;                    /* where cursor is */
    NpScratch *scratch;
    NpNames *names;
    char *buffer; /* decoded text of strings with escapes; grows, reused */
    size_t used, capacity;
    const char *problem; /* of the token ERROR: the message; NULL when memory ran out */
    int problem_line;    /* if not 0: where that element began, to be named behind the message */
    NpNear near;         /* what the message is about */
} NpLexer;

/* [-] The name with this text, made if there is none; NULL without memory. */
NpAstName *np_lexer_intern(NpNames *names, const char *text, size_t length);
/* [-] Starts at the beginning of source; source[length] must be readable and 0. */
void np_lexer_init(NpLexer *lexer, NpNames *names, const char *source, size_t length);
/* [-] Reads the next token and returns its kind; ERROR when there is none (lexer->problem). */
int np_lexer_next(NpLexer *lexer, NpToken *token);
/* [-] What an error near `token`, the one read last, calls it; false without memory. */
bool np_lexer_near(NpLexer *lexer, const NpToken *token, NpNear *near);
/* [-] The fixed spelling of a kind of token: "end", "==", "<eof>", "<name>". */
const char *np_lexer_spelling(int kind);
/* [-] True when messages put quotes round np_lexer_spelling(kind). */
bool np_lexer_is_fixed(int kind);
/* [-] A numeral (no sign, no blanks) as INTEGER or FLOAT; false if it is malformed. Does not depend
 *     on the locale. The one place where the compiler turns text into a number. */
bool np_lex_number(const char *text, size_t length, NpToken *out);

#endif
