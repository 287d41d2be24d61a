/* scope.h: variables, upvalues, labels and gotos, resolved while the grammar reads (scope.c).
 *
 * All of these are [-]; an error sets parse->failed and parse->error. Those that end a block or define a label may make code
 * (cg.h) and are [err] then.
 */
#ifndef NP_SCOPE_H
#define NP_SCOPE_H

#include "compiler/parse.h"

/* A function's body begins: parameters are declared in it next. Its `line` is set already. */
void np_scope_open_func(NpParse *parse, NpFunc *func);
void np_scope_close_func(NpParse *parse);
void np_scope_open_block(NpParse *parse, bool loop);
/* `level`: the first register that a goto out of the block must close; -1: none, or no code is generated. */
void np_scope_close_block(NpParse *parse, int level);
/* A goto of the innermost function, whose block is the innermost one, has found no label so far. */
bool np_scope_has_gotos(const NpParse *parse);
/* A variable that exists but cannot be seen yet. Not linked to any list. */
NpLocal *np_scope_declare(NpParse *parse, NpAstName *name, int line);
/* Variables of a loop that have no name. */
void np_scope_declare_hidden(NpParse *parse, int count);
/* All declared variables of the innermost function can be seen from here on. */
void np_scope_activate(NpParse *parse);
/* What a name means here: LOCAL, UPVALUE, GLOBAL, or INDEX if _ENV is a literal. A LOCAL whose
 * variable is a compile-time constant may belong to any function; np_ast_value makes it a literal. */
NpExpr *np_scope_name(NpParse *parse, NpAstName *name, int line);
/* An assignment to this expression was read: complains about constants, notes it at the variable. */
void np_scope_assign(NpParse *parse, NpExpr *target);
void np_scope_goto(NpParse *parse, NpStat *stat);
/* The jumps of a GOTO whose label is not known; NULL for others. */
NpJumps *np_scope_waiting(NpParse *parse, const NpStat *stat);
/* Code of the gotos from the `first` on that have no label so far is gone. */
void np_scope_forget_gotos(NpParse *parse, int first);
void np_scope_break(NpParse *parse, NpStat *stat);
void np_scope_label(NpParse *parse, NpStat *stat);
/* A label or a semicolon was read, and parse->token follows: if that is neither, the labels before
 * it take effect. */
void np_scope_void(NpParse *parse);
/* The innermost function takes "...". */
bool np_scope_is_vararg(const NpParse *parse);
/* An error without "near". */
void np_scope_fail(NpParse *parse, const char *format, ...) NP_PRINTF(2, 3);

#endif
