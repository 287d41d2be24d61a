/* diagnose.c: says what is wrong with a chunk in the words of C Lua.
 *
 * Lua's messages come from a recursive-descent parser: which token it stops at and what it expects
 * there depend on which of its functions is active. The parser that builds the tree is a table, so
 * after a failure this file reads the chunk once more with a recogniser of that shape. It makes no
 * tree and knows no variables; what concerns variables and labels was found by scope.c, together
 * with the number of the token that was being looked at, and np_diagnose stops there.
 *
 * Owns: the texts of syntax errors, the format of messages, and the limit on nesting, which counts
 *       what C Lua counts: one level for each statement and each operand that is open.
 * Does not: run for correct chunks, except when they nest so deeply that the levels must be counted.
 *
 * Invariants:
 *   1  Every function that returns bool returns false after an error or at `stop`, and its caller
 *      returns false at once. parse->error tells the two apart.
 *   2  C recursion is bounded by NP_PARSE_LEVELS.
 */
#include "compiler/diagnose.h"

#include <stdarg.h>
#include <stdio.h>

#include "grammar.h"

typedef struct Diagnosis {
    NpParse *parse;
    NpLexer lexer;
    NpToken token, ahead;
    bool has_ahead;
    bool vararg; /* in the innermost function */
    int level;
    size_t index, stop; /* index: of `token`, 1 for the first */
} Diagnosis;

typedef enum { KIND_OTHER, KIND_VARIABLE, KIND_CALL } Kind; /* of a suffixed expression */

/* ---- messages -------------------------------------------------------------------------------- */

void np_diagnose_fail(NpParse *parse, int line, const NpNear *near, const char *format, ...) {
    const char *chunk = parse->chunk_id ? parse->chunk_id : "?";
    size_t near_length = 0, size;
    int head, body;
    char *text, *at;
    va_list args;
    if (parse->error) return;
    /* A zero byte ends the quotation, as C's %s would; a token that is one is not quoted. */
    if (near && near->text) near_length = strnlen(near->text, near->length);
    va_start(args, format);
    body = vsnprintf(NULL, 0, format, args);
    va_end(args);
    head = snprintf(NULL, 0, "%s:%d: ", chunk, line);
    size = (size_t)head + (size_t)body + near_length + 16;
    text = head < 0 || body < 0 ? NULL : np_scratch_alloc(parse->scratch, size);
    if (!text) {
        np_parse_no_memory(parse);
        return;
    }
    snprintf(text, size, "%s:%d: ", chunk, line);
    at = text + head;
    va_start(args, format);
    vsnprintf(at, (size_t)body + 1, format, args);
    va_end(args);
    at += body;
    if (near && near->text) {
        memcpy(at, " near '", 7);
        at += near->quoted ? 7 : 6;
        memcpy(at, near->text, near_length);
        at += near_length;
        if (near->quoted) *at++ = '\'';
    }
    *at = '\0';
    parse->error = text;
}

static bool fail(Diagnosis *d, const char *message) {
    NpNear near;
    if (np_lexer_near(&d->lexer, &d->token, &near))
        np_diagnose_fail(d->parse, d->lexer.line, &near, "%s", message);
    else
        np_parse_no_memory(d->parse);
    return false;
}

static bool fail_expected(Diagnosis *d, int kind) {
    char text[32];
    snprintf(text, sizeof text, np_lexer_is_fixed(kind) ? "'%s' expected" : "%s expected",
             np_lexer_spelling(kind));
    return fail(d, text);
}

static bool fail_levels(Diagnosis *d) {
    static const char text[] = "C stack overflow";
    char *copy = np_scratch_alloc(d->parse->scratch, sizeof text);
    if (!copy) np_parse_no_memory(d->parse);
    else d->parse->error = memcpy(copy, text, sizeof text); /* without a position, as in C Lua */
    return false;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static bool lex(Diagnosis *d, NpToken *token) {
    if (np_lexer_next(&d->lexer, token) != NP_TK_ERROR) return true;
    if (!d->lexer.problem) {
        np_parse_no_memory(d->parse);
    } else if (d->lexer.problem_line) {
        np_diagnose_fail(d->parse, d->lexer.line, &d->lexer.near, "%s (starting at line %d)",
                         d->lexer.problem, d->lexer.problem_line);
    } else {
        np_diagnose_fail(d->parse, d->lexer.line, &d->lexer.near, "%s", d->lexer.problem);
    }
    return false;
}

static bool next(Diagnosis *d) {
    if (d->has_ahead) {
        d->token = d->ahead;
        d->has_ahead = false;
    } else if (!lex(d, &d->token)) {
        return false;
    }
    d->index++;
    return d->stop == 0 || d->index < d->stop;
}

static bool is(const Diagnosis *d, int kind) { return d->token.kind == kind; }

static bool check(Diagnosis *d, int kind) { return is(d, kind) || fail_expected(d, kind); }

static bool expect(Diagnosis *d, int kind) { return check(d, kind) && next(d); }

/* The token that closes what `open` began on `line`. */
static bool expect_match(Diagnosis *d, int kind, int open, int line) {
    char text[96];
    if (is(d, kind)) return next(d);
    if (line == d->lexer.line) return fail_expected(d, kind);
    snprintf(text, sizeof text, "'%s' expected (to close '%s' at line %d)", np_lexer_spelling(kind),
             np_lexer_spelling(open), line);
    return fail(d, text);
}

static bool enter(Diagnosis *d) { return ++d->level <= NP_PARSE_LEVELS || fail_levels(d); }

static bool ends_block(const Diagnosis *d, bool with_until) {
    switch (d->token.kind) {
    case 0:
    case NP_TK_ELSE:
    case NP_TK_ELSEIF:
    case NP_TK_END: return true;
    case NP_TK_UNTIL: return with_until;
    default: return false;
    }
}

/* ---- expressions ----------------------------------------------------------------------------- */

static bool statement(Diagnosis *d);
static bool statements(Diagnosis *d);
static bool expression(Diagnosis *d);

static bool expressions(Diagnosis *d) {
    if (!expression(d)) return false;
    while (is(d, NP_TK_COMMA))
        if (!next(d) || !expression(d)) return false;
    return true;
}

static bool bracketed_key(Diagnosis *d) {
    return next(d) && expression(d) && expect(d, NP_TK_RBRACKET);
}

static bool table_field(Diagnosis *d) {
    if (is(d, NP_TK_NAME)) {
        if (!lex(d, &d->ahead)) return false;
        d->has_ahead = true;
        if (d->ahead.kind != NP_TK_ASSIGN) return expression(d);
        return next(d) && next(d) && expression(d);
    }
    if (is(d, NP_TK_LBRACKET))
        return bracketed_key(d) && expect(d, NP_TK_ASSIGN) && expression(d);
    return expression(d);
}

static bool table(Diagnosis *d) {
    int line = d->lexer.line;
    if (!expect(d, NP_TK_LBRACE)) return false;
    while (!is(d, NP_TK_RBRACE)) {
        if (!table_field(d)) return false;
        if (!is(d, NP_TK_COMMA) && !is(d, NP_TK_SEMI)) break;
        if (!next(d)) return false;
    }
    return expect_match(d, NP_TK_RBRACE, NP_TK_LBRACE, line);
}

static bool arguments(Diagnosis *d) {
    int line = d->lexer.line;
    switch (d->token.kind) {
    case NP_TK_LPAREN:
        if (!next(d)) return false;
        if (!is(d, NP_TK_RPAREN) && !expressions(d)) return false;
        return expect_match(d, NP_TK_RPAREN, NP_TK_LPAREN, line);
    case NP_TK_LBRACE: return table(d);
    case NP_TK_STRING: return next(d);
    default: return fail(d, "function arguments expected");
    }
}

static bool primary(Diagnosis *d, Kind *kind) {
    int line = d->lexer.line;
    switch (d->token.kind) {
    case NP_TK_NAME: *kind = KIND_VARIABLE; return next(d);
    case NP_TK_LPAREN:
        *kind = KIND_OTHER;
        return next(d) && expression(d) && expect_match(d, NP_TK_RPAREN, NP_TK_LPAREN, line);
    default: return fail(d, "unexpected symbol");
    }
}

static bool suffixed(Diagnosis *d, Kind *kind) {
    if (!primary(d, kind)) return false;
    for (;;) {
        switch (d->token.kind) {
        case NP_TK_DOT:
            if (!next(d) || !expect(d, NP_TK_NAME)) return false;
            *kind = KIND_VARIABLE;
            break;
        case NP_TK_LBRACKET:
            if (!bracketed_key(d)) return false;
            *kind = KIND_VARIABLE;
            break;
        case NP_TK_COLON:
            if (!next(d) || !expect(d, NP_TK_NAME) || !arguments(d)) return false;
            *kind = KIND_CALL;
            break;
        case NP_TK_LPAREN:
        case NP_TK_STRING:
        case NP_TK_LBRACE:
            if (!arguments(d)) return false;
            *kind = KIND_CALL;
            break;
        default: return true;
        }
    }
}

static bool parameters(Diagnosis *d) {
    d->vararg = false;
    if (is(d, NP_TK_RPAREN)) return true;
    for (;;) {
        if (is(d, NP_TK_DOTS)) {
            d->vararg = true;
            return next(d);
        }
        if (!is(d, NP_TK_NAME)) return fail(d, "<name> or '...' expected");
        if (!next(d)) return false;
        if (!is(d, NP_TK_COMMA)) return true;
        if (!next(d)) return false;
    }
}

/* Parameters and body; `line` is where messages say the function began. */
static bool function_body(Diagnosis *d, int line) {
    bool outer = d->vararg;
    if (!expect(d, NP_TK_LPAREN) || !parameters(d) || !expect(d, NP_TK_RPAREN)) return false;
    if (!statements(d) || !expect_match(d, NP_TK_END, NP_TK_FUNCTION, line)) return false;
    d->vararg = outer;
    return true;
}

static bool simple(Diagnosis *d) {
    Kind kind;
    switch (d->token.kind) {
    case NP_TK_INTEGER:
    case NP_TK_FLOAT:
    case NP_TK_STRING:
    case NP_TK_NIL:
    case NP_TK_TRUE:
    case NP_TK_FALSE: return next(d);
    case NP_TK_DOTS:
        if (!d->vararg) return fail(d, "cannot use '...' outside a vararg function");
        return next(d);
    case NP_TK_LBRACE: return table(d);
    case NP_TK_FUNCTION: return next(d) && function_body(d, d->lexer.line);
    default: return suffixed(d, &kind);
    }
}

/* How strongly a binary operator binds what stands on its left and on its right; 0: none. */
static int left_strength(int kind) {
    switch (kind) {
    case NP_TK_OR: return 1;
    case NP_TK_AND: return 2;
    case NP_TK_LT:
    case NP_TK_GT:
    case NP_TK_LE:
    case NP_TK_GE:
    case NP_TK_NE:
    case NP_TK_EQ: return 3;
    case NP_TK_PIPE: return 4;
    case NP_TK_TILDE: return 5;
    case NP_TK_AMP: return 6;
    case NP_TK_SHL:
    case NP_TK_SHR: return 7;
    case NP_TK_CONCAT: return 9;
    case NP_TK_PLUS:
    case NP_TK_MINUS: return 10;
    case NP_TK_STAR:
    case NP_TK_SLASH:
    case NP_TK_IDIV:
    case NP_TK_PERCENT: return 11;
    case NP_TK_CARET: return 14;
    default: return 0;
    }
}

static int right_strength(int kind) {
    bool to_the_right = kind == NP_TK_CONCAT || kind == NP_TK_CARET;
    return left_strength(kind) - to_the_right;
}

enum { UNARY_STRENGTH = 12 };

/* An operand with all operators that bind more strongly than `strength`. */
static bool operand(Diagnosis *d, int strength) {
    if (!enter(d)) return false;
    switch (d->token.kind) {
    case NP_TK_NOT:
    case NP_TK_MINUS:
    case NP_TK_TILDE:
    case NP_TK_HASH:
        if (!next(d) || !operand(d, UNARY_STRENGTH)) return false;
        break;
    default:
        if (!simple(d)) return false;
    }
    while (left_strength(d->token.kind) > strength) {
        int right = right_strength(d->token.kind);
        if (!next(d) || !operand(d, right)) return false;
    }
    d->level--;
    return true;
}

static bool expression(Diagnosis *d) { return operand(d, 0); }

/* ---- statements ------------------------------------------------------------------------------ */

static bool block_until(Diagnosis *d, int close, int open, int line) {
    return statements(d) && expect_match(d, close, open, line);
}

static bool if_statement(Diagnosis *d, int line) {
    do {
        if (!next(d) || !expression(d) || !expect(d, NP_TK_THEN) || !statements(d)) return false;
    } while (is(d, NP_TK_ELSEIF));
    if (is(d, NP_TK_ELSE) && (!next(d) || !statements(d))) return false;
    return expect_match(d, NP_TK_END, NP_TK_IF, line);
}

static bool for_statement(Diagnosis *d, int line) {
    if (!next(d) || !expect(d, NP_TK_NAME)) return false;
    switch (d->token.kind) {
    case NP_TK_ASSIGN:
        if (!next(d) || !expression(d) || !expect(d, NP_TK_COMMA) || !expression(d)) return false;
        if (is(d, NP_TK_COMMA) && (!next(d) || !expression(d))) return false;
        break;
    case NP_TK_COMMA:
    case NP_TK_IN:
        while (is(d, NP_TK_COMMA))
            if (!next(d) || !expect(d, NP_TK_NAME)) return false;
        if (!expect(d, NP_TK_IN) || !expressions(d)) return false;
        break;
    default: return fail(d, "'=' or 'in' expected");
    }
    return expect(d, NP_TK_DO) && block_until(d, NP_TK_END, NP_TK_FOR, line);
}

static bool function_statement(Diagnosis *d, int line) {
    if (!next(d) || !expect(d, NP_TK_NAME)) return false;
    while (is(d, NP_TK_DOT))
        if (!next(d) || !expect(d, NP_TK_NAME)) return false;
    if (is(d, NP_TK_COLON) && (!next(d) || !expect(d, NP_TK_NAME))) return false;
    return function_body(d, line);
}

static bool local_statement(Diagnosis *d) {
    if (!next(d)) return false;
    if (is(d, NP_TK_FUNCTION))
        return next(d) && expect(d, NP_TK_NAME) && function_body(d, d->lexer.line);
    for (;;) {
        if (!expect(d, NP_TK_NAME)) return false;
        if (is(d, NP_TK_LT) && (!next(d) || !expect(d, NP_TK_NAME) || !expect(d, NP_TK_GT)))
            return false;
        if (!is(d, NP_TK_COMMA)) break;
        if (!next(d)) return false;
    }
    return !is(d, NP_TK_ASSIGN) || (next(d) && expressions(d));
}

static bool label(Diagnosis *d) {
    if (!next(d) || !expect(d, NP_TK_NAME) || !expect(d, NP_TK_DBCOLON)) return false;
    while (is(d, NP_TK_SEMI) || is(d, NP_TK_DBCOLON))
        if (!statement(d)) return false;
    return true;
}

static bool return_statement(Diagnosis *d) {
    if (!next(d)) return false;
    if (!ends_block(d, true) && !is(d, NP_TK_SEMI) && !expressions(d)) return false;
    return !is(d, NP_TK_SEMI) || next(d);
}

static bool assignment(Diagnosis *d, Kind kind) {
    int entered = 0;
    for (;;) {
        if (kind != KIND_VARIABLE) return fail(d, "syntax error");
        if (!is(d, NP_TK_COMMA)) break;
        if (!next(d) || !suffixed(d, &kind) || !enter(d)) return false;
        entered++; /* C Lua recurses for each target */
    }
    if (!expect(d, NP_TK_ASSIGN) || !expressions(d)) return false;
    d->level -= entered;
    return true;
}

static bool expression_statement(Diagnosis *d) {
    Kind kind;
    if (!suffixed(d, &kind)) return false;
    if (is(d, NP_TK_ASSIGN) || is(d, NP_TK_COMMA)) return assignment(d, kind);
    return kind == KIND_CALL || fail(d, "syntax error");
}

static bool statement_body(Diagnosis *d) {
    int line = d->lexer.line;
    switch (d->token.kind) {
    case NP_TK_SEMI: return next(d);
    case NP_TK_IF: return if_statement(d, line);
    case NP_TK_WHILE:
        return next(d) && expression(d) && expect(d, NP_TK_DO) &&
               block_until(d, NP_TK_END, NP_TK_WHILE, line);
    case NP_TK_DO: return next(d) && block_until(d, NP_TK_END, NP_TK_DO, line);
    case NP_TK_FOR: return for_statement(d, line);
    case NP_TK_REPEAT:
        return next(d) && block_until(d, NP_TK_UNTIL, NP_TK_REPEAT, line) && expression(d);
    case NP_TK_FUNCTION: return function_statement(d, line);
    case NP_TK_LOCAL: return local_statement(d);
    case NP_TK_DBCOLON: return label(d);
    case NP_TK_RETURN: return return_statement(d);
    case NP_TK_BREAK: return next(d);
    case NP_TK_GOTO: return next(d) && expect(d, NP_TK_NAME);
    default: return expression_statement(d);
    }
}

static bool statement(Diagnosis *d) {
    if (!enter(d) || !statement_body(d)) return false;
    d->level--;
    return true;
}

/* A block's statements, up to the token that must close it. */
static bool statements(Diagnosis *d) {
    while (!ends_block(d, true)) {
        bool last = is(d, NP_TK_RETURN);
        if (!statement(d)) return false;
        if (last) break;
    }
    return true;
}

bool np_diagnose(NpParse *parse, size_t stop) {
    Diagnosis d;
    const char *source = (const char *)parse->lexer.limit - parse->length;
    memset(&d, 0, sizeof d);
    d.parse = parse;
    d.stop = stop;
    d.vararg = true;
    np_lexer_init(&d.lexer, &parse->names, source, parse->length);
    if (next(&d) && statements(&d)) check(&d, 0);
    return parse->error != NULL;
}
