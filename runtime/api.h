/* api.h: what the files of the C API share: indices to slots, checks of the caller, and pushing.
 * Does not: belong to the public interface (include/lua.h is). Used by api_*.c, debuginfo.c. */
#ifndef NP_API_H
#define NP_API_H

#include "runtime/gc/barrier.h"

/* Misuse of the API by C code: nothing a script can cause. */
#if CHECK >= 1
#define NP_API_CHECK(cond, sentence)                                                               \
    ((cond) ? (void)0 : np_fatal("%s: wrong use of the C API: %s", __func__, sentence))
#else
#define NP_API_CHECK(cond, sentence) ((void)0)
#endif
#define NP_API_NEED(L, n) NP_API_CHECK((L)->top - (L)->frame->func > (n), "too few values on the stack")

/* What an acceptable index that holds nothing leads to: a nil nobody may write to. */
extern NpValue np_api_none;

/* [-] A pseudo-index: the registry or an upvalue of the running C function. */
NpValue *np_api_pseudo(lua_State *L, int index);

/* [-] The slot an acceptable index stands for, or &np_api_none. */
NP_INLINE NpValue *np_api_slot(lua_State *L, int index) {
    if (NP_LIKELY(index > 0)) {
        NpValue *slot = L->frame->func + index;
        NP_API_CHECK(index <= L->frame->top - (L->frame->func + 1), "unacceptable index");
        return slot >= L->top ? &np_api_none : slot;
    }
    if (NP_LIKELY(index > LUA_REGISTRYINDEX)) {
        NP_API_CHECK(index != 0 && -index <= L->top - (L->frame->func + 1), "invalid index");
        return L->top + index;
    }
    return np_api_pseudo(L, index);
}
NP_INLINE bool np_api_exists(const NpValue *slot) { return slot != &np_api_none; }

/* [-] The table at an index; it must be one. */
NP_INLINE NpTable *np_api_table(lua_State *L, int index) {
    NpValue *slot = np_api_slot(L, index);
    NP_API_CHECK(np_is_table(slot), "a table is expected");
    return np_tab(slot);
}

NP_INLINE NpValue *np_api_push(lua_State *L) {
    NP_API_CHECK(L->top < L->frame->top, "stack overflow: lua_checkstack was not asked");
    np_barrier_push(L);
    return L->top++;
}

/* [gc-free, err] The string with the text of a C string; recently used ones are found by their address. */
NpString *np_api_string(lua_State *L, const char *text);

#endif
