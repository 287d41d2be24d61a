/*
 * mathlib.c - mathematical functions (manual 6.7).
 *
 * Owns: the `math` module and its pseudo-random generator, xoshiro256** with a state of its own in
 * every Lua state (a userdata, upvalue of random and randomseed).
 * Does not: convert numbers; the API does.
 */
#define LUA_LIB

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/random.h>
#endif

#include "lua.h"

#include "announce.h"
#include "lauxlib.h"
#include "lualib.h"

#define PI 3.141592653589793238462643383279502884

/* Pushes a float as an integer where one has its value. */
static void push_integral(lua_State *L, lua_Number value) {
    lua_Integer integer;
    if (lua_numbertointeger(value, &integer))
        lua_pushinteger(L, integer);
    else
        lua_pushnumber(L, value);
}

/* ---- Rounding and integers ---- */

static int m_abs(lua_State *L) {
    if (lua_isinteger(L, 1)) {
        lua_Integer value = lua_tointeger(L, 1);
        lua_pushinteger(L, value < 0 ? luaL_intop(-, 0, value) : value);
    } else {
        lua_pushnumber(L, fabs(luaL_checknumber(L, 1)));
    }
    return 1;
}

static int m_floor(lua_State *L) {
    if (lua_isinteger(L, 1))
        lua_settop(L, 1);
    else
        push_integral(L, floor(luaL_checknumber(L, 1)));
    return 1;
}

static int m_ceil(lua_State *L) {
    if (lua_isinteger(L, 1))
        lua_settop(L, 1);
    else
        push_integral(L, ceil(luaL_checknumber(L, 1)));
    return 1;
}

static int m_modf(lua_State *L) {
    if (lua_isinteger(L, 1)) {
        lua_settop(L, 1);
        lua_pushnumber(L, 0);
        return 2;
    }
    lua_Number value = luaL_checknumber(L, 1), whole = trunc(value);
    push_integral(L, whole);
    lua_pushnumber(L, value == whole ? 0 : value - whole); /* inf - inf would be no number */
    return 2;
}

static int m_fmod(lua_State *L) {
    if (lua_isinteger(L, 1) && lua_isinteger(L, 2)) {
        lua_Integer left = lua_tointeger(L, 1), right = lua_tointeger(L, 2);
        luaL_argcheck(L, right != 0, 2, "zero");
        lua_pushinteger(L, right == -1 ? 0 : left % right); /* minint % -1 traps in C */
    } else {
        lua_Number right = luaL_checknumber(L, 2); /* PUC's builds complain about it first, too */
        lua_pushnumber(L, fmod(luaL_checknumber(L, 1), right));
    }
    return 1;
}

static int m_tointeger(lua_State *L) {
    int exact;
    lua_Integer value = lua_tointegerx(L, 1, &exact);
    if (exact) {
        lua_pushinteger(L, value);
    } else {
        luaL_checkany(L, 1);
        luaL_pushfail(L);
    }
    return 1;
}

static int m_type(lua_State *L) {
    if (lua_type(L, 1) == LUA_TNUMBER) {
        lua_pushstring(L, lua_isinteger(L, 1) ? "integer" : "float");
    } else {
        luaL_checkany(L, 1);
        luaL_pushfail(L);
    }
    return 1;
}

static int m_ult(lua_State *L) {
    lua_Integer left = luaL_checkinteger(L, 1);
    lua_pushboolean(L, (lua_Unsigned)left < (lua_Unsigned)luaL_checkinteger(L, 2));
    return 1;
}

/* ---- Smallest and largest ---- */

/* Leaves the argument that stands first in the order of <; with `largest` the one that stands last.
 * As in PUC's library anything that < compares will do. */
static int pick(lua_State *L, bool largest) {
    int count = lua_gettop(L), best = 1;
    luaL_argcheck(L, count >= 1, 1, "value expected");
    for (int i = 2; i <= count; i++) {
        if (largest ? lua_compare(L, best, i, LUA_OPLT) : lua_compare(L, i, best, LUA_OPLT))
            best = i;
    }
    lua_pushvalue(L, best);
    return 1;
}

static int m_max(lua_State *L) {
    return pick(L, true);
}

static int m_min(lua_State *L) {
    return pick(L, false);
}

/* ---- Real functions ---- */

static int m_sqrt(lua_State *L) {
    lua_pushnumber(L, sqrt(luaL_checknumber(L, 1)));
    return 1;
}

static int m_exp(lua_State *L) {
    lua_pushnumber(L, exp(luaL_checknumber(L, 1)));
    return 1;
}

static int m_log(lua_State *L) {
    lua_Number value = luaL_checknumber(L, 1), result;
    if (lua_isnoneornil(L, 2)) {
        result = log(value);
    } else {
        lua_Number base = luaL_checknumber(L, 2);
        if (base == 2)
            result = log2(value);
        else if (base == 10)
            result = log10(value);
        else
            result = log(value) / log(base);
    }
    lua_pushnumber(L, result);
    return 1;
}

static int m_sin(lua_State *L) {
    lua_pushnumber(L, sin(luaL_checknumber(L, 1)));
    return 1;
}

static int m_cos(lua_State *L) {
    lua_pushnumber(L, cos(luaL_checknumber(L, 1)));
    return 1;
}

static int m_tan(lua_State *L) {
    lua_pushnumber(L, tan(luaL_checknumber(L, 1)));
    return 1;
}

static int m_asin(lua_State *L) {
    lua_pushnumber(L, asin(luaL_checknumber(L, 1)));
    return 1;
}

static int m_acos(lua_State *L) {
    lua_pushnumber(L, acos(luaL_checknumber(L, 1)));
    return 1;
}

static int m_atan(lua_State *L) {
    lua_Number y = luaL_checknumber(L, 1);
    lua_pushnumber(L, atan2(y, luaL_optnumber(L, 2, 1)));
    return 1;
}

static int m_deg(lua_State *L) {
    lua_pushnumber(L, luaL_checknumber(L, 1) * (180.0 / PI));
    return 1;
}

static int m_rad(lua_State *L) {
    lua_pushnumber(L, luaL_checknumber(L, 1) * (PI / 180.0));
    return 1;
}

/* ---- Functions that 5.4 keeps for older programs (a stock build of Lua has them) ---- */

static int m_cosh(lua_State *L) {
    lua_pushnumber(L, cosh(luaL_checknumber(L, 1)));
    return 1;
}

static int m_sinh(lua_State *L) {
    lua_pushnumber(L, sinh(luaL_checknumber(L, 1)));
    return 1;
}

static int m_tanh(lua_State *L) {
    lua_pushnumber(L, tanh(luaL_checknumber(L, 1)));
    return 1;
}

static int m_pow(lua_State *L) {
    lua_Number base = luaL_checknumber(L, 1);
    lua_pushnumber(L, pow(base, luaL_checknumber(L, 2)));
    return 1;
}

static int m_frexp(lua_State *L) {
    int exponent;
    lua_pushnumber(L, frexp(luaL_checknumber(L, 1), &exponent));
    lua_pushinteger(L, exponent);
    return 2;
}

static int m_ldexp(lua_State *L) {
    lua_Number fraction = luaL_checknumber(L, 1);
    lua_pushnumber(L, ldexp(fraction, (int)luaL_checkinteger(L, 2)));
    return 1;
}

static int m_log10(lua_State *L) {
    lua_pushnumber(L, log10(luaL_checknumber(L, 1)));
    return 1;
}

/* ---- Pseudo-random numbers ---- */

typedef struct Generator {
    uint64_t word[4];
} Generator;

static uint64_t rotate_left(uint64_t value, int bits) {
    return value << bits | value >> (64 - bits);
}

/* One step of xoshiro256** (Blackman and Vigna, public domain algorithm). */
static uint64_t draw(Generator *gen) {
    uint64_t *word = gen->word;
    uint64_t result = rotate_left(word[1] * 5, 7) * 9;
    uint64_t shifted = word[1] << 17;
    word[2] ^= word[0];
    word[3] ^= word[1];
    word[1] ^= word[2];
    word[0] ^= word[3];
    word[2] ^= shifted;
    word[3] = rotate_left(word[3], 45);
    return result;
}

/* Evenly distributed in 0..top: bits above top's highest are dropped, larger draws are repeated. */
static uint64_t draw_up_to(Generator *gen, uint64_t top) {
    uint64_t value = draw(gen);
    if (top == 0)
        return 0;
    uint64_t mask = UINT64_MAX >> __builtin_clzll(top);
    while ((value &= mask) > top)
        value = draw(gen);
    return value;
}

/* Seeds with the 128 bits x, y and pushes them, the results of randomseed. The first draws are
 * thrown away: they still show how few bits of the seed are set. */
static void seed(lua_State *L, Generator *gen, lua_Integer x, lua_Integer y) {
    *gen = (Generator){{(uint64_t)x, 0xff, (uint64_t)y, 0}};
    for (int i = 0; i < 16; i++)
        draw(gen);
    lua_pushinteger(L, x);
    lua_pushinteger(L, y);
}

static void seed_by_chance(lua_State *L, Generator *gen) {
    uint64_t chance[2];
#ifdef __linux__
    if (getrandom(chance, sizeof chance, GRND_NONBLOCK) != (ssize_t)sizeof chance)
#endif
    {
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        chance[0] = (uint64_t)now.tv_sec * 1000000007u ^ (uint64_t)now.tv_nsec;
        chance[1] = (uint64_t)(uintptr_t)gen ^ (uint64_t)getpid() << 40;
    }
    seed(L, gen, (lua_Integer)chance[0], (lua_Integer)chance[1]);
}

static Generator *generator(lua_State *L) {
    return lua_touserdata(L, lua_upvalueindex(1));
}

static int m_random(lua_State *L) {
    Generator *gen = generator(L);
    lua_Integer low = 1, high;
    switch (lua_gettop(L)) {
    case 0:
        lua_pushnumber(L, (lua_Number)(draw(gen) >> (64 - DBL_MANT_DIG)) * (0.5 / (1ull << 52)));
        return 1;
    case 1:
        high = luaL_checkinteger(L, 1);
        if (high == 0) {
            lua_pushinteger(L, (lua_Integer)draw(gen));
            return 1;
        }
        break;
    case 2:
        low = luaL_checkinteger(L, 1);
        high = luaL_checkinteger(L, 2);
        break;
    default:
        return luaL_error(L, "wrong number of arguments");
    }
    luaL_argcheck(L, low <= high, 1, "interval is empty");
    uint64_t offset = draw_up_to(gen, (uint64_t)high - (uint64_t)low);
    lua_pushinteger(L, luaL_intop(+, low, offset));
    return 1;
}

static int m_randomseed(lua_State *L) {
    Generator *gen = generator(L);
    if (lua_isnone(L, 1)) {
        seed_by_chance(L, gen);
    } else {
        lua_Integer x = luaL_checkinteger(L, 1);
        seed(L, gen, x, luaL_optinteger(L, 2, 0));
    }
    return 2;
}

static const luaL_Reg functions[] = {
    {"abs", m_abs},
    {"acos", m_acos},
    {"asin", m_asin},
    {"atan", m_atan},
    {"ceil", m_ceil},
    {"cos", m_cos},
    {"deg", m_deg},
    {"exp", m_exp},
    {"floor", m_floor},
    {"fmod", m_fmod},
    {"log", m_log},
    {"max", m_max},
    {"min", m_min},
    {"modf", m_modf},
    {"rad", m_rad},
    {"sin", m_sin},
    {"sqrt", m_sqrt},
    {"tan", m_tan},
    {"tointeger", m_tointeger},
    {"type", m_type},
    {"ult", m_ult},
    {"atan2", m_atan},
    {"cosh", m_cosh},
    {"frexp", m_frexp},
    {"ldexp", m_ldexp},
    {"log10", m_log10},
    {"pow", m_pow},
    {"sinh", m_sinh},
    {"tanh", m_tanh},
    {"huge", NULL},
    {"maxinteger", NULL},
    {"mininteger", NULL},
    {"pi", NULL},
    {"random", NULL},
    {"randomseed", NULL},
    {NULL, NULL},
};

static const luaL_Reg random_functions[] = {
    {"random", m_random},
    {"randomseed", m_randomseed},
    {NULL, NULL},
};

LUAMOD_API int luaopen_math(lua_State *L) {
    luaL_newlib(L, functions);
    np_announce(L, "math", functions);
    lua_pushnumber(L, PI);
    lua_setfield(L, -2, "pi");
    lua_pushnumber(L, (lua_Number)HUGE_VAL);
    lua_setfield(L, -2, "huge");
    lua_pushinteger(L, LUA_MAXINTEGER);
    lua_setfield(L, -2, "maxinteger");
    lua_pushinteger(L, LUA_MININTEGER);
    lua_setfield(L, -2, "mininteger");
    Generator *gen = lua_newuserdatauv(L, sizeof *gen, 0);
    seed_by_chance(L, gen);
    lua_pop(L, 2);
    luaL_setfuncs(L, random_functions, 1);
    return 1;
}
