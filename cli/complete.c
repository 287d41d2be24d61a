/*
 * complete.c - names that would complete what is being typed.
 *
 * Owns: finding the path `a.b["c"].d` before the cursor and the tables it leads through, raw and by __index
 * tables (a string's metatable included). Does not: call any function, or know the editor.
 */
#include "cli/complete.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lauxlib.h"

enum { LONGEST_CHAIN = 20, MOST_STEPS = 100, MOST_KEYS = 100000 };

static bool is_name_byte(char byte) { return byte == '_' || isalnum((unsigned char)byte); }

static bool is_name(const char *text, size_t len) {
    if (len == 0 || isdigit((unsigned char)text[0]))
        return false;
    for (size_t i = 0; i < len; i++) {
        if (!is_name_byte(text[i]))
            return false;
    }
    return true;
}

/* Where the name begins that ends at `end`. */
static size_t name_start(const char *text, size_t end) {
    while (end > 0 && is_name_byte(text[end - 1]))
        end--;
    return end;
}

/* [-1, +1] Replaces the value on top by its field, as an index would find it without calling functions. false, with the
 * value gone, when there is none. The key is on top of it. */
static bool step(lua_State *L) {
    for (int depth = 0; depth < LONGEST_CHAIN; depth++) { /* value, key */
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

/* Pushes the value that the text in front of the separator at `end` stands for: a chain of names, string keys and
 * integer keys, or a string in quotes. false, with nothing pushed, when it is something else, or nil. */
static bool push_path(lua_State *L, const char *text, size_t end, int steps) {
    if (steps > MOST_STEPS)
        return false;
    if (end > 0 && (text[end - 1] == '"' || text[end - 1] == '\'')) {
        lua_pushliteral(L, ""); /* any string has the same methods */
        return true;
    }
    if (end > 0 && text[end - 1] == ']') {
        size_t open = end - 1;
        while (open > 0 && text[open] != '[')
            open--;
        if (text[open] != '[' || !push_path(L, text, open, steps + 1))
            return false;
        const char *key = text + open + 1;
        size_t len = end - open - 2;
        if (len >= 2 && (*key == '"' || *key == '\'') && key[len - 1] == *key) {
            lua_pushlstring(L, key + 1, len - 2);
        } else {
            lua_pushlstring(L, key, len);
            if (lua_stringtonumber(L, lua_tostring(L, -1)) == 0) {
                lua_pop(L, 2);
                return false;
            }
            lua_replace(L, -2);
        }
        return step(L);
    }
    size_t start = name_start(text, end);
    if (!is_name(text + start, end - start))
        return false;
    if (start > 0 && (text[start - 1] == '.' || text[start - 1] == ':') && !(start > 1 && text[start - 2] == '.')) {
        if (!push_path(L, text, start - 1, steps + 1))
            return false;
    } else {
        lua_pushglobaltable(L);
    }
    lua_pushlstring(L, text + start, end - start);
    return step(L);
}

/* Tells of the string keys of the table on top that begin with what was typed; after ':' of functions alone. */
static void offer_keys(lua_State *L, NpComplete *job, const char *prefix, bool methods) {
    int seen = 0;
    lua_pushnil(L);
    while (seen++ < MOST_KEYS && lua_next(L, -2) != 0) {
        size_t len;
        if (lua_type(L, -2) == LUA_TSTRING && (!methods || lua_isfunction(L, -1))) {
            const char *name = lua_tolstring(L, -2, &len);
            if (len >= job->typed && memcmp(name, prefix, job->typed) == 0 && is_name(name, len))
                job->found(name, len);
        }
        lua_pop(L, 1);
    }
    if (seen > MOST_KEYS)
        lua_pop(L, 1); /* the key */
}

/* The keys of the value on top and of the tables behind its __index; it is popped. */
static void offer_value(lua_State *L, NpComplete *job, const char *prefix, bool methods) {
    for (int depth = 0; depth < LONGEST_CHAIN; depth++) {
        if (lua_istable(L, -1))
            offer_keys(L, job, prefix, methods);
        if (luaL_getmetafield(L, -1, "__index") == LUA_TNIL)
            break;
        lua_remove(L, -2);
    }
    lua_pop(L, 1);
}

static const char *const keywords[] = {
    "and",   "break", "do",  "else", "elseif", "end",    "false",  "for",  "function", "goto",  "if",
    "in",    "local", "nil", "not",  "or",     "repeat", "return", "then", "true",     "until", "while",
};
enum { NKEYWORDS = sizeof keywords / sizeof keywords[0] };

bool np_complete_is_name(const char *text, size_t len) {
    for (size_t i = 0; i < NKEYWORDS; i++) {
        if (strlen(keywords[i]) == len && memcmp(keywords[i], text, len) == 0)
            return false;
    }
    return is_name(text, len);
}

static void offer_keywords(NpComplete *job, const char *prefix) {
    for (size_t i = 0; i < NKEYWORDS; i++) {
        if (strncmp(keywords[i], prefix, job->typed) == 0)
            job->found(keywords[i], strlen(keywords[i]));
    }
}

int np_complete(lua_State *L) {
    NpComplete *job = lua_touserdata(L, 1);
    luaL_checkstack(L, LONGEST_CHAIN + 10, NULL);
    size_t start = name_start(job->text, job->len);
    const char *prefix = job->text + start;
    job->typed = job->len - start;
    char separator = start > 0 ? job->text[start - 1] : '\0';
    bool concatenation = start > 1 && separator == '.' && job->text[start - 2] == '.';
    if ((separator == '.' || separator == ':') && !concatenation) {
        if (push_path(L, job->text, start - 1, 0))
            offer_value(L, job, prefix, separator == ':');
        return 0;
    }
    offer_keywords(job, prefix);
    lua_pushglobaltable(L);
    offer_value(L, job, prefix, false);
    return 0;
}
