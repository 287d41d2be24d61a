/* api_load.c: lua_load and lua_dump, the C API's ways between chunks and functions.
 *
 * They stand here because they are the two functions of the API that need the compiler or the chunk
 * format; nothing in runtime/ may include compiler/.
 * Does not: read, compile or write chunks itself (load.c, runtime/bcio.c). */
#include "compiler/load.h"
#include "runtime/api.h"
#include "runtime/bcio.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/table.h"

LUA_API int lua_load(lua_State *L, lua_Reader reader, void *dt, const char *chunkname, const char *mode) {
    NP_API_ENTER(L);
    NP_API_ROOM(L);
    NP_API_CHECK(reader != NULL, "no reader");
    int status = np_load(L, reader, dt, chunkname ? chunkname : "?", mode);
    if (status != LUA_OK) return status;
    NpLClosure *closure = np_lcl(L->top - 1);
    if (closure->nupvalues >= 1) { /* a main function's first upvalue is _ENV */
        NpValue globals;
        np_table_get_int(np_tab(&L->global->registry), LUA_RIDX_GLOBALS, &globals);
        np_copy(closure->upvalue[0]->at, &globals);
        np_barrier(L->global, closure->upvalue[0], &globals);
    }
    np_gc_check(L);
    return status;
}

LUA_API int lua_dump(lua_State *L, lua_Writer writer, void *data, int strip) {
    NP_API_ENTER(L);
    NP_API_NEED(L, 1);
    const NpValue *func = L->top - 1;
    if (func->tag != NP_LCLOSURE) return 1;
    return np_dump(L, np_lcl(func)->proto, writer, data, strip != 0);
}
