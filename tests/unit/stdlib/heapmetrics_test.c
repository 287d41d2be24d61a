/* heapmetrics_test.c: labels are escaped; the figures are those of neap_stats. The format: tests/lua/lib/heap_metrics.lua. */
#include "neap.h"

#include "tests/unit/stdlib/script.h"

TEST(figures_are_those_of_c) {
    lua_State *L = open_state();
    char line[100];
    neap_Stats stats;
    lua_gc(L, LUA_GCCOLLECT);
    lua_gc(L, LUA_GCSTOP);
    const char *text = run(L, "return heap.metrics()");
    neap_stats(L, &stats);
    snprintf(line, sizeof line, "\nneap_gc_cycles_total %zu\n", stats.collections);
    EXPECT_CONTAINS(text, line);
    snprintf(line, sizeof line, "\nneap_gc_stop_seconds_count %zu\n", stats.stops);
    EXPECT_CONTAINS(text, line);
    snprintf(line, sizeof line, "\nneap_heap_objects{type=\"thread\"} %zu\n", (size_t)1);
    EXPECT_CONTAINS(text, line);
    EXPECT_CONTAINS(text, "\nneap_heap_limit_bytes{kind=\"hard\"} +Inf\n");
    lua_close(L);
}

TEST(names_of_groups_are_escaped) {
    static const struct { const char *name, *label; } cases[] = {
        {"a\"b\\c\nd", "a\\\"b\\\\c\\nd"},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xff\xc3(\xed\xa0\x80", "?\?(?\?\?"},
        {"cut \xe2\x82", "cut ?\?"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        lua_State *L = open_state();
        char want[100];
        neap_group_new(L, cases[i].name, 4096);
        snprintf(want, sizeof want, "\nneap_group_limit_bytes{group=\"%s\",id=\"1\"} 4096\n", cases[i].label);
        EXPECT_CONTAINS(run(L, "return heap.metrics()"), want);
        lua_close(L);
    }
}

UNIT_MAIN
