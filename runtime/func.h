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
/* [-] The same for running code while no barrier is on, from what the heap has at hand; NULL: there is nothing at hand. */
NP_INLINE NpUpval *np_func_find_or_take_upval(lua_State *L, NpValue *slot) {
    NpUpval **link = &L->open_upvalues, *upval;
    while (*link && (*link)->at > slot) link = &(*link)->u.open.next;
    if (*link && (*link)->at == slot) return *link;
    if (NP_UNLIKELY(!np_heap_has(&L->global->heap, NP_CLASS_OF(sizeof(NpUpval)), NP_SPAN_OBJ))) return NULL;
    upval = np_heap_take(&L->global->heap, NP_CLASS_OF(sizeof(NpUpval)), NP_SPAN_OBJ);
    upval->kind = NP_UPVAL;
    upval->flags = 0;
    upval->at = slot;
    upval->u.open.next = *link;
    upval->u.open.owner = L;
    *link = upval;
    return upval;
}
/* [-] Closes all open upvalues at or above `level`. */
void np_func_close_upvals(lua_State *L, NpValue *level);
/* [-] The same while no barrier is on. */
NP_INLINE void np_func_close_plainly(lua_State *L, const NpValue *level) {
    NpUpval *upval;
    while ((upval = L->open_upvalues) != NULL && upval->at >= level) {
        L->open_upvalues = upval->u.open.next;
        np_copy(&upval->u.closed, upval->at);
        upval->at = &upval->u.closed;
    }
}
/* [-] Name of the n-th (from 1) local variable active at word `pc`, or NULL. */
const NpString *np_func_local_string(const NpProto *proto, int n, int pc);
/* [-] Its text. */
const char *np_func_local_name(const NpProto *proto, int n, int pc);
/* [-] Source line of the instruction at word `pc`; -1 when stripped. */
int np_func_line(const NpProto *proto, int pc);

#endif
