/* neap_profile_test.c: marks and profiles by the API of neap.h. */
#include "include/neap.h"

#include "tests/unit/runtime/gc/lua_state.h"

static int count_bytes(void *context, const void *data, size_t bytes) {
    (void)data;
    *(size_t *)context += bytes;
    return 0;
}

static int fail(void *context, const void *data, size_t bytes) {
    (void)context, (void)data, (void)bytes;
    return 7;
}

TEST(since_a_mark) {
    neap_Sites *found, *none;
    neap_Site site;
    unsigned mark;
    int rows, tables = 0;
    open_state();
    mark = neap_mark(L);
    REQUIRE(mark != 0);
    RUN("kept = {} for i = 1, 20 do kept[i] = {} end");
    rows = neap_since(L, mark, &found);
    REQUIRE(rows > 0);
    for (int i = 0; i < rows; i++) {
        REQUIRE_EQ(neap_site(found, i, &site), 1);
        EXPECT(site.stack == NULL && site.allocated_count == 0);
        if (strcmp(site.type, "table") == 0 && strstr(site.source, "kept")) tables += (int)site.count;
    }
    EXPECT_EQ(tables, 21);
    EXPECT_EQ(neap_site(found, rows, &site), 0);
    EXPECT_EQ(neap_site(found, -1, &site), 0);
    neap_unmark(L, mark);
    EXPECT_EQ(neap_since(L, mark, &none), NEAP_SITES_NO_MARK);
    EXPECT(none == NULL);
    neap_sites_free(none);
    REQUIRE_EQ(neap_site(found, 0, &site), 1); /* stays as it was, and so do the tables it refers to */
    EXPECT(site.bytes > 0);
    REQUIRE_NOT_NULL(L->global->sites);
    neap_sites_free(found);
    EXPECT(L->global->sites == NULL);
    close_state();
}

/* A finaliser that the collection of neap_since runs drops the mark. */
static unsigned to_drop;
static int drop(lua_State *thread) {
    neap_unmark(thread, to_drop);
    return 0;
}

TEST(a_mark_that_is_dropped_meanwhile) {
    neap_Sites *found;
    open_state();
    lua_register(L, "drop", drop);
    to_drop = neap_mark(L);
    RUN("setmetatable({}, {__gc = drop})");
    EXPECT_EQ(neap_since(L, to_drop, &found), NEAP_SITES_NO_MARK);
    close_state();
}

TEST(stacks_of_a_heap_profile) {
    neap_Sites *sites, *again;
    neap_Site site = {0};
    bool found = false;
    int rows;
    open_state();
    EXPECT_EQ(neap_heapsites(L, &sites), NEAP_SITES_NO_PROFILE);
    REQUIRE_EQ(neap_heapprofile(L, 1), 1);
    static const char text[] = "local function f() local t = {} return t end\nkept = {f(), f()}\nf()";
    REQUIRE_EQ(luaL_loadbuffer(L, text, sizeof text - 1, "@f.lua"), LUA_OK);
    lua_call(L, 0, 0);
    rows = neap_heapsites(L, &sites);
    REQUIRE(neap_heapsites(L, &again) > 0); /* another one, which changes nothing */
    neap_sites_free(again);
    REQUIRE_EQ(neap_heapprofile(L, 0), 1);
    EXPECT_EQ(neap_heapsites(L, &again), NEAP_SITES_NO_PROFILE);
    for (int i = 0; i < rows; i++) {
        REQUIRE_EQ(neap_site(sites, i, &site), 1);
        if (!site.stack || strcmp(site.stack, "main chunk (f.lua:2);f (f.lua:1)") != 0) continue;
        found = true;
        EXPECT_STR(site.source, "f.lua");
        EXPECT_EQ(site.line, 1);
        EXPECT_EQ(site.count, 2);
        EXPECT_EQ(site.bytes, 64);
        EXPECT(site.type == NULL);
    }
    EXPECT(found);
    neap_sites_free(sites);
    EXPECT(L->global->sites == NULL);
    close_state();
}

TEST(writing) {
    size_t bytes = 0;
    open_state();
    EXPECT_EQ(neap_writeprofile(L, NEAP_PROFILE_HEAP, NEAP_FORM_PPROF, count_bytes, &bytes), NEAP_SITES_NO_PROFILE);
    REQUIRE_EQ(neap_heapprofile(L, 1), 1);
    EXPECT_EQ(neap_writeprofile(L, NEAP_PROFILE_CPU, NEAP_FORM_PPROF, count_bytes, &bytes), NEAP_SITES_NO_PROFILE);
    RUN("kept = {{}}");
    EXPECT_EQ(neap_writeprofile(L, NEAP_PROFILE_HEAP, NEAP_FORM_PPROF, count_bytes, &bytes), 0);
    EXPECT(bytes > 100);
    EXPECT_EQ(neap_writeprofile(L, NEAP_PROFILE_HEAP, NEAP_FORM_FOLDED, fail, NULL), 7);
    EXPECT_EQ(neap_cpuprofile(L, 1), NEAP_CPU_OK);
    EXPECT_EQ(neap_writeprofile(L, NEAP_PROFILE_CPU, NEAP_FORM_PPROF, count_bytes, &bytes), 0);
    EXPECT_EQ(neap_cpuprofile(L, 0), NEAP_CPU_OK);
    close_state();
}

TEST(forms_by_names) {
    EXPECT_EQ(neap_profileform("x.pb"), NEAP_FORM_PPROF);
    EXPECT_EQ(neap_profileform("x.folded"), NEAP_FORM_FOLDED);
    EXPECT_EQ(neap_profileform("x.alloc.folded"), NEAP_FORM_FOLDED_ALL);
    EXPECT_EQ(neap_profileform("folded"), NEAP_FORM_PPROF);
    EXPECT_EQ(neap_profileform(""), NEAP_FORM_PPROF);
}

/* A function called on a thread that was not resumed is found there. */
TEST(threads_of_the_host) {
    neap_Sites *sites;
    neap_Site site;
    bool found = false;
    lua_State *thread;
    open_state();
    thread = lua_newthread(L);
    REQUIRE_EQ(neap_heapprofile(L, 1), 1);
    REQUIRE_EQ(luaL_loadbuffer(thread, "kept = {}", 9, "@t.lua"), LUA_OK);
    REQUIRE_EQ(lua_pcall(thread, 0, 0, 0), LUA_OK);
    for (int i = 0, rows = neap_heapsites(L, &sites); i < rows; i++)
        found = found || (neap_site(sites, i, &site) && site.stack && strcmp(site.stack, "main chunk (t.lua:1)") == 0);
    EXPECT(found);
    neap_sites_free(sites);
    close_state();
}

TEST(results_without_memory) {
    neap_Sites *found;
    unsigned mark;
    int most = 0;
    open_state();
    mark = neap_mark(L);
    REQUIRE_EQ(neap_heapprofile(L, 1), 1);
    RUN("kept = {} for i = 1, 9 do kept[i] = load(('\\n'):rep(i) .. 'return {}')() end");
    for (long nth = 1; nth < 8; nth++) {
        int since, sites;
        np_mem_fail_at(nth, NP_MEM_LIMIT);
        since = neap_since(L, mark, &found);
        EXPECT((since > 0) == (found != NULL));
        neap_sites_free(found);
        np_mem_fail_at(nth, NP_MEM_LIMIT);
        sites = neap_heapsites(L, &found);
        np_mem_fail_at(0, 0);
        EXPECT((sites > 0) == (found != NULL));
        neap_sites_free(found);
        EXPECT(since != 0 && sites != 0 && since >= NEAP_SITES_NO_MEMORY && sites >= NEAP_SITES_NO_MEMORY);
        if (most < since) most = since;
    }
    EXPECT(most > 0);
    neap_unmark(L, mark);
    REQUIRE_EQ(neap_heapprofile(L, 0), 1);
    EXPECT(L->global->sites == NULL);
    close_state();
}

UNIT_MAIN
