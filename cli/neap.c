/*
 * neap.c - the stand-alone program: `neap [options] [script [args]]`, as `lua` of Lua 5.4 has it.
 *
 * Owns: the order of what happens, the table `arg`, LUA_INIT, -e, -l and -W, and the exit status.
 * Everything a script wrote is flushed at exit, on every way out; output that could not be written
 * makes the status a failure.
 * Does not: read options (options.c), call Lua or word messages (run.c), read lines interactively
 * (repl.c), or deal with the heap (watch.c).
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lua.h"

#include "lauxlib.h"
#include "lualib.h"
#include "neap.h"

#include "cli/explain.h"
#include "cli/list.h"
#include "cli/options.h"
#include "cli/repl.h"
#include "cli/report.h"
#include "cli/run.h"
#include "cli/watch.h"
#include "runtime/mem/mem_os.h"

#define INIT_VARIABLE "LUA_INIT"
#define STACK_LEAST ((size_t)160 << 10) /* the parser takes 62 KiB of the C stack at once */

/* Scripts and tests recognise a Lua by the name of its makers at the end of this line. */
static void print_version(void) {
    puts(NEAP_VERSION "  (" LUA_VERSION ")  an implementation of the language from PUC-Rio");
    fflush(stdout);
}

/* ---- What the options ask for ---- */

static int run_text(lua_State *L, const char *text, const char *name) {
    np_explain_text(L, name + 1, text, strlen(text));
    int status = luaL_loadbuffer(L, text, strlen(text), name);
    if (status == LUA_OK)
        np_explain_chunk(L);
    return np_run_chunk(L, status);
}

/* -l mod, -l global=mod. Without a name of its own the global is the module's name up to a '-',
 * behind which a version may stand. */
static int run_library(lua_State *L, const char *word) {
    const char *equals = strchr(word, '='), *hyphen = strchr(word, *LUA_IGMARK);
    const char *module = equals != NULL ? equals + 1 : word;
    size_t len = strlen(word);
    if (equals != NULL)
        len = (size_t)(equals - word);
    else if (hyphen != NULL)
        len = (size_t)(hyphen - word);
    lua_pushglobaltable(L);
    lua_pushlstring(L, word, len);
    lua_getglobal(L, "require");
    lua_pushstring(L, module);
    int status = np_run_call(L, 1, 1);
    if (status == LUA_OK)
        lua_settable(L, -3);
    np_run_report(L, status);
    lua_settop(L, 0);
    return status;
}

/* Carries out -e, -l and -W in their order; false after the first error. */
static bool run_options(lua_State *L, char **argv, int rest) {
    for (int at = 1; at < rest; at++) {
        char kind = argv[at][1];
        if (argv[at][0] != '-' || (kind != 'e' && kind != 'l' && kind != 'W'))
            continue;
        if (kind == 'W') {
            lua_warning(L, "@on", 0);
            continue;
        }
        const char *word = argv[at][2] != '\0' ? argv[at] + 2 : argv[++at];
        int status = kind == 'e' ? run_text(L, word, "=(command line)") : run_library(L, word);
        if (status != LUA_OK)
            return false;
    }
    return true;
}

/* LUA_INIT_5_4 or else LUA_INIT: a chunk, or "@file". */
static int run_init_variable(lua_State *L) {
    const char *name = "=" INIT_VARIABLE LUA_VERSUFFIX;
    const char *text = getenv(name + 1);
    if (text == NULL) {
        name = "=" INIT_VARIABLE;
        text = getenv(name + 1);
    }
    if (text == NULL)
        return LUA_OK;
    if (*text == '@')
        return np_run_chunk(L, luaL_loadfile(L, text + 1));
    return run_text(L, text, name);
}

/* Sets the global `arg`: the script at 0, its arguments from 1, what came before it below 0. */
static void set_arguments(lua_State *L, int argc, char **argv, int script) {
    lua_createtable(L, argc > script ? argc - script : 0, script + 1);
    for (int i = 0; i < argc; i++) {
        lua_pushstring(L, argv[i]);
        lua_rawseti(L, -2, i - script);
    }
    lua_setglobal(L, "arg");
}

/* Pushes arg[1], arg[2], ...; returns how many. The script may have been preceded by -e chunks
 * that changed the table. */
static int push_arguments(lua_State *L) {
    if (lua_getglobal(L, "arg") != LUA_TTABLE)
        luaL_error(L, "'arg' is not a table");
    lua_Integer count = luaL_len(L, -1);
    if (count >= INT_MAX - 3)
        luaL_error(L, "too many arguments to script");
    luaL_checkstack(L, (int)count + 3, "too many arguments to script");
    int table = lua_gettop(L);
    for (lua_Integer i = 1; i <= count; i++)
        lua_rawgeti(L, table, i);
    lua_remove(L, table);
    return (int)count;
}

static int run_script(lua_State *L, char **argv, int script) {
    const char *name = argv[script];
    if (strcmp(name, "-") == 0 && strcmp(argv[script - 1], "--") != 0)
        name = NULL; /* standard input; after "--" a file called "-" */
    int status = luaL_loadfile(L, name);
    if (status == LUA_OK)
        status = np_run_call(L, push_arguments(L), 0);
    return np_run_report(L, status);
}

/* ---- Exit ---- */

/* Flushes every file. false, with a message, when something written is lost. */
static bool flush_output(void) {
    static bool lost; /* said so already */
    errno = 0;
    bool success = fflush(NULL) == 0;
    const char *reason = success || errno == 0 ? "write error" : strerror(errno);
    if ((!success || ferror(stdout)) && !lost) {
        lost = true;
        np_run_complain("cannot write output: %s", reason);
    }
    return !lost;
}

/* Runs on every exit, os.exit included. */
static void at_exit(void) {
    np_watch_end();
    bool success = flush_output();
    np_run_end_by_signal();
    if (!success)
        _exit(EXIT_FAILURE);
}

/* ---- The program ---- */

/* Everything that may raise an error. Arguments: argc, argv, Options*. Returns true when all went
 * well; what went wrong has been reported. */
static int run(lua_State *L) {
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    const NpOptions *options = lua_touserdata(L, 3);
    int script = options->script;
    lua_settop(L, 0);
    luaL_checkversion(L);
    if (options->list || options->check) {
        lua_pushboolean(L, np_list_files(L, argv + options->rest, options->list));
        return 1;
    }
    np_watch_closing(L);
    if (options->show_version)
        print_version();
    if (options->no_environment) {
        lua_pushboolean(L, 1);
        lua_setfield(L, LUA_REGISTRYINDEX, "LUA_NOENV");
    }
    luaL_openlibs(L);
    set_arguments(L, argc, argv, script);
    if (!options->no_environment && run_init_variable(L) != LUA_OK)
        return 0;
    if (!run_options(L, argv, options->rest))
        return 0;
    if (script > 0 && run_script(L, argv, script) != LUA_OK)
        return 0;
    bool idle = script == 0 && !options->has_chunk && !options->show_version;
    if (options->interactive || (idle && isatty(STDIN_FILENO))) {
        if (!options->interactive)
            print_version();
        np_repl_run(L);
    } else if (idle && np_run_chunk(L, luaL_loadfile(L, NULL)) != LUA_OK) {
        return 0;
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* Answers what needs no Lua state; true when there is nothing else to do. */
static bool answer_directly(char **argv, const NpOptions *options, int *status) {
    *status = EXIT_SUCCESS;
    if (options->bad != 0) {
        np_options_complain(np_run_program(), argv[options->bad]);
        *status = EXIT_FAILURE;
    } else if (options->help) {
        np_options_usage(stdout, np_run_program());
    } else if (options->version) {
        print_version();
        if (options->show_version) {
            neap_Build build;
            neap_build(&build);
            np_report_build(stdout, &build);
        }
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv) {
    int status;
    if (argc > 0 && argv[0][0] != '\0')
        np_run_set_program(argv[0]);
    np_explain_begin();
    NpOptions options = np_options_read(argv);
    atexit(at_exit);
    if (answer_directly(argv, &options, &status))
        return status;
    size_t stack = np_os_stack_limit();
    if (stack != 0 && stack < STACK_LEAST) {
        np_run_complain("a C stack of %d KiB (ulimit -s) is too small to run in: %d KiB are the least", (int)(stack >> 10),
                        (int)(STACK_LEAST >> 10));
        return EXIT_FAILURE;
    }
    lua_State *L = luaL_newstate();
    if (L == NULL) {
        np_run_complain("cannot create state: not enough memory");
        return EXIT_FAILURE;
    }
    if (!np_watch_begin(L, &options)) {
        lua_close(L);
        return EXIT_FAILURE;
    }
    lua_pushcfunction(L, run);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    lua_pushlightuserdata(L, &options);
    status = np_run_report(L, lua_pcall(L, 3, 1, 0));
    bool success = status == LUA_OK && lua_toboolean(L, -1);
    success = flush_output() && success; /* before open files are closed for good */
    np_watch_end();
    lua_close(L);
    return success ? EXIT_SUCCESS : EXIT_FAILURE;
}
