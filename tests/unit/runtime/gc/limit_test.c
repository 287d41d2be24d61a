/* limit_test.c: collecting inside an allocation, the reserve, the collector's share. */
#include "include/neap.h"

#include "runtime/gc/gc.h"
#include "runtime/table.h"
#include "tests/unit/runtime/gc/lua_state.h"

TEST(the_bucket_fills_and_drains) {
    NpBucket bucket = {0, 0};
    np_bucket_drain(&bucket, 5);
    EXPECT_EQ(bucket.level, 0); /* never below empty */
    np_bucket_fill(&bucket, 5.5);
    EXPECT_FALSE(np_bucket_full(&bucket));
    np_bucket_drain(&bucket, 5.75);
    EXPECT_EQ(bucket.level, 0.25);
    np_bucket_fill(&bucket, 100);
    EXPECT_TRUE(np_bucket_full(&bucket));
    np_bucket_drain(&bucket, 110); /* it holds a bounded amount */
    EXPECT_FALSE(np_bucket_full(&bucket));
    np_bucket_drain(&bucket, 200);
    EXPECT_EQ(bucket.level, 0);
}

TEST(a_program_collects_at_most_half_of_its_time) {
    NpBucket bucket = {0, 0};
    double now = 0, collecting = 0;
    for (int i = 0; i < 100000; i++) {
        now += 0.001;
        np_bucket_drain(&bucket, now);
        if (np_bucket_full(&bucket)) continue;
        now += 0.01; /* every collection costs ten times what the program does between two */
        collecting += 0.01;
        np_bucket_fill(&bucket, now);
    }
    EXPECT_LT(collecting, now * 0.52 + 1);
    EXPECT_GT(collecting, now * 0.45);
}

/* A limit that `room` more bytes fit under. */
static void limit_here(size_t room) {
    collect();
    while (neap_release(L) > 0) continue;
    L->global->heap.mem.limit = L->global->heap.mem.ready + room;
}

TEST(an_allocation_that_is_refused_collects_first) {
    uint32_t emergencies;
    open_state();
    RUN("keep = {} for i = 1, 1000 do keep[i] = {i} end");
    limit_here(1 << 20);
    lua_pushstring(L, "x");
    for (int i = 0; i < 100; i++) {
        void *block = np_mem_buf(L, 400000); /* garbage at once */
        memset(block, 1, 400000);
    }
    emergencies = L->global->limit.emergencies;
    EXPECT_GT(emergencies, 20);
    RUN("for i = 1, 1000 do assert(keep[i][1] == i) end");
    np_gc_verify(L);
    close_state();
}

TEST(what_is_held_survives_and_what_is_not_does_not) {
    NpTable *held, *value;
    NpValue boxed;
    size_t freed;
    open_state();
    collect();
    held = np_table_new(L, 0, 0);
    np_gc_hold(L, held);
    value = np_table_new(L, 0, 0);
    np_set_obj(&boxed, value, NP_TABLE);
    np_table_set_int(L, held, 1, &boxed);
    for (int i = 0; i < 1000; i++) np_table_new(L, 4, 0);
    freed = L->global->heap.freed_total;
    EXPECT_TRUE(np_gc_emergency(L, 1));
    EXPECT_GT(L->global->heap.freed_total - freed, 32000);
    EXPECT_TRUE(np_table_get_int(held, 1, &boxed));
    EXPECT_EQ(boxed.v.p, value);
    EXPECT_EQ(value->kind, NP_TABLE);
    np_gc_drop(L, 1);
    close_state();
}

static int collect_inside(lua_State *state) {
    /* as when an instruction of the caller is in the middle: its registers are above its top */
    NpFrame *mine = state->frame;
    NpValue *top = state->top;
    state->frame--;
    state->top = state->frame->func + 1;
    EXPECT(np_frame_is_lua(state->frame));
    EXPECT_TRUE(np_gc_emergency(state, 1));
    state->frame = mine;
    state->top = top;
    return 0;
}

TEST(registers_above_top_survive) {
    open_state();
    lua_register(L, "collect_inside", collect_inside);
    RUN("local a, b = {1, 2, 3}, {{}} collect_inside() assert(#a == 3 and #b[1] == 0)");
    np_gc_verify(L);
    close_state();
}

TEST(what_is_above_the_top_of_a_c_function_does_not) {
    NpTable *table;
    size_t freed;
    open_state();
    lua_createtable(L, 100000, 0);
    table = np_tab(L->top - 1);
    EXPECT_GE(table->array_size, 100000);
    L->top--;
    freed = L->global->heap.freed_total;
    EXPECT_TRUE(np_gc_emergency(L, 1));
    EXPECT_GE(L->global->heap.freed_total - freed, 900000);
    EXPECT(np_is_nil(L->top));
    close_state();
}

TEST(nothing_is_collected_where_it_is_forbidden) {
    open_state();
    L->global->limit.no_collect++;
    EXPECT_FALSE(np_gc_emergency(L, 1));
    L->global->limit.no_collect--;
    EXPECT_TRUE(np_gc_emergency(L, 1));
    close_state();
}

TEST(nothing_is_collected_for_what_can_never_fit) {
    open_state();
    EXPECT_EQ(neap_setlimit(L, 16 << 20, 0), NEAP_LIMIT_OK);
    EXPECT_FALSE(np_gc_emergency(L, 32 << 20));
    close_state();
}

TEST(a_full_bucket_refuses_at_once) {
    uint32_t cycles;
    open_state();
    limit_here(1 << 20);
    L->global->limit.collected_hits = L->global->limit.hits = 1;
    L->global->limit.bucket.level = 1e9;
    cycles = L->global->gc.cycles;
    EXPECT_FALSE(np_gc_emergency(L, 1));
    np_gc_make_room(L, 900 << 10);
    np_gc_make_room(L, 1 << 20);
    EXPECT_EQ(L->global->gc.cycles, cycles);
    L->global->limit.hits++; /* but an error is followed by a collection */
    EXPECT_TRUE(np_gc_emergency(L, 1));
    close_state();
}

TEST(those_that_gain_little_are_few) {
    open_state();
    int made = 0;
    for (int i = 0; i < 300; i++) made += np_gc_emergency(L, 1);
    EXPECT_GE(made, 2);
    EXPECT_LE(made, 6);
    RUN("local t = {} for i = 1, 10000 do t[i] = {} end");
    for (int i = 0; i < 300; i++) made += np_gc_emergency(L, 1);
    EXPECT_GE(made, 4);
    EXPECT_LE(made, 12);
    L->global->limit.hits++; /* an error has been raised since */
    EXPECT_TRUE(np_gc_emergency(L, 1));
    close_state();
}

TEST(the_reserve_is_opened_for_an_error_and_comes_back) {
    NpHeap *heap;
    open_state();
    heap = &L->global->heap;
    EXPECT_NE(heap->reserve_bytes, 0);
    limit_here(1 << 20);
    EXPECT_EQ(luaL_loadstring(L, "local t = {} for i = 1, 1e9 do t[i] = {i} end"), LUA_OK);
    EXPECT_EQ(lua_pcall(L, 0, 0, 0), LUA_ERRMEM);
    EXPECT_EQ(L->global->limit.hits, 1);
    EXPECT_EQ(heap->reserve_bytes, 0);
    lua_settop(L, 0);
    collect();
    EXPECT_NE(heap->reserve_bytes, 0);
    np_heap_verify(heap);
    close_state();
}

TEST(whole_collections_near_the_limit_are_counted_by_what_is_allocated) {
    uint32_t cycles;
    size_t claimed, limit;
    open_state();
    lua_gc(L, LUA_GCRESTART);
    EXPECT_EQ(neap_setlimit(L, 32 << 20, 0), NEAP_LIMIT_OK);
    limit = L->global->heap.mem.limit;
    RUN("keep = {}");
    do { /* the bucket is emptied all the time, so that a slow machine does not matter */
        L->global->limit.bucket.level = 0;
        RUN("for i = 1, 1000 do keep[#keep + 1] = {i} end");
    } while (np_gc_count(L->global) < (size_t)29 << 20);
    cycles = L->global->gc.cycles;
    claimed = L->global->heap.claimed_total;
    for (int i = 0; i < 100; i++) {
        L->global->limit.bucket.level = 0;
        RUN("for i = 1, 4000 do local t = {i, i} end");
    }
    claimed = L->global->heap.claimed_total - claimed;
    /* A collection gives back whole system pages: of large ones there are fewer. */
    EXPECT_LE(L->global->gc.cycles - cycles, (np_os_page_size() > 16384 ? 4 : 2) * claimed / (limit / 32) + 2);
    EXPECT_GE(L->global->gc.cycles - cycles, 4);
    EXPECT_EQ(L->global->limit.hits, 0);
    close_state();
}

UNIT_MAIN
