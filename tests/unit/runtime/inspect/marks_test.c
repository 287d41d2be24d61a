/* marks_test.c: what has been allocated since a mark, by type and line. */
#include "runtime/inspect/marks.h"

#include "tests/unit/runtime/gc/lua_state.h"

static NpSiteRows rows; /* of the last since() */

static bool since(uint32_t mark) {
    np_marks_close_rows(&rows);
    return np_marks_since(L->global, mark, &rows);
}

/* The row of a type at a line; NULL when there is none. */
static const NpSiteRow *row_of(uint8_t kind, int line) {
    for (size_t i = 0; i < rows.count; i++)
        if (rows.items[i].kind == kind && rows.items[i].line == line) return &rows.items[i];
    return NULL;
}

static long count_of(uint8_t kind, int line) {
    const NpSiteRow *row = row_of(kind, line);
    return row ? (long)row->counts.count : 0;
}

TEST(what_is_alive_is_found_by_its_line) {
    uint32_t mark;
    open_state();
    RUN("before = {}");
    mark = np_marks_set(L->global);
    REQUIRE(mark != 0);
    RUN("kept = {}\nfor i = 1, 50 do kept[i] = {i} end\n\nfor i = 1, 50 do local lost = {i} end");
    collect();
    REQUIRE(since(mark));
    EXPECT_EQ(count_of(NP_TABLE, 1), 1);
    EXPECT_EQ(count_of(NP_TABLE, 2), 50);
    EXPECT_EQ(count_of(NP_TABLE, 4), 0);
    /* 50 tables of 32 bytes with arrays of 9 or more, and the one that grew there */
    EXPECT(row_of(NP_TABLE, 2)->counts.bytes >= 50 * (32 + 16) + 50 * 9);
    for (size_t i = 1; i < rows.count; i++) EXPECT(rows.items[i - 1].counts.bytes >= rows.items[i].counts.bytes);
    np_marks_drop(L->global, mark);
    EXPECT(L->global->sites == NULL);
    close_state();
}

TEST(several_marks) {
    uint32_t first, second;
    open_state();
    first = np_marks_set(L->global);
    RUN("a = {}");
    second = np_marks_set(L->global);
    RUN("\nb = {}");
    EXPECT_NE(first, second);
    REQUIRE(since(first));
    EXPECT_EQ(count_of(NP_TABLE, 1), 1);
    EXPECT_EQ(count_of(NP_TABLE, 2), 1);
    REQUIRE(since(second));
    EXPECT_EQ(count_of(NP_TABLE, 1), 0);
    EXPECT_EQ(count_of(NP_TABLE, 2), 1);
    np_marks_drop(L->global, first);
    np_marks_drop(L->global, first);
    EXPECT(!np_marks_has(L->global, first));
    RUN("\n\nc = {}");
    REQUIRE(since(second));
    EXPECT_EQ(count_of(NP_TABLE, 3), 1);
    np_marks_drop(L->global, second);
    EXPECT(L->global->sites == NULL && L->global->heap.notes == NULL);
    close_state();
}

/* Each of several on one line; a row for a line, whatever functions are on it. */
TEST(types_of_objects_and_buffers) {
    uint32_t mark;
    open_state();
    mark = np_marks_set(L->global);
    RUN("s = ('x'):rep(5000)\n"
        "t = {} for i = 1, 1000 do t[i] = i end\n"
        "f = {(function() return function() return s end end)(), function() return mark end}\n"
        "co = coroutine.create(print)\n"
        "p = load 'local a = 1 return a'\n");
    collect();
    REQUIRE(since(mark));
    EXPECT_EQ(count_of(NP_STR, 1), 1);
    EXPECT(row_of(NP_STR, 1)->counts.bytes >= 5000);
    EXPECT_EQ(count_of(NP_TABLE, 2), 1);
    EXPECT(row_of(NP_TABLE, 2)->counts.bytes >= 9000);
    EXPECT_EQ(count_of(NP_LCLOSURE, 3), 2);
    EXPECT_EQ(count_of(NP_THREAD, 4), 1);
    EXPECT(row_of(NP_THREAD, 4)->counts.bytes > 300);
    EXPECT_EQ(count_of(NP_PROTO, 5), 1);
    np_marks_drop(L->global, mark);
    close_state();
}

/* A table that lives since before the mark and grows: bytes without an object. */
TEST(growth_of_what_was_there_before) {
    uint32_t mark;
    const NpSiteRow *row;
    open_state();
    RUN("t = {}");
    mark = np_marks_set(L->global);
    RUN("\nfor i = 1, 1000 do t[i] = i end");
    REQUIRE(since(mark));
    row = row_of(NP_TABLE, 2);
    REQUIRE_NOT_NULL(row);
    EXPECT_EQ((long)row->counts.count, 0);
    EXPECT(row->counts.bytes >= 9000);
    close_state(); /* with a mark set */
}

/* While a collection is under way, in each of its phases, and with what it moves. */
TEST(amid_a_collection) {
    static const NpGcPhase phases[] = {NP_GC_IDLE, NP_GC_MARK, NP_GC_STRINGS, NP_GC_SWEEP, NP_GC_RELEASE};
    open_state();
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        uint32_t mark;
        collect();
        mark = np_marks_set(L->global);
        advance_to(phases[i]);
        RUN("kept = {}\nfor i = 1, 300 do kept[i] = {i} end\nfor i = 1, 300, 2 do kept[i] = false end");
        collect();
        REQUIRE(since(mark));
        EXPECT_EQ(count_of(NP_TABLE, 2), 150);
        np_heap_verify(&L->global->heap);
        np_marks_drop(L->global, mark);
    }
    close_state();
}

TEST(no_memory) {
    open_state();
    for (long nth = 1; nth < 40; nth++) {
        uint32_t mark;
        np_mem_fail_at(nth, NP_MEM_LIMIT);
        mark = np_marks_set(L->global);
        np_mem_fail_at(0, 0);
        if (!mark) {
            EXPECT(L->global->sites == NULL);
            continue;
        }
        np_mem_fail_at(nth, NP_MEM_LIMIT);
        (void)luaL_dostring(L, "t = {} for i = 1, 100 do t[i] = {} end");
        (void)since(mark);
        np_mem_fail_at(0, 0);
        lua_settop(L, 0);
        np_marks_drop(L->global, mark);
        EXPECT(L->global->sites == NULL);
    }
    close_state();
}

UNIT_MAIN
