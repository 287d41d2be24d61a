/* meta.h: metamethod events and their lookup (meta.c).
 * Does not: call metamethods (call.c, vmslow.c). */
#ifndef NP_META_H
#define NP_META_H

#include "runtime/object.h"

typedef enum {
#define EVENT(name, text) NP_EVENT_##name,
#include "runtime/meta.def"
#undef EVENT
    NP_EVENT_COUNT
} NpEvent;

/* [-] The metatable of a value, or NULL. */
NpTable *np_meta_of(lua_State *L, const NpValue *value);
/* [-] The metamethod of a value for an event; nil when there is none. */
void np_meta_get(lua_State *L, const NpValue *value, NpEvent event, NpValue *out);
/* [-] The same from a metatable (may be NULL); true when present. Uses and sets the absent bits for the first 8 events. */
bool np_meta_raw(lua_State *L, NpTable *metatable, NpEvent event, NpValue *out);
/* [err] Interns the names of events and types; called once per state. */
void np_meta_init(lua_State *L);
/* [gc-free, err] Makes a table ready to serve as a metatable: from now on table.c notices stores of event names into it.
 * np_table_set_meta does it by itself; needed for metatables of userdata and of basic types. */
void np_meta_adopt(lua_State *L, NpTable *metatable);
/* [-] The type name for messages: the metatable's __name if a string, else the type's name. */
const char *np_meta_type_name(lua_State *L, const NpValue *value);

#endif
