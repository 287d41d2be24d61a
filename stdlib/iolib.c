/*
 * iolib.c - input and output (manual 6.8).
 *
 * Owns: the `io` module, the methods of file handles, and the FILE* inside each handle from opening
 * to closing (by close, by <close>, by collection, or when the state closes).
 * Does not: buffer; that is libc's business, as are the texts of system errors.
 *
 * A handle is a luaL_Stream userdata (layout shared with C modules). closef == NULL means closed.
 * The default input and output are handles in the registry under INPUT_KEY and OUTPUT_KEY.
 */
#define LUA_LIB

#include <ctype.h>
#include <errno.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "lua.h"

#include "lauxlib.h"
#include "lualib.h"
#include "neap.h"

#define KEY_PREFIX "_IO_"
#define INPUT_KEY (KEY_PREFIX "input")
#define OUTPUT_KEY (KEY_PREFIX "output")

#define MAX_LINE_FORMATS 250 /* formats that io.lines and file:lines take */
#define MAX_NUMERAL 200      /* characters of a numeral that read("n") accepts */

/* ---- Handles ---- */

static luaL_Stream *check_stream(lua_State *L) {
    return luaL_checkudata(L, 1, LUA_FILEHANDLE);
}

static FILE *check_open(lua_State *L) {
    luaL_Stream *stream = check_stream(L);
    if (stream->closef == NULL)
        luaL_error(L, "attempt to use a closed file");
    return stream->f;
}

/* Pushes a new handle that counts as closed: an error before it is complete closes nothing. */
static luaL_Stream *push_stream(lua_State *L) {
    luaL_Stream *stream = lua_newuserdatauv(L, sizeof *stream, 0);
    stream->f = NULL;
    stream->closef = NULL;
    luaL_setmetatable(L, LUA_FILEHANDLE);
    return stream;
}

static int close_file(lua_State *L) {
    luaL_Stream *stream = check_stream(L);
    errno = 0;
    return luaL_fileresult(L, fclose(stream->f) == 0, NULL);
}

static int close_pipe(lua_State *L) {
    luaL_Stream *stream = check_stream(L);
    errno = 0;
    neap_enter_blocking(L);
    int status = pclose(stream->f);
    neap_leave_blocking(L);
    return luaL_execresult(L, status);
}

static int refuse_close(lua_State *L) {
    luaL_Stream *stream = check_stream(L);
    stream->closef = refuse_close; /* still open */
    luaL_pushfail(L);
    lua_pushliteral(L, "cannot close standard file");
    return 2;
}

/* Closes the handle at index 1; it counts as closed before its function runs. */
static int close_stream(lua_State *L) {
    luaL_Stream *stream = check_stream(L);
    lua_CFunction closer = stream->closef;
    stream->closef = NULL;
    return closer(L);
}

static luaL_Stream *push_file(lua_State *L, const char *name, const char *mode) {
    luaL_Stream *stream = push_stream(L);
    errno = 0;
    stream->f = fopen(name, mode);
    if (stream->f != NULL)
        stream->closef = close_file;
    return stream;
}

static void push_file_or_raise(lua_State *L, const char *name, const char *mode) {
    if (push_file(L, name, mode)->f == NULL)
        luaL_error(L, "cannot open file '%s' (%s)", name, strerror(errno));
}

static FILE *default_file(lua_State *L, const char *key) {
    lua_getfield(L, LUA_REGISTRYINDEX, key);
    luaL_Stream *stream = lua_touserdata(L, -1);
    if (stream->closef == NULL)
        luaL_error(L, "default %s file is closed", key + sizeof KEY_PREFIX - 1);
    return stream->f; /* the handle stays on the stack and keeps it open */
}

/* ---- Opening ---- */

/* "r", "w" or "a", then "+", then "b", the last two optional. */
static bool is_mode(const char *mode) {
    if (*mode == '\0' || strchr("rwa", *mode) == NULL)
        return false;
    mode++;
    mode += *mode == '+';
    mode += *mode == 'b';
    return *mode == '\0';
}

static int io_open(lua_State *L) {
    const char *name = luaL_checkstring(L, 1);
    const char *mode = luaL_optstring(L, 2, "r");
    luaL_argcheck(L, is_mode(mode), 2, "invalid mode");
    return push_file(L, name, mode)->f != NULL ? 1 : luaL_fileresult(L, 0, name);
}

static int io_popen(lua_State *L) {
    const char *command = luaL_checkstring(L, 1);
    const char *mode = luaL_optstring(L, 2, "r");
    luaL_argcheck(L, (*mode == 'r' || *mode == 'w') && mode[1] == '\0', 2, "invalid mode");
    luaL_Stream *stream = push_stream(L);
    fflush(NULL); /* what was written so far shows before what the command writes */
    errno = 0;
    stream->f = popen(command, mode);
    if (stream->f == NULL && errno == ENOSYS)
        return luaL_error(L, "'popen' not supported");
    stream->closef = stream->f != NULL ? close_pipe : NULL;
    return stream->f != NULL ? 1 : luaL_fileresult(L, 0, command);
}

static int io_tmpfile(lua_State *L) {
    luaL_Stream *stream = push_stream(L);
    errno = 0;
    stream->f = tmpfile();
    stream->closef = stream->f != NULL ? close_file : NULL;
    return stream->f != NULL ? 1 : luaL_fileresult(L, 0, NULL);
}

/* io.input and io.output: sets the default file when there is an argument, returns it always. */
static int change_default(lua_State *L, const char *key, const char *mode) {
    if (!lua_isnoneornil(L, 1)) {
        const char *name = lua_tostring(L, 1);
        if (name != NULL) {
            push_file_or_raise(L, name, mode);
        } else {
            check_open(L);
            lua_pushvalue(L, 1);
        }
        lua_setfield(L, LUA_REGISTRYINDEX, key);
    }
    lua_getfield(L, LUA_REGISTRYINDEX, key);
    return 1;
}

static int io_input(lua_State *L) {
    return change_default(L, INPUT_KEY, "r");
}

static int io_output(lua_State *L) {
    return change_default(L, OUTPUT_KEY, "w");
}

static int io_type(lua_State *L) {
    luaL_checkany(L, 1);
    luaL_Stream *stream = luaL_testudata(L, 1, LUA_FILEHANDLE);
    if (stream == NULL)
        luaL_pushfail(L);
    else
        lua_pushstring(L, stream->closef != NULL ? "file" : "closed file");
    return 1;
}

/* ---- Closing ---- */

static int file_close(lua_State *L) {
    check_open(L);
    return close_stream(L);
}

static int io_close(lua_State *L) {
    if (lua_isnone(L, 1))
        lua_getfield(L, LUA_REGISTRYINDEX, OUTPUT_KEY);
    return file_close(L);
}

/* __gc and __close. Nobody sees what closing returns, so that data that could not be written any
 * more is at least a warning. */
static int file_finish(lua_State *L) {
    luaL_Stream *stream = check_stream(L);
    if (stream->closef == NULL || stream->f == NULL)
        return 0;
    lua_settop(L, 1); /* __close gets an error value too */
    bool is_file = stream->closef == close_file;
    close_stream(L);
    if (is_file && lua_isnil(L, 2)) {
        lua_warning(L, "error closing a file: ", 1);
        lua_warning(L, lua_tostring(L, 3), 0);
    }
    return 0;
}

static int file_tostring(lua_State *L) {
    luaL_Stream *stream = check_stream(L);
    if (stream->closef == NULL)
        lua_pushliteral(L, "file (closed)");
    else
        lua_pushfstring(L, "file (%p)", stream->f);
    return 1;
}

/* ---- Reading ---- */

/* A numeral while it is read from a file: the characters taken so far, and the next one, which is
 * given back to the file at the end. */
typedef struct Numeral {
    FILE *file;
    int next;
    size_t len;
    char text[MAX_NUMERAL + 1];
} Numeral;

/* Takes the next character. A numeral that is too long becomes an empty one, which is none. */
static bool take(Numeral *num) {
    if (num->len >= MAX_NUMERAL) {
        num->text[0] = '\0';
        return false;
    }
    num->text[num->len++] = (char)num->next;
    num->next = getc_unlocked(num->file);
    return true;
}

static bool take_one_of(Numeral *num, const char *set) {
    return num->next > 0 && strchr(set, num->next) != NULL && take(num);
}

static int take_digits(Numeral *num, bool hexadecimal) {
    int count = 0;
    while ((hexadecimal ? isxdigit(num->next) : isdigit(num->next)) && take(num))
        count++;
    return count;
}

/* Reads the longest prefix of the input that could be the beginning of a numeral, pushes the
 * number or fail. The prefix is gone from the input in either case. */
static bool read_number(lua_State *L, FILE *file) {
    Numeral num = {.file = file};
    char point[] = {lua_getlocaledecpoint(), '.', '\0'};
    bool hexadecimal = false;
    int digits = 0;
    neap_enter_blocking(L);
    flockfile(file);
    do
        num.next = getc_unlocked(file);
    while (isspace(num.next));
    take_one_of(&num, "-+");
    if (take_one_of(&num, "0")) {
        hexadecimal = take_one_of(&num, "xX");
        digits = !hexadecimal;
    }
    digits += take_digits(&num, hexadecimal);
    if (take_one_of(&num, point))
        digits += take_digits(&num, hexadecimal);
    if (digits > 0 && take_one_of(&num, hexadecimal ? "pP" : "eE")) {
        take_one_of(&num, "-+");
        take_digits(&num, false);
    }
    ungetc(num.next, file);
    funlockfile(file);
    neap_leave_blocking(L);
    if (num.len < MAX_NUMERAL || num.text[0] != '\0')
        num.text[num.len] = '\0';
    if (lua_stringtonumber(L, num.text))
        return true;
    lua_pushnil(L);
    return false;
}

/* fread, which may wait. */
static size_t read_block(lua_State *L, char *into, size_t want, FILE *file) {
    neap_enter_blocking(L);
    size_t got = fread(into, 1, want, file);
    neap_leave_blocking(L);
    return got;
}

/* getc_unlocked; says so when it has to ask the system, which may take long. */
static inline int next_char(lua_State *L, FILE *file) {
#ifdef __GLIBC__
    if (file->_IO_read_ptr < file->_IO_read_end)
        return getc_unlocked(file);
#endif
    neap_enter_blocking(L);
    int next = getc_unlocked(file);
    neap_leave_blocking(L);
    return next;
}

/* Pushes the next line, with its end when keep_end; false at the end of the file. */
static bool read_line(lua_State *L, FILE *file, bool keep_end) {
    luaL_Buffer line;
    int next = '\0';
    luaL_buffinit(L, &line);
    do { /* memory is asked for between the blocks only: an error must not leave the file locked */
        char *room = luaL_prepbuffer(&line);
        size_t used = 0;
        flockfile(file);
        while (used < LUAL_BUFFERSIZE && (next = next_char(L, file)) != EOF && next != '\n')
            room[used++] = (char)next;
        funlockfile(file);
        luaL_addsize(&line, used);
    } while (next != EOF && next != '\n');
    if (keep_end && next == '\n')
        luaL_addchar(&line, '\n');
    luaL_pushresult(&line);
    return next == '\n' || lua_rawlen(L, -1) > 0;
}

/* Bytes from here to the end of a regular file, so that one buffer will do; 0 when there is no
 * telling. Only a hint: the file may grow or shrink while it is read. */
static size_t rest_hint(FILE *file) {
    struct stat about;
    off_t at = ftello(file);
    if (at < 0 || fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode))
        return 0;
    return about.st_size > at ? (size_t)(about.st_size - at) : 0;
}

static void read_rest(lua_State *L, FILE *file) {
    luaL_Buffer all;
    size_t want = rest_hint(file) + 1, got; /* one more byte finds the end in the first read */
    luaL_buffinit(L, &all);
    do {
        if (want < LUAL_BUFFERSIZE)
            want = LUAL_BUFFERSIZE;
        got = read_block(L, luaL_prepbuffsize(&all, want), want, file);
        luaL_addsize(&all, got);
        if (got < want)
            break;
        want = luaL_bufflen(&all) < 1u << 20 ? luaL_bufflen(&all) : 1u << 20;
    } while (got > 0);
    luaL_pushresult(&all);
}

/* Pushes up to `count` characters; false when the file was at its end. A count far beyond the
 * size of the file costs no memory. */
static bool read_chars(lua_State *L, FILE *file, size_t count) {
    luaL_Buffer chars;
    luaL_buffinit(L, &chars);
    while (count > 0) {
        size_t want = count < 1u << 20 ? count : 1u << 20;
        size_t got = read_block(L, luaL_prepbuffsize(&chars, want), want, file);
        luaL_addsize(&chars, got);
        if (got < want)
            break;
        count -= want;
    }
    luaL_pushresult(&chars);
    return lua_rawlen(L, -1) > 0;
}

/* Pushes "" and tells whether there is more to read. */
static bool probe(lua_State *L, FILE *file) {
    neap_enter_blocking(L);
    int next = getc(file);
    neap_leave_blocking(L);
    ungetc(next, file); /* harmless for EOF */
    lua_pushliteral(L, "");
    return next != EOF;
}

/* Reads by the format at index `arg`; pushes one value; false when nothing could be read. */
static bool read_format(lua_State *L, FILE *file, int arg) {
    if (lua_type(L, arg) == LUA_TNUMBER) {
        lua_Integer count = luaL_checkinteger(L, arg);
        if (count < 0) { /* as a size it would be more than there can be */
            lua_pushliteral(L, "not enough memory");
            lua_error(L);
        }
        return count == 0 ? probe(L, file)
                          : read_chars(L, file, (lua_Unsigned)count < SIZE_MAX ? (size_t)count : SIZE_MAX);
    }
    const char *format = luaL_checkstring(L, arg);
    format += *format == '*'; /* as Lua 5.2 and before wrote formats */
    switch (*format) {
    case 'n':
        return read_number(L, file);
    case 'l':
        return read_line(L, file, false);
    case 'L':
        return read_line(L, file, true);
    case 'a':
        read_rest(L, file);
        return true;
    default:
        return luaL_argerror(L, arg, "invalid format");
    }
}

/* Reads by the formats at indices first, first + 1, ... (`count` of them, a line when none).
 * Returns the number of results; the last is fail when reading stopped there. */
static int read_formats(lua_State *L, FILE *file, int first, int count) {
    bool success = true;
    int results = 0;
    clearerr(file);
    errno = 0;
    if (count == 0) {
        success = read_line(L, file, false);
        results = 1;
    } else {
        luaL_checkstack(L, count + LUA_MINSTACK, "too many arguments");
        for (; results < count && success; results++)
            success = read_format(L, file, first + results);
    }
    if (ferror(file)) {
        int error = errno;
        clearerr(file); /* it has been told; at the end of the program it would pass for lost output */
        errno = error;
        return luaL_fileresult(L, 0, NULL);
    }
    if (!success) {
        lua_pop(L, 1);
        luaL_pushfail(L);
    }
    return results;
}

static int io_read(lua_State *L) {
    int count = lua_gettop(L);
    return read_formats(L, default_file(L, INPUT_KEY), 1, count);
}

static int file_read(lua_State *L) {
    return read_formats(L, check_open(L), 2, lua_gettop(L) - 1);
}

/* ---- Lines ---- */

/* The iterator. Upvalues: handle, number of formats, whether to close at the end, formats. */
static int next_line(lua_State *L) {
    luaL_Stream *stream = lua_touserdata(L, lua_upvalueindex(1));
    int count = (int)lua_tointeger(L, lua_upvalueindex(2));
    if (stream->closef == NULL)
        return luaL_error(L, "file is already closed");
    lua_settop(L, 1);
    luaL_checkstack(L, count, "too many arguments");
    for (int i = 1; i <= count; i++)
        lua_pushvalue(L, lua_upvalueindex(3 + i));
    int results = read_formats(L, stream->f, 2, count);
    if (lua_toboolean(L, -results))
        return results;
    if (results > 1) /* fail, message, code: a read error, not the end */
        return luaL_error(L, "%s", lua_tostring(L, -results + 1));
    if (lua_toboolean(L, lua_upvalueindex(3))) {
        lua_settop(L, 0);
        lua_pushvalue(L, lua_upvalueindex(1));
        close_stream(L);
    }
    return 0;
}

/* Stack: handle, formats. Replaces them by an iterator. */
static void push_lines(lua_State *L, bool close_at_end) {
    int count = lua_gettop(L) - 1;
    luaL_argcheck(L, count <= MAX_LINE_FORMATS, MAX_LINE_FORMATS + 2, "too many arguments");
    lua_pushvalue(L, 1);
    lua_insert(L, 2);
    lua_pushinteger(L, count);
    lua_insert(L, 3);
    lua_pushboolean(L, close_at_end);
    lua_insert(L, 4);
    lua_pushcclosure(L, next_line, 3 + count);
}

static int file_lines(lua_State *L) {
    check_open(L);
    push_lines(L, false);
    return 1;
}

static int io_lines(lua_State *L) {
    if (lua_isnone(L, 1))
        lua_pushnil(L);
    if (lua_isnil(L, 1)) {
        lua_getfield(L, LUA_REGISTRYINDEX, INPUT_KEY);
        lua_replace(L, 1);
        check_open(L);
        push_lines(L, false);
        return 1;
    }
    push_file_or_raise(L, luaL_checkstring(L, 1), "r");
    lua_replace(L, 1);
    push_lines(L, true);
    lua_pushnil(L);
    lua_pushnil(L);
    lua_pushvalue(L, 1); /* the loop's closing value: the file is closed however the loop ends */
    return 4;
}

/* ---- Writing ---- */

/* Writes the arguments from index `first` to `last`; the handle to return is on top. */
static int write_all(lua_State *L, FILE *file, int first, int last) {
    bool success = true;
    errno = 0;
    for (int arg = first; arg <= last; arg++) {
        if (lua_type(L, arg) == LUA_TNUMBER) {
            int put = lua_isinteger(L, arg)
                          ? fprintf(file, LUA_INTEGER_FMT, (LUAI_UACINT)lua_tointeger(L, arg))
                          : fprintf(file, LUA_NUMBER_FMT, (LUAI_UACNUMBER)lua_tonumber(L, arg));
            success = success && put > 0;
        } else {
            size_t len;
            const char *text = luaL_checklstring(L, arg, &len);
            success = success && fwrite(text, 1, len, file) == len;
        }
    }
    return success ? 1 : luaL_fileresult(L, 0, NULL);
}

static int io_write(lua_State *L) {
    int last = lua_gettop(L);
    return write_all(L, default_file(L, OUTPUT_KEY), 1, last);
}

static int file_write(lua_State *L) {
    FILE *file = check_open(L);
    int last = lua_gettop(L);
    lua_pushvalue(L, 1);
    return write_all(L, file, 2, last);
}

static int io_flush(lua_State *L) {
    FILE *file = default_file(L, OUTPUT_KEY);
    errno = 0;
    return luaL_fileresult(L, fflush(file) == 0, NULL);
}

static int file_flush(lua_State *L) {
    FILE *file = check_open(L);
    errno = 0;
    return luaL_fileresult(L, fflush(file) == 0, NULL);
}

/* ---- Position and buffering ---- */

static int file_seek(lua_State *L) {
    static const char *const names[] = {"set", "cur", "end", NULL};
    static const int origins[] = {SEEK_SET, SEEK_CUR, SEEK_END};
    FILE *file = check_open(L);
    int origin = origins[luaL_checkoption(L, 2, "cur", names)];
    lua_Integer wanted = luaL_optinteger(L, 3, 0);
    off_t offset = (off_t)wanted;
    luaL_argcheck(L, (lua_Integer)offset == wanted, 3, "not an integer in proper range");
    errno = 0;
    if (fseeko(file, offset, origin) != 0)
        return luaL_fileresult(L, 0, NULL);
    lua_pushinteger(L, (lua_Integer)ftello(file));
    return 1;
}

static int file_setvbuf(lua_State *L) {
    static const char *const names[] = {"no", "full", "line", NULL};
    static const int modes[] = {_IONBF, _IOFBF, _IOLBF};
    FILE *file = check_open(L);
    int mode = modes[luaL_checkoption(L, 2, NULL, names)];
    lua_Integer size = luaL_optinteger(L, 3, LUAL_BUFFERSIZE);
    errno = 0;
    return luaL_fileresult(L, setvbuf(file, NULL, mode, (size_t)size) == 0, NULL);
}

/* ---- The module ---- */

static const luaL_Reg functions[] = {
    {"close", io_close},
    {"flush", io_flush},
    {"input", io_input},
    {"lines", io_lines},
    {"open", io_open},
    {"output", io_output},
    {"popen", io_popen},
    {"read", io_read},
    {"tmpfile", io_tmpfile},
    {"type", io_type},
    {"write", io_write},
    {NULL, NULL},
};

static const luaL_Reg methods[] = {
    {"close", file_close},
    {"flush", file_flush},
    {"lines", file_lines},
    {"read", file_read},
    {"seek", file_seek},
    {"setvbuf", file_setvbuf},
    {"write", file_write},
    {NULL, NULL},
};

static const luaL_Reg metamethods[] = {
    {"__close", file_finish},
    {"__gc", file_finish},
    {"__index", NULL},
    {"__tostring", file_tostring},
    {NULL, NULL},
};

static void make_metatable(lua_State *L) {
    luaL_newmetatable(L, LUA_FILEHANDLE);
    luaL_setfuncs(L, metamethods, 0);
    luaL_newlib(L, methods);
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

/* Adds a standard file to the module on top, and to the registry when it is a default file. */
static void add_standard(lua_State *L, FILE *file, const char *key, const char *name) {
    luaL_Stream *stream = push_stream(L);
    stream->f = file;
    stream->closef = refuse_close;
    if (key != NULL) {
        lua_pushvalue(L, -1);
        lua_setfield(L, LUA_REGISTRYINDEX, key);
    }
    lua_setfield(L, -2, name);
}

LUAMOD_API int luaopen_io(lua_State *L) {
    luaL_newlib(L, functions);
    make_metatable(L);
    add_standard(L, stdin, INPUT_KEY, "stdin");
    add_standard(L, stdout, OUTPUT_KEY, "stdout");
    add_standard(L, stderr, NULL, "stderr");
    return 1;
}
