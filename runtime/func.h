/* func.h: prototypes, closures and upvalues (func.c).
 * Does not: run them (call.c, vm.c) or read and write binary chunks (bcio.c). */
#ifndef NP_FUNC_H
#define NP_FUNC_H

#include "runtime/state.h"

/* What the code generator or the chunk reader made; every array is copied. */
typedef struct NpProtoParts {
    uint8_t nparams, is_vararg, max_stack;
    int line, last_line;
    NpString *source; /* or NULL */
    const NpInstr *code; int ncode;
    const NpValue *constants; int nconstants;
    NpProto *const *protos; int nprotos;
    const NpUpvalDesc *upvalues; int nupvalues;
    const NpLineRun *lines; int nlines;
    const NpLocVar *locvars; int nlocvars;
} NpProtoParts;

/* [gc-free, err] */
NpProto *np_func_new_proto(lua_State *L, const NpProtoParts *parts);
/* [gc-free, err] A closure with nupvalues of the proto, all NULL. */
NpLClosure *np_func_new_lua(lua_State *L, NpProto *proto);
/* [gc-free, err] Gives every NULL upvalue of the closure a fresh closed nil. */
void np_func_init_upvalues(lua_State *L, NpLClosure *closure);
NpCClosure *np_func_new_c(lua_State *L, lua_CFunction function, int nupvalues);
/* [gc-free, err] The open upvalue of a stack slot, made if needed. */
NpUpval *np_func_find_upval(lua_State *L, NpValue *slot);
/* [-] Closes all open upvalues at or above `level`. */
void np_func_close_upvals(lua_State *L, NpValue *level);
/* [-] Name of the n-th (from 1) local variable active at word `pc`, or NULL. */
const NpString *np_func_local_string(const NpProto *proto, int n, int pc);
/* [-] Its text. */
const char *np_func_local_name(const NpProto *proto, int n, int pc);
/* [-] Source line of the instruction at word `pc`; -1 when stripped. */
int np_func_line(const NpProto *proto, int pc);

#endif
