/* utf8lib_test.c: every code point there and back; random bytes against a strict reading. */
#include "tests/unit/stdlib/script.h"

TEST(every_scalar_value_there_and_back) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "local char, codepoint, len = utf8.char, utf8.codepoint, utf8.len\n"
                      "for code = 0, 0x10FFFF, 13 do\n"
                      "  local bytes = char(code)\n"
                      "  if codepoint(bytes, 1, 1, true) ~= code then return code end\n"
                      "  local surrogate = code >= 0xD800 and code <= 0xDFFF\n"
                      "  if (len(bytes) == 1) == surrogate then return code end\n"
                      "end return 'right'"),
               "right");
    lua_close(L);
}

/* Characters in valid UTF-8 (RFC 3629), or -1. Written from the RFC's table of byte ranges. */
static int count_valid(const unsigned char *text, size_t size) {
    size_t at = 0;
    int count = 0;
    while (at < size) {
        unsigned char lead = text[at++];
        unsigned char low = 0x80, high = 0xBF;
        int more;
        count++;
        if (lead <= 0x7F) continue;
        if (lead >= 0xC2 && lead <= 0xDF) more = 1;
        else if (lead >= 0xE0 && lead <= 0xEF) more = 2;
        else if (lead >= 0xF0 && lead <= 0xF4) more = 3;
        else return -1;
        if (lead == 0xE0) low = 0xA0;
        if (lead == 0xED) high = 0x9F;
        if (lead == 0xF0) low = 0x90;
        if (lead == 0xF4) high = 0x8F;
        for (; more > 0; more--) {
            if (at >= size || text[at] < low || text[at] > high) return -1;
            at++;
            low = 0x80;
            high = 0xBF;
        }
    }
    return count;
}

TEST(random_bytes_are_judged_as_the_standard_does) {
    static const char alphabet[] = "a\x7f\x80\x8f\x90\x9f\xa0\xbf\xc0\xc1\xc2\xdf\xe0\xed\xef"
                                   "\xf0\xf4\xf5\xf8\xfd\xff\x80\xbf\x80\xbf";
    lua_State *L = open_state();
    uint64_t seed = 5;
    char bytes[8];
    int valid = 0;
    lua_getglobal(L, "utf8");
    lua_getfield(L, 1, "len");
    for (int i = 0; i < 200000; i++) {
        size_t size = unit_random(&seed) % 6;
        int count;
        random_bytes(&seed, bytes, size, alphabet, sizeof alphabet - 1);
        count = count_valid((const unsigned char *)bytes, size);
        lua_settop(L, 2);
        lua_pushvalue(L, 2);
        lua_pushlstring(L, bytes, size);
        lua_call(L, 1, 1);
        if (count >= 0) {
            valid++;
            EXPECT_EQ(lua_tointeger(L, -1), count);
        } else {
            EXPECT_TRUE(lua_isnil(L, -1));
        }
    }
    EXPECT_GT(valid, 10000);
    lua_close(L);
}

UNIT_MAIN
