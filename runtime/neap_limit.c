/* neap_limit.c: the limits of a state as neap.h and people see them.
 *
 * Owns: how a limit is written, what the control group's means for one state.
 * Does not: keep to them (gc/limit.c, mem/mem.c). */
#include "include/neap.h"
#include "runtime/api.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mem_os.h"
#include "runtime/state.h"

_Static_assert(NEAP_LIMIT_IN_USE == (int)NP_LIMIT_IN_USE && NEAP_LIMIT_SOFT_ABOVE == (int)NP_LIMIT_SOFT_ABOVE,
               "neap.h shows gc.h's numbers");

LUA_API int neap_setlimit(lua_State *L, size_t hard, size_t soft) {
    NP_API_ENTER(L);
    return np_limit_set(L, hard, soft);
}

LUA_API void neap_getlimit(lua_State *L, size_t *hard, size_t *soft) {
    NP_API_ENTER(L);
    if (hard) *hard = L->global->limit.hard;
    if (soft) *soft = L->global->limit.soft;
}

LUA_API void neap_onlimit(lua_State *L) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 1);
    L->top--;
    np_copy(&L->global->limit.on_limit, L->top);
    L->global->limit.approached = false;
}

/* ---- as people write it ---- */

/* A control group counts the whole process: its code, libc's buffers, the C stack, what its files take in the kernel. */
static size_t share_of_group(size_t limit) {
    size_t rest = limit / 20 > (size_t)4 << 20 ? limit / 20 : (size_t)4 << 20;
    return limit > 2 * rest ? limit - rest : limit / 2;
}

static bool same_word(const char *a, const char *b) {
    for (; *a && *b; a++, b++)
        if ((*a | 0x20) != (*b | 0x20)) return false;
    return *a == *b;
}

/* The factor of a unit, or 0. */
static uint64_t factor_of(const char *unit) {
    static const char letters[] = "KMGT";
    if (!*unit || same_word(unit, "B")) return 1;
    for (unsigned i = 0; letters[i]; i++) {
        char word[] = {letters[i], 'i', 'B', '\0'}, letter[] = {letters[i], '\0'};
        if (same_word(unit, word) || same_word(unit, letter)) return (uint64_t)1 << (10 * (i + 1));
    }
    return 0;
}

static const char *percentage(uint64_t value, size_t *bytes) {
    size_t whole = np_os_memory_ceiling();
    if (value == 0 || value > 100) return "is not between 1% and 100%";
    if (!whole) return "is a percentage, but the system does not say of how much memory";
    *bytes = whole / 100 * (size_t)value;
    return NULL;
}

const char *neap_parselimit(const char *text, size_t *bytes) {
    static const char not_a_size[] = "is not a size like 256MiB, nor a percentage, \"cgroup\" or \"none\"";
    uint64_t value = 0, factor;
    const char *at = text;
    if (same_word(text, "none")) {
        *bytes = 0;
        return NULL;
    }
    if (same_word(text, "cgroup")) {
        size_t group = np_os_group_limit();
        *bytes = group ? share_of_group(group) : 0;
        return NULL;
    }
    if (*at < '0' || *at > '9') return not_a_size;
    for (; *at >= '0' && *at <= '9'; at++) {
        if (value > (UINT64_MAX - 9) / 10) return "is too large";
        value = value * 10 + (uint64_t)(*at - '0');
    }
    while (*at == ' ') at++;
    if (strcmp(at, "%") == 0) return percentage(value, bytes);
    factor = factor_of(at);
    if (!factor) return not_a_size;
    if (value == 0) return "is zero; \"none\" stands for no limit";
    if (value > SIZE_MAX / 4 / factor) return "is too large";
    *bytes = (size_t)(value * factor);
    return NULL;
}
