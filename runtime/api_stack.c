/* api_stack.c: the C API's stack: indices, moving values about, pushing.
 *
 * Owns: what an index means (np_api_slot, with its inline half in api.h), lua_push*.
 * Does not: look into values (api_access.c) or tables (api_table.c).
 *
 * Functions that make an object leave it on the stack before their safe point (np_gc_check), so that it
 * survives; texts handed out stay good because strings never move. */
#include "runtime/api.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/strings.h"

NpValue np_api_none;

NP_RARE NpValue *np_api_pseudo(lua_State *L, int index) {
    if (index == LUA_REGISTRYINDEX) return &L->global->registry;
    int upvalue = LUA_REGISTRYINDEX - index;
    const NpValue *func = L->frame->func;
    if (func->tag != NP_CCLOSURE || upvalue > np_ccl(func)->nupvalues) return &np_api_none;
    return &np_ccl(func)->upvalue[upvalue - 1];
}

LUA_API int lua_absindex(lua_State *L, int idx) {
    NP_API_ENTER(L);
    return idx > 0 || idx <= LUA_REGISTRYINDEX ? idx : (int)(L->top - L->frame->func) + idx;
}

LUA_API int lua_gettop(lua_State *L) {
    NP_API_ENTER(L);
    return (int)(L->top - (L->frame->func + 1));
}

LUA_API void lua_settop(lua_State *L, int idx) {
    NP_API_ENTER(L);
    NpValue *base = L->frame->func + 1;
    NpValue *fresh;
    if (idx >= 0) {
        NP_API_CHECK(idx <= L->frame->top - base, "new top too large");
        fresh = base + idx;
        while (L->top < fresh) np_set_nil(L->top++);
    } else {
        NP_API_CHECK(-(idx + 1) <= L->top - base, "invalid new top");
        fresh = L->top + idx + 1;
    }
    if (NP_UNLIKELY(fresh < L->top && L->tbc >= fresh)) fresh = np_call_close(L, fresh, -1, false);
    L->top = fresh;
}

LUA_API void lua_pushvalue(lua_State *L, int idx) {
    NP_API_ENTER(L);
    const NpValue *from = np_api_slot(L, idx);
    np_copy(np_api_push(L), from);
}

static void reverse(NpValue *from, NpValue *to) {
    for (; from < to; from++, to--) {
        NpValue held;
        np_copy(&held, from);
        np_copy(from, to);
        np_copy(to, &held);
    }
}

LUA_API void lua_rotate(lua_State *L, int idx, int n) {
    NP_API_ENTER(L);
    NpValue *first = np_api_slot(L, idx), *last = L->top - 1;
    NP_API_CHECK(first > L->frame->func && first < L->top, "rotate needs an index in the stack");
    NP_API_CHECK((n >= 0 ? n : -n) <= last - first + 1, "rotation by more than there are values");
    NP_API_CHECK(L->tbc < first, "moving a to-be-closed slot");
    NpValue *middle = n >= 0 ? last - n : first - n - 1; /* end of the part that goes to the top */
    reverse(first, middle);
    reverse(middle + 1, last);
    reverse(first, last);
}

LUA_API void lua_copy(lua_State *L, int fromidx, int toidx) {
    NP_API_ENTER(L);
    const NpValue *from = np_api_slot(L, fromidx);
    NpValue *to = np_api_slot(L, toidx);
    NP_API_CHECK(np_api_exists(to), "invalid index");
    if (NP_UNLIKELY(!np_api_exists(to))) return; /* it is everybody's */
    np_barrier_push(L);
    np_copy(to, from);
    if (toidx <= LUA_REGISTRYINDEX) np_barrier(L->global, L->frame->func->v.p, from);
}

LUA_API int lua_checkstack(lua_State *L, int n) {
    NP_API_ENTER(L);
    NP_API_CHECK(n >= 0, "a negative number of slots");
    if (np_stack_short(L, n) && !np_stack_try_grow(L, n)) return 0;
    if (L->frame->top < L->top + n) L->frame->top = L->top + n;
    return 1;
}

LUA_API void lua_xmove(lua_State *from, lua_State *to, int n) {
    NP_API_ENTER(from);
    if (from == to) return;
    NP_API_CHECK(n >= 0, "a negative number of values");
    NP_API_NEED(from, n);
    NP_API_CHECK(from->global == to->global, "moving values between independent states");
    NP_API_CHECK(to->frame->top - to->top >= n, "stack overflow: lua_checkstack was not asked");
    np_barrier_push(to);
    from->top -= n;
    for (int i = 0; i < n; i++) np_copy(to->top + i, from->top + i);
    to->top += n;
}

/* ---- values without an object ---- */

LUA_API void lua_pushnil(lua_State *L) {
    NP_API_ENTER(L);
    np_set_nil(np_api_push(L));
}

LUA_API void lua_pushnumber(lua_State *L, lua_Number n) {
    NP_API_ENTER(L);
    np_set_flt(np_api_push(L), n);
}

LUA_API void lua_pushinteger(lua_State *L, lua_Integer n) {
    NP_API_ENTER(L);
    np_set_int(np_api_push(L), n);
}

LUA_API void lua_pushboolean(lua_State *L, int b) {
    NP_API_ENTER(L);
    np_set_bool(np_api_push(L), b != 0);
}

LUA_API void lua_pushlightuserdata(lua_State *L, void *p) {
    NP_API_ENTER(L);
    np_set_obj(np_api_push(L), p, NP_LIGHTUD);
}

LUA_API int lua_pushthread(lua_State *L) {
    NP_API_ENTER(L);
    np_set_obj(np_api_push(L), np_state_thread(L), NP_THREAD);
    return L->global->main_thread == L;
}

/* ---- strings ---- */

NpString *np_api_string(lua_State *L, const char *text) {
    NpString **cached = &L->global->api_cache[(uintptr_t)text % 53];
    /* The text at an address can change, so the contents decide. */
    if (*cached && strcmp((*cached)->text, text) == 0) return *cached;
    NpString *string = np_string_from(L, text);
    if (string->is_short) *cached = string;
    return string;
}

LUA_API const char *lua_pushlstring(lua_State *L, const char *s, size_t len) {
    NP_API_ENTER(L);
    np_gc_make_room(L, len);
    NpString *string = np_string_new(L, len ? s : "", len);
    np_set_obj(np_api_push(L), string, NP_STR);
    np_gc_check(L);
    return string->text;
}

LUA_API const char *lua_pushstring(lua_State *L, const char *s) {
    NP_API_ENTER(L);
    if (!s) {
        lua_pushnil(L);
        return NULL;
    }
    NpString *string = np_api_string(L, s);
    np_set_obj(np_api_push(L), string, NP_STR);
    np_gc_check(L);
    return string->text;
}

LUA_API const char *lua_pushvfstring(lua_State *L, const char *fmt, va_list argp) {
    NP_API_ENTER(L);
    NP_API_ROOM(L);
    const char *text = np_err_vformat(L, fmt, argp);
    np_gc_check(L);
    return text;
}

LUA_API const char *lua_pushfstring(lua_State *L, const char *fmt, ...) {
    NP_API_ENTER(L);
    NP_API_ROOM(L);
    va_list arguments;
    va_start(arguments, fmt);
    const char *text = np_err_vformat(L, fmt, arguments);
    va_end(arguments);
    np_gc_check(L);
    return text;
}

/* ---- functions ---- */

LUA_API void lua_pushcclosure(lua_State *L, lua_CFunction fn, int n) {
    NP_API_ENTER(L);
    NP_API_CHECK(fn != NULL, "no function");
    if (n == 0) {
        NpValue *slot = np_api_push(L);
        slot->v.bits = 0;
        slot->v.f = fn;
        slot->tag = NP_CFUNC;
        return;
    }
    NP_API_CHECK(n > 0 && n <= 255, "not between 0 and 255 upvalues");
    NP_API_NEED(L, n);
    NpCClosure *closure = np_func_new_c(L, fn, n);
    L->top -= n;
    for (int i = 0; i < n; i++) {
        np_copy(&closure->upvalue[i], L->top + i);
        np_barrier(L->global, closure, L->top + i);
    }
    np_barrier_push(L);
    np_set_obj(L->top, closure, NP_CCLOSURE);
    L->top++;
    np_gc_check(L);
}
