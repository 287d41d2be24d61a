/* vmslow.c: the operations of the language with all their cases.
 * Owns: __index and __newindex chains, arithmetic and comparison beyond plain numbers, length, concatenation.
 * Does not: run instructions (vm.c); the interpreter's cold paths are in vmcold.c. */
#include "runtime/vmslow.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/gc/barrier.h"
#include "runtime/meta.h"
#include "runtime/number.h"
#include "runtime/strings.h"
#include "runtime/table.h"

#define CHAIN_MAX 2000 /* steps along __index or __newindex before it is taken for a loop */

static void set_callee(NpCallee *callee, const NpValue *function, const NpValue *first, const NpValue *second) {
    np_copy(&callee->function, function);
    np_copy(&callee->first, first);
    np_copy(&callee->second, second);
    callee->nargs = 2;
    callee->negate = false;
}

NpValue *np_slow_push_callee(lua_State *L, const NpCallee *callee) {
    np_stack_need(L, 5);
    NpValue *func = L->top;
    np_copy(func, &callee->function);
    np_copy(func + 1, &callee->first);
    np_copy(func + 2, &callee->second);
    if (callee->nargs == 3) np_copy(func + 3, &callee->third);
    L->top = func + 1 + callee->nargs;
    return func;
}

/* Calls from C code: the frame running is a C function, whose metamethods may yield only through continuations. */
static void call_out(lua_State *L, const NpCallee *callee, int nresults) {
    NpValue *func = np_slow_push_callee(L, callee);
    if (np_frame_is_lua(L->frame)) np_call(L, func, nresults);
    else np_call_no_yield(L, func, nresults);
}

static void call_for_result(lua_State *L, const NpCallee *callee, NpValue *result) {
    ptrdiff_t saved = np_stack_save(L, result);
    bool in_stack = result >= L->stack && result < L->stack_last + NP_STACK_EXTRA;
    call_out(L, callee, 1);
    L->top--;
    np_copy(in_stack ? np_stack_at(L, saved) : result, L->top);
}

/* ---- equality ---- */
bool np_raw_equal(const NpValue *a, const NpValue *b) {
    if (a->tag != b->tag) {
        if (!np_is_number(a) || !np_is_number(b)) return false;
        int64_t integer;
        double number = np_is_int(a) ? b->v.n : a->v.n;
        return np_number_flt_to_int(number, &integer, NP_ROUND_EXACT) && integer == (np_is_int(a) ? a->v.i : b->v.i);
    }
    switch (a->tag) {
    case NP_NIL: case NP_FALSE: case NP_TRUE: return true;
    case NP_FLT: return a->v.n == b->v.n;
    case NP_STR: return np_string_equal(np_str(a), np_str(b));
    default: return a->v.bits == b->v.bits;
    }
}

static bool compare_equal(lua_State *L, const NpValue *a, const NpValue *b, bool *result, NpCallee *callee) {
    NpTable *first = NULL, *second = NULL;
    if (a->tag == b->tag && a->v.p != b->v.p) {
        if (a->tag == NP_TABLE) {
            first = np_table_meta(L->global, np_tab(a));
            second = np_table_meta(L->global, np_tab(b));
        } else if (a->tag == NP_UDATA) {
            first = np_udata(a)->metatable;
            second = np_udata(b)->metatable;
        }
    }
    NpValue method;
    if (np_meta_raw(L, first, NP_EVENT_EQ, &method) || np_meta_raw(L, second, NP_EVENT_EQ, &method)) {
        set_callee(callee, &method, a, b);
        return false;
    }
    *result = np_raw_equal(a, b);
    return true;
}

bool np_slow_compare_step(lua_State *L, int op, const NpValue *a, const NpValue *b, bool *result, NpCallee *callee) {
    if (op == LUA_OPEQ) return compare_equal(L, a, b, result, callee);
    if (np_is_number(a) && np_is_number(b)) {
        *result = op == LUA_OPLT ? np_arith_less_num(a, b) : np_arith_less_equal_num(a, b);
        return true;
    }
    if (np_is_str(a) && np_is_str(b)) {
        int order = np_string_compare(np_str(a), np_str(b));
        *result = op == LUA_OPLT ? order < 0 : order <= 0;
        return true;
    }
    NpEvent event = op == LUA_OPLT ? NP_EVENT_LT : NP_EVENT_LE;
    NpValue method;
    np_meta_get(L, a, event, &method);
    if (np_is_nil(&method)) np_meta_get(L, b, event, &method);
    if (!np_is_nil(&method)) {
        set_callee(callee, &method, a, b);
        return false;
    }
    /* LUA_COMPAT_LT_LE, which PUC builds by default: without __le, a <= b is not (b < a). */
    if (op == LUA_OPLE) {
        np_meta_get(L, b, NP_EVENT_LT, &method);
        if (np_is_nil(&method)) np_meta_get(L, a, NP_EVENT_LT, &method);
    }
    if (np_is_nil(&method)) np_err_compare(L, a, b);
    set_callee(callee, &method, b, a);
    callee->negate = true;
    return false;
}

static bool compare_out(lua_State *L, int op, const NpValue *a, const NpValue *b) {
    NpCallee callee;
    bool result;
    if (np_slow_compare_step(L, op, a, b, &result, &callee)) return result;
    call_out(L, &callee, 1);
    L->top--;
    return np_is_false(L->top) == callee.negate;
}

bool np_slow_equal(lua_State *L, const NpValue *a, const NpValue *b) { return compare_out(L, LUA_OPEQ, a, b); }
bool np_slow_less(lua_State *L, const NpValue *a, const NpValue *b) { return compare_out(L, LUA_OPLT, a, b); }
bool np_slow_less_equal(lua_State *L, const NpValue *a, const NpValue *b) { return compare_out(L, LUA_OPLE, a, b); }

/* ---- indexing ---- */
bool np_slow_find(lua_State *L, const NpValue *object, const NpValue *key, NpValue *result, NpCallee *callee) {
    NpValue method, step;
    for (int loop = 0; loop < CHAIN_MAX; loop++) {
        if (NP_LIKELY(np_is_table(object))) {
            NpValue value;
            if (np_table_get(L, np_tab(object), key, &value)) {
                np_copy(result, &value);
                return true;
            }
            if (!np_meta_raw(L, np_table_meta(L->global, np_tab(object)), NP_EVENT_INDEX, &method)) {
                np_set_nil(result);
                return true;
            }
        } else {
            np_meta_get(L, object, NP_EVENT_INDEX, &method);
            if (NP_UNLIKELY(np_is_nil(&method))) np_err_type(L, object, "index");
        }
        if (np_lua_type[method.tag] == LUA_TFUNCTION) {
            set_callee(callee, &method, object, key);
            return false;
        }
        np_copy(&step, &method);
        object = &step;
    }
    np_err_run(L, "'__index' chain too long; possible loop");
}

void np_slow_get(lua_State *L, const NpValue *object, const NpValue *key, NpValue *result) {
    NpCallee callee;
    if (!np_slow_find(L, object, key, result, &callee)) call_for_result(L, &callee, result);
}

void np_slow_make_room(lua_State *L, const NpValue *object, const NpValue *key) {
    NpValue old;
    size_t growth = np_table_growth(np_tab(object));
    if (key->tag == NP_INT && (uint64_t)key->v.i - 1 < np_tab(object)->array_size) return;
    if (growth >= NP_GC_ROOM_FROM && !np_table_get(L, np_tab(object), key, &old)) np_gc_room_slow(L, growth);
}

static void store_raw(lua_State *L, NpTable *table, const NpValue *key, const NpValue *value, bool literal) {
    if (np_is_str(key)) np_table_set_str(L, table, np_str(key), value, literal);
    else np_table_set(L, table, key, value);
}

bool np_slow_store(lua_State *L, const NpValue *object, const NpValue *key, const NpValue *value, bool literal,
                   NpCallee *callee) {
    NpValue method, step;
    for (int loop = 0; loop < CHAIN_MAX; loop++) {
        if (NP_LIKELY(np_is_table(object))) {
            NpTable *table = np_tab(object);
            NpTable *metatable = np_table_meta(L->global, table);
            NpValue old;
            if (!metatable || !np_meta_raw(L, metatable, NP_EVENT_NEWINDEX, &method) ||
                np_table_get(L, table, key, &old)) {
                store_raw(L, table, key, value, literal);
                return true;
            }
        } else {
            np_meta_get(L, object, NP_EVENT_NEWINDEX, &method);
            if (NP_UNLIKELY(np_is_nil(&method))) np_err_type(L, object, "index");
        }
        if (np_lua_type[method.tag] == LUA_TFUNCTION) {
            set_callee(callee, &method, object, key);
            np_copy(&callee->third, value);
            callee->nargs = 3;
            return false;
        }
        np_copy(&step, &method);
        object = &step;
    }
    np_err_run(L, "'__newindex' chain too long; possible loop");
}

static void store_out(lua_State *L, const NpValue *object, const NpValue *key, const NpValue *value, bool literal) {
    NpCallee callee;
    if (!np_slow_store(L, object, key, value, literal, &callee)) call_out(L, &callee, 0);
}

void np_slow_set(lua_State *L, const NpValue *object, const NpValue *key, const NpValue *value) {
    store_out(L, object, key, value, false);
}

void np_slow_set_literal(lua_State *L, const NpValue *object, NpString *key, const NpValue *value) {
    NpValue boxed;
    np_set_obj(&boxed, key, NP_STR);
    store_out(L, object, &boxed, value, true);
}

/* ---- length ---- */
bool np_slow_length_step(lua_State *L, const NpValue *object, NpValue *result, NpCallee *callee) {
    NpValue method;
    if (np_is_table(object)) {
        if (!np_meta_raw(L, np_table_meta(L->global, np_tab(object)), NP_EVENT_LEN, &method)) {
            np_set_int(result, (int64_t)np_table_length(L, np_tab(object)));
            return true;
        }
    } else if (np_is_str(object)) {
        np_set_int(result, (int64_t)np_str(object)->length);
        return true;
    } else {
        np_meta_get(L, object, NP_EVENT_LEN, &method);
        if (np_is_nil(&method)) np_err_type(L, object, "get length of");
    }
    set_callee(callee, &method, object, object);
    return false;
}

void np_slow_length(lua_State *L, const NpValue *object, NpValue *result) {
    NpCallee callee;
    if (!np_slow_length_step(L, object, result, &callee)) call_for_result(L, &callee, result);
}

/* ---- arithmetic ---- */
static const uint8_t event_of_op[] = {
    [LUA_OPADD] = NP_EVENT_ADD,   [LUA_OPSUB] = NP_EVENT_SUB,   [LUA_OPMUL] = NP_EVENT_MUL, [LUA_OPMOD] = NP_EVENT_MOD,
    [LUA_OPPOW] = NP_EVENT_POW,   [LUA_OPDIV] = NP_EVENT_DIV,   [LUA_OPIDIV] = NP_EVENT_IDIV,
    [LUA_OPBAND] = NP_EVENT_BAND, [LUA_OPBOR] = NP_EVENT_BOR,   [LUA_OPBXOR] = NP_EVENT_BXOR,
    [LUA_OPSHL] = NP_EVENT_SHL,   [LUA_OPSHR] = NP_EVENT_SHR,   [LUA_OPUNM] = NP_EVENT_UNM, [LUA_OPBNOT] = NP_EVENT_BNOT,
};

NpEvent np_slow_event(int op) { return (NpEvent)event_of_op[op]; }

static bool is_bitwise(int op) { return (op >= LUA_OPBAND && op <= LUA_OPSHR) || op == LUA_OPBNOT; }

static NP_NORETURN NP_COLD void arith_error(lua_State *L, int op, const NpValue *a, const NpValue *b) {
    if (!is_bitwise(op)) np_err_arith(L, a, b, "perform arithmetic on");
    if (np_is_number(a) && np_is_number(b)) np_err_to_int(L, a, b);
    np_err_arith(L, a, b, "perform bitwise operation on");
}

bool np_slow_arith_step(lua_State *L, int op, const NpValue *a, const NpValue *b, NpValue *result, NpCallee *callee) {
    NpValue value;
    if (np_arith_raw(L, op, a, b, &value)) {
        np_copy(result, &value);
        return true;
    }
    NpValue method;
    np_meta_get(L, a, event_of_op[op], &method);
    if (np_is_nil(&method)) np_meta_get(L, b, event_of_op[op], &method);
    if (np_is_nil(&method)) arith_error(L, op, a, b);
    set_callee(callee, &method, a, b);
    return false;
}

void np_slow_arith(lua_State *L, int op, const NpValue *a, const NpValue *b, NpValue *result) {
    NpCallee callee;
    if (!np_slow_arith_step(L, op, a, b, result, &callee)) call_for_result(L, &callee, result);
}

/* ---- concatenation ---- */
static bool is_text(const NpValue *value) { return np_is_str(value) || np_is_number(value); }

static size_t text_bytes(const NpValue *value, char *buffer, const char **text) {
    if (np_is_str(value)) {
        *text = np_str(value)->text;
        return np_str(value)->length;
    }
    *text = buffer;
    return np_number_format(value, buffer);
}

/* memcpy of few bytes without a call; returns the end. */
static char *put_bytes(char *to, const char *from, size_t bytes) {
    uint64_t head, tail;
    uint32_t short_head, short_tail;
    if (bytes > 16) {
        memcpy(to, from, bytes);
    } else if (bytes >= 8) {
        memcpy(&head, from, 8);
        memcpy(&tail, from + bytes - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + bytes - 8, &tail, 8);
    } else if (bytes >= 4) {
        memcpy(&short_head, from, 4);
        memcpy(&short_tail, from + bytes - 4, 4);
        memcpy(to, &short_head, 4);
        memcpy(to + bytes - 4, &short_tail, 4);
    } else if (bytes > 0) {
        to[0] = from[0];
        to[bytes / 2] = from[bytes / 2];
        to[bytes - 1] = from[bytes - 1];
    }
    return to + bytes;
}

/* The same as join for up to FEW texts, looked at once. Strings stay where they are while room is made. */
#define FEW 12
static void join_few(lua_State *L, int count) {
    struct { const char *text; size_t bytes; } pieces[FEW];
    char digits[FEW * NP_NUMBER_TEXT], *number = digits;
    char small[NP_SHORT_MAX];
    size_t total = 0;
    const NpValue *part = L->top - count;
    for (int i = 0; i < count; i++, part++) {
        if (NP_LIKELY(np_is_str(part))) {
            pieces[i].text = np_str(part)->text;
            pieces[i].bytes = np_str(part)->length;
        } else {
            pieces[i].text = number;
            pieces[i].bytes = np_number_format(part, number);
            number += NP_NUMBER_TEXT;
        }
        if (NP_UNLIKELY(pieces[i].bytes > SIZE_MAX / 2 - sizeof(NpString) - total)) {
            L->top -= count;
            np_err_run(L, "string length overflow");
        }
        total += pieces[i].bytes;
    }
    NpString *string = NULL;
    char *to = small;
    if (total > NP_SHORT_MAX) {
        np_gc_make_room(L, total);
        string = np_string_new_long(L, total);
        to = string->text;
    }
    for (int i = 0; i < count; i++) to = put_bytes(to, pieces[i].text, pieces[i].bytes);
    if (!string) string = np_string_new(L, small, total);
    L->top -= count - 1;
    np_set_obj(L->top - 1, string, NP_STR);
}

/* Joins the `count` texts below top into the first of them. Numbers are written once, into `digits`, as long as that lasts. */
static void join(lua_State *L, int count) {
    NpValue *first = L->top - count;
    char small[NP_SHORT_MAX + 1];
    char digits[4 * NP_NUMBER_TEXT];
    const char *text;
    size_t total = 0, written = 0;
    for (int i = 0; i < count; i++) {
        bool kept = !np_is_str(&first[i]) && written + NP_NUMBER_TEXT <= sizeof digits - NP_NUMBER_TEXT;
        size_t bytes = text_bytes(&first[i], digits + (kept ? written : sizeof digits - NP_NUMBER_TEXT), &text);
        if (kept) written += bytes + 1; /* and the NUL that ends it */
        if (NP_UNLIKELY(bytes > SIZE_MAX / 2 - sizeof(NpString) - total)) {
            L->top = first;
            np_err_run(L, "string length overflow");
        }
        total += bytes;
    }
    NpString *string = NULL;
    char *to = small;
    np_gc_make_room(L, total);
    first = L->top - count;
    if (total > NP_SHORT_MAX) {
        string = np_string_new_long(L, total);
        to = string->text;
    }
    size_t read = 0;
    for (int i = 0; i < count; i++) {
        size_t bytes;
        if (!np_is_str(&first[i]) && read < written) {
            text = digits + read;
            bytes = strlen(text);
            read += bytes + 1;
        } else {
            bytes = text_bytes(&first[i], digits + sizeof digits - NP_NUMBER_TEXT, &text);
        }
        memcpy(to, text, bytes);
        to += bytes;
    }
    if (!string) string = np_string_new(L, small, total);
    np_set_obj(first, string, NP_STR);
    L->top = first + 1;
}

int np_slow_concat_step(lua_State *L, int n, NpCallee *callee) {
    while (n > 1) {
        NpValue *top = L->top;
        if (!is_text(top - 2) || !is_text(top - 1)) {
            NpValue method;
            np_meta_get(L, top - 2, NP_EVENT_CONCAT, &method);
            if (np_is_nil(&method)) np_meta_get(L, top - 1, NP_EVENT_CONCAT, &method);
            if (np_is_nil(&method)) np_err_concat(L, top - 2, top - 1);
            set_callee(callee, &method, top - 2, top - 1);
            return n;
        }
        int count = 2;
        while (count < n && is_text(top - count - 1)) count++;
        if (count == 2 && np_is_str(top - 1) && np_str(top - 1)->length == 0 && np_is_str(top - 2)) L->top--;
        else if (count == 2 && np_is_str(top - 2) && np_str(top - 2)->length == 0 && np_is_str(top - 1)) {
            np_copy(top - 2, top - 1);
            L->top--;
        } else if (count <= FEW) join_few(L, count);
        else join(L, count);
        n -= count - 1;
    }
    return n;
}

void np_slow_concat(lua_State *L, int n) {
    NpCallee callee;
    while ((n = np_slow_concat_step(L, n, &callee)) > 1) {
        call_out(L, &callee, 1);
        np_copy(L->top - 3, L->top - 1);
        L->top -= 2;
        n--;
    }
}
