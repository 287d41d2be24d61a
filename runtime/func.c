/* func.c: prototypes, closures, upvalues.
 * Owns: their creation, the list of open upvalues of a thread, debug look-ups in prototypes.
 * Does not: run functions (call.c, vm.c). */
#include "runtime/func.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"

static void *copy_array(lua_State *L, const void *from, size_t count, size_t element) {
    if (count == 0) return NULL;
    void *copy = np_mem_buf(L, count * element);
    memcpy(copy, from, count * element);
    return copy;
}

/* The prototype is made first and filled field by field, so that a failed allocation leaves an object the collector
 * can still read. */
NpProto *np_func_new_proto(lua_State *L, const NpProtoParts *parts) {
    const size_t code_size = (size_t)parts->ncode * sizeof(NpInstr);
    NpProto *proto = np_mem_obj(L, sizeof(NpProto) + code_size, NP_PROTO);
    memset((char *)proto + sizeof(NpObj), 0, sizeof(NpProto) - sizeof(NpObj));
    proto->code = np_proto_code(proto);
    if (code_size) memcpy(proto->code, parts->code, code_size);
    proto->ncode = parts->ncode;
    proto->nparams = parts->nparams;
    proto->is_vararg = parts->is_vararg;
    proto->max_stack = parts->max_stack;
    proto->line = parts->line;
    proto->last_line = parts->last_line;
    proto->source = parts->source;
    proto->constants = copy_array(L, parts->constants, (size_t)parts->nconstants, sizeof(NpValue));
    proto->nconstants = parts->nconstants;
    proto->protos = copy_array(L, parts->protos, (size_t)parts->nprotos, sizeof(NpProto *));
    proto->nprotos = parts->nprotos;
    proto->upvalues = copy_array(L, parts->upvalues, (size_t)parts->nupvalues, sizeof(NpUpvalDesc));
    proto->nupvalues = (uint8_t)parts->nupvalues;
    proto->lines = copy_array(L, parts->lines, (size_t)parts->nlines, sizeof(NpLineRun));
    proto->nlines = parts->nlines;
    proto->locvars = copy_array(L, parts->locvars, (size_t)parts->nlocvars, sizeof(NpLocVar));
    proto->nlocvars = parts->nlocvars;
    /* NOBARRIER(fresh): the prototype is black by allocation while marking, so what it refers to is shaded here. */
    if (L->global->gc.barrier_on) np_barrier_again(L->global, (NpObj *)proto);
    return proto;
}

NpLClosure *np_func_new_lua(lua_State *L, NpProto *proto) {
    size_t size = sizeof(NpLClosure) + proto->nupvalues * sizeof(NpUpval *);
    NpLClosure *closure = np_mem_obj(L, size, NP_LCLOSURE);
    closure->nupvalues = proto->nupvalues;
    closure->proto = proto;
    for (int i = 0; i < proto->nupvalues; i++) closure->upvalue[i] = NULL;
    np_barrier_obj(L->global, closure, proto);
    return closure;
}

NpCClosure *np_func_new_c(lua_State *L, lua_CFunction function, int nupvalues) {
    NpCClosure *closure = np_mem_obj(L, sizeof(NpCClosure) + (size_t)nupvalues * sizeof(NpValue), NP_CCLOSURE);
    closure->nupvalues = (uint8_t)nupvalues;
    closure->function = function;
    for (int i = 0; i < nupvalues; i++) np_set_nil(&closure->upvalue[i]);
    return closure;
}

void np_func_init_upvalues(lua_State *L, NpLClosure *closure) {
    np_gc_hold(L, closure);
    for (int i = 0; i < closure->nupvalues; i++) {
        if (closure->upvalue[i]) continue;
        NpUpval *upval = np_mem_obj(L, sizeof(NpUpval), NP_UPVAL);
        upval->at = &upval->u.closed;
        np_set_nil(&upval->u.closed);
        closure->upvalue[i] = upval;
        np_barrier_obj(L->global, closure, upval);
    }
    np_gc_drop(L, 1);
}

NpUpval *np_func_find_upval(lua_State *L, NpValue *slot) {
    NpUpval **link = &L->open_upvalues;
    while (*link && (*link)->at > slot) link = &(*link)->u.open.next;
    if (*link && (*link)->at == slot) return *link;
    NpUpval *upval = np_mem_obj(L, sizeof(NpUpval), NP_UPVAL);
    upval->at = slot;
    upval->u.open.next = *link;
    upval->u.open.owner = L;
    *link = upval;
    /* Black by allocation, so that mark.c does not follow what an open one refers to. */
    np_barrier_obj(L->global, upval, np_state_thread(L));
    if (upval->u.open.next) np_barrier_obj(L->global, upval, upval->u.open.next);
    return upval;
}

void np_func_close_upvals(lua_State *L, NpValue *level) {
    NpUpval *upval;
    while ((upval = L->open_upvalues) != NULL && upval->at >= level) {
        L->open_upvalues = upval->u.open.next;
        NpValue *slot = upval->at;
        np_copy(&upval->u.closed, slot);
        upval->at = &upval->u.closed;
        np_barrier(L->global, upval, slot);
        /* The list hangs from the thread now, not from the upvalue. */
        if (L->open_upvalues) np_barrier_obj(L->global, L, L->open_upvalues);
    }
}

const NpString *np_func_local_string(const NpProto *proto, int n, int pc) {
    for (int i = 0; i < proto->nlocvars && proto->locvars[i].start_pc <= pc; i++) {
        if (pc >= proto->locvars[i].end_pc) continue;
        if (--n == 0) return proto->locvars[i].name;
    }
    return NULL;
}

const char *np_func_local_name(const NpProto *proto, int n, int pc) {
    const NpString *name = np_func_local_string(proto, n, pc);
    return name ? name->text : NULL;
}

int np_func_line(const NpProto *proto, int pc) {
    if (!proto->lines) return -1;
    int low = 0, high = proto->nlines;
    while (high - low > 1) {
        int middle = low + (high - low) / 2;
        if (proto->lines[middle].pc <= (uint32_t)pc) low = middle;
        else high = middle;
    }
    return proto->nlines > 0 ? proto->lines[low].line : -1;
}
