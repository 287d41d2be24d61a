/* api_access.c: the C API's questions about single values: types, conversions, comparison, operators; and the
 * upvalues of functions.
 * Does not: read or write tables (api_table.c), or call (api_call.c). */
#include "runtime/api.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/number.h"
#include "runtime/strings.h"
#include "runtime/table.h"
#include "runtime/vmslow.h"

/* ---- types ---- */

LUA_API int lua_type(lua_State *L, int idx) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    return np_api_exists(value) ? np_type_of(value) : LUA_TNONE;
}

LUA_API const char *lua_typename(lua_State *L, int tp) { return np_value_type_name(tp); }

LUA_API int lua_iscfunction(lua_State *L, int idx) {
    NP_API_ENTER(L);
    uint8_t tag = np_api_slot(L, idx)->tag;
    return tag == NP_CFUNC || tag == NP_CCLOSURE;
}

LUA_API int lua_isinteger(lua_State *L, int idx) {
    NP_API_ENTER(L);
    return np_is_int(np_api_slot(L, idx));
}

LUA_API int lua_isnumber(lua_State *L, int idx) {
    NP_API_ENTER(L);
    double number;
    return np_number_to_flt(np_api_slot(L, idx), &number);
}

LUA_API int lua_isstring(lua_State *L, int idx) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    return np_is_str(value) || np_is_number(value);
}

LUA_API int lua_isuserdata(lua_State *L, int idx) {
    NP_API_ENTER(L);
    uint8_t tag = np_api_slot(L, idx)->tag;
    return tag == NP_UDATA || tag == NP_LIGHTUD;
}

/* ---- conversions ---- */

LUA_API lua_Number lua_tonumberx(lua_State *L, int idx, int *isnum) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    double number = 0;
    bool is = true;
    if (np_is_flt(value)) number = value->v.n;
    else is = np_number_to_flt(value, &number);
    if (isnum) *isnum = is;
    return is ? number : 0;
}

LUA_API lua_Integer lua_tointegerx(lua_State *L, int idx, int *isnum) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    int64_t integer = 0;
    bool is = true;
    if (np_is_int(value)) integer = value->v.i;
    else is = np_number_to_int(value, &integer, NP_ROUND_EXACT);
    if (isnum) *isnum = is;
    return is ? integer : 0;
}

LUA_API int lua_toboolean(lua_State *L, int idx) {
    NP_API_ENTER(L);
    return !np_is_false(np_api_slot(L, idx));
}

/* Makes the number at an index its text. Apart from lua_tolstring, which without it needs no register of its caller's. */
static NP_NOINLINE const char *number_to_text(lua_State *L, int idx, size_t *len) {
    NpValue *value = np_api_slot(L, idx);
    np_number_to_string(L, value);
    if (idx <= LUA_REGISTRYINDEX) np_barrier(L->global, L->frame->func->v.p, value);
    np_gc_check(L);
    const NpString *string = np_str(np_api_slot(L, idx)); /* the stack may have moved */
    if (len) *len = string->length;
    return string->text;
}

LUA_API const char *lua_tolstring(lua_State *L, int idx, size_t *len) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    if (NP_LIKELY(np_is_str(value))) {
        const NpString *string = np_str(value);
        if (len) *len = string->length;
        return string->text;
    }
    if (np_is_number(value)) return number_to_text(L, idx, len);
    if (len) *len = 0;
    return NULL;
}

LUA_API lua_Unsigned lua_rawlen(lua_State *L, int idx) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    switch (value->tag) {
    case NP_STR: return np_str(value)->length;
    case NP_UDATA: return np_udata(value)->size;
    case NP_TABLE: return np_table_length(L, np_tab(value));
    default: return 0;
    }
}

LUA_API lua_CFunction lua_tocfunction(lua_State *L, int idx) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    if (value->tag == NP_CFUNC) return value->v.f;
    return value->tag == NP_CCLOSURE ? np_ccl(value)->function : NULL;
}

LUA_API void *lua_touserdata(lua_State *L, int idx) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    if (value->tag == NP_UDATA) return np_udata_block(np_udata(value));
    return value->tag == NP_LIGHTUD ? value->v.p : NULL;
}

LUA_API lua_State *lua_tothread(lua_State *L, int idx) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    return value->tag == NP_THREAD ? np_thread_state(np_thread(value)) : NULL;
}

LUA_API const void *lua_topointer(lua_State *L, int idx) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    switch (value->tag) {
    case NP_CFUNC: return (const void *)(uintptr_t)value->v.f;
    case NP_UDATA:
    case NP_LIGHTUD: return lua_touserdata(L, idx);
    case NP_THREAD: return np_thread_state(np_thread(value));
    default: return np_is_collectable(value) ? value->v.p : NULL;
    }
}

LUA_API size_t lua_stringtonumber(lua_State *L, const char *s) {
    NP_API_ENTER(L);
    NpValue number;
    size_t used = np_number_parse(s, strlen(s), &number);
    if (used != 0) np_copy(np_api_push(L), &number);
    return used;
}

/* ---- comparison and operators ---- */

LUA_API int lua_rawequal(lua_State *L, int idx1, int idx2) {
    NP_API_ENTER(L);
    const NpValue *a = np_api_slot(L, idx1), *b = np_api_slot(L, idx2);
    return np_api_exists(a) && np_api_exists(b) && np_raw_equal(a, b);
}

LUA_API int lua_compare(lua_State *L, int idx1, int idx2, int op) {
    NP_API_ENTER(L);
    const NpValue *a = np_api_slot(L, idx1), *b = np_api_slot(L, idx2);
    if (!np_api_exists(a) || !np_api_exists(b)) return 0;
    switch (op) {
    case LUA_OPEQ: return np_slow_equal(L, a, b);
    case LUA_OPLT: return np_slow_less(L, a, b);
    case LUA_OPLE: return np_slow_less_equal(L, a, b);
    default: NP_API_CHECK(false, "no such comparison"); return 0;
    }
}

LUA_API void lua_arith(lua_State *L, int op) {
    NP_API_ENTER(L);
    NP_API_CHECK(op >= LUA_OPADD && op <= LUA_OPBNOT, "no such operator");
    NP_API_OPEN(L, __func__);
    if (op == LUA_OPUNM || op == LUA_OPBNOT) { /* the operand stands for both */
        NP_API_NEED(L, 1);
        np_copy(L->top, L->top - 1);
        L->top++;
    }
    NP_API_NEED(L, 2);
    np_slow_arith(L, op, L->top - 2, L->top - 1, L->top - 2);
    L->top--;
}

LUA_API void lua_concat(lua_State *L, int n) {
    NP_API_ENTER(L);
    NP_API_CHECK(n >= 0, "a negative number of values");
    NP_API_NEED(L, n);
    if (n > 1) np_slow_concat(L, n);
    else if (n == 0) np_set_obj(np_api_push(L), np_string_lit(L, ""), NP_STR);
    np_gc_check(L);
}

LUA_API void lua_len(lua_State *L, int idx) {
    NP_API_ENTER(L);
    const NpValue *value = np_api_slot(L, idx);
    NpValue *result = np_api_push(L);
    np_set_nil(result);
    np_slow_length(L, value, result);
}

/* ---- upvalues ---- */

/* Upvalue n of a function: its slot, its name, and the object that has to be barriered on a store. */
typedef struct Upvalue {
    const char *name; /* NULL: there is no such upvalue */
    NpValue *at;
    void *owner;
} Upvalue;

static Upvalue find_upvalue(const NpValue *func, int n) {
    Upvalue found = {NULL, NULL, NULL};
    if (func->tag == NP_CCLOSURE) {
        NpCClosure *closure = np_ccl(func);
        if (n >= 1 && n <= closure->nupvalues) found = (Upvalue){"", &closure->upvalue[n - 1], closure};
    } else if (func->tag == NP_LCLOSURE) {
        NpLClosure *closure = np_lcl(func);
        if (n >= 1 && n <= closure->nupvalues) {
            const NpString *name = closure->proto->upvalues[n - 1].name;
            found = (Upvalue){name ? name->text : "(no name)", closure->upvalue[n - 1]->at, closure->upvalue[n - 1]};
        }
    }
    return found;
}

LUA_API const char *lua_getupvalue(lua_State *L, int funcindex, int n) {
    NP_API_ENTER(L);
    Upvalue upvalue = find_upvalue(np_api_slot(L, funcindex), n);
    if (upvalue.name) np_copy(np_api_push(L), upvalue.at);
    return upvalue.name;
}

LUA_API const char *lua_setupvalue(lua_State *L, int funcindex, int n) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 1);
    Upvalue upvalue = find_upvalue(np_api_slot(L, funcindex), n);
    if (upvalue.name) {
        L->top--;
        np_copy(upvalue.at, L->top);
        np_barrier(L->global, upvalue.owner, L->top);
    }
    return upvalue.name;
}

LUA_API void *lua_upvalueid(lua_State *L, int fidx, int n) {
    NP_API_ENTER(L);
    const NpValue *func = np_api_slot(L, fidx);
    Upvalue upvalue = find_upvalue(func, n);
    if (!upvalue.name) return NULL;
    return func->tag == NP_LCLOSURE ? upvalue.owner : upvalue.at;
}

LUA_API void lua_upvaluejoin(lua_State *L, int fidx1, int n1, int fidx2, int n2) {
    NP_API_ENTER(L);
    const NpValue *first = np_api_slot(L, fidx1), *second = np_api_slot(L, fidx2);
    NP_API_CHECK(first->tag == NP_LCLOSURE && second->tag == NP_LCLOSURE, "Lua functions are expected");
    NpLClosure *to = np_lcl(first), *from = np_lcl(second);
    NP_API_CHECK(n1 >= 1 && n1 <= to->nupvalues && n2 >= 1 && n2 <= from->nupvalues, "no such upvalue");
    to->upvalue[n1 - 1] = from->upvalue[n2 - 1];
    np_barrier_obj(L->global, to, to->upvalue[n1 - 1]);
}
