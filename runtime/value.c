/* value.c: what a tag means: its Lua type and the names of types.
 * Owns: the tables below and the static asserts that pin the facts objkinds.def promises.
 * Does not: hold any state or look into an object. */
#include "runtime/value.h"

#if defined(__clang__)
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#else
#pragma GCC diagnostic ignored "-Woverride-init"
#endif

/* A tag that no kind uses answers LUA_TNONE, so the table starts from all -1. */
const int8_t np_lua_type[256] = {
    [0 ... 255] = LUA_TNONE,
#define VAL(name, tag, luatype, text) [tag] = luatype,
#define OBJ(name, tag, luatype, structure, text) [tag] = luatype,
#include "runtime/objkinds.def"
#undef VAL
#undef OBJ
};

/* Number bit on numbers alone, collectable bit on heap objects alone. */
#define VAL(name, tag, luatype, text)                                                              \
    _Static_assert((((tag) & NP_TAG_NUMBER) != 0) == ((luatype) == LUA_TNUMBER), "number bit of " text); \
    _Static_assert(((tag) & NP_TAG_COLLECTABLE) == 0, text " is no heap object");
#define OBJ(name, tag, luatype, structure, text)                                                   \
    _Static_assert(((tag) & NP_TAG_NUMBER) == 0, "number bit of " text);                           \
    _Static_assert(((tag) & NP_TAG_COLLECTABLE) != 0, text " is a heap object");                   \
    _Static_assert(((tag) >= 0x30) == ((luatype) == LUA_TNONE), "kinds never seen in a value: " text);
#include "runtime/objkinds.def"
#undef VAL
#undef OBJ

static const char *const type_names[LUA_NUMTYPES + 1] = {
    "no value", "nil",   "boolean",  "userdata", "number",
    "string",   "table", "function", "userdata", "thread",
};

const char *np_value_kind_name(uint8_t tag) {
    switch (tag) {
#define VAL(name, number, luatype, text) case number: return text;
#define OBJ(name, number, luatype, structure, text) case number: return text;
#include "runtime/objkinds.def"
#undef VAL
#undef OBJ
    default: return "?";
    }
}

const char *np_value_type_name(int lua_type) {
    CHECK1("api type", lua_type >= LUA_TNONE && lua_type < LUA_NUMTYPES);
    return type_names[lua_type + 1];
}
