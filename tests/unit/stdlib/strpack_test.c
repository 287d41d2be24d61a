/* strpack_test.c: packing against the machine's own layout, and random formats. */
#include "stdlib/strlib.h"

#include "tests/unit/stdlib/script.h"

struct Record {
    char tag;
    int number;
    short small;
    double real;
    char name[5];
    long last;
};

TEST(native_alignment_is_the_compilers) {
    lua_State *L = open_state();
    struct Record record;
    const char *bytes;
    size_t size;
    memset(&record, 0, sizeof record);
    record.tag = 'r';
    record.number = -123456;
    record.small = 777;
    record.real = 2.5;
    memcpy(record.name, "five!", 5);
    record.last = -1;
    lua_pushcfunction(L, np_strpack_pack);
    lua_pushliteral(L, "! b i h d c5 l");
    lua_pushinteger(L, 'r');
    lua_pushinteger(L, -123456);
    lua_pushinteger(L, 777);
    lua_pushnumber(L, 2.5);
    lua_pushliteral(L, "five!");
    lua_pushinteger(L, -1);
    lua_call(L, 7, 1);
    bytes = lua_tolstring(L, -1, &size);
    REQUIRE_EQ(size, sizeof record);
    EXPECT_MEM(bytes, &record, sizeof record);

    lua_pushcfunction(L, np_strpack_unpack);
    lua_pushliteral(L, "! b i h d c5 l");
    lua_pushlstring(L, (const char *)&record, sizeof record);
    lua_call(L, 2, LUA_MULTRET);
    EXPECT_EQ(lua_gettop(L), 8);
    EXPECT_EQ(lua_tointeger(L, 2), 'r');
    EXPECT_EQ(lua_tointeger(L, 3), -123456);
    EXPECT_EQ(lua_tointeger(L, 4), 777);
    EXPECT_NUM(lua_tonumber(L, 5), 2.5);
    EXPECT_STR(lua_tostring(L, 6), "five!");
    EXPECT_EQ(lua_tointeger(L, 7), -1);
    EXPECT_EQ(lua_tointeger(L, 8), sizeof record + 1);

    lua_pushcfunction(L, np_strpack_packsize);
    lua_pushliteral(L, "! b i h d c5 l");
    lua_call(L, 1, 1);
    EXPECT_EQ(lua_tointeger(L, -1), sizeof record);
    lua_close(L);
}

TEST(random_formats_pack_and_unpack) {
    static const char letters[] = "bBhHlLjJTiIfdnsczxX<>=! 0123456789q";
    lua_State *L = open_state();
    uint64_t seed = 3;
    char format[16], data[40];
    int packed = 0, refused = 0;
    for (int i = 0; i < 30000; i++) {
        size_t size = 1 + unit_random(&seed) % (sizeof format - 2);
        size_t data_size = unit_random(&seed) % sizeof data;
        random_bytes(&seed, format, size, letters, sizeof letters - 1);
        format[size] = '\0';
        random_bytes(&seed, data, data_size, "\0\0\1\2\x7f\x80\xff" "ab", 9);

        lua_settop(L, 0);
        lua_pushcfunction(L, np_strpack_unpack);
        lua_pushstring(L, format);
        lua_pushlstring(L, data, data_size);
        lua_pushinteger(L, (lua_Integer)(unit_random(&seed) % 6) - 2);
        if (lua_pcall(L, 3, LUA_MULTRET, 0) == LUA_OK) {
            EXPECT_GE(lua_tointeger(L, -1), 1);
            EXPECT_LE(lua_tointeger(L, -1), data_size + 1);
        }
        /* "c" may ask for far too much: that is for the memory limit's tests. */
        if (strchr(format, 'c') != NULL) continue;
        lua_settop(L, 0);
        lua_pushcfunction(L, np_strpack_pack);
        lua_pushstring(L, format);
        for (int k = 0; k < 12; k++) lua_pushinteger(L, (lua_Integer)(unit_random(&seed) % 140));
        if (lua_pcall(L, 13, 1, 0) == LUA_OK) packed++;
        else refused++;
        EXPECT_EQ(lua_type(L, -1), LUA_TSTRING);
    }
    EXPECT_GT(packed, 500);
    EXPECT_GT(refused, 500);
    lua_close(L);
}

UNIT_MAIN
