/* why.c: see why.h.
 *
 * The walk goes outwards from the roots and does not pass through the object, so the order in which it comes across
 * references to it is that of their distance, and no path has the object twice.
 *
 * A path reads: root > step > step. Variables of a namespace (the globals, package.loaded, a module) are bare names, other
 * fields have a dot, an index is put to the step before it. The steps through upvalues' own objects are left out. Of a
 * path of more than STEPS_MOST steps the middle is.
 */
#include "runtime/inspect/why.h"

#include "runtime/gc/gc.h"
#include "runtime/inspect/names.h"
#include "runtime/inspect/reach.h"
#include "runtime/table.h"

enum { STEPS_MOST = 40, STEPS_FIRST = 20 };

typedef struct Why {
    lua_State *L;
    NpObj *obj;
    size_t left;
    bool (*tell)(void *ctx, const char *path, size_t length);
    void *ctx;
    NpReach reach;
    /* of the path being written */
    NpText text;
    bool in_namespace; /* the next field is a variable of one */
    bool in_modules;   /* the next field is a module */
    bool first;
} Why;

/* ---- finding the edge between two objects ---- */

typedef struct Search {
    const Why *why;
    const NpObj *to;
    NpEdge found;
} Search;

static bool look(void *ctx, const NpEdge *edge) {
    Search *search = ctx;
    const Why *why = search->why;
    if (edge->to != search->to || edge->strength == NP_EDGE_WEAK) return true;
    if (edge->frame && edge->thread == why->L && edge->frame == why->L->frame) return true;
    search->found = *edge;
    return false;
}

static NpEdge edge_between(const Why *why, NpObj *from, const NpObj *to) {
    Search search = {.why = why, .to = to, .found = {.kind = NP_EDGE_ROOT, .text = "?"}};
    if (from) (void)np_edges_of(why->L->global, from, look, &search);
    else (void)np_edges_roots(why->L, look, &search);
    return search.found;
}

/* ---- writing a path ---- */

static bool is_name(const NpString *string) {
    if (string->length == 0 || (string->text[0] >= '0' && string->text[0] <= '9')) return false;
    for (size_t i = 0; i < string->length; i++) {
        char c = string->text[i];
        if (c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z')) return false;
    }
    return true;
}

static void arrow(Why *why) {
    if (!why->first) np_text_put(&why->text, " > ");
    why->first = false;
}

static void write_field(Why *why, const NpString *name) {
    if (!is_name(name) && !why->in_modules) {
        np_text_put(&why->text, "[\"");
        np_text_string(&why->text, name);
        np_text_put(&why->text, "\"]");
        return;
    }
    arrow(why);
    if (!why->in_namespace) np_text_put(&why->text, ".");
    np_text_string(&why->text, name);
}

/* What the registry holds has names of its own. */
static bool write_registry(Why *why, const NpEdge *edge) {
    const char *words = NULL;
    if (edge->kind == NP_EDGE_INDEX && edge->index == LUA_RIDX_GLOBALS) words = "globals";
    if (edge->kind == NP_EDGE_INDEX && edge->index == LUA_RIDX_MAINTHREAD) words = "main thread";
    if (edge->kind == NP_EDGE_FIELD && strcmp(edge->name->text, "_LOADED") == 0) words = "package.loaded";
    if (edge->kind == NP_EDGE_FIELD && strcmp(edge->name->text, "_PRELOAD") == 0) words = "package.preload";
    if (!words) return false;
    arrow(why);
    np_text_put(&why->text, words);
    why->in_namespace = edge->kind == NP_EDGE_FIELD || edge->index == LUA_RIDX_GLOBALS;
    why->in_modules = edge->kind == NP_EDGE_FIELD;
    return true;
}

static void write_step(Why *why, const NpObj *from, const NpEdge *edge) {
    bool was_modules = why->in_modules;
    if (from && from->kind == NP_UPVAL && edge->kind == NP_EDGE_VALUE) return;
    if (from && (const NpObj *)why->L->global->registry.v.obj == from && write_registry(why, edge)) return;
    if (edge->kind == NP_EDGE_FIELD) {
        write_field(why, edge->name);
    } else {
        if (edge->kind != NP_EDGE_INDEX && edge->kind != NP_EDGE_ENTRY) arrow(why);
        np_names_write_edge(&why->text, edge);
    }
    why->in_namespace = was_modules && edge->kind == NP_EDGE_FIELD;
    why->in_modules = false;
}

/* The n-th object before `from` on its path (0: itself), or NULL beyond the root. */
static NpObj *ancestor(const Why *why, NpObj *from, size_t n) {
    while (from && n-- > 0) from = np_reach_parent(&why->reach, from);
    return from;
}

static void write_path(Why *why, NpObj *from, const NpEdge *last) {
    size_t steps = 0;
    why->first = true;
    why->in_namespace = why->in_modules = false;
    for (NpObj *at = from; at; at = np_reach_parent(&why->reach, at)) steps++;
    for (size_t i = 0; i < steps; i++) {
        NpObj *to = ancestor(why, from, steps - 1 - i), *parent = ancestor(why, from, steps - i);
        NpEdge edge;
        if (steps > STEPS_MOST && i == STEPS_FIRST) {
            size_t skipped = steps - STEPS_MOST;
            arrow(why);
            np_text_put(&why->text, "... ");
            np_text_int(&why->text, (int64_t)skipped);
            np_text_put(&why->text, " more steps ...");
            i += skipped - 1;
            continue;
        }
        edge = edge_between(why, parent, to);
        write_step(why, parent, &edge);
    }
    write_step(why, from, last);
}

static bool on_edge(void *ctx, NpObj *from, const NpEdge *edge) {
    Why *why = ctx;
    char buffer[NP_WHY_MOST];
    if (edge->to != why->obj) return true;
    why->text = np_text_in(buffer, sizeof buffer);
    write_path(why, from, edge);
    why->left--;
    return why->tell(why->ctx, buffer, (size_t)(why->text.at - buffer)) && why->left > 0;
}

bool np_why(lua_State *L, NpObj *obj, size_t most, bool (*tell)(void *ctx, const char *path, size_t length), void *ctx) {
    Why why = {.L = L, .obj = obj, .left = most, .tell = tell, .ctx = ctx};
    bool walked;
    why.reach = (NpReach){.L = L, .except = obj, .without_caller = true, .want_parents = true, .visit = on_edge, .ctx = &why};
    np_inspect_settle(L);
    walked = most == 0 || np_reach_walk(&why.reach);
    np_reach_close(&why.reach);
    return walked;
}
