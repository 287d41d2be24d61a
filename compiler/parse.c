/* parse.c: np_parse, which runs the front end's parts in turn.
 *
 * Owns: the main function and its variable _ENV, the copy of an unterminated source, and the rule
 *       which message wins when several parts have one.
 * Does not: read tokens (grammar.y drives) or word messages (diagnose.c).
 */
#include "compiler/parse.h"

#include "compiler/diagnose.h"
#include "compiler/scope.h"

void *np_parse_no_memory(NpParse *parse) {
    parse->failed = parse->out_of_memory = true;
    parse->error = NULL;
    memset(parse->spare, 0, sizeof parse->spare);
    return parse->spare;
}

_Static_assert(sizeof(NpFunc) <= sizeof(((NpParse *)0)->spare) &&
                   sizeof(NpStat) <= sizeof(((NpParse *)0)->spare) &&
                   sizeof(NpLocal) <= sizeof(((NpParse *)0)->spare) &&
                   sizeof(NpExpr) <= sizeof(((NpParse *)0)->spare),
               "the spare node must be able to stand in for any node");

static bool take_source(NpParse *parse) {
    const char *source = parse->source;
    if (!parse->terminated || !source) {
        char *copy = parse->length == SIZE_MAX ? NULL
                                               : np_scratch_alloc(parse->scratch, parse->length + 1);
        if (!copy) return false;
        if (parse->length) memcpy(copy, source, parse->length);
        copy[parse->length] = '\0';
        source = copy;
    }
    parse->names.scratch = parse->scratch;
    np_lexer_init(&parse->lexer, &parse->names, source, parse->length);
    return true;
}

/* The main function is vararg and has the upvalue _ENV, a variable outside of every function that
 * others may set at any time. */
static void open_main(NpParse *parse) {
    NpFunc *func = np_parse_keep(parse, sizeof *func);
    NpLocal *local = np_parse_keep(parse, sizeof *local);
    NpUpvalue *upvalue = np_parse_keep(parse, sizeof *upvalue);
    NpBlock *body = np_parse_keep(parse, sizeof *body);
    NpAstName *env = np_lexer_intern(&parse->names, "_ENV", 4);
    if (!env) np_parse_no_memory(parse);
    if (parse->failed) return;
    memset(func, 0, sizeof *func);
    memset(local, 0, sizeof *local);
    memset(upvalue, 0, sizeof *upvalue);
    memset(body, 0, sizeof *body);
    local->name = upvalue->name = env;
    local->captured = local->assigned = true;
    local->reg = -1;
    upvalue->local = local;
    upvalue->from_stack = true;
    func->is_vararg = true;
    func->upvalues = upvalue;
    func->nupvalues = func->upvalue_capacity = 1;
    func->body = body;
    body->line = 1;
    parse->scope.env = env;
    env->binding = local;
    parse->main = func;
    np_scope_open_func(parse, func);
}

/* Whatever was found first in the source is what C Lua would have said. */
static void explain(NpParse *parse) {
    const char *scope_error = parse->error;
    if (parse->out_of_memory) return;
    parse->error = NULL;
    if (np_diagnose(parse, scope_error ? parse->failed_at : 0) || parse->out_of_memory) return;
    parse->error = scope_error;
    if (!parse->error) {
        NpNear near;
        if (np_lexer_near(&parse->lexer, &parse->token, &near))
            np_diagnose_fail(parse, parse->lexer.line, &near, "syntax error");
        else
            np_parse_no_memory(parse);
    }
}

static bool run(NpParse *parse) {
    if (!parse->generator) parse->tree = parse->scratch;
    if (!take_source(parse)) np_parse_no_memory(parse);
    else open_main(parse);
    if (parse->failed) return false;
    if (!np_grammar_run(parse)) {
        explain(parse);
        return false;
    }
    return !parse->deep || (!np_diagnose(parse, 0) && !parse->out_of_memory);
}

bool np_parse(NpParse *parse) {
    if (run(parse)) return true;
    parse->failed = true;
    parse->main = NULL;
    if (parse->out_of_memory) parse->error = NULL;
    return false;
}
