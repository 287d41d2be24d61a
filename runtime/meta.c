/* meta.c: where metatables and metamethods are found.
 *
 * Owns: the names of the events and the use of NpTable.absent (a bit is set here when a lookup fails;
 *       table.c clears them all when an event's name is stored into a table).
 * Does not: call a metamethod, or set a metatable. */
#include "runtime/meta.h"
#include "runtime/state.h"
#include "runtime/strings.h"
#include "runtime/table.h"

#define ABSENT_EVENTS 8
_Static_assert(NP_EVENT_METATABLE == ABSENT_EVENTS - 1, "the events with an absent bit come first");

static const char *const event_texts[NP_EVENT_COUNT] = {
#define EVENT(name, text) text,
#include "runtime/meta.def"
#undef EVENT
};

NpTable *np_meta_of(lua_State *L, const NpValue *value) {
    switch (value->tag) {
    case NP_TABLE: return np_table_meta(L->global, np_tab(value));
    case NP_UDATA: return np_udata(value)->metatable;
    default: return L->global->type_meta[np_type_of(value)];
    }
}

/* Records are asked through the table of recent accesses, which knows the slots of shapes. */
static bool find(lua_State *L, NpTable *metatable, NpString *name, NpValue *out) {
    if (np_table_is_dict(metatable)) return np_table_get_str(L, metatable, name, out);
    NpAccessEntry *entry = np_access_entry(L->global->access, metatable->shape, name);
    if (entry->shape != metatable->shape || entry->key != name || entry->holder || entry->slot >= NP_ACCESS_CALL) {
        int slot = np_shape_find(np_shape_of(L->global, metatable), name);
        if (slot < 0) return false;
        *entry = (NpAccessEntry){.shape = metatable->shape, .key = name, .slot = (uint32_t)slot};
    }
    out->v = np_slot_values(metatable)[entry->slot];
    out->tag = np_slot_tags(metatable)[entry->slot];
    return out->tag != NP_NIL && !np_table_gone(metatable, out->v, out->tag);
}

bool np_meta_raw(lua_State *L, NpTable *metatable, NpEvent event, NpValue *out) {
    if (metatable) {
        uint8_t bit = event < ABSENT_EVENTS ? (uint8_t)(1u << event) : 0;
        if (!(metatable->absent & bit)) {
            if (find(L, metatable, L->global->event_names[event], out)) return true;
            metatable->absent |= bit;
        }
    }
    np_set_nil(out);
    return false;
}

void np_meta_get(lua_State *L, const NpValue *value, NpEvent event, NpValue *out) {
    np_meta_raw(L, np_meta_of(L, value), event, out);
}

void np_meta_adopt(lua_State *L, NpTable *metatable) {
    if (metatable->flags & NP_FLAG_META) return;
    if (!np_table_is_dict(metatable)) {
        uint32_t shape = np_shape_set_is_meta(L, metatable->shape);
        if (shape == NP_SHAPE_DICT) np_table_to_dict(L, metatable, 0);
        else metatable->shape = shape;
    }
    metatable->flags |= NP_FLAG_META; /* last: the above may throw, and is done only once */
}

void np_meta_init(lua_State *L) {
    for (int i = 0; i < NP_EVENT_COUNT; i++) {
        NpString *name = np_string_from(L, event_texts[i]);
        name->event = (uint8_t)(i + 1);
        L->global->event_names[i] = name;
    }
    for (int i = 0; i < LUA_NUMTYPES; i++) L->global->type_names[i] = np_string_from(L, np_value_type_name(i));
}

const char *np_meta_type_name(lua_State *L, const NpValue *value) {
    NpTable *metatable = NULL;
    if (value->tag == NP_TABLE || value->tag == NP_UDATA) metatable = np_meta_of(L, value);
    NpValue name;
    if (np_meta_raw(L, metatable, NP_EVENT_NAME, &name) && np_is_str(&name)) return np_str(&name)->text;
    return np_value_type_name(np_type_of(value));
}
