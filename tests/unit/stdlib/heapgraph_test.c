/* Tests of stdlib/heapgraph.c: wrong arguments, and that the system may refuse. tests/lua/lib/heap_*.lua has the rest. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/mem/mem_os.h"

static const char *failure(lua_State *L, const char *chunk, bool refuse) {
    lua_settop(L, 0);
    if (luaL_loadstring(L, chunk) != LUA_OK) return "does not compile";
    if (refuse) np_mem_fail_at(1, ENOMEM);
    int status = lua_pcall(L, 0, 1, 0);
    np_mem_fail_at(0, 0);
    return status == LUA_OK ? "no error" : lua_tostring(L, -1);
}

TEST(errors) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    EXPECT_CONTAINS(failure(L, "heap.size()", false), "bad argument #1 to 'size' (value expected)");
    EXPECT_CONTAINS(failure(L, "heap.retained()", false), "bad argument #1 to 'retained' (value expected)");
    EXPECT_CONTAINS(failure(L, "heap.why()", false), "bad argument #1 to 'why' (value expected)");
    EXPECT_CONTAINS(failure(L, "heap.why({}, 0)", false), "bad argument #2 to 'why' (a number of paths expected)");
    EXPECT_CONTAINS(failure(L, "heap.types()", true), "heap.types: the system has no memory for the walk over the heap");
    EXPECT_CONTAINS(failure(L, "heap.retained(_G)", true), "heap.retained: the system has no memory");
    EXPECT_CONTAINS(failure(L, "heap.why(_G)", true), "heap.why: the system has no memory");
    EXPECT_STR(failure(L, "heap.map()", true), "no error");
    lua_close(L);
}

UNIT_MAIN
