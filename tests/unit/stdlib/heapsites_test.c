/* heapsites_test.c: heap.since and heap.profile show what the API of neap.h says; marks end with their values. */
#include "neap.h"

#include "tests/unit/stdlib/script.h"

TEST(since_shows_the_rows) {
    lua_State *L = open_state();
    EXPECT_STR(run(L, "mark = heap.mark() kept = {} for i = 1, 10 do kept[i] = {} end\n"
                      "local rows, totals = heap.since(mark)\n"
                      "local sum = 0 for _, r in ipairs(rows) do if r.type == 'table' then sum = sum + r.count end end\n"
                      "return sum .. ' ' .. totals.table.count .. ' ' .. rows[1].line .. ' ' .. rows[1].type"),
               "11 11 1 table");
    lua_close(L);
}

/* The number of a mark that is set now tells how many there were; the one before it is gone with its value. */
TEST(a_mark_ends_with_its_value) {
    lua_State *L = open_state();
    neap_Sites *found;
    unsigned last;
    EXPECT_STR(run(L, "do local mark = heap.mark() end collectgarbage() return 'ok'"), "ok");
    last = neap_mark(L);
    EXPECT_EQ(neap_since(L, last - 1, &found), NEAP_SITES_NO_MARK);
    neap_unmark(L, last);
    EXPECT_STR(run(L, "do local mark <close> = heap.mark() kept = mark end return tostring(kept)"), "heap mark (dropped)");
    lua_close(L);
}

TEST(profile_is_a_table_a_file_or_a_rate) {
    lua_State *L = open_state();
    neap_Sites *found;
    char chunk[400];
    EXPECT_STR(run(L, "return heap.profile() == nil"), "true");
    EXPECT_STR(run(L, "heap.profile(1) kept = {{}, {}} return #heap.profile() > 0"), "true");
    EXPECT(neap_heapsites(L, &found) > 0);
    neap_sites_free(found);
    snprintf(chunk, sizeof chunk, "local name = os.tmpname() local ok = heap.profile(name)\n"
                                  "local size = io.open(name):seek('end') os.remove(name) return ok and size > 100");
    EXPECT_STR(run(L, chunk), "true");
    EXPECT_STR(run(L, "return select('#', heap.profile('/no/such/folder/file'))"), "2");
    EXPECT_STR(run(L, "heap.profile(false) return heap.profile() == nil"), "true");
    EXPECT_EQ(neap_heapsites(L, &found), NEAP_SITES_NO_PROFILE);
    lua_close(L);
}

UNIT_MAIN
