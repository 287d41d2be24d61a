/*
 * mark.c - which part of a source line an error message is about. Lines keep no columns at run time, so this is found
 * again from the words of the message.
 *
 * Owns: splitting a line into tokens, and knowing the messages' forms. Does not: read files or touch Lua (explain.c).
 *
 * A line is looked at by itself: inside a long string or comment that began before it the tokens are not what they
 * seem. At worst a caret is missing or stands at a wrong place of the right line.
 */
#include "cli/mark.h"

#include <ctype.h>
#include <string.h>

enum { MOST_TOKENS = 400 };

typedef struct Token {
    size_t start, len;
    char sort; /* 'n' name, 's' string, '0' number, 'o' operator */
} Token;

typedef struct Line {
    const char *text;
    size_t len;
    int ntokens;
    Token tokens[MOST_TOKENS];
} Line;

/* ---- Tokens ---- */

static size_t end_of_string(const char *text, size_t at, size_t len) {
    char quote = text[at++];
    while (at < len && text[at] != quote)
        at += text[at] == '\\' ? 2 : 1;
    return at < len ? at + 1 : len;
}

/* Behind the long bracket that opens at `at`; `at` itself when none does. */
static size_t end_of_long(const char *text, size_t at, size_t len) {
    size_t level = 0;
    while (at + 1 + level < len && text[at + 1 + level] == '=')
        level++;
    if (at + 1 + level >= len || text[at] != '[' || text[at + 1 + level] != '[')
        return at;
    for (size_t end = at + level + 2; end + level + 1 < len; end++) {
        if (text[end] == ']' && text[end + level + 1] == ']' && memcmp(text + end + 1, text + at + 1, level) == 0)
            return end + level + 2;
    }
    return len;
}

static size_t end_of_operator(const char *text, size_t at, size_t len) {
    static const char *const long_ones[] = {"...", "..", "==", "~=", "<=", ">=", "//", "::", "<<", ">>"};
    for (size_t i = 0; i < sizeof long_ones / sizeof long_ones[0]; i++) {
        size_t size = strlen(long_ones[i]);
        if (size <= len - at && memcmp(text + at, long_ones[i], size) == 0)
            return at + size;
    }
    return at + 1;
}

/* The token at `at`, which is no blank; *sort is 0 for a comment. */
static size_t end_of_token(const char *text, size_t at, size_t len, char *sort) {
    unsigned char byte = (unsigned char)text[at];
    if (byte == '-' && at + 1 < len && text[at + 1] == '-') {
        size_t end = at + 2 < len ? end_of_long(text, at + 2, len) : len;
        *sort = 0;
        return end > at + 2 ? end : len;
    }
    if (isalpha(byte) || byte == '_' || isdigit(byte) || (byte == '.' && at + 1 < len && isdigit((unsigned char)text[at + 1]))) {
        bool number = !isalpha(byte) && byte != '_';
        *sort = number ? '0' : 'n';
        while (at < len && (isalnum((unsigned char)text[at]) || text[at] == '_' || (number && text[at] == '.')))
            at++;
        return at;
    }
    *sort = 's';
    if (byte == '"' || byte == '\'')
        return end_of_string(text, at, len);
    if (byte == '[' && end_of_long(text, at, len) > at)
        return end_of_long(text, at, len);
    *sort = 'o';
    return end_of_operator(text, at, len);
}

static void split(Line *line, const char *text, size_t len) {
    line->text = text;
    line->len = len;
    line->ntokens = 0;
    for (size_t at = 0; at < len && line->ntokens < MOST_TOKENS;) {
        if (isspace((unsigned char)text[at])) {
            at++;
            continue;
        }
        Token token = {.start = at};
        at = end_of_token(text, at, len, &token.sort);
        token.len = at - token.start;
        if (token.sort != 0)
            line->tokens[line->ntokens++] = token;
    }
}

static bool is_text(const Line *line, int i, const char *text) {
    if (i < 0 || i >= line->ntokens)
        return false;
    const Token *token = &line->tokens[i];
    return strlen(text) == token->len && memcmp(line->text + token->start, text, token->len) == 0;
}

static bool is_one_of(const Line *line, int i, const char *const *texts) {
    for (; *texts != NULL; texts++) {
        if (is_text(line, i, *texts))
            return true;
    }
    return false;
}

/* ---- Messages ---- */

void np_mark_read(NpMark *mark, const char *message) {
    static const struct {
        const char *words;
        NpMarkName kind;
    } forms[] = {
        {" (global '", NP_MARK_VARIABLE}, {" (local '", NP_MARK_VARIABLE}, {" (upvalue '", NP_MARK_VARIABLE},
        {" (field '", NP_MARK_FIELD},     {" (method '", NP_MARK_METHOD},
    };
    *mark = (NpMark){.is_nil = strstr(message, " a nil value") != NULL};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const char *found = strstr(message, forms[i].words);
        if (found == NULL)
            continue;
        const char *name = found + strlen(forms[i].words), *end = strchr(name, '\'');
        if (end == NULL || (size_t)(end - name) >= sizeof mark->name)
            continue;
        mark->kind = forms[i].kind;
        mark->is_global = i == 0;
        memcpy(mark->name, name, (size_t)(end - name));
    }
}

static void add_span(NpMark *mark, size_t start, size_t len) {
    if (mark->nspans < NP_MARK_SPANS)
        mark->spans[mark->nspans++] = (struct NpMarkSpan){start, len};
}

/* Whether token i is the name where the message says it is. */
static bool is_named(const Line *line, const NpMark *mark, int i) {
    static const char *const dots[] = {".", NULL}, *const colons[] = {":", NULL}, *const both[] = {".", ":", NULL};
    const Token *token = &line->tokens[i];
    if (mark->kind == NP_MARK_FIELD && token->sort == 's') /* t["name"] */
        return is_text(line, i - 1, "[") && token->len == strlen(mark->name) + 2 &&
               memcmp(line->text + token->start + 1, mark->name, token->len - 2) == 0;
    if (token->sort != 'n' || !is_text(line, i, mark->name))
        return false;
    switch (mark->kind) {
    case NP_MARK_FIELD:
        return is_one_of(line, i - 1, dots);
    case NP_MARK_METHOD:
        return is_one_of(line, i - 1, colons);
    default:
        return !is_one_of(line, i - 1, both);
    }
}

/* Whether what follows token i does with it what the message says failed. */
static bool is_used_so(const Line *line, const char *message, int i) {
    static const char *const calls[] = {"(", "{", NULL}, *const indexes[] = {".", "[", ":", NULL};
    int next = i + 1 + (is_text(line, i - 1, "[") && is_text(line, i + 1, "]"));
    if (strstr(message, "attempt to call ") != NULL)
        return is_one_of(line, next, calls) || (next < line->ntokens && line->tokens[next].sort == 's');
    if (strstr(message, "attempt to index ") != NULL)
        return is_one_of(line, next, indexes);
    return true;
}

static void find_name(NpMark *mark, const Line *line, const char *message) {
    for (int strict = 1; strict >= 0 && mark->nspans == 0; strict--) {
        for (int i = 0; i < line->ntokens; i++) {
            if (is_named(line, mark, i) && (!strict || is_used_so(line, message, i)))
                add_span(mark, line->tokens[i].start, line->tokens[i].len);
        }
    }
}

/* bad argument #1 to 'name': the function called. */
static void find_called(NpMark *mark, const Line *line, const char *message) {
    const char *name = strstr(message, " to '"), *end = name != NULL ? strchr(name + 5, '\'') : NULL;
    if (end == NULL)
        return;
    for (const char *dot = name + 5; dot < end; dot++) {
        if (*dot == '.') /* of 'string.rep' the last */
            name = dot - 4;
    }
    for (int i = 0; i < line->ntokens; i++) {
        if (line->tokens[i].sort == 'n' && line->tokens[i].len == (size_t)(end - name - 5) &&
            memcmp(line->text + line->tokens[i].start, name + 5, line->tokens[i].len) == 0)
            add_span(mark, line->tokens[i].start, line->tokens[i].len);
    }
}

/* An operator, when the line has only one that can have failed so. */
static void find_operator(NpMark *mark, const Line *line, const char *message) {
    static const struct {
        const char *words;
        const char *operators[8];
    } forms[] = {
        {"attempt to compare ", {"<", ">", "<=", ">="}},
        {"attempt to concatenate ", {".."}},
        {"attempt to perform arithmetic ", {"+", "-", "*", "/", "%", "^", "//"}},
        {"attempt to perform 'n//0'", {"//"}},
        {"attempt to perform 'n%%0'", {"%"}},
        {"attempt to get length ", {"#"}},
        {"attempt to perform bitwise ", {"&", "|", "~", "<<", ">>"}},
        {"number has no integer representation", {"&", "|", "~", "<<", ">>"}},
    };
    for (size_t form = 0; form < sizeof forms / sizeof forms[0]; form++) {
        if (strstr(message, forms[form].words) == NULL)
            continue;
        for (int i = 0; i < line->ntokens; i++) {
            if (line->tokens[i].sort == 'o' && is_one_of(line, i, forms[form].operators))
                add_span(mark, line->tokens[i].start, line->tokens[i].len);
        }
        if (mark->nspans > 1)
            mark->nspans = 0;
        return;
    }
}

/* The message is the program's own: whatever raised it. */
static void find_raise(NpMark *mark, const Line *line) {
    static const char *const raisers[] = {"error", "assert", NULL};
    for (int i = 0; i < line->ntokens; i++) {
        if (is_one_of(line, i, raisers) && is_used_so(line, "attempt to call ", i))
            add_span(mark, line->tokens[i].start, line->tokens[i].len);
    }
}

void np_mark_find(NpMark *mark, const char *message, const char *text, size_t len) {
    Line line;
    split(&line, text, len);
    mark->nspans = 0;
    if (mark->kind != NP_MARK_UNNAMED)
        find_name(mark, &line, message);
    else if (strstr(message, "bad argument #") != NULL || strstr(message, "calling '") != NULL)
        find_called(mark, &line, message);
    else
        find_operator(mark, &line, message);
    if (mark->kind == NP_MARK_UNNAMED && mark->nspans == 0)
        find_raise(mark, &line);
}

bool np_mark_token(const char *text, size_t len, size_t from, const char *near, size_t near_len, struct NpMarkSpan *span) {
    Line line;
    split(&line, text, len);
    for (int i = 0; i < line.ntokens; i++) {
        const Token *token = &line.tokens[i];
        if (token->start < from || token->len < near_len || memcmp(text + token->start, near, near_len) != 0)
            continue;
        if (token->len != near_len && token->sort != 's')
            continue;
        *span = (struct NpMarkSpan){token->start, token->len};
        return true;
    }
    return false;
}
