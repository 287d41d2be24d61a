/* Tests of stdlib/heapgraph.c: wrong arguments, and that the system may refuse. tests/lua/lib/heap_*.lua has the rest. */
#include "tests/unit/unit.h"

#include <errno.h>

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/mem/mem_os.h"

static const char *failure(lua_State *L, const char *chunk, long refuse) {
    lua_settop(L, 0);
    if (luaL_loadstring(L, chunk) != LUA_OK) return "does not compile";
    np_mem_fail_at(refuse, ENOMEM);
    int status = lua_pcall(L, 0, 1, 0);
    np_mem_fail_at(0, 0);
    return status == LUA_OK ? "no error" : lua_tostring(L, -1);
}

/* The collection made first asks for memory too, and does without when it is refused. */
static const char *refusal(lua_State *L, const char *chunk) {
    const char *message = "no error";
    for (long nth = 1; nth < 30 && strcmp(message, "no error") == 0; nth++) message = failure(L, chunk, nth);
    return message;
}

TEST(errors) {
    lua_State *L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    luaL_openlibs(L);
    EXPECT_CONTAINS(failure(L, "heap.size()", 0), "bad argument #1 to 'size' (value expected)");
    EXPECT_CONTAINS(failure(L, "heap.retained()", 0), "bad argument #1 to 'retained' (value expected)");
    EXPECT_CONTAINS(failure(L, "heap.why()", 0), "bad argument #1 to 'why' (value expected)");
    EXPECT_CONTAINS(failure(L, "heap.why({}, 0)", 0), "bad argument #2 to 'why' (a number of paths expected)");
    EXPECT_CONTAINS(refusal(L, "heap.types()"), "heap.types: the system has no memory for the walk over the heap");
    EXPECT_CONTAINS(refusal(L, "heap.retained(_G)"), "heap.retained: the system has no memory");
    EXPECT_CONTAINS(refusal(L, "heap.why(_G)"), "heap.why: the system has no memory");
    EXPECT_STR(failure(L, "heap.map()", 1), "no error");
    EXPECT_CONTAINS(refusal(L, "local ok, message = heap.snapshot('/dev/null') if not ok then error(message) end"),
                    "/dev/null: the system has no memory for the walk over the heap");
    EXPECT_CONTAINS(failure(L, "assert(heap.snapshot('/'))", 0), "/: Is a directory");
    EXPECT_CONTAINS(failure(L, "assert(heap.snapshot('/dev/full'))", 0), "/dev/full: No space left on device");
    lua_close(L);
}

UNIT_MAIN
