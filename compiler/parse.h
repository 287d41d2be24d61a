/* parse.h: from a source text to a tree with its names resolved.
 *
 * Owns: NpParse, the state of one compilation's front half, and the scopes while they are open.
 * Does not: know the Lua state, throw, or longjmp. Everything is allocated from the scratch and
 *       lives until the caller frees that.
 *
 * The halves: lexer.re makes tokens, grammar.y (lemon) makes the tree and calls scope.c as it goes,
 * so that a name is resolved the moment it is read; diagnose.c words the message when it fails.
 * A tree that np_parse returns is complete: there is no pass over it.
 */
#ifndef NP_PARSE_H
#define NP_PARSE_H

#include "compiler/lexer.h"

/* Nesting that C Lua's parser allows: statements and operands open at the same time. */
#define NP_PARSE_LEVELS 197
/* Deeper than this on the parser's stack, the levels are counted exactly (diagnose.c). */
#define NP_PARSE_DEEP 140

#define NP_PARSE_MAX_LOCALS 200 /* per function; each for loop has 3 or 4 hidden ones besides */
#define NP_PARSE_MAX_UPVALUES 255

typedef struct NpScopeBlock NpScopeBlock;
typedef struct NpScopeFunc NpScopeFunc;

/* A goto or break without target so far, or a label that can be seen. */
typedef struct NpScopeJump {
    NpAstName *name; /* NULL: break */
    NpStat *stat;
    int line, nactive; /* nactive: variables of the function active there */
} NpScopeJump;

typedef struct NpScopeJumps {
    NpScopeJump *list;
    int count, capacity;
} NpScopeJumps;

/* The scopes that are open; scope.c's alone. */
typedef struct NpScope {
    NpScopeFunc *func;   /* innermost */
    NpScopeBlock *block; /* innermost */
    NpScopeFunc *free_funcs;
    NpScopeBlock *free_blocks;
    NpLocal **locals; /* of all open functions, outermost first; NULL: a hidden variable of a loop */
    int nlocals, capacity;
    NpScopeJumps gotos, labels, pending; /* pending: labels whose block may end right behind them */
    NpAstName *env;                      /* "_ENV" */
} NpScope;

typedef struct NpParse {
    /* given by the caller, the rest all zeros */
    NpScratch *scratch;
    const char *source; /* need not outlive np_parse */
    size_t length;
    const char *chunk_id; /* as messages show it: [string "..."], file.lua, stdin */
    bool terminated;      /* source[length] is readable and 0; otherwise the source is copied */

    /* results */
    NpFunc *main;
    const char *error;  /* in the scratch, NUL-terminated: Lua's message; NULL if out of memory */
    bool out_of_memory; /* then there is no error text */

    /* while parsing */
    NpLexer lexer;
    NpNames names;
    NpToken token;      /* the lookahead */
    int last_line;      /* of the token before it */
    size_t ntokens;     /* read so far, the lookahead included */
    bool failed;        /* no tree will come of it; actions may still run, on sound data */
    size_t failed_at;   /* ntokens when `error` was set by scope.c */
    bool deep;          /* nesting must be counted */
    int function_line;  /* of the statement whose function body comes next; 0: its "(" counts */
    NpAstName *function_name; /* likewise, for NpFunc.name_hint */
    bool method;              /* likewise: it has a self */
    NpFunc *opening;          /* the function whose parameters are being read */
    NpScope scope;
    uint64_t spare[16]; /* stands in for any node when memory has run out */
} NpParse;

/* [-] Parses a whole chunk. False: see error and out_of_memory. */
bool np_parse(NpParse *parse);

/* [-] The grammar's half: reads all tokens; false if parse->failed was set (grammar.y). */
bool np_grammar_run(NpParse *parse);

/* [-] For the front end: notes that memory ran out and returns the spare node, zeroed. */
NP_COLD void *np_parse_no_memory(NpParse *parse);

/* [-] A node (at most sizeof parse->spare), never NULL, contents undefined. */
NP_INLINE void *np_parse_alloc(NpParse *parse, size_t size) {
    void *node = np_scratch_alloc(parse->scratch, size);
    return NP_LIKELY(node != NULL) ? node : np_parse_no_memory(parse);
}

#endif
