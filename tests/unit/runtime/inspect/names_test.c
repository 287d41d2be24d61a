/* Tests of runtime/inspect/names.c: what classes and edges are called. */
#include "tests/unit/unit.h"

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/inspect/names.h"

static lua_State *L;

static const char *class_name(const char *expression) {
    static char buffer[200];
    char chunk[300];
    NpText text = np_text_in(buffer, sizeof buffer);
    NpClass class;
    snprintf(chunk, sizeof chunk, "return %s", expression);
    if (luaL_loadbuffer(L, chunk, strlen(chunk), "@file.lua") != LUA_OK || lua_pcall(L, 0, 1, 0) != LUA_OK)
        return lua_tostring(L, -1);
    class = np_names_class(L->global, L->top[-1].v.obj);
    np_names_write_class(&text, L->global, &class, NULL);
    return buffer;
}

TEST(names_of_classes) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    EXPECT_STR(class_name("{}"), "Table (empty)");
    EXPECT_STR(class_name("{1, 2}"), "Table (array)");
    EXPECT_STR(class_name("{id = 1, name = 2, v = 3}"), "Table (shape: id,name,v)");
    EXPECT_STR(class_name("{1, 2, id = 1}"), "Table (shape: id)");
    EXPECT_STR(class_name("{[1.5] = 1}"), "Table (dictionary)");
    EXPECT_STR(class_name("setmetatable({}, {__name = 'Account'})"), "Account");
    EXPECT_STR(class_name("setmetatable({[1.5] = 1}, setmetatable({[2.5] = 1, __name = 'Odd'}, nil))"), "Odd");
    EXPECT_STR(class_name("setmetatable({}, {__name = 1})"), "Table (empty)");
    EXPECT_STR(class_name("io.stdout"), "FILE*");
    EXPECT_STR(class_name("'text'"), "string");
    EXPECT_STR(class_name("coroutine.create(print)"), "Coroutine");
    EXPECT_STR(class_name("function()\nend"), "function (file.lua:1)");
    EXPECT_STR(class_name("load('return 1', '=chunk')"), "main chunk (chunk)");
    EXPECT_STR(class_name("string.gmatch('', '')"), "C function");
    lua_close(L);
}

TEST(a_long_list_of_fields_is_cut_short) {
    char list[4000] = "{", *at = list + 1;
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    for (int i = 0; i < 60; i++) at += sprintf(at, "field%d=1,", i);
    strcpy(at, "}");
    lua_settop(L, 0);
    char chunk[4100];
    snprintf(chunk, sizeof chunk, "return %s", list);
    REQUIRE_EQ(luaL_dostring(L, chunk), LUA_OK);
    char buffer[256];
    NpText text = np_text_in(buffer, sizeof buffer);
    NpClass class = np_names_class(L->global, L->top[-1].v.obj);
    np_names_write_class(&text, L->global, &class, NULL);
    EXPECT_CONTAINS(buffer, "Table (shape: field0,field1,");
    EXPECT_CONTAINS(buffer, ",...60 keys)");
    lua_close(L);
}

TEST(texts_stay_in_their_buffer) {
    char buffer[8];
    NpText text = np_text_in(buffer, sizeof buffer);
    np_text_put(&text, "abc");
    np_text_int(&text, -12345678);
    np_text_put(&text, "more");
    EXPECT_STR(buffer, "abc-123");
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    char wide[100];
    text = np_text_in(wide, sizeof wide);
    lua_pushlstring(L, "one\ntwo\0three", 13);
    np_text_string(&text, np_str(L->top - 1));
    EXPECT_STR(wide, "one.two.three");
    lua_close(L);
}

static const char *edge_name(NpEdge edge) {
    static char buffer[200];
    NpText text = np_text_in(buffer, sizeof buffer);
    buffer[0] = '\0';
    np_names_write_edge(&text, &edge);
    return buffer;
}

TEST(names_of_edges) {
    NpValue number;
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    lua_pushliteral(L, "x");
    const NpString *x = np_str(L->top - 1);
    EXPECT_STR(edge_name((NpEdge){.kind = NP_EDGE_FIELD, .name = x}), "x");
    EXPECT_STR(edge_name((NpEdge){.kind = NP_EDGE_INDEX, .index = -7}), "[-7]");
    EXPECT_STR(edge_name((NpEdge){.kind = NP_EDGE_UPVALUE, .name = x, .index = 2}), "upvalue x");
    EXPECT_STR(edge_name((NpEdge){.kind = NP_EDGE_UPVALUE, .index = 2}), "upvalue 2");
    EXPECT_STR(edge_name((NpEdge){.kind = NP_EDGE_METATABLE}), "metatable");
    EXPECT_STR(edge_name((NpEdge){.kind = NP_EDGE_USERVALUE, .index = 1}), "user value 1");
    EXPECT_STR(edge_name((NpEdge){.kind = NP_EDGE_ROOT, .text = "registry"}), "registry");
    np_set_flt(&number, 1.5);
    EXPECT_STR(edge_name((NpEdge){.kind = NP_EDGE_ENTRY, .key = number}), "[1.5]");
    np_set_bool(&number, true);
    EXPECT_STR(edge_name((NpEdge){.kind = NP_EDGE_ENTRY, .key = number}), "[true]");
    number.tag = NP_TABLE;
    EXPECT_STR(edge_name((NpEdge){.kind = NP_EDGE_ENTRY, .key = number}), "[table]");
    lua_close(L);
}

UNIT_MAIN
