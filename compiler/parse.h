/* parse.h: from a source text to code, or to a tree with its names resolved.
 *
 * Owns: NpParse, the state of one compilation, and the scopes while they are open.
 * Does not: free memory. Everything is allocated from the two scratches and lives until the caller frees those.
 *
 * The parts: lexer.re makes tokens, grammar.y (lemon) makes the tree and calls scope.c as it goes,
 * so that a name is resolved the moment it is read; diagnose.c words the message when it fails.
 *
 * With a generator, grammar.y has code made of each statement when it is complete, and of the beginnings and ends of
 * statements with blocks; then the tree of it is freed, in functions and blocks of any depth. What must be
 * known before the code is complete, and how what becomes known later is put right, is told in cg_stat.c. Without one,
 * as tests and the fuzzer use it, the whole tree is kept and nothing throws.
 */
#ifndef NP_PARSE_H
#define NP_PARSE_H

#include "compiler/emit.h"
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
    NpStat *stat;    /* in a tree that is kept */
    int line, nactive; /* nactive: variables of the function active there */
    NpJumps waiting;   /* generating code, of a goto: its jumps */
    int32_t pc;        /* and of a label: its word, */
    int level;         /* and how many variables have registers there */
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
    NpLocal *free_locals; /* of variables whose code has been made */
    NpLocal **locals; /* of all open functions, outermost first; NULL: a hidden variable of a loop */
    int nlocals, capacity;
    NpScopeJumps gotos, labels, pending; /* pending: labels whose block may end right behind them */
    NpAstName *env;                      /* "_ENV" */
} NpScope;

/* A block that code is being made for. */
typedef struct NpOpen {
    struct NpOpen *outer;
    NpGenBlock block, body;  /* body: the inner one of a `for` */
    NpScratchMark mark;      /* the tree before its first statement */
    NpIfArm *arm;            /* `if c then break` or goto was read: the condition has no code yet, because it may jump by */
    NpStat *jump;            /* itself; and that statement, once it is complete. arm is NULL in all other cases. */
    NpEmitMark before;       /* of an arm that is never reached */
    int ngotos;              /* likewise: gotos that waited before */
    bool unreachable;
    uint8_t last_kind;       /* NpStatKind of the statement before, */
    int last_line;           /* and the line of its end; 0: there is none */
} NpOpen;

typedef struct NpParse {
    /* given by the caller, the rest all zeros */
    NpScratch *scratch;
    NpScratch *tree;    /* for nodes, with a generator; must not be `scratch` */
    NpGen *generator;   /* makes code of what is read; or NULL. Its memory must be the same. */
    const char *source; /* need not outlive np_parse */
    size_t length;
    const char *chunk_id; /* as messages show it: [string "..."], file.lua, stdin */
    bool terminated;      /* source[length] is readable and 0; otherwise the source is copied */

    /* results */
    NpFunc *main;
    NpProto *proto;     /* with a generator: the code of main */
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
    bool counted;       /* it has been, or will be at the end, as no code is made any more */
    NpFuncGen *gen;     /* of the innermost function; NULL: no code is made */
    NpOpen *open;       /* innermost, of whichever function */
    size_t ready_at;    /* number of a token: if it opens a table, its code can be made while it is read, */
    struct NpOpenTable *ready_table; /* as (the value of) an item of this one, or NULL; the rest is NpOpenTable's */
    NpExpr *ready_target;
    int ready_line;
    size_t item_at;     /* number of the token that an item of ready_table began with */
    struct NpOpenTable *made; /* the last one with code that an assignment still to be completed begins with, or NULL */
    int function_line;  /* of the statement whose function body comes next; 0: its "(" counts */
    NpAstName *function_name; /* likewise, for NpFunc.name_hint */
    bool method;              /* likewise: it has a self */
    NpFunc *opening;          /* the function whose parameters are being read */
    NpScope scope;
    uint64_t spare[32]; /* stands in for any node when memory has run out */
} NpParse;

/* [err] Parses a whole chunk. False: see error and out_of_memory. With a generator it throws what cg.h throws. */
bool np_parse(NpParse *parse);

/* [err] The grammar's half: reads all tokens; false if parse->failed was set (grammar.y). */
bool np_grammar_run(NpParse *parse);

/* [-] For the front end: notes that memory ran out and returns the spare node, zeroed. */
NP_COLD void *np_parse_no_memory(NpParse *parse);

/* [-] A node (at most sizeof parse->spare), never NULL, contents undefined. It goes with its statement. */
NP_INLINE void *np_parse_alloc(NpParse *parse, size_t size) {
    void *node = np_scratch_alloc(parse->tree, size);
    return NP_LIKELY(node != NULL) ? node : np_parse_no_memory(parse);
}

/* [-] The same for what lives until the end; larger pieces are to be used only if parse->failed is not set. */
NP_INLINE void *np_parse_keep(NpParse *parse, size_t size) {
    void *piece = np_scratch_alloc(parse->scratch, size);
    return NP_LIKELY(piece != NULL) ? piece : np_parse_no_memory(parse);
}

#endif
