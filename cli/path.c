/*
 * path.c - values that source text names, found without calling any function.
 *
 * Owns: what a name is, reading a path backwards, and following __index tables (a string's metatable included).
 * Does not: decide what the names are for (complete.c, explain.c).
 */
#include "cli/path.h"

#include <ctype.h>
#include <string.h>

#include "lauxlib.h"

enum { LONGEST_CHAIN = 20, MOST_STEPS = 100, MOST_KEYS = 100000 };

/* ---- Names ---- */

static const char *const keywords[] = {
    "and",   "break", "do",  "else", "elseif", "end",    "false",  "for",  "function", "goto",  "if",
    "in",    "local", "nil", "not",  "or",     "repeat", "return", "then", "true",     "until", "while",
};
enum { NKEYWORDS = sizeof keywords / sizeof keywords[0] };

static bool is_name_byte(char byte) { return byte == '_' || isalnum((unsigned char)byte); }

size_t np_path_name_start(const char *text, size_t end) {
    while (end > 0 && is_name_byte(text[end - 1]))
        end--;
    return end;
}

bool np_path_is_name(const char *text, size_t len) {
    if (len == 0 || isdigit((unsigned char)text[0]) || np_path_name_start(text, len) != 0)
        return false;
    for (size_t i = 0; i < NKEYWORDS; i++) {
        if (strlen(keywords[i]) == len && memcmp(keywords[i], text, len) == 0)
            return false;
    }
    return true;
}

void np_path_each_keyword(NpPathFound found, void *ctx) {
    for (size_t i = 0; i < NKEYWORDS; i++)
        found(ctx, keywords[i], strlen(keywords[i]));
}

/* ---- Following a path ---- */

/* [-2, +(0|1)] Replaces value and key on top by the value's field, as an index would find it without calling
 * functions. false, with both gone, when there is none. */
static bool step(lua_State *L) {
    for (int depth = 0; depth < LONGEST_CHAIN; depth++) {
        if (lua_istable(L, -2)) {
            lua_pushvalue(L, -1);
            if (lua_rawget(L, -3) != LUA_TNIL) {
                lua_replace(L, -3);
                lua_pop(L, 1);
                return true;
            }
            lua_pop(L, 1);
        }
        if (luaL_getmetafield(L, -2, "__index") == LUA_TNIL)
            break;
        lua_replace(L, -3);
        if (lua_isfunction(L, -2))
            break;
    }
    lua_pop(L, 2);
    return false;
}

/* [-0, +(0|1)] The local variable or upvalue of that name. */
static bool push_variable(lua_State *L, lua_Debug *frame, const char *name, size_t len) {
    bool found = false;
    const char *local;
    for (int i = 1; (local = lua_getlocal(L, frame, i)) != NULL; i++) {
        if (strlen(local) != len || memcmp(local, name, len) != 0) {
            lua_pop(L, 1);
            continue;
        }
        if (found)
            lua_remove(L, -2); /* a later one hides it */
        found = true;
    }
    if (found)
        return true;
    lua_getinfo(L, "f", frame);
    for (int i = 1; (local = lua_getupvalue(L, -1, i)) != NULL; i++) {
        if (strlen(local) == len && memcmp(local, name, len) == 0) {
            lua_remove(L, -2);
            return true;
        }
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return false;
}

/* [-0, +1] The table of globals as the frame sees it. */
static void push_globals(lua_State *L, lua_Debug *frame) {
    if (frame == NULL || !push_variable(L, frame, "_ENV", 4))
        lua_pushglobaltable(L);
}

static bool push_path(lua_State *L, lua_Debug *frame, const char *text, size_t end, int steps);

/* [-0, +(0|1)] A path that ends in an index in brackets. */
static bool push_index(lua_State *L, lua_Debug *frame, const char *text, size_t end, int steps) {
    size_t open = end - 1;
    while (open > 0 && text[open] != '[')
        open--;
    if (text[open] != '[' || !push_path(L, frame, text, open, steps + 1))
        return false;
    const char *key = text + open + 1;
    size_t len = end - open - 2;
    if (len >= 2 && (*key == '"' || *key == '\'') && key[len - 1] == *key) {
        lua_pushlstring(L, key + 1, len - 2);
        return step(L);
    }
    lua_pushlstring(L, key, len);
    if (lua_stringtonumber(L, lua_tostring(L, -1)) == 0) {
        lua_pop(L, 2);
        return false;
    }
    lua_replace(L, -2);
    return step(L);
}

static bool push_path(lua_State *L, lua_Debug *frame, const char *text, size_t end, int steps) {
    if (steps > MOST_STEPS || end == 0)
        return false;
    if (text[end - 1] == '"' || text[end - 1] == '\'') {
        lua_pushliteral(L, ""); /* any string has the same methods */
        return true;
    }
    if (text[end - 1] == ']')
        return push_index(L, frame, text, end, steps);
    if (text[end - 1] == ')' && end > 2 && (text[end - 2] == '"' || text[end - 2] == '\''))
        return push_path(L, frame, text, end - 1, steps + 1);
    size_t start = np_path_name_start(text, end);
    if (!np_path_is_name(text + start, end - start))
        return false;
    if (start > 0 && (text[start - 1] == '.' || text[start - 1] == ':') && !(start > 1 && text[start - 2] == '.')) {
        if (!push_path(L, frame, text, start - 1, steps + 1))
            return false;
    } else {
        if (frame != NULL && push_variable(L, frame, text + start, end - start))
            return true;
        push_globals(L, frame);
    }
    lua_pushlstring(L, text + start, end - start);
    return step(L);
}

bool np_path_push(lua_State *L, lua_Debug *frame, const char *text, size_t end) {
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    return push_path(L, frame, text, end, 0);
}

/* ---- All names ---- */

static void each_own_key(lua_State *L, bool functions_only, NpPathFound found, void *ctx) {
    int seen = 0;
    lua_pushnil(L);
    while (lua_next(L, -2) != 0) {
        size_t len;
        if (lua_type(L, -2) == LUA_TSTRING && (!functions_only || lua_isfunction(L, -1))) {
            const char *name = lua_tolstring(L, -2, &len);
            if (np_path_is_name(name, len))
                found(ctx, name, len);
        }
        lua_pop(L, 1);
        if (++seen == MOST_KEYS) {
            lua_pop(L, 1);
            return;
        }
    }
}

void np_path_each_key(lua_State *L, int index, bool functions_only, NpPathFound found, void *ctx) {
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    lua_pushvalue(L, index);
    for (int depth = 0; depth < LONGEST_CHAIN; depth++) {
        if (lua_istable(L, -1))
            each_own_key(L, functions_only, found, ctx);
        if (luaL_getmetafield(L, -1, "__index") == LUA_TNIL)
            break;
        lua_remove(L, -2);
    }
    lua_pop(L, 1);
}

void np_path_each_variable(lua_State *L, lua_Debug *frame, NpPathFound found, void *ctx) {
    const char *name;
    luaL_checkstack(L, LUA_MINSTACK, NULL);
    for (int i = 1; frame != NULL && (name = lua_getlocal(L, frame, i)) != NULL; i++) {
        if (np_path_is_name(name, strlen(name))) /* others are the interpreter's own */
            found(ctx, name, strlen(name));
        lua_pop(L, 1);
    }
    if (frame != NULL) {
        lua_getinfo(L, "f", frame);
        for (int i = 1; (name = lua_getupvalue(L, -1, i)) != NULL; i++) {
            found(ctx, name, strlen(name));
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    push_globals(L, frame);
    np_path_each_key(L, -1, false, found, ctx);
    lua_pop(L, 1);
}
