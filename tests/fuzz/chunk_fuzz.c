/* chunk_fuzz.c: any bytes at all as a binary chunk, loaded and run, for clang's libFuzzer. Not part of the tests; by hand:
 *
 *     ninja asan
 *     clang-19 -std=gnu11 -D_GNU_SOURCE -DCHECK=1 -g -O1 -fno-strict-aliasing -Iinclude -I. \
 *         -fsanitize=address,undefined,fuzzer -fno-sanitize-recover=all tests/fuzz/chunk_fuzz.c out/asan/libneap.a \
 *         -lm -o /tmp/chunk_fuzz
 *     out/neap tests/fuzz/chunk_corpus.lua FOLDER tests/lua
 *     /tmp/chunk_fuzz -max_total_time=600 -max_len=4000 FOLDER
 *
 * What loads has passed bcverify.c and is run for some instructions, in a state without the libraries that reach the system. */
#include <stdint.h>
#include <stdlib.h>

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "include/neap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { STEP = 1000, STEPS = 20 };

static int steps;

static void stop(lua_State *L, lua_Debug *ar) {
    (void)ar;
    if (++steps >= STEPS) luaL_error(L, "long enough");
}

/* Runs without a state in which what runs for ever in C could be called: string.rep and the like stay within the limit. */
static lua_State *open(void) {
    lua_State *L = luaL_newstate();
    if (!L) abort();
    luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
    luaL_requiref(L, LUA_STRLIBNAME, luaopen_string, 1);
    luaL_requiref(L, LUA_COLIBNAME, luaopen_coroutine, 1);
    lua_settop(L, 0);
    for (const char *const *name = (const char *const[]){"print", "dofile", "loadfile", "warn", NULL}; *name; name++) {
        lua_pushnil(L);
        lua_setglobal(L, *name);
    }
    neap_setlimit(L, 64 << 20, 0);
    return L;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    lua_State *L = open();
    if (luaL_loadbufferx(L, (const char *)data, size, "fuzz", "b") == LUA_OK) {
        steps = 0;
        lua_sethook(L, stop, LUA_MASKCOUNT, STEP);
        (void)lua_pcall(L, 0, 0, 0);
        lua_sethook(L, NULL, 0, 0);
    }
    lua_close(L);
    return 0;
}
