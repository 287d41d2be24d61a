/* oslib_test.c: dates against libc's own, over centuries; formats; exit inside a child process. */
#include <time.h>

#include "tests/unit/stdlib/script.h"

TEST(dates_agree_with_libc) {
    lua_State *L = open_state();
    uint64_t seed = 99;
    for (int round = 0; round < 500; round++) {
        time_t moment = (time_t)(unit_random(&seed) % 8000000000u) - 2000000000;
        struct tm want;
        char text[100], format[100];
        gmtime_r(&moment, &want);
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S %j %w %a %b %U %V %G", &want);
        snprintf(format, sizeof format, "return os.date('!%%Y-%%m-%%d %%H:%%M:%%S %%j %%w %%a %%b %%U %%V %%G', %lld)",
                 (long long)moment);
        lua_settop(L, 0);
        EXPECT_STR(run(L, format), text);
        snprintf(format, sizeof format, "return os.time(os.date('*t', %lld))", (long long)moment);
        snprintf(text, sizeof text, "%lld", (long long)moment);
        lua_settop(L, 0);
        EXPECT_STR(run(L, format), text);
    }
    lua_close(L);
}

TEST(time_normalises_as_mktime_does) {
    lua_State *L = open_state();
    uint64_t seed = 5;
    for (int round = 0; round < 300; round++) {
        struct tm date = {0};
        date.tm_year = (int)(unit_random(&seed) % 200);
        date.tm_mon = (int)(unit_random(&seed) % 100) - 50;
        date.tm_mday = (int)(unit_random(&seed) % 1000) - 500;
        date.tm_hour = (int)(unit_random(&seed) % 1000) - 500;
        date.tm_min = (int)(unit_random(&seed) % 10000) - 5000;
        date.tm_sec = (int)(unit_random(&seed) % 100000) - 50000;
        date.tm_isdst = -1;
        char chunk[300], want[100];
        snprintf(chunk, sizeof chunk,
                 "local d = {year = %d, month = %d, day = %d, hour = %d, min = %d, sec = %d} local t = os.time(d) "
                 "return table.concat({t, d.year, d.month, d.day, d.hour, d.min, d.sec, d.wday, d.yday}, ' ')",
                 date.tm_year + 1900, date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec);
        time_t moment = mktime(&date);
        snprintf(want, sizeof want, "%lld %d %d %d %d %d %d %d %d", (long long)moment, date.tm_year + 1900,
                 date.tm_mon + 1, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec, date.tm_wday + 1,
                 date.tm_yday + 1);
        lua_settop(L, 0);
        EXPECT_STR(run(L, chunk), want);
    }
    lua_close(L);
}

/* Every byte after '%', '%E' and '%O' is a conversion or an error, never libc's undefined case. */
TEST(every_conversion_is_known_or_refused) {
    lua_State *L = open_state();
    int good = 0;
    static const char *const prefixes[] = {"!%", "!%E", "!%O"};
    for (int p = 0; p < 3; p++) {
        for (int c = 0; c < 256; c++) {
            char format[5];
            int length = snprintf(format, sizeof format, "%s", prefixes[p]);
            format[length++] = (char)c;
            lua_settop(L, 0);
            lua_getglobal(L, "os");
            lua_getfield(L, -1, "date");
            lua_pushlstring(L, format, (size_t)length);
            lua_pushinteger(L, 0);
            if (lua_pcall(L, 2, 1, 0) == LUA_OK) good++;
            else EXPECT_CONTAINS(lua_tostring(L, -1), "invalid conversion specifier '%");
        }
    }
    EXPECT_EQ(good, 37 + 6 + 13);
    lua_close(L);
}

static int note_close(lua_State *L) {
    fputs("closed ", stderr);
    return 0;
}

/* Ends the process with the status `exit` gives it; the status comes back through the death test. */
static void exit_by(const char *chunk, int expected, const char *said) {
    UnitDeath death;
    if (unit_death_begin(&death)) {
        lua_State *L = open_state();
        lua_pushcfunction(L, note_close);
        lua_setglobal(L, "note");
        run(L, "keep = setmetatable({}, {__gc = note})");
        run(L, chunk);
        _exit(99);
    }
    unit_death_end(&death);
    REQUIRE(WIFEXITED(death.status));
    EXPECT_EQ(WEXITSTATUS(death.status), expected);
    EXPECT_STR(death.said, said);
}

TEST(exit_statuses) {
    exit_by("os.exit()", 0, "");
    exit_by("os.exit(false)", 1, "");
    exit_by("os.exit(41)", 41, "");
    exit_by("os.exit(true, true)", 0, "closed ");
    exit_by("os.exit(3, true)", 3, "closed ");
    exit_by("coroutine.wrap(function() os.exit(4, true) end)()", 4, "closed ");
}

UNIT_MAIN
