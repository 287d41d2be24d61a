/* mark_test.c: what each kind of object keeps alive, the barrier, slices, the mark stack's overflow. */
#include "runtime/gc/mark.h"

#include <errno.h>

#include "runtime/gc/barrier.h"
#include "tests/unit/runtime/gc/lua_state.h"

TEST(every_kind_keeps_what_it_refers_to) {
    open_state();
    RUN("function fresh(what) return setmetatable({what}, {__gc = function() died = what end}) end\n"
        "in_array = {1, 2, fresh 'array'}\n"
        "in_record = {x = {y = fresh 'record'}}\n"
        "in_dict = {[1.5] = fresh 'dict value', [fresh 'dict key'] = true, [true] = fresh 'boolean'}\n"
        "do local up = fresh 'upvalue'; in_closure = function() return up end end\n"
        "in_thread = coroutine.create(function() local x = fresh 'thread'; coroutine.yield(); return x end)\n"
        "coroutine.resume(in_thread)\n"
        "in_proto = load('return {\"a string constant that is long enough not to be interned anywhere\"}')\n"
        "in_meta = setmetatable({}, {__index = fresh 'metatable'})\n"
        "in_c_closure = string.gmatch('abc', fresh and '.')\n"
        "in_open = coroutine.create(function() local v = fresh 'open'; in_open_f = function() return v end;\n"
        "    coroutine.yield() end)\n"
        "coroutine.resume(in_open); in_open = nil");
    for (int i = 0; i < 3; i++) {
        collect();
        np_gc_verify(L);
        np_heap_verify(&L->global->heap);
    }
    EXPECT(holds("died == nil"));
    EXPECT(holds("in_record.x.y[1] == 'record' and in_closure()[1] == 'upvalue' and in_dict[1.5][1] == 'dict value'"));
    EXPECT(holds("in_proto()[1]:sub(1, 8) == 'a string'"));
    EXPECT(holds("getmetatable(in_meta).__index[1] == 'metatable' and in_c_closure() == 'a'"));
    EXPECT(holds("in_open_f()[1] == 'open'")); /* its coroutine is dead, the variable is closed */
    EXPECT(holds("select(2, coroutine.resume(in_thread))[1] == 'thread'"));
    RUN("in_array = nil");
    collect();
    EXPECT(holds("died == 'array'"));
    close_state();
}

TEST(userdata_keep_their_values) {
    open_state();
    lua_newuserdatauv(L, 100, 2);
    lua_newtable(L);
    lua_setiuservalue(L, -2, 2);
    lua_setglobal(L, "u");
    collect();
    EXPECT_EQ(lua_getglobal(L, "u"), LUA_TUSERDATA);
    EXPECT_EQ(lua_getiuservalue(L, -1, 2), LUA_TTABLE);
    np_gc_verify(L);
    close_state();
}

TEST(garbage_is_found_in_every_kind) {
    size_t before, after;
    open_state();
    collect();
    before = np_gc_count(L->global);
    RUN("for i = 1, 1000 do\n"
        "    local t = {i, x = {i}, [i + 0.5] = 'text ' .. i}\n"
        "    t.self = t\n"
        "    local f = function() return t, f end\n"
        "    local c = coroutine.wrap(function() coroutine.yield(f) end)\n"
        "    c(); load('return ' .. i)\n"
        "end");
    EXPECT_GT(np_gc_count(L->global), before + 500000);
    collect();
    collect();
    after = np_gc_count(L->global);
    EXPECT_LT(after, before + 32768);
    close_state();
}

TEST(new_objects_are_black_while_marking) {
    open_state();
    RUN("keep = {}; for i = 1, 60000 do keep[i] = {i} end");
    collect();
    np_gc_step(L, 0);
    REQUIRE_EQ(L->global->gc.phase, NP_GC_MARK);
    RUN("fresh = {}");
    EXPECT_TRUE(np_mark_test(object("fresh")));
    advance_to(NP_GC_IDLE);
    EXPECT_FALSE(np_mark_test(object("fresh")));
    np_gc_verify(L);
    close_state();
}

static NpObj *item_of(const char *name, int index) {
    NpObj *obj;
    lua_getglobal(L, name);
    lua_rawgeti(L, -1, index);
    obj = (L->top - 1)->v.obj;
    lua_pop(L, 2);
    return obj;
}

TEST(a_store_into_a_black_object_shades) {
    open_state();
    RUN("black = {}; holder = {}; for i = 1, 60000 do holder[i] = {i} end");
    collect();
    np_gc_step(L, 0);
    REQUIRE_EQ(L->global->gc.phase, NP_GC_MARK);
    /* Scans `black` by hand, as if its turn had come; then moves a white object into it. */
    if (!np_mark_test(object("black"))) {
        np_barrier_shade(L->global, object("black"));
        L->global->gc.gray_count--;
    }
    EXPECT_FALSE(np_mark_test(item_of("holder", 59999)));
    RUN("black[1] = holder[59999]; holder[59999] = nil");
    EXPECT_TRUE(np_mark_test(item_of("black", 1)));
    np_barrier_again(L->global, object("black")); /* the test took it off the stack */
    advance_to(NP_GC_IDLE);
    EXPECT(holds("black[1][1] == 59999"));
    np_gc_verify(L);
    close_state();
}

/* Changes the graph between slices in all the ways that need a barrier; whatever the collector misses,
 * the verifier at the end of STACKS (CHECK 2, gcverify) or the checks of values see. */
TEST(the_graph_changes_between_slices) {
    open_state();
    RUN("big, dict, stack = {}, {}, {}\n"
        "for i = 1, 30000 do big[i] = {i}; dict['k' .. i] = {i} end\n"
        "seed = 7\n"
        "function random(n) seed = (seed * 16807) % 2147483647; return seed % n + 1 end\n"
        "function mutate()\n"
        "    for _ = 1, 200 do\n"
        "        local i, j = random(#big), random(#big)\n"
        "        big[i], big[j] = big[j], big[i]\n"
        "        big[#big + 1] = {#big + 1}\n"
        "        dict['n' .. random(1000)] = big[i]\n"
        "        dict['k' .. random(30000)] = nil\n"
        "        local c = coroutine.wrap(function(a) local b = {a}; f = function() return b end; coroutine.yield() end)\n"
        "        c(big[i]); last = c\n"
        "        local r = {}; r['f' .. random(50)] = {i}; r.a = r; kept = r\n"
        "        setmetatable(r, {__index = {z = {}}})\n"
        "    end\n"
        "    assert(f()[1])\n"
        "end");
    for (int cycle = 0; cycle < 3; cycle++) {
        int steps = 0;
        while (!np_gc_step(L, 64)) { /* enough to outrun what mutate() allocates */
            RUN("mutate()");
            steps++;
        }
        EXPECT_GT(steps, 3);
        np_gc_verify(L);
        np_heap_verify(&L->global->heap);
    }
    RUN("local sum, n = 0, 0\n"
        "for i = 1, #big do assert(type(big[i][1]) == 'number'); sum = sum + big[i][1] end\n"
        "assert(sum == #big * (#big + 1) // 2)\n"
        "for k, v in pairs(dict) do assert(type(v[1]) == 'number') end");
    close_state();
}

TEST(without_memory_for_the_mark_stack_the_heap_is_searched) {
    open_state();
    RUN("wide = {}; for i = 1, 4000 do wide[i] = {{i}, n = {i}} end; deep = {}\n"
        "local t = deep; for i = 1, 5000 do t.next = {payload = {i}}; t = t.next end");
    collect();
    np_gc_step(L, 0);
    REQUIRE_EQ(L->global->gc.phase, NP_GC_MARK);
    np_mem_fail_at(1, ENOMEM);
    L->global->heap.mem.limit = 1; /* nothing more is had from the system */
    np_mark_all(L->global);
    L->global->heap.mem.limit = 0;
    np_mem_fail_at(0, 0);
    advance_to(NP_GC_IDLE);
    RUN("for i = 1, 4000 do assert(wide[i][1][1] == i and wide[i].n[1] == i) end\n"
        "local t = deep; for i = 1, 5000 do t = t.next; assert(t.payload[1] == i) end");
    np_gc_verify(L);
    close_state();
}

TEST(dead_shapes_leave_no_trace_in_caches) {
    open_state();
    RUN("function get(t) return t.x end function set(t, v) t.y = v end\n"
        "function round(i) local t = {['a' .. i] = 1, x = i}; set(t, i); assert(get(t) == i and t.y == i) end");
    for (int i = 0; i < 40; i++) {
        char text[64];
        snprintf(text, sizeof text, "for j = 1, 20 do round(%d * 20 + j) end", i);
        RUN(text);
        collect();
        np_gc_verify(L);
    }
    EXPECT_LT(L->global->shape_table.live, 400);
    close_state();
}

TEST(nothing_dead_is_left_in_the_unused_part_of_a_stack) {
    open_state();
    RUN("local function deep(n) local t = {n} if n > 0 then return deep(n - 1), t end end deep(200)");
    collect();
    for (NpValue *slot = L->top; slot < L->stack_last + NP_STACK_EXTRA; slot++) EXPECT_EQ(slot->tag & NP_TAG_COLLECTABLE, 0);
    close_state();
}

UNIT_MAIN
