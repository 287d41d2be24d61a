/* Tests of runtime/neap_api.c: the numbers of neap_stats are plausible and move the right way. */
#include "tests/unit/unit.h"

#include "include/neap.h"
#include "runtime/mem/mem_os.h"

static neap_Stats stats;

static size_t objects(const char *type) {
    for (int i = 0; i < stats.ntypes; i++)
        if (strcmp(stats.types[i].name, type) == 0) return stats.types[i].objects;
    return 0;
}

TEST(counters) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    lua_createtable(L, 0, 0);
    for (int i = 1; i <= 5000; i++) {
        lua_createtable(L, 2, 0);
        lua_rawseti(L, 1, i);
    }
    lua_gc(L, LUA_GCCOLLECT);
    neap_stats(L, &stats);
    EXPECT_GE(stats.reserved, stats.mapped);
    EXPECT_GE(stats.mapped, stats.ready);
    EXPECT_GE(stats.ready, stats.live);
    EXPECT_GE(stats.allocated_total, stats.live);
    EXPECT_GE(stats.live, 5000 * 32);
    EXPECT_GE(stats.collections, 1);
    EXPECT_GE(objects("table"), 5001);
    EXPECT_GE(objects("thread"), 1);
    EXPECT_GT(objects("string"), 20);
    EXPECT_GT(stats.nclasses, 0);
    size_t slots = 0, ready = 0;
    for (int i = 0; i < stats.nclasses; i++) {
        EXPECT_LE(stats.classes[i].live_slots, stats.classes[i].slots);
        slots += stats.classes[i].live_slots;
        ready += stats.classes[i].ready;
    }
    EXPECT_GE(slots, 5000);
    EXPECT_EQ(ready, stats.kinds[0].ready + stats.kinds[1].ready + stats.kinds[2].ready);
    EXPECT_LE(ready, stats.ready);
    size_t live = 0;
    for (int i = 0; i < 3; i++) {
        EXPECT_LE(stats.kinds[i].live, stats.kinds[i].ready);
        live += stats.kinds[i].live;
    }
    EXPECT_GE(live, stats.live); /* what is set aside for running at the limit is not the program's */
    EXPECT_STR(stats.system, np_os_system_name());
    size_t total = stats.allocated_total;
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    neap_stats(L, &stats);
    EXPECT_LT(objects("table"), 50);
    EXPECT_GE(stats.allocated_total, total);
    lua_close(L);
}

TEST(release_gives_memory_back) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    lua_gc(L, LUA_GCSTOP);
    for (int i = 0; i < 50000; i++) {
        lua_createtable(L, 8, 0);
        lua_pop(L, 1);
    }
    lua_gc(L, LUA_GCCOLLECT);
    neap_release(L);
    neap_stats(L, &stats);
    EXPECT_LT(stats.ready, (size_t)4 << 20);
    EXPECT_EQ(neap_release(L), 0);
    lua_close(L);
}

TEST(the_build_tells_what_it_is) {
    neap_Build build;
    neap_build(&build);
    EXPECT_STR(build.system, np_os_system_name());
    EXPECT_EQ(build.releases, np_os_unused_releases());
    EXPECT_EQ(build.page_bytes, np_os_page_size());
    EXPECT_EQ(build.huge_page_bytes, np_os_huge_page_size());
    EXPECT_EQ(build.check, CHECK);
    EXPECT_CONTAINS("never madvise always", build.huge_pages);
    EXPECT_CONTAINS("tail calls computed goto switch", build.dispatch);
    EXPECT_GT(strlen(build.compiler), 5);
}

TEST(usage_is_the_systems) {
    neap_Usage self, children;
    REQUIRE(neap_usage(&self, &children));
    EXPECT_GT(self.minor_faults, 0);
    EXPECT_EQ(self.peak_resident, np_os_peak_resident_bytes());
    EXPECT_EQ(children.minor_faults, 0);
}

static void fill(lua_State *L, int count) {
    lua_createtable(L, 0, 0);
    for (int i = 1; i <= count; i++) {
        lua_createtable(L, 2, 0);
        lua_rawseti(L, -2, i);
    }
}

typedef struct Seen {
    int events[3];
    bool sites;
    neap_Moment last;
} Seen;

static void see(void *data, lua_State *L, const neap_Moment *moment) {
    Seen *seen = data;
    neap_Moment now;
    seen->events[moment->event]++;
    EXPECT_GE(moment->time, seen->last.time);
    EXPECT_GE(moment->given_back, seen->last.given_back);
    seen->last = *moment;
    neap_moment(L, &now); /* may be asked for there */
    EXPECT_EQ(now.live, moment->live);
    if (seen->sites) {
        int begun = seen->events[NEAP_CYCLE_BEGINS];
        neap_Sites *found;
        EXPECT_GE(neap_heapsites(L, &found), 0);
        neap_sites_free(found);
        EXPECT_EQ(seen->events[NEAP_CYCLE_BEGINS], begun); /* it has not collected */
    }
}

TEST(a_watch_is_told_of_cycles_and_releases) {
    Seen seen = {0};
    lua_State *L = lua_newstate(NULL, NULL);
    int ended;
    REQUIRE_NOT_NULL(L);
    neap_watch(L, see, &seen);
    fill(L, 100000);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT);
    EXPECT_GE(seen.events[NEAP_CYCLE_BEGINS], 2);
    ended = seen.events[NEAP_CYCLE_ENDS];
    EXPECT_GE(ended, 1);
    EXPECT_EQ(seen.events[NEAP_RELEASED], 0);
    neap_release(L);
    EXPECT_EQ(seen.events[NEAP_RELEASED], 1);
    EXPECT_GE(seen.last.ready, seen.last.live);
    EXPECT(neap_heapprofile(L, 4096));
    seen.sites = true;
    fill(L, 1000);
    lua_gc(L, LUA_GCCOLLECT);
    ended = seen.events[NEAP_CYCLE_ENDS];
    neap_watch(L, NULL, NULL);
    lua_gc(L, LUA_GCCOLLECT);
    EXPECT_EQ(seen.events[NEAP_CYCLE_ENDS], ended);
    lua_close(L);
}

typedef struct Map {
    size_t arenas, cells, used, ready, cell_bytes;
    const char *end;
} Map;

static void add_arena(void *data, const neap_MapArena *arena) {
    Map *map = data;
    EXPECT((const char *)arena->base >= map->end); /* by address */
    map->end = (const char *)arena->base + arena->bytes;
    EXPECT_EQ(arena->ncells, arena->bytes / map->cell_bytes);
    map->arenas++;
    map->ready += arena->ready;
    for (size_t i = 0; i < arena->ncells; i++) map->used += arena->cells[i] >= NEAP_CELL_USED;
}

TEST(the_map_shows_every_arena) {
    lua_State *L = lua_newstate(NULL, NULL);
    Map map = {.cell_bytes = 16 << 10}, larger = map;
    REQUIRE_NOT_NULL(L);
    neap_map(L, 10000, add_arena, &map);
    neap_stats(L, &stats);
    EXPECT_GE(map.arenas, 1);
    EXPECT_LE(map.ready, stats.ready);
    EXPECT_GE(map.used * map.cell_bytes, stats.live / 2);
    fill(L, 200000);
    neap_map(L, larger.cell_bytes, add_arena, &larger);
    neap_stats(L, &stats);
    EXPECT_GE(larger.used * larger.cell_bytes, stats.live - stats.live / 8);
    EXPECT_LE(larger.used * larger.cell_bytes, stats.ready + stats.ready / 8);
    lua_close(L);
}

UNIT_MAIN
