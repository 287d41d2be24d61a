/* api.h: what the files of the C API share: indices to slots, checks of the caller, and pushing.
 * Does not: belong to the public interface (include/lua.h is). Used by api_*.c, debuginfo.c. */
#ifndef NP_API_H
#define NP_API_H

#include "runtime/err.h"
#include "runtime/gc/barrier.h"

/* What an acceptable index that holds nothing leads to: a nil nobody may write to. */
extern NP_HIDDEN NpValue np_api_none;

/* [-] A pseudo-index: the registry or an upvalue of the running C function. */
NP_RARE NpValue *np_api_pseudo(lua_State *L, int index);

/* [-] The slot an acceptable index stands for, or &np_api_none. */
#define np_api_slot(L, index) np_api_slot_in(L, index, __func__)
NP_INLINE NpValue *np_api_slot_in(lua_State *L, int index, const char *function) {
    NP_API_OPEN(L, function);
    if (NP_LIKELY(index > 0)) {
        NpValue *slot = L->frame->func + index;
        NP_API_CHECK_IN(function, index <= L->frame->top - (L->frame->func + 1), "unacceptable index");
        return slot >= L->top ? &np_api_none : slot;
    }
    if (NP_LIKELY(index > LUA_REGISTRYINDEX)) {
        NP_API_CHECK_IN(function, index != 0 && -index <= L->top - (L->frame->func + 1), "invalid index");
        return L->top + index;
    }
    NP_API_CHECK_IN(function, index >= LUA_REGISTRYINDEX - 256, "upvalue index too large");
    return np_api_pseudo(L, index);
}
NP_INLINE bool np_api_exists(const NpValue *slot) { return slot != &np_api_none; }

/* [-] The table at an index; it must be one. */
#define np_api_table(L, index) np_api_table_in(L, index, __func__)
NP_INLINE NpTable *np_api_table_in(lua_State *L, int index, const char *function) {
    NpValue *slot = np_api_slot_in(L, index, function);
    NP_API_CHECK_IN(function, np_is_table(slot), "a table is expected");
    return np_tab(slot);
}

#define np_api_push(L) np_api_push_in(L, __func__)
NP_INLINE NpValue *np_api_push_in(lua_State *L, const char *function) {
    NP_API_OPEN(L, function);
    NP_API_CHECK_IN(function, L->top < L->frame->top, NP_API_NO_ROOM);
    np_barrier_push(L);
    return L->top++;
}

/* [gc-free, err] The string with the text of a C string; recently used ones are found by their address. */
NpString *np_api_string(lua_State *L, const char *text);

#endif
