/* final_test.c: finalisers: order, resurrection, errors, closing. */
#include <errno.h>

#include "runtime/gc/mark.h"
#include "tests/unit/runtime/gc/lua_state.h"

TEST(they_run_in_reverse_order_of_marking) {
    open_state();
    RUN("order = ''; for i = 1, 5 do setmetatable({}, {__gc = function() order = order .. i end}) end");
    collect();
    lua_getglobal(L, "order");
    EXPECT_STR(lua_tostring(L, -1), "54321");
    close_state();
}

TEST(each_object_once_and_again_when_marked_anew) {
    open_state();
    RUN("n = 0; mt = {__gc = function(o) n = n + 1; back = o end}; setmetatable({}, mt)");
    collect();
    EXPECT(holds("n == 1 and back ~= nil"));
    RUN("back = nil");
    collect();
    EXPECT(holds("n == 1"));
    RUN("mt.__gc = function(o) n = n + 1; if n < 4 then setmetatable(o, mt) end end; setmetatable({}, mt)");
    collect();
    collect();
    collect();
    EXPECT(holds("n == 4"));
    collect();
    EXPECT(holds("n == 4"));
    close_state();
}

TEST(a_gc_field_set_later_does_not_count) {
    open_state();
    RUN("mt = {}; o = setmetatable({}, mt); mt.__gc = function() late = true end; o = nil");
    collect();
    EXPECT(holds("late == nil"));
    RUN("o = setmetatable({}, {__gc = true}); getmetatable(o).__gc = function() late = true end; o = nil");
    collect();
    EXPECT(holds("late == true"));
    close_state();
}

TEST(what_a_dead_object_refers_to_is_there_for_its_finaliser) {
    open_state();
    RUN("local o = setmetatable({inner = {value = {7}}}, {__gc = function(o) got = o.inner.value[1] end}) o = nil");
    collect();
    EXPECT(holds("got == 7"));
    np_gc_verify(L);
    close_state();
}

static char warned[256];
static void warn(void *data, const char *message, int more) {
    (void)data;
    (void)more;
    strncat(warned, message, sizeof warned - strlen(warned) - 1);
}

TEST(errors_become_warnings) {
    open_state();
    lua_setwarnf(L, warn, NULL);
    RUN("setmetatable({}, {__gc = function() error('oh', 0) end})");
    collect();
    EXPECT_STR(warned, "error in __gc (oh)");
    warned[0] = '\0';
    RUN("setmetatable({}, {__gc = function() error({}) end})");
    collect();
    EXPECT_STR(warned, "error in __gc (error object is not a string)");
    EXPECT_EQ(lua_gettop(L), 0);
    EXPECT_EQ(L->global->gc.stopped, NP_GC_STOP_USER);
    close_state();
}

TEST(the_collector_rests_inside_a_finaliser) {
    open_state();
    RUN("setmetatable({}, {__gc = function() running = collectgarbage('isrunning'); r = collectgarbage() end})");
    collect();
    EXPECT(holds("not running"));
    close_state();
}

static char noted[64];
static int note(lua_State *from) {
    strncat(noted, luaL_checkstring(from, 1), sizeof noted - strlen(noted) - 1);
    return 0;
}

TEST(closing_runs_all_and_takes_no_new_ones) {
    open_state();
    lua_register(L, "note", note);
    RUN("local mt; mt = {__gc = function(o) note(o.name); setmetatable({name = 'x'}, mt) end}\n"
        "a = setmetatable({name = 'a'}, mt); b = setmetatable({name = 'b'}, mt); setmetatable({name = 'c'}, mt)");
    close_state();
    EXPECT_STR(noted, "cba");
}

TEST(userdata_finalisers_from_c) {
    noted[0] = '\0';
    open_state();
    lua_newuserdatauv(L, 8, 0);
    lua_newtable(L);
    lua_pushcfunction(L, note);
    RUN("return function() end");
    lua_pop(L, 1);
    lua_register(L, "note", note);
    RUN("return function(u) note(type(u)) end");
    lua_setfield(L, 2, "__gc");
    lua_settop(L, 2);
    lua_setmetatable(L, 1);
    lua_settop(L, 0);
    collect();
    EXPECT_STR(noted, "userdata");
    close_state();
}

TEST(without_memory_marking_for_finalisation_throws_and_leaves_all_in_order) {
    int marked = 0, refused = 0;
    char text[64];
    open_state();
    RUN("objs, mt = {}, {__gc = function() n = (n or 0) + 1 end}; for i = 1, 2000 do objs[i] = {} end; n = 0\n"
        "function mark(i) setmetatable(objs[i], mt) end");
    L->global->limit.no_collect = 1; /* or it would be tried again after a collection */
    for (int i = 1; i <= 2000; i++) {
        int status;
        lua_getglobal(L, "mark");
        lua_pushinteger(L, i);
        np_mem_fail_at(1, ENOMEM);
        status = lua_pcall(L, 1, 0, 0);
        np_mem_fail_at(0, 0);
        lua_settop(L, 0);
        if (status == LUA_OK) marked++;
        else {
            EXPECT_EQ(status, LUA_ERRMEM);
            refused++;
            lua_getglobal(L, "mark"); /* the failure was for once, so the lists grow now */
            lua_pushinteger(L, i);
            if (i % 2 && lua_pcall(L, 1, 0, 0) == LUA_OK) marked++;
            lua_settop(L, 0);
        }
    }
    EXPECT_GE(refused, 2); /* both lists had to grow */
    RUN("objs = nil");
    collect();
    snprintf(text, sizeof text, "n == %d", marked);
    EXPECT(holds(text));
    close_state();
}

UNIT_MAIN
