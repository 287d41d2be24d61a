/* api_table.c: the C API's reading and writing of tables, userdata and metatables.
 *
 * Owns: the fast ways (a table without metamethods is read and written at once) and the anchoring of keys
 *       for the slow ones.
 * Does not: run metamethods itself (vmslow.c) or know a table's inside (table.c, which does the barriers). */
#include "runtime/api.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/meta.h"
#include "runtime/table.h"
#include "runtime/vmslow.h"

static bool has_meta(lua_State *L, const NpTable *table) { return np_table_meta(L->global, table) != NULL; }

/* The type of what has just been pushed. */
static int pushed_type(lua_State *L) { return np_type_of(L->top - 1); }

/* ---- reading with metamethods ---- */

/* The key is on top and is replaced by the value. */
static int get_slow(lua_State *L, const NpValue *object) {
    np_slow_get(L, object, L->top - 1, L->top - 1);
    return pushed_type(L);
}

static int get_named(lua_State *L, const NpValue *object, const char *name) {
    NpString *key = np_api_string(L, name);
    NpValue *slot = np_api_push(L);
    if (np_is_table(object)) {
        if (np_table_get_str(L, np_tab(object), key, slot) || !has_meta(L, np_tab(object))) return np_type_of(slot);
    }
    np_set_obj(slot, key, NP_STR);
    return get_slow(L, object);
}

static void get_globals(lua_State *L, NpValue *out) {
    np_table_get_int(np_tab(&L->global->registry), LUA_RIDX_GLOBALS, out);
}

LUA_API int lua_getglobal(lua_State *L, const char *name) {
    NP_API_ENTER(L);
    NP_API_ROOM(L);
    NpValue globals;
    get_globals(L, &globals);
    return get_named(L, &globals, name);
}

LUA_API int lua_getfield(lua_State *L, int idx, const char *k) {
    NP_API_ENTER(L);
    const NpValue *object = np_api_slot(L, idx);
    NP_API_ROOM(L);
    return get_named(L, object, k);
}

LUA_API int lua_gettable(lua_State *L, int idx) {
    NP_API_ENTER(L);
    const NpValue *object = np_api_slot(L, idx);
    NP_API_NEED(L, 1);
    np_barrier_push(L);
    if (np_is_table(object)) {
        NpValue value;
        if (np_table_get(L, np_tab(object), L->top - 1, &value) || !has_meta(L, np_tab(object))) {
            np_copy(L->top - 1, &value);
            return pushed_type(L);
        }
    }
    return get_slow(L, object);
}

LUA_API int lua_geti(lua_State *L, int idx, lua_Integer n) {
    NP_API_ENTER(L);
    const NpValue *object = np_api_slot(L, idx);
    NpValue *slot = np_api_push(L);
    if (np_is_table(object)) {
        if (np_table_get_int(np_tab(object), n, slot) || !has_meta(L, np_tab(object))) return np_type_of(slot);
    }
    np_set_int(slot, n);
    return get_slow(L, object);
}

/* ---- reading without ---- */

LUA_API int lua_rawget(lua_State *L, int idx) {
    NP_API_ENTER(L);
    NpValue value;
    NP_API_NEED(L, 1);
    np_table_get(L, np_api_table(L, idx), L->top - 1, &value);
    np_barrier_push(L);
    np_copy(L->top - 1, &value);
    return pushed_type(L);
}

LUA_API int lua_rawgeti(lua_State *L, int idx, lua_Integer n) {
    NP_API_ENTER(L);
    NpTable *table = np_api_table(L, idx);
    np_table_get_int(table, n, np_api_push(L));
    return pushed_type(L);
}

LUA_API int lua_rawgetp(lua_State *L, int idx, const void *p) {
    NP_API_ENTER(L);
    NpTable *table = np_api_table(L, idx);
    NpValue key;
    np_set_obj(&key, (void *)(uintptr_t)p, NP_LIGHTUD);
    np_table_get(L, table, &key, np_api_push(L));
    return pushed_type(L);
}

LUA_API int lua_next(lua_State *L, int idx) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 1);
    NpTable *table = np_api_table(L, idx);
    NpValue value;
    np_barrier_push(L);
    if (!np_table_next(L, table, L->top - 1, &value)) {
        L->top--; /* the key */
        return 0;
    }
    np_copy(np_api_push(L), &value);
    return 1;
}

/* ---- writing with metamethods ---- */

/* The value is on top and is popped. */
static void set_named(lua_State *L, const NpValue *object, const char *name) {
    NpString *key = np_api_string(L, name);
    if (np_is_table(object) && !has_meta(L, np_tab(object))) {
        np_table_set_str(L, np_tab(object), key, L->top - 1, true);
        L->top--;
        return;
    }
    np_barrier_push(L);
    np_set_obj(L->top, key, NP_STR); /* anchored while a metamethod runs */
    L->top++;
    np_slow_set_literal(L, object, key, L->top - 2);
    L->top -= 2;
}

LUA_API void lua_setglobal(lua_State *L, const char *name) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 1);
    NpValue globals;
    get_globals(L, &globals);
    set_named(L, &globals, name);
}

LUA_API void lua_setfield(lua_State *L, int idx, const char *k) {
    NP_API_ENTER(L);
    const NpValue *object = np_api_slot(L, idx);
    NP_API_NEED(L, 1);
    set_named(L, object, k);
}

/* The object at an index, about to be given a value. */
static const NpValue *object_to_store(lua_State *L, int idx, const NpValue *key, const char *function) {
    const NpValue *object = np_api_slot_in(L, idx, function);
    if (NP_LIKELY(!np_slow_needs_room(L->global, object))) return object;
    np_slow_make_room(L, object, key);
    return np_api_slot(L, idx);
}

static NpTable *table_to_store(lua_State *L, int idx, const NpValue *key, const char *function) {
    const NpValue *object = object_to_store(L, idx, key, function);
    NP_API_CHECK_IN(function, np_is_table(object), "a table is expected");
    return np_tab(object);
}

LUA_API void lua_settable(lua_State *L, int idx) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 2);
    const NpValue *object = object_to_store(L, idx, L->top - 2, __func__);
    if (np_is_table(object) && !has_meta(L, np_tab(object)))
        np_table_set(L, np_tab(object), L->top - 2, L->top - 1);
    else
        np_slow_set(L, object, L->top - 2, L->top - 1);
    L->top -= 2;
}

LUA_API void lua_seti(lua_State *L, int idx, lua_Integer n) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 1);
    NpValue key;
    np_set_int(&key, n);
    const NpValue *object = object_to_store(L, idx, &key, __func__);
    if (np_is_table(object) && !has_meta(L, np_tab(object))) {
        np_table_set_int(L, np_tab(object), n, L->top - 1);
        L->top--;
        return;
    }
    np_set_int(L->top, n);
    L->top++;
    np_slow_set(L, object, L->top - 1, L->top - 2);
    L->top -= 2;
}

/* ---- writing without ---- */

LUA_API void lua_rawset(lua_State *L, int idx) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 2);
    np_table_set(L, table_to_store(L, idx, L->top - 2, __func__), L->top - 2, L->top - 1);
    L->top -= 2;
}

LUA_API void lua_rawseti(lua_State *L, int idx, lua_Integer n) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 1);
    NpValue key;
    np_set_int(&key, n);
    np_table_set_int(L, table_to_store(L, idx, &key, __func__), n, L->top - 1);
    L->top--;
}

LUA_API void lua_rawsetp(lua_State *L, int idx, const void *p) {
    NP_API_ENTER(L);
    NpValue key;
    NP_API_NEED(L, 1);
    np_set_obj(&key, (void *)(uintptr_t)p, NP_LIGHTUD);
    np_table_set(L, np_api_table(L, idx), &key, L->top - 1);
    L->top--;
}

/* ---- making ---- */

LUA_API void lua_createtable(lua_State *L, int narr, int nrec) {
    NP_API_ENTER(L);
    NP_API_CHECK(narr >= 0 && nrec >= 0, "a negative size");
    np_gc_make_room(L, (narr > 0 ? (size_t)narr * 9 : 0) + (nrec > 0 ? (size_t)nrec * sizeof(NpDictNode) : 0));
    NpTable *table = np_table_new(L, narr > 0 ? (uint32_t)narr : 0, nrec > 0 ? (uint32_t)nrec : 0);
    np_set_obj(np_api_push(L), table, NP_TABLE);
    np_gc_check(L);
}

LUA_API void *lua_newuserdatauv(lua_State *L, size_t sz, int nuvalue) {
    NP_API_ENTER(L);
    NP_API_CHECK(nuvalue >= 0 && nuvalue < USHRT_MAX, "invalid number of user values");
    size_t head = sizeof(NpUdata) + (size_t)nuvalue * sizeof(NpValue);
    if (sz > PTRDIFF_MAX - head) np_err_memory(L);
    np_gc_make_room(L, sz);
    NpUdata *udata = np_mem_obj(L, head + sz, NP_UDATA);
    udata->nuservalues = (uint16_t)nuvalue;
    udata->size = sz;
    udata->metatable = NULL;
    for (int i = 0; i < nuvalue; i++) np_set_nil(&udata->uservalue[i]);
    np_set_obj(np_api_push(L), udata, NP_UDATA);
    np_gc_check(L);
    return np_udata_block(udata);
}

/* ---- metatables and user values ---- */

LUA_API int lua_getmetatable(lua_State *L, int objindex) {
    NP_API_ENTER(L);
    NpTable *metatable = NULL;
    const NpValue *object = np_api_slot(L, objindex);
    if (np_api_exists(object)) metatable = np_meta_of(L, object);
    if (!metatable) return 0;
    np_set_obj(np_api_push(L), metatable, NP_TABLE);
    return 1;
}

LUA_API int lua_setmetatable(lua_State *L, int objindex) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 1);
    NpValue *object = np_api_slot(L, objindex);
    NP_API_CHECK(np_api_exists(object), "invalid index");
    NP_API_CHECK(np_is_nil(L->top - 1) || np_is_table(L->top - 1), "a table or nil is expected");
    NpTable *metatable = np_is_nil(L->top - 1) ? NULL : np_tab(L->top - 1);
    if (np_is_table(object)) {
        np_table_set_meta(L, np_tab(object), metatable);
    } else {
        if (metatable) {
            np_meta_adopt(L, metatable);
            np_barrier_obj(L->global, object->tag == NP_UDATA ? object->v.p : NULL, metatable);
        }
        if (object->tag == NP_UDATA) {
            np_udata(object)->metatable = metatable;
        } else {
            L->global->type_meta[np_type_of(object)] = metatable;
            L->global->meta_epoch++; /* what was found through the old one is no longer so */
        }
    }
    if (metatable && (np_is_table(object) || object->tag == NP_UDATA))
        np_gc_check_finalizer(L, object->v.obj, metatable);
    L->top--;
    return 1;
}

LUA_API int lua_getiuservalue(lua_State *L, int idx, int n) {
    NP_API_ENTER(L);
    const NpValue *object = np_api_slot(L, idx);
    NP_API_CHECK(object->tag == NP_UDATA, "a full userdata is expected");
    NpValue *slot = np_api_push(L);
    if (n <= 0 || n > np_udata(object)->nuservalues) {
        np_set_nil(slot);
        return LUA_TNONE;
    }
    np_copy(slot, &np_udata(object)->uservalue[n - 1]);
    return np_type_of(slot);
}

LUA_API int lua_setiuservalue(lua_State *L, int idx, int n) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 1);
    const NpValue *object = np_api_slot(L, idx);
    NP_API_CHECK(object->tag == NP_UDATA, "a full userdata is expected");
    NpUdata *udata = np_udata(object);
    L->top--;
    if (n <= 0 || n > udata->nuservalues) return 0;
    np_copy(&udata->uservalue[n - 1], L->top);
    np_barrier(L->global, udata, L->top);
    return 1;
}
