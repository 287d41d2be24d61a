/*
 * heapgraph.c - the functions of the `heap` module that look at the object graph.
 *
 * Owns: the shape of their results. Does not: walk the heap; neap_types and its like do (neap.h).
 */
#define LUA_LIB

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lua.h"

#include "lauxlib.h"
#include "neap.h"
#include "stdlib/heaplib.h"
#include "stdlib/outfile.h"

static void check(lua_State *L, const char *name, int result) {
    if (result == NEAP_INSPECT_MEMORY)
        luaL_error(L, "heap.%s: the system has no memory for the walk over the heap", name);
}

/* heap.size(x) -> bytes of x itself. */
static int heap_size(lua_State *L) {
    luaL_checkany(L, 1);
    lua_pushinteger(L, (lua_Integer)neap_size(L, 1));
    return 1;
}

/* heap.retained(x) -> bytes, objects that only x keeps alive, itself among them. */
static int heap_retained(lua_State *L) {
    size_t bytes, objects;
    luaL_checkany(L, 1);
    check(L, "retained", neap_retained(L, 1, &bytes, &objects));
    lua_pushinteger(L, (lua_Integer)bytes);
    lua_pushinteger(L, (lua_Integer)objects);
    return 2;
}

/* heap.types() -> list of {type =, name =, count =, bytes =}. */
static int heap_types(lua_State *L) {
    check(L, "types", neap_types(L));
    return 1;
}

/* heap.why(x) -> the shortest path to x, or nil; heap.why(x, n) -> list of up to n paths. */
static int heap_why(lua_State *L) {
    int one = lua_isnoneornil(L, 2);
    lua_Integer most = luaL_optinteger(L, 2, 1);
    luaL_checkany(L, 1);
    luaL_argcheck(L, most >= 1, 2, "a number of paths expected");
    check(L, "why", neap_why(L, 1, (size_t)most));
    if (one)
        lua_rawgeti(L, -1, 1);
    return 1;
}

/* ---- heap.snapshot ---- */

typedef struct Output {
    NpOutFile file;
    int error; /* errno of the write that failed, or 0 */
} Output;

static int write_piece(lua_State *L, const void *bytes, size_t size, void *data) {
    Output *output = data;
    (void)L;
    errno = 0;
    if (fwrite(bytes, 1, size, output->file.out) == size)
        return 0;
    output->error = errno;
    return 1;
}

const char *np_heapgraph_snapshot(lua_State *L, const char *path) {
    static const char no_memory[] = "the system has no memory for the walk over the heap";
    Output output = {.error = 0};
    const char *wrong = np_outfile_open(&output.file, path);
    if (wrong != NULL)
        return wrong;
    int result = neap_snapshot(L, write_piece, &output);
    wrong = np_outfile_close(&output.file, result != NEAP_INSPECT_MEMORY);
    if (wrong != NULL && output.error != 0)
        wrong = strerror(output.error);
    return result == NEAP_INSPECT_MEMORY ? no_memory : wrong;
}

/* heap.snapshot(file) -> true, or nil and what is wrong. */
static int heap_snapshot(lua_State *L) {
    size_t length;
    const char *path = luaL_checklstring(L, 1, &length), *wrong;
    luaL_argcheck(L, strlen(path) == length, 1, "a name without zeros expected");
    wrong = np_heapgraph_snapshot(L, path);
    if (wrong == NULL) {
        lua_pushboolean(L, 1);
        return 1;
    }
    luaL_pushfail(L);
    lua_pushfstring(L, "%s: %s", path, wrong);
    return 2;
}

/* ---- heap.map ---- */

#define PAGE_BYTES 8192

/* Arenas as they were at one moment, in a block from lua_newuserdatauv: making the tables may change the heap. */
typedef struct Map {
    size_t narenas, ncells;           /* those there is room for; */
    size_t seen_arenas, seen_cells;   /* those there are */
    neap_MapArena *arenas;
    unsigned char *cells;
} Map;

static void note_arena(void *data, const neap_MapArena *arena) {
    Map *map = data;
    if (map->seen_arenas < map->narenas && map->seen_cells + arena->ncells <= map->ncells) {
        neap_MapArena *copy = &map->arenas[map->seen_arenas];
        *copy = *arena;
        copy->cells = memcpy(map->cells + map->seen_cells, arena->cells, arena->ncells);
    }
    map->seen_arenas++;
    map->seen_cells += arena->ncells;
}

static void set_count(lua_State *L, const char *key, size_t value) {
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, key);
}

/* The letters are put where the cells were. */
static void push_arena(lua_State *L, const neap_MapArena *arena, unsigned char *cells) {
    char base[32];
    size_t released = 0, free = 0;
    for (size_t i = 0; i < arena->ncells; i++) {
        released += cells[i] == NEAP_CELL_RELEASED;
        free += cells[i] == NEAP_CELL_FREE;
        cells[i] = (unsigned char)(cells[i] == NEAP_CELL_RELEASED ? '.' : cells[i] == NEAP_CELL_FREE ? '_'
                                                                         : '1' + (cells[i] - NEAP_CELL_USED));
    }
    lua_createtable(L, 0, 8);
    lua_pushlstring(L, (const char *)cells, arena->ncells);
    lua_setfield(L, -2, "pages");
    set_count(L, "released", released);
    set_count(L, "free", free);
    set_count(L, "used", arena->ncells - released - free);
    set_count(L, "bytes", arena->bytes);
    set_count(L, "ready", arena->ready);
    lua_pushboolean(L, arena->huge);
    lua_setfield(L, -2, "huge");
    snprintf(base, sizeof base, "%p", (void *)arena->base);
    lua_pushstring(L, base);
    lua_setfield(L, -2, "base");
}

/* heap.map() -> list of arenas by address, with a letter for each page of 8 KiB. */
static int heap_map(lua_State *L) {
    Map map = {0};
    neap_map(L, PAGE_BYTES, note_arena, &map);
    do { /* the block itself may need another arena */
        map.narenas = map.seen_arenas;
        map.ncells = map.seen_cells;
        lua_settop(L, 0);
        map.arenas = lua_newuserdatauv(L, map.narenas * sizeof *map.arenas + map.ncells, 0);
        map.cells = (unsigned char *)(map.arenas + map.narenas);
        map.seen_arenas = map.seen_cells = 0;
        neap_map(L, PAGE_BYTES, note_arena, &map);
    } while (map.seen_arenas > map.narenas || map.seen_cells > map.ncells);
    lua_createtable(L, (int)map.seen_arenas, 0);
    for (size_t i = 0; i < map.seen_arenas; i++) {
        push_arena(L, &map.arenas[i], (unsigned char *)map.arenas[i].cells);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    return 1;
}

const luaL_Reg np_heapgraph_functions[] = {
    {"map", heap_map},
    {"retained", heap_retained},
    {"size", heap_size},
    {"snapshot", heap_snapshot},
    {"types", heap_types},
    {"why", heap_why},
    {NULL, NULL},
};
