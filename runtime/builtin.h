/* builtin.h: library functions that the interpreter does itself (builtin.c, builtins.def). */
#ifndef NP_BUILTIN_H
#define NP_BUILTIN_H

#include "runtime/state.h"

/* [gc-free, err; pcall and coroutines gc err stk] What the function at `func` does with the `nargs` values above it, where that is its plain case: the
 * results are at `func` and up, and their number is returned; they may reach NP_STACK_EXTRA slots above top, not more.
 * Otherwise -1, and nothing has been done: then it is called like any other C function, which also raises all errors
 * but that of memory. */
typedef int NpBuiltin(lua_State *L, NpValue *func, int nargs);
/* Other results of those that call: the frame to go on with is L->frame, or that of the thread now running, or the loop
 * is to be left. */
enum { NP_BUILTIN_NOT_PLAIN = -1, NP_BUILTIN_FRAME = -2, NP_BUILTIN_THREAD = -3, NP_BUILTIN_LEAVE = -4 };

/* [-] neap_setbuiltin: unknown names change nothing. */
void np_builtin_set(NpGlobal *global, const char *library, const char *name, lua_CFunction function);

NP_INLINE unsigned np_builtin_place(lua_CFunction function) {
    return (unsigned)((uintptr_t)function >> 4) & (NP_BUILTIN_SLOTS - 1);
}
/* [-] or NULL */
NP_INLINE NpBuiltin *np_builtin_find(const NpGlobal *global, lua_CFunction function) {
    const NpBuiltinEntry *entry = &global->builtins[np_builtin_place(function)];
    while (NP_UNLIKELY(entry->function != function)) {
        if (!entry->function) return NULL;
        entry = entry == &global->builtins[NP_BUILTIN_SLOTS - 1] ? global->builtins : entry + 1;
    }
    return entry->run;
}

#endif
