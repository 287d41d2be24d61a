/* move_test.c: the buffers of tables that survive a flood are brought together, and hold what they held. */
#include "runtime/gc/move.h"

#include "runtime/gc/gc.h"
#include "tests/unit/runtime/gc/lua_state.h"

/* Arrays, records and dictionaries, one in a hundred of which is kept. */
#define FLOOD                                                                                     \
    "kept = {}\n"                                                                                 \
    "for i = 1, 60000 do\n"                                                                       \
    "    local t = {i, i + 1, name = 'n' .. i % 10, rest = {i / 2}}\n"                            \
    "    t.rest[i + 0.5] = i\n"                                                                   \
    "    if i % 100 == 0 then kept[#kept + 1] = t end\n"                                          \
    "end\n"
#define INTACT                                                                                    \
    "(function() for k, t in ipairs(kept) do local i = k * 100\n"                                 \
    "    if t[1] ~= i or t[2] ~= i + 1 or t.name ~= 'n0' or t.rest[1] ~= i / 2 or t.rest[i + 0.5] ~= i then\n" \
    "        return false end end return #kept == 600 end)()"

static size_t spans_bytes(void) {
    NpHeapStats stats;
    np_heap_stats(&L->global->heap, &stats);
    return stats.spans_bytes;
}

TEST(a_full_collection_moves_all) {
    size_t moved;
    open_state();
    RUN(FLOOD);
    collect();
    EXPECT_EQ(L->global->gc.move, NP_MOVE_DONE);
    moved = spans_bytes();
    EXPECT(holds(INTACT));
    np_gc_verify(L);
    np_heap_verify(&L->global->heap);
    /* of 600 kept, each a header and two buffers of its own and of its `rest`; headers cannot move */
    EXPECT_LE(moved, 600 * (2 * 4096 + 6 * 64) + (1 << 20));
    close_state();
}

TEST(in_slices_between_which_the_program_runs) {
    unsigned slices = 0;
    open_state();
    RUN(FLOOD);
    advance_to(NP_GC_RELEASE);
    while (!np_move_some(L->global, 20000, 0, true)) {
        slices++;
        /* buffers grow, shrink and die where the walk has been and where it has not */
        RUN("local n = #kept; local t = kept[math.random(n)]\n"
            "t.more = t.more or {}; t.more[#t.more + 1] = {1, 2, 3}; t.x1 = 1; t.x2 = 2; t.x3 = 3; local u = {}\n"
            "for i = 1, 50 do u[i] = {i} end");
        np_heap_verify(&L->global->heap);
    }
    EXPECT_GT(slices, 3);
    EXPECT(holds(INTACT));
    np_gc_verify(L);
    close_state();
}

TEST(a_new_cycle_ends_it) {
    open_state();
    RUN(FLOOD);
    advance_to(NP_GC_RELEASE);
    EXPECT_FALSE(np_move_some(L->global, 1, 0, true));
    EXPECT_EQ(L->global->gc.move, NP_MOVE_RUNNING);
    L->global->gc.phase = NP_GC_IDLE; /* as a whole collection does that cuts RELEASE short */
    np_gc_step(L, 0);
    EXPECT_EQ(L->global->gc.phase, NP_GC_MARK);
    EXPECT_EQ(L->global->gc.move, NP_MOVE_DONE);
    collect();
    EXPECT(holds(INTACT));
    np_heap_verify(&L->global->heap);
    close_state();
}

TEST(a_dense_heap_is_left_alone) {
    open_state();
    RUN("kept = {}; for i = 1, 20000 do kept[i] = {i, x = i} end");
    collect();
    EXPECT_EQ(L->global->gc.move, NP_MOVE_DUE);
    close_state();
}

UNIT_MAIN
