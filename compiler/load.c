/* load.c: loading chunks.
 *
 * Owns: reading the pieces, telling text from binary, the order of the compiler's stages, and the
 *       scratch that the tree lives in, which is freed whatever happens.
 * Does not: set upvalues to the globals (lua_load does), or check bytecode (bcverify.c).
 *
 * The whole source is gathered first: the reader may run Lua code, which may collect, and nothing of the
 * compiler's may be alive then but what is on the Lua stack. The gathered bytes are a userdata there; those of a large
 * source are in pieces of their own, which become one text at the end, each given back as it is copied.
 * From then on nothing collects until the closure is on the stack, allocations that fail do not either; but then
 * everything but the text is given up, and after a collection the text is compiled once more.
 */
#include <stdio.h>

#include "compiler/load.h"

#include "compiler/parse.h"
#include "runtime/bcio.h"
#include "runtime/call.h"
#include "runtime/dbg.h"
#include "runtime/disasm.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mem_os.h"
#include "runtime/strings.h"

typedef struct Loader {
    lua_Reader reader;
    void *data;
    const char *chunk_name, *mode;
    ptrdiff_t slot;      /* of the gathered bytes on the stack, as np_stack_save */
    size_t used, capacity; /* of the userdata there */
    struct Piece *pieces;  /* what follows those, newest first; or NULL */
    char *text;            /* of a large source, when it is gathered: all of it; or NULL */
    size_t length, text_bytes; /* of the source; of the memory at text */
    NpScratch scratch, tree; /* of the compiler: what lives until the end, and what goes with a statement */
} Loader;

/* ---- gathering ---- */

enum {
    LARGE = 1 << 16,        /* so many bytes are gathered in a userdata */
    LARGEST_PIECE = 1 << 20 /* bytes; the first has LARGE, the others double */
};
typedef struct Piece {
    struct Piece *next;
    size_t used, bytes; /* bytes: with this */
} Piece;

static char *gathered(lua_State *L, Loader *loader) {
    return loader->text ? loader->text : np_udata_block(np_udata(np_stack_at(L, loader->slot)));
}

static void *take_memory(lua_State *L, size_t bytes) {
    NpMem *mem = np_heap_mem(&L->global->heap);
    void *block;
    if (sysAlloc(mem, bytes, &block) == 0) return block;
    if (np_gc_emergency(L, bytes) && sysAlloc(mem, bytes, &block) == 0) return block;
    np_err_memory(L);
}

static void free_memory(lua_State *L, void *block, size_t bytes) {
    np_mem_discard_ready(np_heap_mem(&L->global->heap), block, bytes);
}

static void free_gathered(lua_State *L, Loader *loader) {
    for (Piece *piece = loader->pieces, *next; piece; piece = next) {
        next = piece->next;
        free_memory(L, piece, piece->bytes);
    }
    loader->pieces = NULL;
    if (loader->text) free_memory(L, loader->text, loader->text_bytes);
    loader->text = NULL;
}

/* A userdata of that size, without user values or metatable. */
static void new_block(lua_State *L, NpValue *slot, size_t size) {
    NpUdata *udata;
    if (size > SIZE_MAX - sizeof *udata) np_err_memory(L);
    udata = np_mem_obj(L, sizeof *udata + size, NP_UDATA);
    udata->nuservalues = 0;
    udata->size = size;
    udata->metatable = NULL;
    np_set_obj(slot, udata, NP_UDATA);
}

/* Makes room for `size` more bytes and the NUL that ends the text. */
static void reserve(lua_State *L, Loader *loader, size_t size) {
    size_t wanted;
    NpValue fresh;
    if (loader->capacity > loader->used && loader->capacity - loader->used > size) return;
    if (size >= SIZE_MAX / 2 - loader->used) np_err_memory(L);
    wanted = loader->used + size + 1;
    if (loader->used && wanted < loader->capacity * 2) wanted = loader->capacity * 2;
    new_block(L, &fresh, wanted);
    if (loader->used) memcpy(np_udata_block(np_udata(&fresh)), gathered(L, loader), loader->used);
    np_copy(np_stack_at(L, loader->slot), &fresh);
    loader->capacity = wanted;
}

/* More of a large source. */
static void append(lua_State *L, Loader *loader, const char *bytes, size_t size) {
    while (size > 0) {
        Piece *piece = loader->pieces;
        size_t room = piece ? piece->bytes - sizeof *piece - piece->used : 0;
        if (room == 0) {
            size_t wanted = piece ? piece->bytes * 2 : LARGE;
            if (wanted > LARGEST_PIECE) wanted = LARGEST_PIECE;
            piece = take_memory(L, wanted);
            piece->next = loader->pieces;
            piece->used = 0;
            piece->bytes = wanted;
            loader->pieces = piece;
            room = wanted - sizeof *piece;
        }
        if (room > size) room = size;
        memcpy((char *)(piece + 1) + piece->used, bytes, room);
        piece->used += room;
        loader->length += room;
        bytes += room;
        size -= room;
    }
}

/* Makes one text of the userdata and the pieces, from the end to the beginning. */
static void join(lua_State *L, Loader *loader) {
    const size_t bytes = NP_ALIGN_UP(loader->length + 1, np_os_page_size());
    char *text = take_memory(L, bytes), *end = text + loader->length;
    *end = '\0';
    while (loader->pieces) {
        Piece *piece = loader->pieces;
        end -= piece->used;
        memcpy(end, piece + 1, piece->used);
        loader->pieces = piece->next;
        free_memory(L, piece, piece->bytes);
    }
    memcpy(text, gathered(L, loader), loader->used);
    np_set_nil(np_stack_at(L, loader->slot));
    loader->text = text;
    loader->text_bytes = bytes;
}

static void gather(lua_State *L, Loader *loader) {
    np_stack_need(L, 1);
    loader->slot = np_stack_save(L, L->top);
    np_set_nil(L->top);
    L->top++;
    for (;;) {
        size_t size = 0;
        const char *piece = loader->reader(L, loader->data, &size);
        np_gate_pass(L);
        if (!piece || size == 0) break;
        if (loader->pieces || (loader->used > 0 && loader->used + size > LARGE)) {
            append(L, loader, piece, size);
            continue;
        }
        reserve(L, loader, size);
        memcpy(gathered(L, loader) + loader->used, piece, size);
        loader->used += size;
        loader->length = loader->used;
    }
    if (loader->pieces) {
        join(L, loader);
        return;
    }
    reserve(L, loader, 0);
    gathered(L, loader)[loader->used] = '\0';
}

/* ---- compiling ---- */

static void check_mode(lua_State *L, const Loader *loader, const char *form) {
    if (!loader->mode || strchr(loader->mode, form[0])) return;
    np_err_format(L, "attempt to load a %s chunk (mode is '%s')", form, loader->mode);
    np_err_throw(L, LUA_ERRSYNTAX);
}

static NpProto *compile(lua_State *L, Loader *loader) {
    enum { FIRST_TREE = 2048 }; /* bytes: what most statements need is in the first chunk of the other scratch */
    NpParse parse;
    NpGen gen = {.L = L, .scratch = &loader->scratch, .tree = &loader->tree};
    char chunk_id[LUA_IDSIZE];
    NpString *source = np_string_from(L, loader->chunk_name);
    memset(&parse, 0, sizeof parse);
    np_err_chunk_id(chunk_id, source->text, source->length);
    loader->tree.cur = np_scratch_alloc(&loader->scratch, FIRST_TREE);
    if (!loader->tree.cur) np_err_memory(L);
    loader->tree.end = loader->tree.cur + FIRST_TREE;
    gen.source = source;
    parse.scratch = &loader->scratch;
    parse.tree = &loader->tree;
    parse.generator = &gen;
    parse.source = gathered(L, loader);
    parse.length = loader->length;
    parse.chunk_id = chunk_id;
    parse.terminated = true;
    if (!np_parse(&parse)) {
        if (parse.out_of_memory || !parse.error) np_err_memory(L);
        np_err_format(L, "%s", parse.error);
        np_err_throw(L, LUA_ERRSYNTAX);
    }
    return parse.proto;
}

static void print_listing(void *ctx, const char *text, size_t length) {
    (void)ctx;
    fwrite(text, 1, length, stderr);
}

static void translate(lua_State *L, void *arg) {
    Loader *loader = arg;
    NpProto *proto;
    NpLClosure *closure;
    if (loader->length && gathered(L, loader)[0] == LUA_SIGNATURE[0]) {
        check_mode(L, loader, "binary");
        proto = np_undump(L, gathered(L, loader), loader->length, loader->chunk_name);
    } else {
        check_mode(L, loader, "text");
        proto = compile(L, loader);
    }
    if (np_dbg_on(dumpcode)) np_disasm(proto, true, print_listing, NULL);
    closure = np_func_new_lua(L, proto);
    np_func_init_upvalues(L, closure);
    np_set_obj(np_stack_at(L, loader->slot), closure, NP_LCLOSURE);
    L->top = np_stack_at(L, loader->slot) + 1;
}

/* The error, if any, is left as it was thrown. */
static int try_to_translate(lua_State *L, Loader *loader) {
    NpLimit *limit = &L->global->limit;
    int status;
    limit->no_collect++;
    status = np_err_protect(L, translate, loader);
    limit->no_collect--;
    return status;
}

static void load(lua_State *L, void *arg) {
    Loader *loader = arg;
    ptrdiff_t errfunc = L->errfunc;
    int status;
    np_call_enter_c(L); /* a level of its own, so that no pcall in the reader takes this for the call it is in (call.c) */
    gather(L, loader);
    L->errfunc = 0; /* no handler for what is tried again */
    status = try_to_translate(L, loader);
    if (status == LUA_ERRMEM) {
        np_scratch_free(&loader->tree);
        np_scratch_free(&loader->scratch);
        L->top = np_stack_at(L, loader->slot) + 1;
        if (np_gc_emergency(L, 0)) status = try_to_translate(L, loader);
    }
    L->errfunc = errfunc;
    if (status == LUA_ERRMEM) {
        np_limit_tell(L);
        np_err_memory_again(L, np_str(&L->global->limit.message)); /* no handler has changed it */
    }
    if (status != LUA_OK) np_err_throw(L, status);
    L->n_c_calls--;
}

int np_load(lua_State *L, lua_Reader reader, void *data, const char *chunk_name, const char *mode) {
    Loader loader = {.reader = reader, .data = data, .chunk_name = chunk_name ? chunk_name : "?", .mode = mode};
    int status;
    np_scratch_init_in(&loader.scratch, np_heap_mem(&L->global->heap));
    np_scratch_init_in(&loader.tree, np_heap_mem(&L->global->heap));
    L->n_c_calls += NP_NOT_YIELDABLE;
    status = np_call_protected(L, load, &loader, np_stack_save(L, L->top), L->errfunc);
    L->n_c_calls -= NP_NOT_YIELDABLE;
    np_scratch_free(&loader.tree);
    np_scratch_free(&loader.scratch);
    free_gathered(L, &loader);
    return status;
}
