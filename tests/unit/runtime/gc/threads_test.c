/* threads_test.c: what is scanned of stacks, and when again. */
#include "runtime/call.h"
#include "runtime/gc/barrier.h"
#include "tests/unit/runtime/gc/lua_state.h"

static lua_State *thread(const char *name) { return np_thread_state((NpThread *)object(name)); }

/* A coroutine waiting under `depth` calls, each with a table in a variable. */
static void make_deep(int depth) {
    char text[512];
    snprintf(text, sizeof text,
             "local function deep(n) local t = {n} if n == 0 then\n"
             "        while true do local v = coroutine.yield() if v == 'up' then break end end\n"
             "        return 0\n"
             "    end\n"
             "    local below = deep(n - 1) assert(t[1] == n) extra = {n} return below + 1 end\n"
             "co = coroutine.create(deep) coroutine.resume(co, %d)", depth);
    RUN(text);
}

TEST(a_deep_stack_takes_many_slices_and_is_then_left_alone) {
    size_t done = 0;
    bool clean;
    lua_State *co;
    open_state();
    make_deep(20000);
    co = thread("co");
    advance_to(NP_GC_MARK);
    do EXPECT_LT(np_threads_scan(L->global, co, &clean), 100000);
    while (!clean && ++done);
    EXPECT_GT(done, 10);
    EXPECT_GT(co->gc_frame, 19000);
    EXPECT_NE(co->frames[co->gc_frame].flags & NP_FRAME_SCANNED, 0);
    EXPECT_LT(np_threads_scan(L->global, co, &clean), 10000); /* only what is at the top */
    RUN("coroutine.resume(co)");
    EXPECT_EQ(L->global->gc.again.count > 0, true);
    advance_to(NP_GC_IDLE);
    np_gc_verify(L);
    RUN("assert(select(2, coroutine.resume(co, 'up')) == 20000)");
    close_state();
}

TEST(returns_and_errors_lower_the_mark) {
    bool clean;
    lua_State *co;
    open_state();
    RUN("local yield = coroutine.yield\n"
        "local function down(n) local t = {n} if n == 0 then yield() return end down(n - 1) if n % 50 == 0 then yield() end assert(t[1] == n) end\n"
        "co = coroutine.create(function() down(1000) pcall(function() down(500) yield() error('x') end) yield() down(300) end)\n"
        "coroutine.resume(co)");
    co = thread("co");
    for (int i = 0; i < 100 && co->status == LUA_YIELD; i++) {
        advance_to(NP_GC_MARK);
        do np_threads_scan(L->global, co, &clean);
        while (!clean);
        EXPECT_LE(co->gc_frame, co->frame - co->frames);
        EXPECT_LE(co->gc_slot, co->top - co->stack);
        RUN("coroutine.resume(co)");
        EXPECT_LE(co->gc_frame, co->frame - co->frames);
        EXPECT_LE(co->gc_slot, co->top - co->stack);
        if (co->gc_frame > 0) EXPECT_GE(co->frames[co->gc_frame].func - co->stack, co->gc_slot);
        advance_to(NP_GC_IDLE);
        np_gc_verify(L);
    }
    EXPECT_EQ(co->status, LUA_OK);
    close_state();
}

TEST(many_extra_arguments_are_scanned_in_slices) {
    bool clean;
    int slices = 0;
    lua_State *co;
    open_state();
    RUN("local t = {} for i = 1, 50000 do t[i] = {i} end\n"
        "local function f(...) coroutine.yield() return g(...) end\n"
        "function g(...) extra = {} coroutine.yield() return select('#', ...) end\n"
        "co = coroutine.create(function() return (f(table.unpack(t))) end) coroutine.resume(co)");
    co = thread("co");
    advance_to(NP_GC_MARK);
    do np_threads_scan(L->global, co, &clean);
    while (!clean && ++slices);
    EXPECT_GT(slices, 5);
    RUN("coroutine.resume(co)"); /* the tail call writes below what was scanned */
    EXPECT_LT(co->gc_slot, 1000);
    advance_to(NP_GC_IDLE);
    np_gc_verify(L);
    RUN("assert(select(2, coroutine.resume(co)) == 50000)");
    close_state();
}

TEST(values_pushed_to_a_thread_that_rests_are_found) {
    lua_State *rest;
    open_state();
    rest = lua_newthread(L);
    lua_setglobal(L, "rest");
    RUN("big = {} for i = 1, 50000 do big[i] = {i} end");
    collect();
    advance_to(NP_GC_MARK);
    np_mark_all(L->global);
    REQUIRE_EQ(L->global->gc.phase, NP_GC_MARK);
    /* As if nothing of `big` were marked yet: a fresh white table would do, but there are none while marking. */
    lua_getglobal(rest, "big");
    EXPECT_NE(rest->attention, NP_ATTENTION_SCANNED);
    lua_pop(rest, 1);
    lua_newtable(L);
    lua_xmove(L, rest, 1);
    advance_to(NP_GC_IDLE);
    np_gc_verify(L);
    EXPECT_EQ(lua_type(rest, -1), LUA_TTABLE);
    close_state();
}

TEST(a_value_above_the_top_of_a_resting_thread_dies) {
    lua_State *rest;
    open_state();
    rest = lua_newthread(L);
    lua_setglobal(L, "rest");
    for (int i = 0; i < 10; i++) lua_newtable(rest);
    collect();
    lua_settop(rest, 2); /* no push */
    collect();
    for (NpValue *slot = rest->top; slot < rest->stack_last; slot++) EXPECT_EQ(slot->tag & NP_TAG_COLLECTABLE, 0);
    close_state();
}

TEST(what_lived_above_the_top_of_a_resting_thread_is_not_left_there_to_die) {
    lua_State *rest;
    open_state();
    rest = lua_newthread(L);
    lua_setglobal(L, "rest");
    for (int i = 0; i < 10; i++) lua_newtable(rest);
    lua_pushvalue(rest, 8);
    lua_setglobal(rest, "kept");
    lua_settop(rest, 2);
    collect();
    RUN("kept = nil");
    collect();
    for (NpValue *slot = rest->top; slot < rest->stack_last; slot++) EXPECT_EQ(slot->tag & NP_TAG_COLLECTABLE, 0);
    close_state();
}

TEST(without_memory_for_the_lists) {
    open_state();
    RUN("cos = {} for i = 1, 10000 do local t = {i} cos[i] = coroutine.wrap(function() while true do t = {coroutine.yield(t[1])} end end) cos[i]() end");
    collect();
    advance_to(NP_GC_MARK);
    np_heap_set_limit(&L->global->heap, 1);
    np_mark_all(L->global);
    EXPECT_TRUE(L->global->gc.threads_lost);
    advance_to(NP_GC_SWEEP);
    np_heap_set_limit(&L->global->heap, 0);
    L->global->heap.starved = false;
    advance_to(NP_GC_IDLE);
    RUN("for i = 1, 10000 do assert(cos[i](i + 1) == i + 1) end");
    np_gc_verify(L);
    close_state();
}

UNIT_MAIN
