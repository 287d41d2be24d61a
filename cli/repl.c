/*
 * repl.c - the read-eval-print loop of `neap`.
 *
 * Owns: prompts, deciding whether what was typed is an expression, a statement, or the beginning of one, and the
 * global `_`. Does not: edit lines or keep a history (edit.c, history.c), find names (complete.c), or lay out
 * values (pretty.c).
 *
 * On a terminal values are shown by np_pretty; else, as in lua, by the global `print`, and lines are echoed.
 */
#include "cli/repl.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lauxlib.h"
#include "neap.h"

#include "cli/complete.h"
#include "cli/edit.h"
#include "cli/explain.h"
#include "cli/pretty.h"
#include "cli/run.h"
#include "cli/term.h"

#define PROMPT "> "
#define PROMPT_MORE ">> "
#define CHUNK_NAME "=stdin"

enum { CHUNK_END = -1, CHUNK_DROPPED = -2 }; /* besides lua_load's */

static lua_State *typing_state; /* for completion, which the editor calls while it waits */

/* ---- Lines ---- */

static size_t complete(const char *text, size_t len) {
    lua_State *L = typing_state;
    NpComplete job = {.text = text, .len = len, .found = np_edit_candidate};
    neap_leave_blocking(L);
    lua_pushcfunction(L, np_complete);
    lua_pushlightuserdata(L, &job);
    if (lua_pcall(L, 1, 0, 0) != LUA_OK)
        lua_pop(L, 1); /* not enough memory: there are fewer names, then */
    neap_enter_blocking(L);
    return job.typed;
}

static const NpEditUser edit_user = {complete};

/* Pushes the global _PROMPT or _PROMPT2 as a string, or the default. */
static void push_prompt(lua_State *L, bool first) {
    if (lua_getglobal(L, first ? "_PROMPT" : "_PROMPT2") == LUA_TNIL)
        lua_pushstring(L, first ? PROMPT : PROMPT_MORE);
    else
        luaL_tolstring(L, -1, NULL);
    lua_remove(L, -2);
}

/* Pushes the next line of standard input without its end, if the result is NP_EDIT_LINE. A line that nobody typed is
 * shown after its prompt, so that the output of a session reads as one. */
static NpEditResult read_line(lua_State *L, bool first) {
    char *text;
    size_t len;
    push_prompt(L, first);
    typing_state = L;
    neap_enter_blocking(L);
    NpEditResult result = np_edit_line(lua_tostring(L, -1), &text, &len);
    neap_leave_blocking(L);
    lua_pop(L, 1);
    if (result != NP_EDIT_LINE)
        return result;
    lua_pushlstring(L, text, len);
    if (!np_term_is(stdin)) {
        fwrite(text, 1, len, stdout);
        fputc('\n', stdout);
    }
    return result;
}

/* ---- Chunks ---- */

/* Loads the text at 1, behind `prefix`; pushes the function or the message. */
static int load_text(lua_State *L, const char *prefix) {
    size_t len;
    lua_pushstring(L, prefix);
    lua_pushvalue(L, 1);
    lua_concat(L, 2);
    const char *text = lua_tolstring(L, -1, &len);
    int status = luaL_loadbufferx(L, text, len, CHUNK_NAME, "t");
    lua_remove(L, -2);
    return status;
}

/* A syntax error whose message ends in "<eof>" may go away with the next line. */
static bool is_incomplete(lua_State *L, int status) {
    static const char mark[] = "<eof>";
    size_t len;
    if (status != LUA_ERRSYNTAX)
        return false;
    const char *message = lua_tolstring(L, -1, &len);
    return len >= sizeof mark - 1 && strcmp(message + len - (sizeof mark - 1), mark) == 0;
}

/* Loads the text at 1 as an expression if it is one, else as a statement; *more: another line may complete it. Pushes the
 * function or the message. */
static int load_chunk(lua_State *L, bool only_expression, bool *more) {
    int status = load_text(L, "return ");
    *more = is_incomplete(L, status);
    if (status == LUA_OK || only_expression)
        return status;
    int as_statement = load_text(L, "");
    if (as_statement != LUA_OK && *more && !is_incomplete(L, as_statement)) {
        lua_pop(L, 1); /* an expression over several lines */
        return status;
    }
    *more = is_incomplete(L, as_statement);
    lua_remove(L, -2);
    return as_statement;
}

/* Reads a chunk, of several lines if it takes them, and leaves it or the message alone on the stack. Returns lua_load's
 * status, or CHUNK_END or CHUNK_DROPPED with an empty stack. */
static int read_chunk(lua_State *L) {
    bool more = false;
    lua_settop(L, 0);
    NpEditResult result = read_line(L, true);
    if (result != NP_EDIT_LINE)
        return result == NP_EDIT_END ? CHUNK_END : CHUNK_DROPPED;
    bool only_expression = *lua_tostring(L, 1) == '='; /* "=x" is how Lua 5.2 wrote it */
    if (only_expression) {
        lua_pushstring(L, lua_tostring(L, 1) + 1);
        lua_replace(L, 1);
    }
    int status = load_chunk(L, only_expression, &more);
    while (more) {
        result = read_line(L, false);
        if (result == NP_EDIT_END)
            break;
        if (result == NP_EDIT_DROPPED) {
            lua_settop(L, 0);
            return CHUNK_DROPPED;
        }
        lua_remove(L, 2); /* the message */
        lua_pushliteral(L, "\n");
        lua_insert(L, 2);
        lua_concat(L, 3);
        status = load_chunk(L, only_expression, &more);
    }
    lua_pushstring(L, only_expression ? "=" : "");
    lua_pushvalue(L, 1);
    lua_concat(L, 2);
    np_edit_remember(lua_tostring(L, -1), lua_rawlen(L, -1));
    lua_pop(L, 1);
    np_explain_text(L, &CHUNK_NAME[1], lua_tostring(L, 1), lua_rawlen(L, 1));
    if (status == LUA_OK)
        np_explain_chunk(L);
    lua_remove(L, 1);
    return status;
}

/* ---- Results ---- */

/* Makes the first result the global `_`, unless the program has a use of its own for it: it is only set when it is nil
 * or what was put there last. Raw, since strict.lua and its like forbid new globals. */
static int keep_last(lua_State *L) {
    static const char key = '_';
    if (lua_isnil(L, 1))
        return 0;
    lua_pushglobaltable(L);
    lua_pushliteral(L, "_");
    int current = lua_rawget(L, -2);
    lua_rawgetp(L, LUA_REGISTRYINDEX, &key);
    if (current != LUA_TNIL && !lua_rawequal(L, -1, -2))
        return 0;
    lua_pop(L, 2);
    lua_pushliteral(L, "_");
    lua_pushvalue(L, 1);
    lua_rawset(L, -3);
    lua_pushvalue(L, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
    return 0;
}

/* Shows the results, which are all that is on the stack, and leaves it empty. */
static void show_results(lua_State *L) {
    int count = lua_gettop(L), status;
    if (count == 0)
        return;
    luaL_checkstack(L, LUA_MINSTACK, "too many results to print");
    if (np_term_is(stdin) && np_term_is(stdout)) {
        lua_pushcfunction(L, keep_last);
        lua_pushvalue(L, 1);
        status = np_run_call(L, 1, 0);
        if (status == LUA_OK) {
            lua_pushcfunction(L, np_pretty);
            lua_insert(L, 1);
            status = np_run_call(L, count, 0);
        }
        np_run_report(L, status);
        return;
    }
    lua_getglobal(L, "print");
    lua_insert(L, 1);
    if (lua_pcall(L, count, 0, 0) != LUA_OK) {
        size_t len;
        lua_pushfstring(L, "error calling 'print' (%s)", luaL_tolstring(L, -1, NULL));
        const char *text = lua_tolstring(L, -1, &len);
        np_run_message(false, text, len);
    }
}

void np_repl_run(lua_State *L) {
    int status;
    np_run_be_interactive();
    np_edit_open(np_run_program(), &edit_user);
    while ((status = read_chunk(L)) != CHUNK_END) {
        if (status == CHUNK_DROPPED)
            continue;
        if (status == LUA_OK)
            status = np_run_call(L, 0, LUA_MULTRET);
        if (status == LUA_OK)
            show_results(L);
        else
            np_run_report(L, status);
    }
    lua_settop(L, 0);
    fputc('\n', stdout);
    fflush(stdout);
}
