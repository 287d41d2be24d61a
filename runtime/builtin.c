/* builtin.c: the plain cases of library functions that programs call all the time.
 *
 * Owns: for each function of builtins.def the case in which it raises no error, calls no metamethod and collects
 *       nothing, done on the caller's registers without a frame; for pcall and those that switch coroutines the way
 *       to call.c and coro.c; which C functions these are (neap_setbuiltin).
 * Does not: replace the libraries. What is not plain here is left to the C function in stdlib/, which has all cases
 *       and all messages; both must give the same results. */
#include "runtime/builtin.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "runtime/call.h"
#include "runtime/gc/gc.h"
#include "runtime/number.h"
#include "runtime/strings.h"
#include "runtime/table.h"
#include "runtime/vmslow.h"

#define NOT_PLAIN NP_BUILTIN_NOT_PLAIN

/* Who makes an object is not a safe point here: once collection work is due the C function does it. */
static bool may_allocate(const lua_State *L) { return L->global->heap.debt <= 0; }

static bool to_float(const NpValue *value, double *out) {
    if (value->tag == NP_FLT) *out = value->v.n;
    else if (value->tag == NP_INT) *out = (double)value->v.i;
    else return false;
    return true;
}

/* ---- basic functions ---- */
static int do_assert(lua_State *L, NpValue *func, int nargs) {
    if (nargs < 1 || np_is_false(func + 1)) return NOT_PLAIN;
    for (int i = 0; i < nargs; i++) np_copy(func + i, func + i + 1);
    return nargs;
}

static int iterate(NpValue *func, lua_CFunction step) {
    NpPayload step_payload = {.bits = 0};
    step_payload.f = step;
    func[0].v = step_payload;
    func[0].tag = NP_CFUNC; /* the table is its argument already */
    return 3;
}

static int do_ipairs(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 1 || !np_is_table(func + 1)) return NOT_PLAIN;
    np_set_int(func + 2, 0);
    return iterate(func, L->global->ipairs_step);
}

static int do_pairs(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 1 || !np_is_table(func + 1) || np_table_meta(L->global, np_tab(func + 1))) return NOT_PLAIN;
    np_set_nil(func + 2);
    return iterate(func, L->global->next_function);
}

/* How many results the CALL or TAILCALL that runs wants, -1: all. */
static int wanted(const lua_State *L) { return (int)np_c(L->frame->u.lua.pc[-1]) - 1; }

static int do_pcall(lua_State *L, NpValue *func, int nargs) {
    (void)nargs;
    return np_call_push_pcall(L, func, wanted(L), 0) ? NP_BUILTIN_FRAME : NOT_PLAIN;
}

static int do_rawequal(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 2) return NOT_PLAIN;
    np_set_bool(func, np_raw_equal(func + 1, func + 2));
    return 1;
}

static int do_rawget(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 2 || !np_is_table(func + 1)) return NOT_PLAIN;
    NpValue value;
    np_table_get(L, np_tab(func + 1), func + 2, &value);
    np_copy(func, &value);
    return 1;
}

static int do_rawlen(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 1) return NOT_PLAIN;
    if (np_is_table(func + 1)) np_set_int(func, (int64_t)np_table_length(L, np_tab(func + 1)));
    else if (np_is_str(func + 1)) np_set_int(func, (int64_t)np_str(func + 1)->length);
    else return NOT_PLAIN;
    return 1;
}

static int do_select(lua_State *L, NpValue *func, int nargs) {
    if (nargs < 1) return NOT_PLAIN;
    const NpValue *which = func + 1;
    if (which->tag == NP_INT && which->v.i > 0) {
        int64_t skipped = which->v.i < nargs ? which->v.i : nargs;
        int count = nargs - (int)skipped;
        for (int i = 0; i < count; i++) np_copy(func + i, func + 1 + skipped + i);
        return count;
    }
    if (which->tag != NP_STR || np_str(which)->text[0] != '#') return NOT_PLAIN;
    np_set_int(func, nargs - 1);
    return 1;
}

static bool changes_only_shape(const NpTable *table, const NpTable *metatable) {
    return !(table->flags & (NP_FLAG_WEAK | NP_FLAG_META | NP_FLAG_HOLDER)) && (metatable->absent & 1u << NP_EVENT_GC);
}

static NP_NOINLINE int set_metatable(lua_State *L, NpValue *func, NpTable *table, NpTable *metatable) {
    if (np_table_meta(L->global, table)) return NOT_PLAIN; /* which may be protected */
    const uint32_t before = table->shape;
    np_table_set_meta(L, table, metatable);
    np_gc_check_finalizer(L, func[1].v.obj, metatable);
    if (!np_table_is_dict(table) && changes_only_shape(table, metatable))
        *np_access_entry_meta(L->global->access, before, metatable) =
            (NpAccessEntry){.shape = before, .metatable = metatable, .slot = table->shape};
    np_copy(func, func + 1);
    return 1;
}

/* For objects of a class, which come from its constructor with one shape, what that becomes is remembered. */
static int do_setmetatable(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 2 || !np_is_table(func + 1) || !np_is_table(func + 2)) return NOT_PLAIN;
    NpTable *table = np_tab(func + 1), *metatable = np_tab(func + 2);
    const NpAccessEntry *entry = np_access_entry_meta(L->global->access, table->shape, metatable);
    if (NP_UNLIKELY(entry->shape != table->shape || entry->metatable != metatable || entry->key ||
                    !changes_only_shape(table, metatable) || !np_shape_is_touched(L->global, entry->slot)))
        return set_metatable(L, func, table, metatable);
    table->shape = entry->slot;
    np_copy(func, func + 1);
    return 1;
}

static int do_tonumber(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 1) return NOT_PLAIN;
    if (np_is_number(func + 1)) {
        np_copy(func, func + 1);
        return 1;
    }
    if (!np_is_str(func + 1)) return NOT_PLAIN;
    NpValue number;
    const NpString *text = np_str(func + 1);
    if (np_number_parse(text->text, text->length, &number) == text->length + 1) np_copy(func, &number);
    else np_set_nil(func);
    return 1;
}

static int do_tostring(lua_State *L, NpValue *func, int nargs) {
    char text[NP_NUMBER_TEXT];
    if (nargs != 1 || !np_is_number(func + 1) || L->global->type_meta[LUA_TNUMBER] || !may_allocate(L)) return NOT_PLAIN;
    size_t length = np_number_format(func + 1, text);
    np_set_obj(func, np_string_new(L, text, length), NP_STR);
    return 1;
}

static int do_type(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 1) return NOT_PLAIN;
    np_set_obj(func, L->global->type_names[np_type_of(func + 1)], NP_STR);
    return 1;
}

/* ---- coroutines ---- */
static int after_switch(NpCoroStep step) {
    static const int8_t outcome[] = {
        [NP_CORO_NOT] = NOT_PLAIN, [NP_CORO_DONE] = NP_BUILTIN_FRAME, [NP_CORO_SWITCHED] = NP_BUILTIN_THREAD,
        [NP_CORO_LEAVE] = NP_BUILTIN_LEAVE,
    };
    return outcome[step];
}

static int do_resume(lua_State *L, NpValue *func, int nargs) {
    (void)nargs;
    return after_switch(np_coro_resume(L, func, wanted(L)));
}

/* What coroutine.wrap makes; one of its own, as each stands for one C function. */
static int do_wrapped(lua_State *L, NpValue *func, int nargs) { return do_resume(L, func, nargs); }

static int do_yield(lua_State *L, NpValue *func, int nargs) {
    (void)nargs;
    return after_switch(np_coro_yield(L, func, wanted(L)));
}

/* ---- math ---- */
static int do_abs(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 1) return NOT_PLAIN;
    if (np_is_int(func + 1)) np_set_int(func, func[1].v.i < 0 ? (int64_t)(0 - (uint64_t)func[1].v.i) : func[1].v.i);
    else if (np_is_flt(func + 1)) np_set_flt(func, fabs(func[1].v.n));
    else return NOT_PLAIN;
    return 1;
}

/* Floats up to 2^52 are rounded by way of an integer; larger ones are left to the library. */
static int round_to(NpValue *func, int nargs, int up) {
    if (nargs != 1) return NOT_PLAIN;
    if (np_is_int(func + 1)) {
        np_copy(func, func + 1);
        return 1;
    }
    double number = func[1].v.n;
    if (!np_is_flt(func + 1) || !(number > -0x1p52 && number < 0x1p52)) return NOT_PLAIN;
    int64_t whole = (int64_t)number;
    if (up) whole += (double)whole < number;
    else whole -= (double)whole > number;
    np_set_int(func, whole);
    return 1;
}
static int do_floor(lua_State *L, NpValue *func, int nargs) { return round_to(func, nargs, false); }
static int do_ceil(lua_State *L, NpValue *func, int nargs) { return round_to(func, nargs, true); }

#define OF_FLOAT(name, function)                                                                   \
    static int do_##name(lua_State *L, NpValue *func, int nargs) {                                 \
        double number;                                                                             \
        if (nargs < 1 || !to_float(func + 1, &number)) return NOT_PLAIN;                           \
        np_set_flt(func, function(number));                                                        \
        return 1;                                                                                  \
    }
OF_FLOAT(cos, cos)
OF_FLOAT(exp, exp)
OF_FLOAT(sin, sin)
OF_FLOAT(sqrt, sqrt)

static int do_fmod(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 2 || !np_is_flt(func + 1) || !np_is_flt(func + 2)) return NOT_PLAIN;
    np_set_flt(func, fmod(func[1].v.n, func[2].v.n));
    return 1;
}

/* Of two numbers the one that is less; of equal or incomparable ones the first. `largest`: the one that is not. */
static int pick(NpValue *func, int nargs, bool largest) {
    if (nargs != 2) return NOT_PLAIN;
    const NpValue *first = func + 1, *second = func + 2;
    bool less;
    if (np_is_int(first) && np_is_int(second)) less = largest ? first->v.i < second->v.i : second->v.i < first->v.i;
    else if (np_is_flt(first) && np_is_flt(second)) less = largest ? first->v.n < second->v.n : second->v.n < first->v.n;
    else if (np_is_number(first) && np_is_number(second))
        less = largest ? np_arith_less_num(first, second) : np_arith_less_num(second, first);
    else return NOT_PLAIN;
    np_copy(func, less ? second : first);
    return 1;
}
static int do_max(lua_State *L, NpValue *func, int nargs) { return pick(func, nargs, true); }
static int do_min(lua_State *L, NpValue *func, int nargs) { return pick(func, nargs, false); }

static int do_tointeger(lua_State *L, NpValue *func, int nargs) {
    int64_t integer;
    if (nargs != 1 || !np_is_number(func + 1)) return NOT_PLAIN;
    if (np_number_to_int_no_string(func + 1, &integer, NP_ROUND_EXACT)) np_set_int(func, integer);
    else np_set_nil(func);
    return 1;
}

/* ---- string ---- */
static int do_byte(lua_State *L, NpValue *func, int nargs) {
    if (nargs < 1 || nargs > 3 || !np_is_str(func + 1)) return NOT_PLAIN;
    const NpString *text = np_str(func + 1);
    uint64_t at = 0, count = 1;
    if (nargs >= 2) {
        if (!np_is_int(func + 2)) return NOT_PLAIN;
        at = (uint64_t)func[2].v.i - 1;
        if (func[2].v.i <= 0) at += text->length + 1; /* 0 becomes the length, which is no place in the text */
    }
    if (nargs == 3) {
        if (!np_is_int(func + 3) || func[3].v.i <= 0 || func[2].v.i <= 0) return NOT_PLAIN;
        count = (uint64_t)func[3].v.i - at;
    }
    if (NP_UNLIKELY(at >= text->length || count - 1 >= NP_STACK_EXTRA || count > text->length - at)) return NOT_PLAIN;
    for (uint64_t i = 0; i < count; i++) np_set_int(func + i, (uint8_t)text->text[at + i]);
    return (int)count;
}

static int do_char(lua_State *L, NpValue *func, int nargs) {
    char bytes[NP_SHORT_MAX];
    if (nargs > NP_SHORT_MAX || !may_allocate(L)) return NOT_PLAIN;
    for (int i = 0; i < nargs; i++) {
        if (!np_is_int(func + 1 + i) || (uint64_t)func[1 + i].v.i > 255) return NOT_PLAIN;
        bytes[i] = (char)func[1 + i].v.i;
    }
    np_set_obj(func, np_string_new(L, bytes, (size_t)nargs), NP_STR);
    return 1;
}

/* The case of letters follows the locale in force, as in the library. */
static int change_case(lua_State *L, NpValue *func, int nargs, int change(int)) {
    char bytes[NP_SHORT_MAX];
    if (nargs != 1 || !np_is_str(func + 1) || !np_str(func + 1)->is_short || !may_allocate(L)) return NOT_PLAIN;
    const NpString *text = np_str(func + 1);
    for (size_t i = 0; i < text->length; i++) bytes[i] = (char)change((unsigned char)text->text[i]);
    np_set_obj(func, np_string_new(L, bytes, text->length), NP_STR);
    return 1;
}
static int do_lower(lua_State *L, NpValue *func, int nargs) { return change_case(L, func, nargs, tolower); }
static int do_upper(lua_State *L, NpValue *func, int nargs) { return change_case(L, func, nargs, toupper); }

static int do_len(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 1 || !np_is_str(func + 1)) return NOT_PLAIN;
    np_set_int(func, (int64_t)np_str(func + 1)->length);
    return 1;
}

static int do_sub(lua_State *L, NpValue *func, int nargs) {
    if (nargs < 2 || nargs > 3 || !np_is_str(func + 1) || !np_is_int(func + 2) || !may_allocate(L)) return NOT_PLAIN;
    NpString *text = np_str(func + 1);
    int64_t length = (int64_t)text->length, first = func[2].v.i, last = -1;
    if (nargs == 3) {
        if (!np_is_int(func + 3)) return NOT_PLAIN;
        last = func[3].v.i;
    }
    if (first < 0) first = first < -length ? 1 : length + first + 1;
    else if (first == 0) first = 1;
    if (last < 0) last = last < -length ? 0 : length + last + 1;
    else if (last > length) last = length;
    if (first > last) first = 1, last = 0;
    if (first == 1 && last == length) {
        np_copy(func, func + 1);
        return 1;
    }
    np_gc_hold(L, text);
    NpString *part = np_string_new(L, text->text + first - 1, (size_t)(last - first + 1));
    np_gc_drop(L, 1);
    np_set_obj(func, part, NP_STR);
    return 1;
}

/* ---- table ---- */
static bool is_plain_table(const lua_State *L, const NpValue *value) {
    return np_is_table(value) && !np_table_meta(L->global, np_tab(value));
}

static int do_insert(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 2 || !is_plain_table(L, func + 1) || np_slow_needs_room(L->global, func + 1)) return NOT_PLAIN;
    NpTable *table = np_tab(func + 1);
    uint64_t length = np_table_length(L, table);
    if (NP_UNLIKELY(length >= INT64_MAX)) return NOT_PLAIN;
    np_table_set_int(L, table, (int64_t)length + 1, func + 2);
    return 0;
}

static int do_remove(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 1 || !is_plain_table(L, func + 1)) return NOT_PLAIN;
    NpTable *table = np_tab(func + 1);
    uint64_t length = np_table_length(L, table);
    if (length == 0 || length > table->array_size) return NOT_PLAIN;
    np_table_get_int(table, (int64_t)length, func);
    np_array_tags(table)[length - 1] = NP_NIL;
    return 1;
}

static int do_unpack(lua_State *L, NpValue *func, int nargs) {
    if (nargs != 1 || !is_plain_table(L, func + 1)) return NOT_PLAIN;
    NpTable *table = np_tab(func + 1);
    uint64_t length = np_table_length(L, table);
    if (length > table->array_size || length > NP_STACK_EXTRA) return NOT_PLAIN;
    for (int i = 0; i < (int)length; i++) np_table_get_int(table, i + 1, func + i);
    return (int)length;
}

/* ---- which C functions they stand for ---- */
static const struct { const char *library, *name; NpBuiltin *run; } builtins[] = {
#define BUILTIN(library, name, function) {library, name, function},
#include "runtime/builtins.def"
#undef BUILTIN
};
_Static_assert(sizeof builtins / sizeof *builtins <= NP_BUILTIN_SLOTS / 2, "searching ends at a free entry");

static void put(NpGlobal *global, NpBuiltinEntry entry) {
    unsigned at = np_builtin_place(entry.function);
    while (global->builtins[at].function) at = (at + 1) & (NP_BUILTIN_SLOTS - 1);
    global->builtins[at] = entry;
}

void np_builtin_set(NpGlobal *global, const char *library, const char *name, lua_CFunction function) {
    for (size_t i = 0; i < sizeof builtins / sizeof *builtins; i++) {
        if (builtins[i].name[0] != name[0] || strcmp(builtins[i].name, name) != 0 || strcmp(builtins[i].library, library) != 0) continue;
        NpBuiltinEntry old[NP_BUILTIN_SLOTS];
        memcpy(old, global->builtins, sizeof old);
        memset(global->builtins, 0, sizeof global->builtins);
        for (unsigned at = 0; at < NP_BUILTIN_SLOTS; at++) /* one function for each, so that there are never too many */
            if (old[at].function && old[at].function != function && old[at].run != builtins[i].run) put(global, old[at]);
        put(global, (NpBuiltinEntry){function, builtins[i].run});
    }
}
