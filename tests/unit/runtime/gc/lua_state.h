/* lua_state.h: for the collector's tests: a state with the libraries, and Lua text to run in it. */
#ifndef NP_GC_TEST_STATE_H
#define NP_GC_TEST_STATE_H

#include "include/lauxlib.h"
#include "include/lualib.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/mark.h"
#include "runtime/state.h"
#include "tests/unit/unit.h"

static lua_State *L;

/* The collector is stopped: a test steps it by hand. */
static inline void open_state(void) {
    L = luaL_newstate();
    REQUIRE_NOT_NULL(L);
    lua_gc(L, LUA_GCSTOP);
    L->global->gc.step_size = 10; /* so small that no step goes through several phases */
    luaL_openlibs(L);
}

static inline void close_state(void) {
    lua_close(L);
    L = NULL;
}

static inline void run_at(const char *file, int line, const char *text) {
    if (luaL_dostring(L, text) == LUA_OK) return;
    unit_fail(file, line, text, "no error", lua_tostring(L, -1), true);
}
#define RUN(text) run_at(__FILE__, __LINE__, text)

/* The object that a global variable holds. */
static inline NpObj *object(const char *name) {
    NpObj *obj;
    lua_getglobal(L, name);
    REQUIRE((L->top - 1)->tag & NP_TAG_COLLECTABLE);
    obj = (L->top - 1)->v.obj;
    lua_pop(L, 1);
    return obj;
}

static inline bool holds(const char *expression) {
    char text[512];
    bool result;
    snprintf(text, sizeof text, "return %s", expression);
    run_at(__FILE__, __LINE__, text);
    result = lua_toboolean(L, -1);
    lua_settop(L, 0);
    return result;
}

static inline void collect(void) { np_gc_full(L, false); }

/* Steps until the cycle is in this phase. */
static inline void advance_to(NpGcPhase phase) {
    NpGc *gc = &L->global->gc;
    for (int i = 0; gc->phase != phase; i++) {
        REQUIRE(i < 100000);
        np_gc_step(L, 0);
    }
}

#endif
