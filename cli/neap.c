/*
 * neap.c - the stand-alone program: `neap [options] [script [args]]`, as `lua` of Lua 5.4 has it.
 *
 * Owns: the options, the table `arg`, LUA_INIT, error messages with tracebacks, Ctrl-C, and the
 * exit status. Everything a script wrote is flushed at exit, on every way out; output that could
 * not be written makes the status a failure.
 * Does not: read lines interactively (repl.c) or lay out statistics (report.c).
 */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lua.h"

#include "lauxlib.h"
#include "lualib.h"
#include "neap.h"

#include "cli/repl.h"
#include "cli/report.h"

#define PROGRAM "neap"
#define IDLE_MS 1000 /* waiting for longer than this gives memory back */
#define HUGE_PAGES_OPTION "--huge-pages="
#define INIT_VARIABLE "LUA_INIT"
#define HEAP_LIMIT_OPTION "--heap-limit="
#define HEAP_LIMIT_VARIABLE "NEAP_HEAP_LIMIT"

/* What the command line asked for. -e, -l and -W are carried out later, in their order. */
typedef struct Options {
    int script;  /* index of the script in argv, 0 for none */
    int bad;     /* index of an option that cannot be understood, 0 for none */
    int rest;    /* index behind the last option */
    const char *heap_limit; /* of --heap-limit=, NULL for none */
    int huge_pages; /* NEAP_HUGE_* */
    bool interactive, version, chunk, no_environment, heap_stats, gc_trace, gc_trace_json, help, version_only;
} Options;

/* State of the process: needed by the signal handler and at exit, where nothing can be passed. */
static const char *program_name = PROGRAM;
static lua_State *open_state;       /* NULL once lua_close has begun or finished */
static lua_State *interruptible;    /* state that Ctrl-C interrupts */
static bool wants_heap_stats;       /* and has not got them yet */

/* ---- Messages ---- */

void np_neap_message(const char *name, const char *text, size_t len) {
    if (name != NULL)
        fprintf(stderr, "%s: ", name);
    fwrite(text, 1, len, stderr);
    fputc('\n', stderr);
    fflush(stderr);
}

static void report_as(lua_State *L, const char *name) {
    static const char no_text[] = "(error message not a string)";
    size_t len;
    const char *text = lua_tolstring(L, -1, &len);
    if (text != NULL)
        np_neap_message(name, text, len);
    else
        np_neap_message(name, no_text, sizeof no_text - 1);
    lua_pop(L, 1);
}

static bool in_repl; /* errors are then shown without the program's name */

int np_neap_report(lua_State *L, int status) {
    if (status != LUA_OK)
        report_as(L, in_repl ? NULL : program_name);
    return status;
}

static void print_usage(FILE *out) {
    fprintf(out,
            "usage: %s [options] [script [args]]\n"
            "Runs a Lua 5.4 script; without one and without -e and -v, reads from the terminal.\n"
            "options:\n"
            "  -e stat       run the string 'stat'\n"
            "  -i            enter interactive mode after running 'script'\n"
            "  -l mod        require library 'mod' into global 'mod'\n"
            "  -l g=mod      require library 'mod' into global 'g'\n"
            "  -v            show version information\n"
            "  -E            ignore environment variables\n"
            "  -W            turn warnings on\n"
            "  --gc-trace    tell of every cycle of garbage collection on stderr, in a line;\n"
            "                --gc-trace=json: as a JSON object\n"
            "  --heap-limit=SIZE\n"
            "                let the program have at most so much memory: bytes, 256MiB, 2G, 80%% of\n"
            "                what the process may have, cgroup (the default) or none; the variable\n"
            "                " HEAP_LIMIT_VARIABLE " does the same\n"
            "  --heap-stats  print statistics of the heap on stderr at exit\n"
            "  --huge-pages=auto|on|off\n"
            "                whether the heap may use them (auto: where it stays dense)\n"
            "  --help        show this help and exit\n"
            "  --version     show version information and exit; with -v also what this build is\n"
            "  --            stop handling options\n"
            "  -             stop handling options and run standard input\n",
            program_name);
}

/* Scripts and tests recognise a Lua by the name of its makers at the end of this line. */
static void print_version(void) {
    puts(NEAP_VERSION "  (" LUA_VERSION ")  an implementation of the language from PUC-Rio");
    fflush(stdout);
}

/* ---- Options ---- */

static bool read_huge_pages(const char *value, Options *options) {
    static const char *const words[] = {[NEAP_HUGE_AUTO] = "auto", [NEAP_HUGE_ON] = "on", [NEAP_HUGE_OFF] = "off"};
    for (int mode = NEAP_HUGE_AUTO; mode <= NEAP_HUGE_OFF; mode++) {
        if (strcmp(value, words[mode]) != 0)
            continue;
        options->huge_pages = mode;
        return true;
    }
    return false;
}

/* Short options are Lua's own and no others (-h is an error there, which shows the usage); ours are long.
 * Understands one option; false when it is none. *takes_next: its argument is the next word. */
static bool read_option(const char *word, Options *options, bool *takes_next) {
    static const struct {
        const char *word;
        size_t flag;
    } flags[] = {
        {"-i", offsetof(Options, interactive)},
        {"-v", offsetof(Options, version)},
        {"-E", offsetof(Options, no_environment)},
        {"--help", offsetof(Options, help)},
        {"--gc-trace", offsetof(Options, gc_trace)},
        {"--gc-trace=json", offsetof(Options, gc_trace_json)},
        {"--heap-stats", offsetof(Options, heap_stats)},
        {"--version", offsetof(Options, version_only)},
    };
    *takes_next = false;
    if (strncmp(word, HEAP_LIMIT_OPTION, sizeof HEAP_LIMIT_OPTION - 1) == 0) {
        options->heap_limit = word + sizeof HEAP_LIMIT_OPTION - 1;
        return true;
    }
    if (strncmp(word, HUGE_PAGES_OPTION, sizeof HUGE_PAGES_OPTION - 1) == 0)
        return read_huge_pages(word + sizeof HUGE_PAGES_OPTION - 1, options);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(word, flags[i].word) == 0) {
            *(bool *)((char *)options + flags[i].flag) = true;
            return true;
        }
    }
    if (strcmp(word, "-W") == 0)
        return true;
    if (word[1] != 'e' && word[1] != 'l')
        return false;
    options->chunk = options->chunk || word[1] == 'e';
    *takes_next = word[2] == '\0';
    return true;
}

static Options read_options(char **argv) {
    Options options = {0};
    int at = argv[0] != NULL;
    for (; argv[at] != NULL; at++) {
        bool takes_next;
        if (argv[at][0] != '-' || strcmp(argv[at], "-") == 0)
            break; /* a script */
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (!read_option(argv[at], &options, &takes_next) ||
            (takes_next && (argv[at + 1] == NULL || argv[at + 1][0] == '-'))) {
            options.bad = at;
            return options;
        }
        at += takes_next;
    }
    options.rest = at;
    options.script = argv[at] != NULL ? at : 0;
    options.version = options.version || options.interactive;
    return options;
}

static void complain_about(const char *word) {
    if (strcmp(word, "-e") == 0 || strcmp(word, "-l") == 0)
        fprintf(stderr, "%s: '%s' needs argument\n", program_name, word);
    else if (strcmp(word, "--heap-limit") == 0)
        fprintf(stderr, "%s: '%s' needs a size: " HEAP_LIMIT_OPTION "SIZE\n", program_name, word);
    else if (strcmp(word, "--huge-pages") == 0 || strncmp(word, HUGE_PAGES_OPTION, sizeof HUGE_PAGES_OPTION - 1) == 0)
        fprintf(stderr, "%s: '%s' should be " HUGE_PAGES_OPTION "auto, on or off\n", program_name, word);
    else
        fprintf(stderr, "%s: unrecognized option '%s'\n", program_name, word);
    print_usage(stderr);
}

/* ---- Protected calls ---- */

static void raise_interrupt(lua_State *L, lua_Debug *event) {
    (void)event;
    lua_sethook(L, NULL, 0, 0);
    luaL_error(L, "interrupted!");
}

/* Only asks for the error: the state may be anywhere. A second Ctrl-C before the interpreter gets
 * to it ends the process. */
static void on_interrupt(int number) {
    signal(number, SIG_DFL);
    lua_sethook(interruptible, raise_interrupt,
                LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

/* Message handler: every error value becomes a string, with a traceback unless it described
 * itself by __tostring. */
static int explain_error(lua_State *L) {
    const char *text = lua_tostring(L, 1);
    if (text == NULL) {
        if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
            return 1;
        text = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
    }
    luaL_traceback(L, L, text, 1);
    return 1;
}

int np_neap_call(lua_State *L, int nargs, int nresults) {
    int handler = lua_gettop(L) - nargs;
    lua_pushcfunction(L, explain_error);
    lua_insert(L, handler);
    interruptible = L;
    signal(SIGINT, on_interrupt);
    int status = lua_pcall(L, nargs, nresults, handler);
    signal(SIGINT, SIG_DFL);
    lua_remove(L, handler);
    return status;
}

/* Runs the chunk on top of the stack if loading gave LUA_OK, and reports any error. */
static int run_chunk(lua_State *L, int status) {
    if (status == LUA_OK)
        status = np_neap_call(L, 0, 0);
    return np_neap_report(L, status);
}

static int run_text(lua_State *L, const char *text, const char *name) {
    return run_chunk(L, luaL_loadbuffer(L, text, strlen(text), name));
}

/* ---- What the options ask for ---- */

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
    int status = np_neap_call(L, 1, 1);
    if (status == LUA_OK)
        lua_settable(L, -3);
    np_neap_report(L, status);
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
        return run_chunk(L, luaL_loadfile(L, text + 1));
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
        status = np_neap_call(L, push_arguments(L), 0);
    return np_neap_report(L, status);
}

/* ---- Statistics at exit ---- */

static void print_heap_stats(lua_State *L) {
    neap_Stats stats;
    if (!wants_heap_stats)
        return;
    wants_heap_stats = false;
    neap_stats(L, &stats);
    fflush(stdout);
    np_report_heap(stderr, &stats);
}

/* __gc of a value that dies last, when the script closes the state by os.exit(code, true). */
static int report_at_close(lua_State *L) {
    open_state = NULL;
    print_heap_stats(L);
    return 0;
}

/* The value must be older than every other with a finalizer, to be finalized after them. */
static void watch_close(lua_State *L) {
    static const char key = 'W';
    lua_newuserdatauv(L, 0, 0);
    lua_createtable(L, 0, 1);
    lua_pushcfunction(L, report_at_close);
    lua_setfield(L, -2, "__gc");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &key);
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
        fprintf(stderr, "%s: cannot write output: %s\n", program_name, reason);
    }
    return !lost;
}

/* Runs on every exit, os.exit included. */
static void at_exit(void) {
    if (open_state != NULL)
        print_heap_stats(open_state);
    if (!flush_output())
        _exit(EXIT_FAILURE);
}

/* ---- The program ---- */

/* Everything that may raise an error. Arguments: argc, argv, Options*. Returns true when all went
 * well; what went wrong has been reported. */
static int run(lua_State *L) {
    int argc = (int)lua_tointeger(L, 1);
    char **argv = lua_touserdata(L, 2);
    const Options *options = lua_touserdata(L, 3);
    int script = options->script;
    lua_settop(L, 0);
    luaL_checkversion(L);
    if (options->heap_stats)
        watch_close(L);
    if (options->gc_trace || options->gc_trace_json)
        neap_settrace(L, options->gc_trace_json ? NEAP_TRACE_JSON : NEAP_TRACE_TEXT);
    if (options->version)
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
    bool idle = script == 0 && !options->chunk && !options->version;
    if (options->interactive || (idle && isatty(STDIN_FILENO))) {
        if (!options->interactive)
            print_version();
        in_repl = true;
        np_repl_run(L);
    } else if (idle && run_chunk(L, luaL_loadfile(L, NULL)) != LUA_OK) {
        return 0;
    }
    lua_pushboolean(L, 1);
    return 1;
}

/* Answers what needs no Lua state; true when there is nothing else to do. */
static bool answer_directly(char **argv, const Options *options, int *status) {
    *status = EXIT_SUCCESS;
    if (options->bad != 0) {
        complain_about(argv[options->bad]);
        *status = EXIT_FAILURE;
    } else if (options->help) {
        print_usage(stdout);
    } else if (options->version_only) {
        print_version();
        if (options->version) {
            neap_Build build;
            neap_build(&build);
            np_report_build(stdout, &build);
        }
    } else {
        return false;
    }
    return true;
}

/* The hard limit: what the command line says, or the environment, or the control group. false, with a message, when it
 * cannot be. */
static bool limit_heap(lua_State *L, const Options *options) {
    const char *name = HEAP_LIMIT_OPTION, *text = options->heap_limit, *wrong;
    size_t bytes;
    if (text == NULL && !options->no_environment) {
        name = HEAP_LIMIT_VARIABLE "=";
        text = getenv(HEAP_LIMIT_VARIABLE);
        if (text != NULL && *text == '\0')
            text = NULL;
    }
    wrong = neap_parselimit(text != NULL ? text : "cgroup", &bytes);
    if (wrong == NULL && neap_setlimit(L, bytes, 0) != NEAP_LIMIT_OK)
        wrong = "is less than what a Lua state takes";
    if (wrong == NULL || text == NULL) /* a control group too small for any program is no reason to give up */
        return true;
    fprintf(stderr, "%s: '%s%s' %s\n", program_name, name, text, wrong);
    return false;
}

int main(int argc, char **argv) {
    int status;
    if (argc > 0 && argv[0][0] != '\0')
        program_name = argv[0];
    Options options = read_options(argv);
    atexit(at_exit);
    if (answer_directly(argv, &options, &status))
        return status;
    lua_State *L = luaL_newstate();
    if (L == NULL) {
        fprintf(stderr, "%s: cannot create state: not enough memory\n", program_name);
        return EXIT_FAILURE;
    }
    if (!limit_heap(L, &options)) {
        lua_close(L);
        return EXIT_FAILURE;
    }
    neap_idle(L, IDLE_MS);
    neap_huge_pages(L, options.huge_pages);
    open_state = L;
    wants_heap_stats = options.heap_stats;
    lua_pushcfunction(L, run);
    lua_pushinteger(L, argc);
    lua_pushlightuserdata(L, argv);
    lua_pushlightuserdata(L, &options);
    status = np_neap_report(L, lua_pcall(L, 3, 1, 0));
    bool success = status == LUA_OK && lua_toboolean(L, -1);
    success = flush_output() && success; /* before open files are closed for good */
    print_heap_stats(L);
    open_state = NULL;
    lua_close(L);
    return success ? EXIT_SUCCESS : EXIT_FAILURE;
}
