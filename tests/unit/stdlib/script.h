/* script.h: a state with the libraries, and chunks of Lua whose result is text. For the unit tests
 * of stdlib/. */
#ifndef NP_TEST_SCRIPT_H
#define NP_TEST_SCRIPT_H

#include "lauxlib.h"
#include "lua.h"
#include "lualib.h"

#include "tests/unit/unit.h"

static inline lua_State *open_state(void) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    return L;
}

/* What a chunk returns first, as tostring shows it, or the message of its error. Stays on the
   stack until the state is closed. */
static inline const char *run(lua_State *L, const char *chunk) {
    luaL_checkstack(L, 10, NULL);
    if (luaL_loadstring(L, chunk) == LUA_OK) lua_pcall(L, 0, 1, 0);
    return luaL_tolstring(L, -1, NULL);
}

/* `size` bytes of `alphabet`, which may contain zeros. */
static inline void random_bytes(uint64_t *seed, char *bytes, size_t size, const char *alphabet,
                                size_t letters) {
    for (size_t i = 0; i < size; i++) bytes[i] = alphabet[unit_random(seed) % letters];
}

#endif
