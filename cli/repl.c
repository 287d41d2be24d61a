/*
 * repl.c - the read-eval-print loop of `neap`.
 *
 * Owns: prompts, reading lines, deciding whether a line is an expression, a statement, or the
 * beginning of one. Does not: edit lines or keep a history.
 */
#include "cli/repl.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lauxlib.h"
#include "neap.h"

#include "cli/run.h"

#define PROMPT "> "
#define PROMPT_MORE ">> "
#define CHUNK_NAME "=stdin"

/* Global _PROMPT or _PROMPT2 as a string, or the default. */
static void show_prompt(lua_State *L, bool first) {
    const char *text = first ? PROMPT : PROMPT_MORE;
    if (lua_getglobal(L, first ? "_PROMPT" : "_PROMPT2") != LUA_TNIL) {
        text = luaL_tolstring(L, -1, NULL);
        lua_remove(L, -2);
    }
    fputs(text, stdout);
    fflush(stdout);
    lua_pop(L, 1);
}

/* Pushes the next line of standard input without its end; false when there is none. A line that
 * nobody typed is shown after its prompt, so that the output of a session reads as one. */
static bool read_line(lua_State *L, bool first) {
    luaL_Buffer line;
    show_prompt(L, first);
    neap_enter_blocking(L);
    int next = getc(stdin);
    neap_leave_blocking(L);
    if (next == EOF)
        return false;
    luaL_buffinit(L, &line);
    for (; next != EOF && next != '\n'; next = getc(stdin))
        luaL_addchar(&line, (char)next);
    luaL_pushresult(&line);
    if (!isatty(STDIN_FILENO)) {
        fputs(lua_tostring(L, -1), stdout);
        fputc('\n', stdout);
    }
    return true;
}

static int load_text(lua_State *L, int index) {
    size_t len;
    const char *text = lua_tolstring(L, index, &len);
    return luaL_loadbuffer(L, text, len, CHUNK_NAME);
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

/* Reads a chunk, of several lines if it takes them, and leaves it or the message alone on the
 * stack. Returns lua_load's status, -1 at the end of input. */
static int read_chunk(lua_State *L) {
    lua_settop(L, 0);
    if (!read_line(L, true))
        return -1;
    const char *text = lua_tostring(L, 1);
    lua_pushliteral(L, "return ");
    lua_pushstring(L, *text == '=' ? text + 1 : text); /* "=x" is how Lua 5.2 wrote it */
    lua_concat(L, 2);
    int status = load_text(L, 2);
    if (status != LUA_OK) {
        bool only_expression = *text == '=';
        lua_settop(L, only_expression ? 2 : 1); /* else: no expression, so a statement */
        if (only_expression)
            lua_remove(L, 1);
        while (is_incomplete(L, status = load_text(L, 1))) {
            if (!read_line(L, false))
                break;
            lua_remove(L, 2); /* the message */
            lua_pushliteral(L, "\n");
            lua_insert(L, 2);
            lua_concat(L, 3);
        }
    }
    lua_replace(L, 1);
    lua_settop(L, 1);
    return status;
}

static void print_results(lua_State *L) {
    int count = lua_gettop(L);
    if (count == 0)
        return;
    luaL_checkstack(L, LUA_MINSTACK, "too many results to print");
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
    while ((status = read_chunk(L)) != -1) {
        if (status == LUA_OK)
            status = np_run_call(L, 0, LUA_MULTRET);
        if (status == LUA_OK)
            print_results(L);
        else
            np_run_report(L, status);
    }
    lua_settop(L, 0);
    fputc('\n', stdout);
    fflush(stdout);
}
