/* api_gc.c: lua_gc, the C API's and collectgarbage's way to the collector.
 * Does not: collect (gc/gc.c). Units: KiB where Lua's manual says so, percent for the knobs. */
#include <stdarg.h>

#include "runtime/api.h"
#include "runtime/gc/gc.h"

/* A negative value counts as 0: the old value is a result, where less than 0 stands for a request that is not served. */
static int set_knob(int32_t *knob, int value) {
    int old = *knob;
    *knob = value > 0 ? value : 0;
    return old;
}

static int set_mode(NpGlobal *global, bool generational) {
    int old = global->gc.generational ? LUA_GCGEN : LUA_GCINC;
    global->gc.generational = generational;
    np_gc_set_debt(global);
    return old;
}

/* A step works even when the collector is stopped. */
static int step(lua_State *L, int kilobytes) {
    NpGc *gc = &L->global->gc;
    uint8_t stopped = gc->stopped;
    gc->stopped = 0;
    int finished = np_gc_step(L, kilobytes);
    gc->stopped = stopped;
    return finished;
}

static int change_incremental(NpGlobal *global, int pause, int step_multiplier, int step_size) {
    if (pause != 0) (void)set_knob(&global->gc.pause, pause);
    if (step_multiplier != 0) (void)set_knob(&global->gc.step_multiplier, step_multiplier);
    if (step_size != 0) global->gc.step_size = step_size;
    return set_mode(global, false);
}

static int change_generational(NpGlobal *global, int minor, int major) {
    if (minor != 0) global->gc.minor_multiplier = minor;
    if (major != 0) global->gc.major_multiplier = major;
    return set_mode(global, true);
}

static int request(lua_State *L, int what, va_list *arguments) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    switch (what) {
    case LUA_GCSTOP: gc->stopped = NP_GC_STOP_USER; return 0;
    case LUA_GCRESTART:
        gc->stopped = 0;
        np_gc_set_debt(global);
        return 0;
    case LUA_GCCOLLECT: np_gc_full(L, false); return 0;
    case LUA_GCCOUNT: return (int)(np_gc_count(global) >> 10);
    case LUA_GCCOUNTB: return (int)(np_gc_count(global) & 0x3ff);
    case LUA_GCSTEP: return step(L, va_arg(*arguments, int));
    case LUA_GCSETPAUSE: return set_knob(&gc->pause, va_arg(*arguments, int));
    case LUA_GCSETSTEPMUL: return set_knob(&gc->step_multiplier, va_arg(*arguments, int));
    case LUA_GCISRUNNING: return gc->stopped == 0;
    case LUA_GCGEN: {
        int minor = va_arg(*arguments, int);
        return change_generational(global, minor, va_arg(*arguments, int));
    }
    case LUA_GCINC: {
        int pause = va_arg(*arguments, int), multiplier = va_arg(*arguments, int);
        return change_incremental(global, pause, multiplier, va_arg(*arguments, int));
    }
    default: return -1;
    }
}

LUA_API int lua_gc(lua_State *L, int what, ...) {
    NP_API_ENTER(L);
    /* Not from inside a finaliser, nor while the state closes: then the collector must not be touched. */
    if (!np_gc_may_run(L->global)) return -1;
    va_list arguments;
    va_start(arguments, what);
    int result = request(L, what, &arguments);
    va_end(arguments);
    return result;
}
