/* ast.h: the syntax tree between the grammar and the code generator.
 *
 * Owns: node layouts. Nodes live in an NpScratch (runtime/mem/scratch.h). When code is generated, the nodes of
 *       a statement are gone as soon as its code is there: only open statements have a tree. Names, variables
 *       (NpLocal) and what is shared live longer. Without a generator everything is kept (parse.h).
 * Does not: refer to heap objects. Names and string literals are NpAstName: interned within the
 *       compilation (equal texts have equal pointers), turned into Lua strings by the code generator.
 *
 * Lines are 1-based source lines; 0 means none.
 *
 * Nodes that are shared, so that nobody may change or link them: the key of a.name, of name = in a
 * table and of a GLOBAL, and the _ENV of a GLOBAL.
 */
#ifndef NP_AST_H
#define NP_AST_H

#include "runtime/base.h"

typedef struct NpAstName {
    const char *text; /* may hold any byte, 0 too; NUL-terminated besides */
    size_t length;
    uint32_t hash;
    int32_t constant;        /* scratch word for the code generator, initially -1 */
    struct NpAstName *chain; /* within the compilation's intern table */
    struct NpLocal *binding; /* while parsing: the innermost active variable of this name, or NULL */
    struct NpExpr *key;      /* the one STRING expression shared by all a.name and name = in tables, or NULL */
} NpAstName;

typedef struct NpExpr NpExpr;
typedef struct NpStat NpStat;
typedef struct NpBlock NpBlock;
typedef struct NpFunc NpFunc;
typedef struct NpLocal NpLocal;

/* ---- variables (filled by scope.c except name, attrib and lines) ---- */
typedef enum { NP_ATTRIB_NONE, NP_ATTRIB_CONST, NP_ATTRIB_CLOSE } NpAttrib;

struct NpLocal {
    NpAstName *name; /* generated ones have names like "(for state)" */
    NpFunc *func;    /* the function it belongs to */
    NpLocal *next;   /* next in the same declaration list */
    int line;
    uint8_t attrib;      /* NpAttrib */
    bool captured;       /* some inner function refers to it */
    bool assigned;       /* assigned after its declaration, anywhere */
    NpExpr *value;       /* compile-time constant: its initialiser, when attrib is CONST and the value is
                            a literal after folding; else NULL. Such a local has no register. */
    int16_t reg;         /* register while active, -1 otherwise (code generator) */
    NpLocal *shadowed;   /* while parsing: what `name` meant before this variable */
};

/* ---- expressions ---- */
typedef enum {
    NP_EXPR_NIL, NP_EXPR_TRUE, NP_EXPR_FALSE, NP_EXPR_INT, NP_EXPR_FLOAT, NP_EXPR_STRING, NP_EXPR_VARARG,
    NP_EXPR_NAME,     /* as parsed; scope.c turns it into LOCAL, UPVALUE or GLOBAL */
    NP_EXPR_LOCAL, NP_EXPR_UPVALUE, NP_EXPR_GLOBAL, /* GLOBAL: field `name` of the variable _ENV (index.object) */
    NP_EXPR_INDEX,    /* object[key]; a.b has a STRING key */
    NP_EXPR_CALL, NP_EXPR_METHOD, /* f(args), o:name(args) */
    NP_EXPR_FUNCTION, NP_EXPR_TABLE, NP_EXPR_UNARY, NP_EXPR_BINARY, NP_EXPR_AND, NP_EXPR_OR,
    NP_EXPR_PAREN,    /* (e): cuts multiple results to one; only kept round CALL, METHOD, VARARG */
    NP_EXPR_MADE      /* a table whose code is made already. It was to be evaluated first in its statement, and is in the first
                         free register; its line is that of the last instruction. */
} NpExprKind;

typedef enum { /* order of the metamethod events is not implied */
    NP_BIN_ADD, NP_BIN_SUB, NP_BIN_MUL, NP_BIN_MOD, NP_BIN_POW, NP_BIN_DIV, NP_BIN_IDIV,
    NP_BIN_BAND, NP_BIN_BOR, NP_BIN_BXOR, NP_BIN_SHL, NP_BIN_SHR, NP_BIN_CONCAT,
    NP_BIN_EQ, NP_BIN_NE, NP_BIN_LT, NP_BIN_LE, NP_BIN_GT, NP_BIN_GE
} NpBinary;
typedef enum { NP_UN_NEG, NP_UN_NOT, NP_UN_LEN, NP_UN_BNOT } NpUnary;

typedef enum { NP_ITEM_POSITIONAL, NP_ITEM_NAMED, NP_ITEM_KEYED } NpItemKind; /* e   name = e   [k] = e */
typedef struct NpTableItem {
    struct NpTableItem *next;
    NpExpr *key;   /* STRING for NAMED, any for KEYED, NULL for POSITIONAL */
    NpExpr *value;
    int end_line;  /* of the value's last token */
    uint8_t kind;  /* NpItemKind */
} NpTableItem;

/* A node is only as long as its kind needs (ast.c): it cannot be copied as a whole, nor turned into a
 * kind with a longer member of u. */
struct NpExpr {
    uint8_t kind;   /* NpExprKind */
    uint8_t op;     /* NpBinary or NpUnary */
    int line;       /* line of: the operator for BINARY/UNARY, the open parenthesis or string or brace of
                       the arguments' start ("line" Lua reports for a call) for CALL/METHOD, else the token */
    NpExpr *next;   /* next in an expression list */
    union {
        int64_t integer;
        double number;
        NpAstName *string;                                /* STRING, NAME */
        NpLocal *local;                                   /* LOCAL */
        struct { int32_t index; NpAstName *name; NpLocal *local; } upvalue; /* index into the function's upvalues */
        struct { NpExpr *object, *key; } index;           /* INDEX; GLOBAL too: object = _ENV's LOCAL/UPVALUE, key = STRING */
        struct { NpExpr *callee, *args; NpAstName *method; int nargs; } call; /* METHOD: callee is the object */
        NpFunc *func;
        struct { NpTableItem *items; int npositional, nnamed; } table;
        struct { NpExpr *left, *right; } binary;          /* AND, OR too */
        NpExpr *operand;                                  /* UNARY, PAREN */
        int32_t reg;                                      /* MADE */
    } u;
};

/* ---- statements ---- */
typedef enum {
    NP_STAT_LOCAL,     /* local a <attr>, b = exprs */
    NP_STAT_ASSIGN,    /* targets = exprs */
    NP_STAT_CALL,      /* expression statement: CALL or METHOD */
    NP_STAT_DO, NP_STAT_WHILE, NP_STAT_REPEAT, NP_STAT_IF, NP_STAT_FOR_NUM, NP_STAT_FOR_IN,
    NP_STAT_FUNCTION,  /* function a.b.c:m() : target expression = function */
    NP_STAT_LOCAL_FUNCTION, NP_STAT_RETURN, NP_STAT_BREAK, NP_STAT_GOTO, NP_STAT_LABEL
} NpStatKind;

typedef struct NpIfArm { /* `else` has no condition */
    struct NpIfArm *next;
    NpExpr *condition;
    NpBlock *block;
    int line; /* of the if/elseif/else token */
} NpIfArm;

struct NpStat {
    uint8_t kind;  /* NpStatKind */
    int line;      /* of the statement's first token */
    int end_line;  /* where the parser stood when the statement was complete (line of the last token) */
    NpStat *next;
    union {
        struct { NpLocal *names; NpExpr *exprs; int nnames, nexprs; } local;
        struct {
            NpExpr *targets, *exprs;
            int ntargets, nexprs;
            const struct NpPlace *place; /* of the only target, if there is code for that already; or NULL */
        } assign;
        NpExpr *call;
        NpBlock *block;                                        /* DO */
        struct { NpExpr *condition; NpBlock *block; } loop;    /* WHILE, REPEAT */
        NpIfArm *arms;
        struct { NpLocal *var; NpExpr *start, *limit, *step; NpBlock *block; } for_num; /* step may be NULL */
        struct { NpLocal *names; NpExpr *exprs; NpBlock *block; int nnames, nexprs; } for_in;
        struct { NpExpr *target; NpFunc *func; } function;
        struct { NpLocal *name; NpFunc *func; } local_function;
        struct { NpExpr *exprs; int nexprs; } ret;
        struct {
            NpAstName *label;
            NpStat *target;          /* the LABEL found by scope.c, in a tree that is kept */
            int32_t waiting;         /* generating code: place among the gotos without a label, or -1: it is known, */
            int32_t pc, level;       /* at this word, with so many variables active */
        } jump;                                                /* GOTO; BREAK too, with waiting < -1 outside of loops */
        struct { NpAstName *name; bool last; } label;          /* last: only void statements follow in its block */
    } u;
};

struct NpBlock {
    NpStat *first, *last;
    int line, end_line; /* end_line: of the token that closes it (end, until, else, <eof>) */
};

/* ---- functions ---- */
typedef struct NpUpvalue {
    NpAstName *name;
    NpLocal *local;    /* the variable, wherever it is; _ENV of the main function has one whose func is NULL */
    bool from_stack;   /* captured from the enclosing function's register (local->reg there; index is -1),
                          else from its upvalue `index`. The main function's _ENV: true, 0 */
    uint8_t kind;      /* NpAttrib of the variable */
    int32_t index;
} NpUpvalue;

struct NpFunc {
    NpFunc *parent;
    NpLocal *params;   /* `self` first in a method */
    int nparams;
    bool is_vararg, is_method, has_close;
    NpBlock *body;
    int line, end_line; /* of `function` and of its `end`; 0 and last line for the main chunk */
    NpUpvalue *upvalues; /* grown by scope.c; the main function has exactly one, _ENV */
    int nupvalues, upvalue_capacity;
    NpAstName *name_hint; /* for messages of the compiler only; may be NULL */
    struct NpFuncGen *gen; /* its generator, or NULL */
    int proto;             /* its place among the prototypes of the function around it, once it has been generated */
};

/* ---- building (for the grammar; ast.c) ---- */
struct NpParse;

/* [-] A node of that kind, everything else zero; the spare node without memory. */
NpExpr *np_ast_expr(struct NpParse *parse, NpExprKind kind, int line);
NpStat *np_ast_stat(struct NpParse *parse, NpStatKind kind, int line);
/* [-] The STRING expression of a name used as a key: one per name, shared. */
NpExpr *np_ast_key(struct NpParse *parse, NpAstName *name, int line);
/* [-] Operators; constant operands are folded as Lua 5.4 folds them, in place. */
NpExpr *np_ast_unary(struct NpParse *parse, NpUnary op, NpExpr *operand, int line);
NpExpr *np_ast_binary(struct NpParse *parse, NpBinary op, NpExpr *left, NpExpr *right, int line);
NpExpr *np_ast_logical(struct NpParse *parse, NpExprKind kind, NpExpr *left, NpExpr *right, int line);
/* [-] The expression where it does not go with its statement: a copy, which has no tree below it, if need be. */
NpExpr *np_ast_keep(struct NpParse *parse, NpExpr *expr);
/* [-] The expression where it is read as a value: a compile-time constant becomes its literal. */
NpExpr *np_ast_value(NpExpr *expr);
/* [-] True of NIL, TRUE, FALSE, INT, FLOAT and STRING. */
static inline bool np_ast_is_literal(const NpExpr *expr) { return expr->kind <= NP_EXPR_STRING; }

/* ---- walking ---- */

/* [-] The left operand, callee or object that is evaluated before anything else of `expr`; NULL if
 *     there is none. Chains of these (1+1+1..., a.b.c..., f()()()...) are as long as the source says,
 *     without limit: a pass must walk them in a loop. Everything else nests at most NP_PARSE_LEVELS. */
static inline NpExpr *np_ast_spine(const NpExpr *expr) {
    switch (expr->kind) {
    case NP_EXPR_BINARY:
    case NP_EXPR_AND:
    case NP_EXPR_OR: return expr->u.binary.left;
    case NP_EXPR_INDEX: return expr->u.index.object;
    case NP_EXPR_CALL:
    case NP_EXPR_METHOD: return expr->u.call.callee;
    case NP_EXPR_PAREN: return expr->u.operand;
    default: return NULL;
    }
}

/* [-] Writes the tree as text in parentheses, for tests and debugging (ast.c says how). Returns the
 *     length it has; what does not fit into `size` bytes is cut off, a NUL always fits if size > 0. */
size_t np_ast_dump(const NpFunc *func, char *out, size_t size);

#endif
