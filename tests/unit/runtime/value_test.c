/* Tests of runtime/value.c: what each tag is to Lua. */
#include "tests/unit/unit.h"

#include "runtime/value.h"

TEST(every_tag_has_its_lua_type) {
    EXPECT_EQ(np_lua_type[NP_NIL], LUA_TNIL);
    EXPECT_EQ(np_lua_type[NP_FALSE], LUA_TBOOLEAN);
    EXPECT_EQ(np_lua_type[NP_TRUE], LUA_TBOOLEAN);
    EXPECT_EQ(np_lua_type[NP_INT], LUA_TNUMBER);
    EXPECT_EQ(np_lua_type[NP_FLT], LUA_TNUMBER);
    EXPECT_EQ(np_lua_type[NP_STR], LUA_TSTRING);
    EXPECT_EQ(np_lua_type[NP_CFUNC], LUA_TFUNCTION);
    EXPECT_EQ(np_lua_type[NP_LCLOSURE], LUA_TFUNCTION);
    EXPECT_EQ(np_lua_type[NP_CCLOSURE], LUA_TFUNCTION);
    EXPECT_EQ(np_lua_type[NP_LIGHTUD], LUA_TLIGHTUSERDATA);
    EXPECT_EQ(np_lua_type[NP_UDATA], LUA_TUSERDATA);
    EXPECT_EQ(np_lua_type[NP_THREAD], LUA_TTHREAD);
    EXPECT_EQ(np_lua_type[NP_PROTO], LUA_TNONE);
    EXPECT_EQ(np_lua_type[0xff], LUA_TNONE);
}

TEST(type_names) {
    EXPECT_STR(np_value_type_name(LUA_TNONE), "no value");
    EXPECT_STR(np_value_type_name(LUA_TNIL), "nil");
    EXPECT_STR(np_value_type_name(LUA_TBOOLEAN), "boolean");
    EXPECT_STR(np_value_type_name(LUA_TLIGHTUSERDATA), "userdata");
    EXPECT_STR(np_value_type_name(LUA_TNUMBER), "number");
    EXPECT_STR(np_value_type_name(LUA_TSTRING), "string");
    EXPECT_STR(np_value_type_name(LUA_TTABLE), "table");
    EXPECT_STR(np_value_type_name(LUA_TFUNCTION), "function");
    EXPECT_STR(np_value_type_name(LUA_TUSERDATA), "userdata");
    EXPECT_STR(np_value_type_name(LUA_TTHREAD), "thread");
}

TEST(only_numbers_have_the_number_bit) {
    for (int tag = 0; tag < 0x30; tag++) {
        NpValue value = {.tag = (uint8_t)tag};
        if (np_lua_type[tag] != LUA_TNONE) EXPECT_EQ(np_is_number(&value), np_lua_type[tag] == LUA_TNUMBER);
    }
}

UNIT_MAIN
