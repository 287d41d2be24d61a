/*
 * auxlib.c - the auxiliary library (include/lauxlib.h, manual section 5).
 *
 * Owns: argument checking and its messages, tracebacks, string buffers, references, chunk loading
 * from files and memory, module helpers, warnings to stderr, the panic function.
 * Does not: use anything of the runtime but the public C API. Every byte a buffer needs beyond
 * the C stack is a userdata of the state, so it is counted and limited like all other memory.
 *
 * Invariants:
 *  1. A luaL_Buffer owns exactly one stack slot from luaL_buffinit on: a placeholder while its
 *     bytes are in `init`, afterwards the userdata that holds them.
 *  2. No FILE opened here is left open when control leaves luaL_loadfilex; nothing between fopen
 *     and fclose can raise an error (lua_load is protected).
 */
#define LUA_LIB

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "lauxlib.h"
#include "lua.h"
#include "neap.h"

/* ---- Names of functions, tracebacks ---------------------------------------------------------- */

/* A long traceback shows this many of its first and last levels. */
#define TRACE_HEAD 10
#define TRACE_TAIL 11

/*
 * Looks for the value at absolute index `wanted` among the values of the table on top under
 * string keys. Leaves the key on top in place of the table and returns 1, or pops the table and
 * returns 0. With `prefix`, the result is "prefix.key".
 */
static int name_in_table(lua_State *L, int wanted, const char *prefix)
{
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING || !lua_rawequal(L, wanted, -1)) {
            continue;
        }
        lua_pop(L, 1);
        if (prefix != NULL) {
            lua_pushfstring(L, "%s.%s", prefix, lua_tostring(L, -1));
            lua_replace(L, -2);
        }
        lua_replace(L, -2);
        return 1;
    }
    lua_pop(L, 1);
    return 0;
}

/*
 * Pushes the name under which the function on top of the stack can be reached from
 * package.loaded ("print", "string.format"), replacing the function; 0 and only the function
 * popped when it is in no loaded module.
 */
static int replace_with_loaded_name(lua_State *L)
{
    int wanted = lua_gettop(L);

    luaL_checkstack(L, 8, "not enough stack");
    lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    if (!lua_istable(L, -1)) {
        lua_settop(L, wanted - 1);
        return 0;
    }
    for (lua_pushnil(L); lua_next(L, wanted + 1); lua_settop(L, wanted + 2)) {
        const char *module;
        int found;

        if (lua_type(L, -2) != LUA_TSTRING) {
            continue;
        }
        module = lua_tostring(L, -2);
        if (lua_rawequal(L, wanted, -1)) {
            lua_pushstring(L, module);
            found = 1;
        } else if (lua_istable(L, -1)) {
            /* Globals go by their bare name. */
            found = name_in_table(L, wanted, strcmp(module, LUA_GNAME) == 0 ? NULL : module);
        } else {
            continue;
        }
        if (found) {
            lua_replace(L, wanted);
            lua_settop(L, wanted);
            return 1;
        }
    }
    lua_settop(L, wanted - 1);
    return 0;
}

/* Pushes onto L the loaded name of the function that runs at `ar` in thread L1, or returns 0. */
static int push_loaded_name(lua_State *L, lua_State *L1, lua_Debug *ar)
{
    if (L != L1 && !lua_checkstack(L1, 1)) {
        return 0;
    }
    if (!lua_getinfo(L1, "f", ar)) {
        return 0;
    }
    if (L != L1) {
        lua_xmove(L1, L, 1);
    }
    return replace_with_loaded_name(L);
}

static void push_function_description(lua_State *L, lua_State *L1, lua_Debug *ar)
{
    if (push_loaded_name(L, L1, ar)) {
        lua_pushfstring(L, "function '%s'", lua_tostring(L, -1));
        lua_replace(L, -2);
    } else if (*ar->namewhat != '\0') {
        lua_pushfstring(L, "%s '%s'", ar->namewhat, ar->name);
    } else if (*ar->what == 'm') {
        lua_pushliteral(L, "main chunk");
    } else if (*ar->what == 'C') {
        lua_pushliteral(L, "?");
    } else {
        lua_pushfstring(L, "function <%s:%d>", ar->short_src, ar->linedefined);
    }
}

/* The deepest level that exists, -1 for an idle thread. Asking for a level may cost its depth. */
static int deepest_level(lua_State *L)
{
    lua_Debug ar;
    int known = -1;
    int beyond = 1;

    while (lua_getstack(L, beyond - 1, &ar)) {
        known = beyond - 1;
        beyond *= 2;
    }
    beyond--;
    while (beyond - known > 1) {
        int middle = known + (beyond - known) / 2;
        if (lua_getstack(L, middle, &ar)) {
            known = middle;
        } else {
            beyond = middle;
        }
    }
    return known;
}

LUALIB_API void luaL_traceback(lua_State *L, lua_State *L1, const char *msg, int level)
{
    luaL_Buffer text;
    lua_Debug ar;
    int last = deepest_level(L1);
    int cut = last - level > TRACE_HEAD + TRACE_TAIL ? level + TRACE_HEAD : -1;

    luaL_buffinit(L, &text);
    if (msg != NULL) {
        luaL_addstring(&text, msg);
        luaL_addchar(&text, '\n');
    }
    luaL_addstring(&text, "stack traceback:");
    for (; lua_getstack(L1, level, &ar); level++) {
        if (level == cut) {
            int skipped = last - level - TRACE_TAIL;
            lua_pushfstring(L, "\n\t...\t(skipping %d levels)", skipped);
            luaL_addvalue(&text);
            level += skipped;
            continue;
        }
        lua_getinfo(L1, "Slnt", &ar);
        if (ar.currentline > 0) {
            lua_pushfstring(L, "\n\t%s:%d: in ", ar.short_src, ar.currentline);
        } else {
            lua_pushfstring(L, "\n\t%s: in ", ar.short_src);
        }
        luaL_addvalue(&text);
        push_function_description(L, L1, &ar);
        luaL_addvalue(&text);
        if (ar.istailcall) {
            luaL_addstring(&text, "\n\t(...tail calls...)");
        }
    }
    luaL_pushresult(&text);
}

/* ---- Raising errors -------------------------------------------------------------------------- */

LUALIB_API int luaL_argerror(lua_State *L, int arg, const char *extramsg)
{
    lua_Debug ar;

    if (!lua_getstack(L, 0, &ar)) {
        return luaL_error(L, "bad argument #%d (%s)", arg, extramsg);
    }
    lua_getinfo(L, "n", &ar);
    if (strcmp(ar.namewhat, "method") == 0) {
        arg--; /* the object before the ':' is not counted */
        if (arg == 0) {
            return luaL_error(L, "calling '%s' on bad self (%s)", ar.name, extramsg);
        }
    }
    if (ar.name == NULL) {
        ar.name = push_loaded_name(L, L, &ar) ? lua_tostring(L, -1) : "?";
    }
    return luaL_error(L, "bad argument #%d to '%s' (%s)", arg, ar.name, extramsg);
}

LUALIB_API int luaL_typeerror(lua_State *L, int arg, const char *tname)
{
    const char *got;

    if (luaL_getmetafield(L, arg, "__name") == LUA_TSTRING) {
        got = lua_tostring(L, -1);
    } else if (lua_type(L, arg) == LUA_TLIGHTUSERDATA) {
        got = "light userdata";
    } else {
        got = luaL_typename(L, arg);
    }
    return luaL_argerror(L, arg, lua_pushfstring(L, "%s expected, got %s", tname, got));
}

static void wrong_type(lua_State *L, int arg, int tag)
{
    luaL_typeerror(L, arg, lua_typename(L, tag));
}

LUALIB_API void luaL_where(lua_State *L, int lvl)
{
    lua_Debug ar;

    if (lua_getstack(L, lvl, &ar)) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline > 0) {
            lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
            return;
        }
    }
    lua_pushliteral(L, "");
}

LUALIB_API int luaL_error(lua_State *L, const char *fmt, ...)
{
    va_list args;

    luaL_where(L, 1);
    va_start(args, fmt);
    lua_pushvfstring(L, fmt, args);
    va_end(args);
    lua_concat(L, 2);
    return lua_error(L);
}

LUALIB_API int luaL_fileresult(lua_State *L, int stat, const char *fname)
{
    int code = errno; /* before any call that could change it */
    const char *reason;

    if (stat) {
        lua_pushboolean(L, 1);
        return 1;
    }
    reason = code != 0 ? strerror(code) : "(no extra info)";
    luaL_pushfail(L);
    if (fname != NULL) {
        lua_pushfstring(L, "%s: %s", fname, reason);
    } else {
        lua_pushstring(L, reason);
    }
    lua_pushinteger(L, code);
    return 3;
}

LUALIB_API int luaL_execresult(lua_State *L, int stat)
{
    const char *how = "exit";

    if (stat != 0 && errno != 0) {
        return luaL_fileresult(L, 0, NULL);
    }
    if (WIFEXITED(stat)) {
        stat = WEXITSTATUS(stat);
    } else if (WIFSIGNALED(stat)) {
        stat = WTERMSIG(stat);
        how = "signal";
    }
    if (*how == 'e' && stat == 0) {
        lua_pushboolean(L, 1);
    } else {
        luaL_pushfail(L);
    }
    lua_pushstring(L, how);
    lua_pushinteger(L, stat);
    return 3;
}

/* ---- Userdata types -------------------------------------------------------------------------- */

LUALIB_API int luaL_newmetatable(lua_State *L, const char *tname)
{
    if (luaL_getmetatable(L, tname) != LUA_TNIL) {
        return 0;
    }
    lua_pop(L, 1);
    lua_createtable(L, 0, 2);
    lua_pushstring(L, tname);
    lua_setfield(L, -2, "__name");
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, tname);
    return 1;
}

LUALIB_API void luaL_setmetatable(lua_State *L, const char *tname)
{
    luaL_getmetatable(L, tname);
    lua_setmetatable(L, -2);
}

LUALIB_API void *luaL_testudata(lua_State *L, int ud, const char *tname)
{
    void *block = lua_touserdata(L, ud);

    if (block == NULL || !lua_getmetatable(L, ud)) {
        return NULL;
    }
    luaL_getmetatable(L, tname);
    if (!lua_rawequal(L, -1, -2)) {
        block = NULL;
    }
    lua_pop(L, 2);
    return block;
}

LUALIB_API void *luaL_checkudata(lua_State *L, int ud, const char *tname)
{
    void *block = luaL_testudata(L, ud, tname);

    luaL_argexpected(L, block != NULL, ud, tname);
    return block;
}

/* ---- Arguments ------------------------------------------------------------------------------- */

LUALIB_API int luaL_checkoption(lua_State *L, int arg, const char *def, const char *const lst[])
{
    const char *given = def != NULL ? luaL_optstring(L, arg, def) : luaL_checkstring(L, arg);
    int i;

    for (i = 0; lst[i] != NULL; i++) {
        if (strcmp(lst[i], given) == 0) {
            return i;
        }
    }
    return luaL_argerror(L, arg, lua_pushfstring(L, "invalid option '%s'", given));
}

LUALIB_API void luaL_checkstack(lua_State *L, int sz, const char *msg)
{
    if (l_likely(lua_checkstack(L, sz))) {
        return;
    }
    if (msg != NULL) {
        luaL_error(L, "stack overflow (%s)", msg);
    } else {
        luaL_error(L, "stack overflow");
    }
}

LUALIB_API void luaL_checktype(lua_State *L, int arg, int t)
{
    if (l_unlikely(lua_type(L, arg) != t)) {
        wrong_type(L, arg, t);
    }
}

LUALIB_API void luaL_checkany(lua_State *L, int arg)
{
    if (l_unlikely(lua_type(L, arg) == LUA_TNONE)) {
        luaL_argerror(L, arg, "value expected");
    }
}

LUALIB_API const char *luaL_checklstring(lua_State *L, int arg, size_t *len)
{
    const char *text = lua_tolstring(L, arg, len);

    if (l_unlikely(text == NULL)) {
        wrong_type(L, arg, LUA_TSTRING);
    }
    return text;
}

LUALIB_API const char *luaL_optlstring(lua_State *L, int arg, const char *def, size_t *len)
{
    if (!lua_isnoneornil(L, arg)) {
        return luaL_checklstring(L, arg, len);
    }
    if (len != NULL) {
        *len = def != NULL ? strlen(def) : 0;
    }
    return def;
}

LUALIB_API lua_Number luaL_checknumber(lua_State *L, int arg)
{
    int ok;
    lua_Number value = lua_tonumberx(L, arg, &ok);

    if (l_unlikely(!ok)) {
        wrong_type(L, arg, LUA_TNUMBER);
    }
    return value;
}

LUALIB_API lua_Number luaL_optnumber(lua_State *L, int arg, lua_Number def)
{
    return luaL_opt(L, luaL_checknumber, arg, def);
}

LUALIB_API lua_Integer luaL_checkinteger(lua_State *L, int arg)
{
    int ok;
    lua_Integer value = lua_tointegerx(L, arg, &ok);

    if (l_unlikely(!ok)) {
        if (lua_isnumber(L, arg)) {
            luaL_argerror(L, arg, "number has no integer representation");
        } else {
            wrong_type(L, arg, LUA_TNUMBER);
        }
    }
    return value;
}

LUALIB_API lua_Integer luaL_optinteger(lua_State *L, int arg, lua_Integer def)
{
    return luaL_opt(L, luaL_checkinteger, arg, def);
}

/* ---- Metafields and conversion --------------------------------------------------------------- */

LUALIB_API int luaL_getmetafield(lua_State *L, int obj, const char *e)
{
    int type;

    if (!lua_getmetatable(L, obj)) {
        return LUA_TNIL;
    }
    lua_pushstring(L, e);
    type = lua_rawget(L, -2);
    if (type == LUA_TNIL) {
        lua_pop(L, 2);
    } else {
        lua_remove(L, -2);
    }
    return type;
}

LUALIB_API int luaL_callmeta(lua_State *L, int obj, const char *e)
{
    obj = lua_absindex(L, obj);
    if (luaL_getmetafield(L, obj, e) == LUA_TNIL) {
        return 0;
    }
    lua_pushvalue(L, obj);
    lua_call(L, 1, 1);
    return 1;
}

LUALIB_API const char *luaL_tolstring(lua_State *L, int idx, size_t *len)
{
    idx = lua_absindex(L, idx);
    if (luaL_callmeta(L, idx, "__tostring")) {
        if (!lua_isstring(L, -1)) {
            luaL_error(L, "'__tostring' must return a string");
        }
        return lua_tolstring(L, -1, len);
    }
    switch (lua_type(L, idx)) {
    case LUA_TSTRING:
        lua_pushvalue(L, idx);
        break;
    case LUA_TNUMBER:
        /* On a copy, or the original would turn into a string. */
        lua_pushvalue(L, idx);
        lua_tostring(L, -1);
        break;
    case LUA_TBOOLEAN:
        lua_pushstring(L, lua_toboolean(L, idx) ? "true" : "false");
        break;
    case LUA_TNIL:
        lua_pushliteral(L, "nil");
        break;
    default: {
        int type = luaL_getmetafield(L, idx, "__name");
        const char *kind = type == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, idx);

        lua_pushfstring(L, "%s: %p", kind, lua_topointer(L, idx));
        if (type != LUA_TNIL) {
            lua_remove(L, -2);
        }
        break;
    }
    }
    return lua_tolstring(L, -1, len);
}

LUALIB_API lua_Integer luaL_len(lua_State *L, int idx)
{
    lua_Integer length;
    int ok;

    lua_len(L, idx);
    length = lua_tointegerx(L, -1, &ok);
    if (l_unlikely(!ok)) {
        luaL_error(L, "object length is not an integer");
    }
    lua_pop(L, 1);
    return length;
}

/* ---- String buffers -------------------------------------------------------------------------- */

LUALIB_API void luaL_buffinit(lua_State *L, luaL_Buffer *B)
{
    B->L = L;
    B->b = B->init.b;
    B->size = LUAL_BUFFERSIZE;
    B->n = 0;
    lua_pushlightuserdata(L, B);
}

/*
 * Room for sz more bytes in a buffer whose slot is at relative index `slot`. The block doubles:
 * the blocks it leaves behind are garbage, together no larger than the one in use.
 */
static char *make_room(luaL_Buffer *B, size_t sz, int slot)
{
    lua_State *L = B->L;
    size_t size;
    char *block;

    if (l_likely(B->size - B->n >= sz)) {
        return B->b + B->n;
    }
    if (l_unlikely(SIZE_MAX - B->n < sz)) {
        luaL_error(L, "buffer too large");
    }
    size = B->size <= SIZE_MAX / 2 ? B->size * 2 : B->n + sz;
    if (size < B->n + sz) {
        size = B->n + sz;
    }
    block = lua_newuserdatauv(L, size, 0);
    memcpy(block, B->b, B->n);
    lua_replace(L, slot - 1); /* -1: the new block is above it */
    B->b = block;
    B->size = size;
    return block + B->n;
}

LUALIB_API char *luaL_prepbuffsize(luaL_Buffer *B, size_t sz)
{
    return make_room(B, sz, -1);
}

LUALIB_API char *luaL_buffinitsize(lua_State *L, luaL_Buffer *B, size_t sz)
{
    luaL_buffinit(L, B);
    return make_room(B, sz, -1);
}

LUALIB_API void luaL_addlstring(luaL_Buffer *B, const char *s, size_t l)
{
    if (l > 0) { /* s may be NULL with no bytes, which memcpy does not allow */
        memcpy(make_room(B, l, -1), s, l);
        luaL_addsize(B, l);
    }
}

LUALIB_API void luaL_addstring(luaL_Buffer *B, const char *s)
{
    luaL_addlstring(B, s, strlen(s));
}

LUALIB_API void luaL_addvalue(luaL_Buffer *B)
{
    size_t length;
    const char *text = lua_tolstring(B->L, -1, &length);

    memcpy(make_room(B, length, -2), text, length);
    luaL_addsize(B, length);
    lua_pop(B->L, 1);
}

LUALIB_API void luaL_pushresult(luaL_Buffer *B)
{
    lua_State *L = B->L;

    if (B->b == B->init.b) { /* the slot keeps nothing */
        lua_pop(L, 1);
        lua_pushlstring(L, B->b, B->n);
    } else {
        lua_pushlstring(L, B->b, B->n);
        lua_replace(L, -2);
    }
}

LUALIB_API void luaL_pushresultsize(luaL_Buffer *B, size_t sz)
{
    luaL_addsize(B, sz);
    luaL_pushresult(B);
}

LUALIB_API void luaL_addgsub(luaL_Buffer *B, const char *s, const char *p, const char *r)
{
    size_t length = strlen(p);
    const char *hit;

    for (; (hit = strstr(s, p)) != NULL; s = hit + length) {
        luaL_addlstring(B, s, (size_t)(hit - s));
        luaL_addstring(B, r);
    }
    luaL_addstring(B, s);
}

LUALIB_API const char *luaL_gsub(lua_State *L, const char *s, const char *p, const char *r)
{
    luaL_Buffer text;

    luaL_buffinit(L, &text);
    luaL_addgsub(&text, s, p, r);
    luaL_pushresult(&text);
    return lua_tostring(L, -1);
}

/* ---- References ------------------------------------------------------------------------------ */

/*
 * Freed references form a list: this key holds the first one (0: none), each freed key the next.
 * It follows the registry's reserved keys, so the registry itself can be the table.
 */
#define FREE_LIST (LUA_RIDX_LAST + 1)

LUALIB_API int luaL_ref(lua_State *L, int t)
{
    int ref;

    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return LUA_REFNIL;
    }
    t = lua_absindex(L, t);
    if (lua_rawgeti(L, t, FREE_LIST) == LUA_TNIL) {
        ref = 0;
        lua_pushinteger(L, 0);
        lua_rawseti(L, t, FREE_LIST);
    } else {
        ref = (int)lua_tointeger(L, -1);
    }
    lua_pop(L, 1);
    if (ref != 0) {
        lua_rawgeti(L, t, ref);
        lua_rawseti(L, t, FREE_LIST);
    } else {
        ref = (int)lua_rawlen(L, t) + 1;
    }
    lua_rawseti(L, t, ref);
    return ref;
}

LUALIB_API void luaL_unref(lua_State *L, int t, int ref)
{
    if (ref < 0) {
        return;
    }
    t = lua_absindex(L, t);
    lua_rawgeti(L, t, FREE_LIST);
    lua_rawseti(L, t, ref);
    lua_pushinteger(L, ref);
    lua_rawseti(L, t, FREE_LIST);
}

/* ---- Loading chunks -------------------------------------------------------------------------- */

typedef struct FileReader {
    FILE *file;
    int error;           /* errno of a failed read, 0 while all is well */
    int owes_newline;    /* a first line was skipped: the text keeps its line numbers */
    size_t start;        /* unread bytes of `block` are start .. end - 1 */
    size_t end;
    char block[BUFSIZ];
} FileReader;

/* Reads the next block; 0 at the end of the file and after an error. */
static int fill_block(FileReader *reader)
{
    reader->start = 0;
    reader->end = fread(reader->block, 1, sizeof(reader->block), reader->file);
    if (reader->end == 0 && ferror(reader->file)) {
        reader->error = errno != 0 ? errno : EIO;
    }
    return reader->end > 0;
}

/* Passes over a byte order mark and a first line that starts with '#'. */
static void skip_heading(FileReader *reader)
{
    if (!fill_block(reader)) {
        return;
    }
    if (reader->end >= 3 && memcmp(reader->block, "\xEF\xBB\xBF", 3) == 0) {
        reader->start = 3;
    }
    if (reader->start == reader->end || reader->block[reader->start] != '#') {
        return;
    }
    reader->owes_newline = 1;
    do {
        const char *rest = reader->block + reader->start;
        const char *newline = memchr(rest, '\n', reader->end - reader->start);

        if (newline != NULL) {
            reader->start = (size_t)(newline - reader->block) + 1;
            if (reader->start == reader->end) {
                fill_block(reader);
            }
            break;
        }
    } while (fill_block(reader));
    /* Nothing may stand in front of a binary chunk's signature. */
    if (reader->start < reader->end && reader->block[reader->start] == LUA_SIGNATURE[0]) {
        reader->owes_newline = 0;
    }
}

static const char *read_file(lua_State *L, void *ud, size_t *size)
{
    FileReader *reader = ud;
    const char *piece;

    if (reader->owes_newline) {
        reader->owes_newline = 0;
        *size = 1;
        return "\n";
    }
    if (reader->start == reader->end && (reader->error != 0 || !fill_block(reader))) {
        *size = 0;
        return NULL;
    }
    piece = reader->block + reader->start;
    *size = reader->end - reader->start;
    reader->start = reader->end;
    return piece;
}

/* Replaces the chunk name at index `name` by the message; the file's name is its tail. */
static int file_error(lua_State *L, const char *verb, int name, int code)
{
    const char *file = lua_tostring(L, name) + 1;

    if (code != 0) {
        lua_pushfstring(L, "cannot %s %s: %s", verb, file, strerror(code));
    } else {
        lua_pushfstring(L, "cannot %s %s", verb, file);
    }
    lua_replace(L, name);
    lua_settop(L, name);
    return LUA_ERRFILE;
}

LUALIB_API int luaL_loadfilex(lua_State *L, const char *filename, const char *mode)
{
    FileReader reader;
    int name = lua_gettop(L) + 1;
    int status;

    reader.error = 0;
    reader.owes_newline = 0;
    reader.start = reader.end = 0;
    if (filename == NULL) {
        lua_pushliteral(L, "=stdin");
        reader.file = stdin;
    } else {
        lua_pushfstring(L, "@%s", filename);
        errno = 0;
        reader.file = fopen(filename, "rb");
        if (reader.file == NULL) {
            return file_error(L, "open", name, errno);
        }
    }
    errno = 0;
    skip_heading(&reader);
    status = lua_load(L, read_file, &reader, lua_tostring(L, name), mode);
    if (filename != NULL) {
        fclose(reader.file);
    }
    if (reader.error != 0) {
        return file_error(L, "read", name, reader.error);
    }
    lua_remove(L, name);
    return status;
}

typedef struct MemoryReader {
    const char *bytes;
    size_t size; /* 0 once they have been handed over */
} MemoryReader;

static const char *read_memory(lua_State *L, void *ud, size_t *size)
{
    MemoryReader *reader = ud;

    *size = reader->size;
    reader->size = 0;
    return *size > 0 ? reader->bytes : NULL;
}

LUALIB_API int luaL_loadbufferx(lua_State *L, const char *buff, size_t sz, const char *name,
                                const char *mode)
{
    MemoryReader reader;

    reader.bytes = buff;
    reader.size = sz;
    return lua_load(L, read_memory, &reader, name, mode);
}

LUALIB_API int luaL_loadstring(lua_State *L, const char *s)
{
    return luaL_loadbufferx(L, s, strlen(s), s, NULL);
}

/* ---- Tables and modules ---------------------------------------------------------------------- */

LUALIB_API void luaL_setfuncs(lua_State *L, const luaL_Reg *l, int nup)
{
    luaL_checkstack(L, nup + 1, "too many upvalues");
    for (; l->name != NULL; l++) {
        if (l->func == NULL) {
            lua_pushboolean(L, 0);
        } else {
            int i;
            for (i = 0; i < nup; i++) {
                lua_pushvalue(L, -nup);
            }
            lua_pushcclosure(L, l->func, nup);
        }
        lua_setfield(L, -(nup + 2), l->name);
    }
    lua_pop(L, nup);
}

LUALIB_API int luaL_getsubtable(lua_State *L, int idx, const char *fname)
{
    if (lua_getfield(L, idx, fname) == LUA_TTABLE) {
        return 1;
    }
    lua_pop(L, 1);
    idx = lua_absindex(L, idx);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, idx, fname);
    return 0;
}

LUALIB_API void luaL_requiref(lua_State *L, const char *modname, lua_CFunction openf, int glb)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    lua_getfield(L, -1, modname);
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        lua_pushcfunction(L, openf);
        lua_pushstring(L, modname);
        lua_call(L, 1, 1);
        lua_pushvalue(L, -1);
        lua_setfield(L, -3, modname);
    }
    lua_remove(L, -2);
    if (glb) {
        lua_pushvalue(L, -1);
        lua_setglobal(L, modname);
    }
}

/* ---- New states, warnings, versions ---------------------------------------------------------- */

static int report_panic(lua_State *L)
{
    const char *text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1)
                                                      : "error object is not a string";

    lua_writestringerror("PANIC: unprotected error in call to Lua API (%s)\n", text);
    return 0; /* the runtime aborts */
}

/*
 * Warnings: which function is installed is the state. Off drops everything but the control
 * messages; on starts a warning; more continues one whose last piece announced another. The
 * lua_State is the function's ud, because only it can switch functions.
 */
static void warn_off(void *ud, const char *message, int tocont);
static void warn_on(void *ud, const char *message, int tocont);

/* Takes in "@on" and "@off"; 1 for any control message, those not known included. */
static int obey_control(lua_State *L, const char *message, int tocont)
{
    if (tocont || message[0] != '@') {
        return 0;
    }
    if (strcmp(message, "@on") == 0) {
        lua_setwarnf(L, warn_on, L);
    } else if (strcmp(message, "@off") == 0) {
        lua_setwarnf(L, warn_off, L);
    }
    return 1;
}

static void warn_off(void *ud, const char *message, int tocont)
{
    obey_control(ud, message, tocont);
}

static void warn_more(void *ud, const char *message, int tocont)
{
    lua_State *L = ud;

    lua_writestringerror("%s", message);
    if (tocont) {
        lua_setwarnf(L, warn_more, L);
    } else {
        lua_writestringerror("%s", "\n");
        lua_setwarnf(L, warn_on, L);
    }
}

static void warn_on(void *ud, const char *message, int tocont)
{
    if (!obey_control(ud, message, tocont)) {
        lua_writestringerror("%s", "Lua warning: ");
        warn_more(ud, message, tocont);
    }
}

/* For modules that take their memory from lua_getallocf. */
static void *from_libc(void *ud, void *block, size_t old_size, size_t new_size)
{
    (void)ud, (void)old_size;
    if (new_size != 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

LUALIB_API lua_State *luaL_newstate(void)
{
    lua_State *L = lua_newstate(NULL, NULL);

    if (l_likely(L != NULL)) {
        neap_setmodulealloc(L, from_libc, NULL);
        lua_atpanic(L, report_panic);
        lua_setwarnf(L, warn_off, L);
    }
    return L;
}

LUALIB_API void luaL_checkversion_(lua_State *L, lua_Number ver, size_t sz)
{
    lua_Number ours = lua_version(L);

    if (sz != LUAL_NUMSIZES) {
        luaL_error(L, "core and library have incompatible numeric types");
    } else if (ours != ver) {
        luaL_error(L, "version mismatch: app. needs %f, Lua core provides %f",
                   (LUAI_UACNUMBER)ver, (LUAI_UACNUMBER)ours);
    }
}
