/* weak_test.c: weak values, ephemerons, all-weak tables; modes that change under the collector. */
#include "runtime/gc/mark.h"
#include "tests/unit/runtime/gc/lua_state.h"

TEST(weak_values_are_dropped_and_strings_are_not) {
    open_state();
    RUN("w = setmetatable({}, {__mode = 'v'})\n"
        "keep = {}\n"
        "w[1] = {}; w[2] = keep; w.x = {}; w.y = 'te' .. 'xt'; w[3] = 12; w.f = function() end; w.long = ('x'):rep(100)");
    collect();
    EXPECT(holds("w[1] == nil and w[2] == keep and w.x == nil and w.y == 'text' and w[3] == 12 and #w.long == 100"));
    np_gc_verify(L);
    close_state();
}

TEST(keys_of_weak_values_are_strong) {
    open_state();
    RUN("w = setmetatable({}, {__mode = 'v'}); v = {}; w[{'key'}] = v");
    collect();
    EXPECT(holds("next(w)[1] == 'key'"));
    RUN("v = nil");
    collect();
    EXPECT(holds("next(w) == nil"));
    close_state();
}

TEST(ephemerons) {
    open_state();
    RUN("e = setmetatable({}, {__mode = 'k'}); k = {}; e[k] = {k}; e[{}] = 1; e.s = {}; e[1] = {}");
    collect();
    EXPECT(holds("e[k][1] == k and e.s and e[1]"));
    EXPECT(holds("(function() local n = 0 for _ in pairs(e) do n = n + 1 end return n end)() == 3"));
    RUN("k = nil");
    collect();
    EXPECT(holds("(function() local n = 0 for _ in pairs(e) do n = n + 1 end return n end)() == 2"));
    close_state();
}

TEST(chains_of_ephemerons_through_several_tables) {
    open_state();
    RUN("a, b = setmetatable({}, {__mode = 'k'}), setmetatable({}, {__mode = 'k'})\n"
        "first = {}; local k = first\n"
        "for i = 1, 300 do local n = {i}; (i % 2 == 0 and a or b)[k] = n; k = n end");
    collect();
    RUN("local k, n = first, 0\n"
        "while k do k = a[k] or b[k]; n = n + (k and 1 or 0) end\n"
        "assert(n == 300, n)\n"
        "first = nil");
    collect();
    EXPECT(holds("next(a) == nil and next(b) == nil"));
    close_state();
}

TEST(all_weak) {
    open_state();
    RUN("w = setmetatable({}, {__mode = 'kv'}); k, v = {}, {}; w[k] = v; w[{}] = v; w[k] = v; w[v] = {}; w[1] = {}");
    collect();
    EXPECT(holds("w[k] == v and w[v] == nil and w[1] == nil and next(w) == k and next(w, k) == nil"));
    close_state();
}

TEST(resurrected_objects_stay_as_keys_and_not_as_values) {
    open_state();
    RUN("values, keys = setmetatable({}, {__mode = 'v'}), setmetatable({}, {__mode = 'k'})\n"
        "do local o = setmetatable({}, {__gc = function(o)\n"
        "    as_value, as_key = values[1], keys[o] end})\n"
        "values[1] = o; keys[o] = 'still here' end");
    collect();
    EXPECT(holds("as_value == nil and as_key == 'still here'"));
    collect();
    EXPECT(holds("next(keys) == nil"));
    close_state();
}

TEST(a_mode_that_changes_after_the_table_was_met) {
    open_state();
    RUN("big = {}; for i = 1, 40000 do big[i] = {i} end\n"
        "mt = {__mode = 'v'}; w = setmetatable({}, mt); for i = 1, 10 do w[i] = {i} end");
    collect();
    RUN("for i = 1, 10 do w[i] = {i} end");
    np_gc_step(L, 0);
    REQUIRE_EQ(L->global->gc.phase, NP_GC_MARK);
    np_mark_all(L->global);
    EXPECT_GE(L->global->gc.weak.count, 1);
    RUN("mt.__mode = nil");
    advance_to(NP_GC_IDLE);
    EXPECT(holds("#w == 10 and w[10][1] == 10"));
    np_gc_verify(L);
    close_state();
}

TEST(entries_that_die_during_a_traversal_do_not_disturb_it) {
    open_state();
    RUN("w = setmetatable({}, {__mode = 'k'}); local hold = {}\n"
        "for i = 1, 100 do hold[i] = {}; w[hold[i]] = i end\n"
        "local seen = 0\n"
        "for k in pairs(w) do seen = seen + 1; for i = 1, 100 do hold[i] = nil end; collectgarbage() end\n"
        "assert(seen >= 1 and seen <= 2, seen)\n"
        "local t = {}; for i = 1, 100 do t[{}] = i end\n"
        "for k in pairs(t) do t[k] = nil; k = nil; collectgarbage() end assert(next(t) == nil)");
    close_state();
}

TEST(modes_by_name) {
    open_state();
    RUN("m0, mk, mv, mkv = {}, {__mode = 'k'}, {__mode = 'v'}, {__mode = 'vk'}; mbad = {__mode = 5}");
    EXPECT_EQ(np_weak_mode(L->global, NULL), 0);
    EXPECT_EQ(np_weak_mode(L->global, (NpTable *)object("m0")), 0);
    EXPECT_EQ(np_weak_mode(L->global, (NpTable *)object("mk")), NP_FLAG_WEAK_KEYS);
    EXPECT_EQ(np_weak_mode(L->global, (NpTable *)object("mv")), NP_FLAG_WEAK_VALUES);
    EXPECT_EQ(np_weak_mode(L->global, (NpTable *)object("mkv")), NP_FLAG_WEAK_KEYS | NP_FLAG_WEAK_VALUES);
    EXPECT_EQ(np_weak_mode(L->global, (NpTable *)object("mbad")), 0);
    close_state();
}

UNIT_MAIN
