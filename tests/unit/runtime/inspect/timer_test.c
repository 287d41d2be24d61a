/* timer_test.c: ticks: whose they are, when the interpreter sees them, and that nothing is left behind. */
#include <sys/time.h>

#include "runtime/inspect/profile.h"
#include "runtime/table.h"
#include "tests/unit/runtime/gc/lua_state.h"

static int samples;
static char seen_in[64];

static void take(lua_State *thread) {
    lua_Debug debug;
    samples++;
    seen_in[0] = '\0';
    if (lua_getstack(thread, 0, &debug) && lua_getinfo(thread, "nS", &debug))
        snprintf(seen_in, sizeof seen_in, "%s %s", debug.what, debug.name ? debug.name : "");
}

static int tick(lua_State *thread) {
    (void)thread;
    raise(SIGPROF);
    return 0;
}

static void start(void) {
    open_state();
    lua_register(L, "tick", tick);
    L->global->sample = take;
    samples = 0;
    REQUIRE_EQ(np_timer_start(L->global, 1), NP_PROFILE_OK);
    EXPECT(np_timer_runs(L->global));
}

/* The C function in which the tick came is still there. */
TEST(a_sample_is_taken_when_a_c_function_returns) {
    start();
    RUN("tick()");
    EXPECT_EQ(samples, 1);
    EXPECT_STR(seen_in, "C tick");
    RUN("local t = {} for i = 1, 3 do t[i] = tick() end");
    EXPECT_EQ(samples, 4);
    RUN("pcall(tick) pcall(pcall, tick) coroutine.wrap(function() tick() end)()");
    EXPECT_EQ(samples, 7);
    np_timer_stop(L->global);
    close_state();
}

TEST(a_sample_is_taken_at_the_next_instruction) {
    start();
    raise(SIGPROF);
    EXPECT_EQ(samples, 0);
    RUN("local x = 1");
    EXPECT_EQ(samples, 1);
    EXPECT_STR(seen_in, "main ");
    RUN("local x = 2");
    EXPECT_EQ(samples, 1);
    np_timer_stop(L->global);
    close_state();
}

static NpTable *flag;

static void ring(int number) {
    (void)number;
    raise(SIGPROF);
}

static void raise_flag(lua_State *thread) {
    (void)thread;
    np_array_tags(flag)[0] = NP_TRUE;
}

/* Neither loops nor calls of Lua functions look at anything: the signal has to break in. These end when it has. */
TEST(a_tick_breaks_into_loops_and_recursion) {
    static const char *const endless[] = {
        "local flag = flag while not flag[1] do end",
        "local flag, f = flag function f(n) if n == 0 or flag[1] then return end f(n - 1) f(n - 1) end f(60)",
        "local flag = flag for i = 1, math.huge do if flag[1] then break end end",
    };
    for (size_t i = 0; i < sizeof endless / sizeof *endless; i++) {
        struct itimerval once = {{0, 0}, {0, 20000}};
        start();
        RUN("flag = {false}");
        flag = (NpTable *)object("flag");
        L->global->sample = raise_flag;
        signal(SIGALRM, ring);
        setitimer(ITIMER_REAL, &once, NULL);
        RUN(endless[i]);
        EXPECT_EQ(L->global->sample_due, 0);
        np_timer_stop(L->global);
        close_state();
    }
}

TEST(ticks_are_the_programs_or_the_collectors) {
    NpTicks ticks;
    start();
    raise(SIGPROF);
    L->global->gc.meter.busy = true;
    raise(SIGPROF);
    raise(SIGPROF);
    L->global->gc.meter.busy = false;
    ticks = np_timer_take();
    EXPECT_EQ(ticks.program, 1);
    EXPECT_EQ(ticks.collector, 2);
    EXPECT_EQ(np_timer_take().program, 0);
    np_timer_stop(L->global);
    close_state();
}

TEST(one_state_at_a_time) {
    lua_State *other = luaL_newstate();
    start();
    EXPECT_EQ(np_timer_start(other->global, 1), NP_PROFILE_BUSY);
    EXPECT(!np_timer_runs(other->global));
    np_timer_stop(L->global);
    EXPECT_EQ(np_timer_start(other->global, 1), NP_PROFILE_OK);
    np_timer_stop(other->global);
    lua_close(other);
    close_state();
}

TEST(nothing_is_left_when_it_stops) {
    struct itimerval now;
    start();
    raise(SIGPROF);
    np_timer_stop(L->global);
    EXPECT_EQ(L->global->sample_due, 0);
    REQUIRE_EQ(getitimer(ITIMER_PROF, &now), 0);
    EXPECT_EQ(now.it_interval.tv_sec + now.it_interval.tv_usec, 0);
    RUN("for i = 1, 10 do tick() end"); /* late signals do nothing */
    EXPECT_EQ(samples, 0);
    close_state();
}

/* Hooks of the program are none of the profiler's business, nor the other way round. */
TEST(hooks_and_samples) {
    start();
    RUN("lines = 0 debug.sethook(function() lines = lines + 1 end, 'l') tick()\nlocal a\na = 1\ntick() debug.sethook()");
    EXPECT_EQ(samples, 2);
    EXPECT(holds("lines >= 3"));
    raise(SIGPROF);
    EXPECT_EQ(lua_gethookmask(L), 0);
    EXPECT(holds("debug.gethook() == nil"));
    np_timer_stop(L->global);
    close_state();
}

UNIT_MAIN
