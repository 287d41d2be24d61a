/* vmslow.h: the operations of the language with all their cases (metamethods, coercions), for the C API and for the
 * handlers' cold paths (vmslow.c, vmcold.c, arith.c). */
#ifndef NP_VMSLOW_H
#define NP_VMSLOW_H

#include "runtime/gc/gc.h"
#include "runtime/state.h"
#include "runtime/table.h"

/* ---- vmslow.c: for the C API ----
 * All [gc err stk]. Metamethods run to their end before these return. Values given by address may lie in the stack:
 * they are read before anything that could move it. Results given as a slot are written by offset, so a slot of this
 * thread's stack stays right when the stack moves. */
void np_slow_get(lua_State *L, const NpValue *object, const NpValue *key, NpValue *result);
/* [gc err stk] A safe point before a value is stored: when a large table has to grow for a key that it lacks, and there
 * is no room for that, room is made. `object` and `key` may be in the stack, which may have moved afterwards. */
void np_slow_make_room(lua_State *L, const NpValue *object, const NpValue *key);
NP_INLINE bool np_slow_needs_room(const NpGlobal *global, const NpValue *object) {
    return global->heap.mem.limit != 0 && np_is_table(object) &&
           np_mem_over_limit(&global->heap.mem, np_table_growth(np_tab(object)));
}
void np_slow_set(lua_State *L, const NpValue *object, const NpValue *key, const NpValue *value);
void np_slow_set_literal(lua_State *L, const NpValue *object, NpString *key, const NpValue *value);
bool np_slow_equal(lua_State *L, const NpValue *a, const NpValue *b);
bool np_slow_less(lua_State *L, const NpValue *a, const NpValue *b);
bool np_slow_less_equal(lua_State *L, const NpValue *a, const NpValue *b);
void np_slow_length(lua_State *L, const NpValue *object, NpValue *result);
/* op: a LUA_OP* constant; unary ones have b == a. */
void np_slow_arith(lua_State *L, int op, const NpValue *a, const NpValue *b, NpValue *result);
/* Concatenates the n values at top - n .. top - 1 and leaves the result at top - n; top = that + 1. n >= 1. */
void np_slow_concat(lua_State *L, int n);

/* [-] raw equality (no metamethods) */
bool np_raw_equal(const NpValue *a, const NpValue *b);

/* ---- vmslow.c: halves of the above that stop where a metamethod has to be called ---- */
typedef struct NpCallee { /* what to call, with copies of the arguments */
    NpValue function, first, second, third;
    int nargs;
    bool negate; /* the comparison's outcome is the opposite of the result */
} NpCallee;
/* All [gc-free, err]; true: done; false: `callee` has to be called, for the result. */
bool np_slow_find(lua_State *L, const NpValue *object, const NpValue *key, NpValue *result, NpCallee *callee);
/* literal: the key stands in the program text. */
bool np_slow_store(lua_State *L, const NpValue *object, const NpValue *key, const NpValue *value, bool literal,
                   NpCallee *callee);
bool np_slow_arith_step(lua_State *L, int op, const NpValue *a, const NpValue *b, NpValue *result, NpCallee *callee);
/* [-] The event of an operation on numbers (LUA_OPADD ...). */
NpEvent np_slow_event(int op);
bool np_slow_length_step(lua_State *L, const NpValue *object, NpValue *result, NpCallee *callee);
/* op: LUA_OPEQ, LUA_OPLT or LUA_OPLE */
bool np_slow_compare_step(lua_State *L, int op, const NpValue *a, const NpValue *b, bool *result, NpCallee *callee);
/* Concatenates as many of the n values below top as need no metamethod, adjusting top; returns how many are left:
 * 1: done; else `callee` has to be called and its result put in place of the last two. */
int np_slow_concat_step(lua_State *L, int n, NpCallee *callee);
/* Pushes function and arguments at L->top; returns the function's slot. [err stk] */
NpValue *np_slow_push_callee(lua_State *L, const NpCallee *callee);

/* ---- arith.c: numbers only, [-] ---- */
/* false when an operand is not a number (strings are not converted) or an integer is needed and there is none; may throw division by zero [err]. */
bool np_arith_raw(lua_State *L, int op, const NpValue *a, const NpValue *b, NpValue *result);
int64_t np_arith_imod(lua_State *L, int64_t a, int64_t b); /* [err] "attempt to perform 'n%%0'" */
int64_t np_arith_idiv(lua_State *L, int64_t a, int64_t b); /* [err] "attempt to divide by zero" */
/* [-] LUA_OPADD ... LUA_OPIDIV, LUA_OPUNM of floats. */
double np_arith_float(int op, double a, double b);
double np_arith_fmod(double a, double b);
int64_t np_arith_shl(int64_t a, int64_t b);
bool np_arith_less_num(const NpValue *a, const NpValue *b);       /* both numbers, exact */
bool np_arith_less_equal_num(const NpValue *a, const NpValue *b);

#endif
