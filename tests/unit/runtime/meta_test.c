/* Tests of runtime/meta.c: finding metatables and metamethods, and the bits that remember their absence. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "runtime/meta.h"
#include "runtime/state.h"
#include "runtime/table.h"

static lua_State *open(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    return L;
}

TEST(values_without_metatable_have_none) {
    lua_State *L = open();
    NpValue out;
    lua_createtable(L, 0, 0);
    lua_pushinteger(L, 1);
    lua_pushstring(L, "text");
    lua_newuserdatauv(L, 8, 0);
    for (int i = 1; i <= 4; i++) {
        EXPECT_NULL(np_meta_of(L, L->frame->func + i));
        np_meta_get(L, L->frame->func + i, NP_EVENT_INDEX, &out);
        EXPECT_EQ(out.tag, NP_NIL);
    }
    lua_close(L);
}

/* An event that was looked for in vain must be found once it is stored, whatever kind of value asks. */
static void absence_is_forgotten(lua_State *L) {
    NpValue out;
    lua_createtable(L, 0, 0);
    lua_pushvalue(L, -1);
    lua_setmetatable(L, 1);
    np_meta_get(L, L->frame->func + 1, NP_EVENT_LEN, &out);
    EXPECT_EQ(out.tag, NP_NIL);
    np_meta_get(L, L->frame->func + 1, NP_EVENT_LEN, &out);
    EXPECT_EQ(out.tag, NP_NIL);
    lua_pushinteger(L, 7);
    lua_setfield(L, 2, "__len");
    np_meta_get(L, L->frame->func + 1, NP_EVENT_LEN, &out);
    EXPECT_EQ(out.tag, NP_INT);
    lua_pushnil(L);
    lua_setfield(L, 2, "__len");
    np_meta_get(L, L->frame->func + 1, NP_EVENT_LEN, &out);
    EXPECT_EQ(out.tag, NP_NIL);
    lua_pushstring(L, "__len");
    lua_pushinteger(L, 8);
    lua_rawset(L, 2);
    np_meta_get(L, L->frame->func + 1, NP_EVENT_LEN, &out);
    EXPECT_EQ(out.tag, NP_INT);
    lua_settop(L, 0);
}

TEST(absence_is_forgotten_when_the_event_is_stored) {
    lua_State *L = open();
    lua_createtable(L, 0, 0);
    absence_is_forgotten(L);
    lua_newuserdatauv(L, 8, 0);
    absence_is_forgotten(L);
    lua_pushinteger(L, 1);
    absence_is_forgotten(L);
    lua_pushstring(L, "text");
    absence_is_forgotten(L);
    lua_close(L);
}

TEST(a_basic_type_has_one_metatable) {
    lua_State *L = open();
    lua_pushinteger(L, 1);
    lua_createtable(L, 0, 0);
    lua_setmetatable(L, 1);
    lua_pushnumber(L, 2.5);
    EXPECT_EQ(lua_getmetatable(L, 2), 1);
    lua_pushboolean(L, 1);
    EXPECT_EQ(lua_getmetatable(L, -1), 0);
    lua_close(L);
}

TEST(type_names_come_from_the_metatable) {
    lua_State *L = open();
    lua_createtable(L, 0, 0);
    EXPECT_STR(np_meta_type_name(L, L->top - 1), "table");
    lua_createtable(L, 0, 0);
    lua_pushstring(L, "Account");
    lua_setfield(L, 2, "__name");
    lua_setmetatable(L, 1);
    EXPECT_STR(np_meta_type_name(L, L->top - 1), "Account");
    lua_getmetatable(L, 1);
    lua_pushinteger(L, 3);
    lua_setfield(L, 2, "__name");
    lua_pop(L, 1);
    EXPECT_STR(np_meta_type_name(L, L->top - 1), "table");
    lua_close(L);
}

UNIT_MAIN
