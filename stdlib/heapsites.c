/*
 * heapsites.c - heap.mark, heap.since, heap.profile: where a program's memory comes from.
 *
 * Owns: the shape of what they return, and marks as values that end with their last reference. Making a table may run
 * finalizers, or fail: a result is shown by a protected call, and freed when that has returned.
 * Does not: find anything out (neap.h, "Where memory comes from").
 */
#define LUA_LIB

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "lua.h"

#include "lauxlib.h"
#include "neap.h"

#include "stdlib/heaplib.h"
#include "stdlib/outfile.h"

#define MARK_TYPE "heap mark"

static void set_count(lua_State *L, const char *name, size_t value) {
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, name);
}

static void set_text(lua_State *L, const char *name, const char *text) {
    if (text == NULL)
        return;
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
}

/* ---- results ---- */

typedef struct Found {
    neap_Sites *sites;
    int rows;
} Found;

/* The values that `show`, called with a pointer to `found`, returns. */
static int show_found(lua_State *L, Found *found, lua_CFunction show, int values) {
    int status;
    lua_pushcfunction(L, show);
    lua_pushlightuserdata(L, found);
    status = lua_pcall(L, 1, values, 0);
    neap_sites_free(found->sites);
    return status == LUA_OK ? values : lua_error(L);
}

/* ---- marks ---- */

static int drop_mark(lua_State *L) {
    unsigned *mark = luaL_checkudata(L, 1, MARK_TYPE);
    neap_unmark(L, *mark);
    *mark = 0;
    return 0;
}

static int show_mark(lua_State *L) {
    const unsigned *mark = luaL_checkudata(L, 1, MARK_TYPE);
    if (*mark == 0)
        lua_pushliteral(L, "heap mark (dropped)");
    else
        lua_pushfstring(L, "heap mark %d", (int)*mark);
    return 1;
}

void np_heapsites_open(lua_State *L) {
    static const luaL_Reg methods[] = {
        {"__gc", drop_mark}, {"__close", drop_mark}, {"__tostring", show_mark}, {"__index", NULL}, {NULL, NULL}};
    luaL_newmetatable(L, MARK_TYPE);
    luaL_setfuncs(L, methods, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, drop_mark);
    lua_setfield(L, -2, "drop");
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

/* heap.mark() -> mark */
static int heap_mark(lua_State *L) {
    unsigned *mark = lua_newuserdatauv(L, sizeof *mark, 0);
    *mark = 0;
    luaL_setmetatable(L, MARK_TYPE);
    *mark = neap_mark(L); /* last, so that nothing above is part of what has been allocated since */
    if (*mark == 0)
        return luaL_error(L, "not enough memory");
    return 1;
}

static void push_row(lua_State *L, const neap_Site *site) {
    lua_createtable(L, 0, 5);
    set_text(L, "type", site->type);
    set_text(L, "source", site->source);
    set_count(L, "line", (size_t)site->line);
    set_count(L, "count", site->count);
    set_count(L, "bytes", site->bytes);
}

typedef struct Totals {
    struct { const char *type; size_t count, bytes; } of[NEAP_MAX_TYPES];
    int count;
} Totals;

static void add_to_totals(Totals *totals, const neap_Site *site) {
    int i = 0;
    while (i < totals->count && strcmp(totals->of[i].type, site->type) != 0)
        i++;
    if (i == NEAP_MAX_TYPES)
        return;
    if (i == totals->count)
        totals->of[totals->count++].type = site->type;
    totals->of[i].count += site->count;
    totals->of[i].bytes += site->bytes;
}

static void push_totals(lua_State *L, const Totals *totals) {
    lua_createtable(L, 0, totals->count);
    for (int i = 0; i < totals->count; i++) {
        lua_createtable(L, 0, 2);
        set_count(L, "count", totals->of[i].count);
        set_count(L, "bytes", totals->of[i].bytes);
        lua_setfield(L, -2, totals->of[i].type);
    }
}

static int show_since(lua_State *L) {
    const Found *found = lua_touserdata(L, 1);
    Totals totals = {.count = 0};
    neap_Site site;
    lua_createtable(L, found->rows, 0);
    for (int i = 0; neap_site(found->sites, i, &site); i++) {
        push_row(L, &site);
        lua_rawseti(L, -2, i + 1);
        add_to_totals(&totals, &site);
    }
    push_totals(L, &totals);
    return 2;
}

/* heap.since(mark) -> rows, totals by type */
static int heap_since(lua_State *L) {
    const unsigned *mark = luaL_checkudata(L, 1, MARK_TYPE);
    Found found;
    luaL_argcheck(L, *mark != 0, 1, "the mark has been dropped");
    found.rows = neap_since(L, *mark, &found.sites);
    if (found.rows < 0)
        return luaL_error(L, found.rows == NEAP_SITES_NO_MARK ? "the mark has been dropped" : "not enough memory");
    return show_found(L, &found, show_since, 2);
}

/* ---- profiles ---- */

static int write_to(void *file, const void *data, size_t bytes) { return fwrite(data, 1, bytes, file) != bytes; }

/* heap.profile(file) -> true, or nil and a message */
static int save_profile(lua_State *L) {
    size_t length;
    const char *name = lua_tolstring(L, 1, &length), *wrong = "no heap profile is being taken";
    NpOutFile file;
    luaL_argcheck(L, strlen(name) == length, 1, "a name without zeros expected");
    if (neap_hasprogramprofile(L)) {
        wrong = np_outfile_open(&file, name);
        if (wrong == NULL) {
            int error = neap_writeprofile(L, NEAP_PROFILE_HEAP, neap_profileform(name), write_to, file.out);
            wrong = np_outfile_close(&file, error != NEAP_SITES_NO_PROFILE);
        }
    }
    if (wrong == NULL) {
        lua_pushboolean(L, 1);
        return 1;
    }
    luaL_pushfail(L);
    lua_pushfstring(L, "%s: %s", name, wrong);
    return 2;
}

static int show_profile(lua_State *L) {
    const Found *found = lua_touserdata(L, 1);
    neap_Site site;
    lua_createtable(L, found->rows, 0);
    for (int i = 0; neap_site(found->sites, i, &site); i++) {
        push_row(L, &site);
        set_count(L, "allocated_count", site.allocated_count);
        set_count(L, "allocated_bytes", site.allocated_bytes);
        set_text(L, "stack", site.stack);
        lua_rawseti(L, -2, i + 1);
    }
    return 1;
}

static int list_profile(lua_State *L) {
    Found found;
    if (!neap_hasprogramprofile(L)) {
        luaL_pushfail(L);
        return 1;
    }
    found.rows = neap_heapsites(L, &found.sites);
    if (found.rows < 0)
        return luaL_error(L, "not enough memory");
    return show_found(L, &found, show_profile, 1);
}

/* heap.profile(rate), heap.profile(false), heap.profile(), heap.profile(file) */
static int heap_profile(lua_State *L) {
    lua_Integer rate = 0;
    if (lua_type(L, 1) == LUA_TSTRING)
        return save_profile(L);
    if (lua_isnone(L, 1))
        return list_profile(L);
    if (!lua_isboolean(L, 1) || lua_toboolean(L, 1)) {
        rate = luaL_checkinteger(L, 1);
        luaL_argcheck(L, rate >= 0 && rate <= PTRDIFF_MAX / 2, 1, "a number of bytes expected");
    }
    if (!neap_programprofile(L, (size_t)rate))
        return luaL_error(L, "not enough memory");
    return 0;
}

const luaL_Reg np_heapsites_functions[] = {
    {"mark", heap_mark},
    {"profile", heap_profile},
    {"since", heap_since},
    {NULL, NULL},
};
