/* ephemeron_test.c: chains of ephemerons, many values of one key, no memory for the map. */
#include "runtime/mem/mem_os.h"
#include "tests/unit/runtime/gc/lua_state.h"

/* The links are made in an order that no walk through the table would follow. */
static void make_chain(int links) {
    char text[512];
    snprintf(text, sizeof text,
             "local n = %d\n"
             "e, keys = setmetatable({}, {__mode = 'k'}), {}\n"
             "for i = 1, n do keys[i] = {i} end\n"
             "for i = 1, n - 1 do local j = i * 7919 %% (n - 1) + 1 e[keys[j]] = keys[j + 1] end\n"
             "e[keys[n]] = 'end'; first = keys[1]; keys = nil",
             links);
    RUN(text);
}

static const char *const follow = "n, k = 0, first; while k ~= 'end' do n, k = n + 1, e[k] end";

TEST(a_long_chain_is_followed) {
    open_state();
    make_chain(20000);
    collect();
    RUN(follow);
    EXPECT(holds("n == 20000"));
    EXPECT_NULL(L->global->gc.waiting.heads);
    RUN("first = nil k = nil");
    collect();
    EXPECT(holds("next(e) == nil"));
    close_state();
}

TEST(chains_in_slices) {
    open_state();
    make_chain(20000);
    advance_to(NP_GC_SWEEP);
    RUN(follow);
    EXPECT(holds("n == 20000"));
    advance_to(NP_GC_IDLE);
    np_gc_verify(L);
    close_state();
}

TEST(one_key_in_many_tables) {
    open_state();
    RUN("ts, key = {}, {}\n"
        "for i = 1, 3000 do ts[i] = setmetatable({[key] = {i}, [{}] = {i}}, {__mode = 'k'}) end\n"
        "holder = setmetatable({[ts] = key}, {__mode = 'k'}); key = nil");
    collect();
    RUN("key = holder[ts]; for i = 1, 3000 do assert(ts[i][key][1] == i) local k = next(ts[i]) assert(k == key) assert(not next(ts[i], k)) end");
    close_state();
}

TEST(without_memory_for_the_map) {
    open_state();
    make_chain(3000);
    collect(); /* the list of weak tables has its memory */
    advance_to(NP_GC_MARK);
    np_heap_set_limit(&L->global->heap, 1); /* refuses every page from here on */
    advance_to(NP_GC_SWEEP);
    EXPECT_TRUE(L->global->gc.waiting_lost);
    np_heap_set_limit(&L->global->heap, 0);
    L->global->heap.starved = false;
    RUN(follow);
    EXPECT(holds("n == 3000"));
    np_gc_verify(L);
    close_state();
}

UNIT_MAIN
