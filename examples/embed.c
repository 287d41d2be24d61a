/*
 * embed.c - a C program with Neap inside: a plug-in in twenty lines, held to a limit of its own.
 *
 *   cc examples/embed.c -Iinclude out/release/libneap.a -lm -o embed && ./embed
 *
 * Look at: main. The script runs in a group; when it takes more than it may, the call fails like any other, the program
 * goes on, and what the script has made is given back.
 */
#include <stdio.h>

#include "lauxlib.h"
#include "lualib.h"
#include "neap.h"

static int run(lua_State *L) { /* 1: the group, 2: the function */
    neap_group_call(L, 1, 0, 0);
    return 0;
}

int main(void) {
    lua_State *L = luaL_newstate();
    neap_GroupStats stats;
    if (L == NULL) {
        fputs("not enough memory for a state\n", stderr);
        return 1;
    }
    luaL_openlibs(L);
    neap_group_new(L, "script", 4 << 20);
    lua_pushcfunction(L, run);
    lua_pushvalue(L, 1);
    int status = luaL_loadstring(L, "local list = {} for i = 1, math.huge do list[i] = {i} end");
    if (status == LUA_OK) status = lua_pcall(L, 2, 0, 0);
    if (status != LUA_OK) printf("stopped: %s\n", lua_tostring(L, -1));
    lua_settop(L, 1);
    lua_gc(L, LUA_GCCOLLECT);
    neap_group_stats(L, 1, &stats);
    printf("it had %.1f MiB and has %zu bytes\n", (double)stats.peak / (1 << 20), stats.bytes);
    lua_close(L);
    return 0;
}
