/* edges.c: see edges.h. What keeps what alive is decided in gc/mark.c, gc/weak.c and gc/threads.c; this file says the
 * same with names. edges_test compares the two: what is reached here is what a collection leaves. */
#include "runtime/inspect/edges.h"

#include "runtime/debuginfo.h"
#include "runtime/dict.h"
#include "runtime/func.h"
#include "runtime/gc/gc.h"
#include "runtime/table.h"

typedef struct Walk {
    NpGlobal *global;
    NpEdgeVisit visit;
    void *ctx;
    bool stopped;
} Walk;

static void emit(Walk *walk, const NpEdge *edge) {
    if (!walk->stopped && edge->to && !walk->visit(walk->ctx, edge)) walk->stopped = true;
}

static void emit_plain(Walk *walk, NpEdgeKind kind, void *to) {
    emit(walk, &(NpEdge){.kind = (uint8_t)kind, .to = to});
}

static void emit_indexed(Walk *walk, NpEdgeKind kind, int64_t index, const NpValue *value) {
    if (np_is_collectable(value)) emit(walk, &(NpEdge){.kind = (uint8_t)kind, .to = value->v.obj, .index = index});
}

/* ---- tables ---- */

/* Strings are values: a weak table holds them like a strong one. */
static bool is_weak(uint8_t tag) { return (tag & NP_TAG_COLLECTABLE) && tag != NP_STR; }

static void array_edges(Walk *walk, const NpTable *table, unsigned mode) {
    const uint8_t *tags = np_array_tags(table);
    for (uint32_t i = 0; i < table->array_size && !walk->stopped; i++) {
        if (!(tags[i] & NP_TAG_COLLECTABLE)) continue;
        emit(walk, &(NpEdge){.kind = NP_EDGE_INDEX,
                             .strength = (mode & NP_FLAG_WEAK_VALUES) && is_weak(tags[i]) ? NP_EDGE_WEAK : NP_EDGE_STRONG,
                             .to = table->array[i].obj,
                             .index = (int64_t)i + 1});
    }
}

static void record_edges(Walk *walk, const NpTable *table, const NpShape *shape, unsigned mode) {
    const uint8_t *tags = np_slot_tags(table);
    for (int i = 0; i < shape->count && !walk->stopped; i++) {
        if (!(tags[i] & NP_TAG_COLLECTABLE)) continue;
        emit(walk, &(NpEdge){.kind = NP_EDGE_FIELD,
                             .strength = (mode & NP_FLAG_WEAK_VALUES) && is_weak(tags[i]) ? NP_EDGE_WEAK : NP_EDGE_STRONG,
                             .to = np_slot_values(table)[i].obj,
                             .name = shape->keys->key[i]});
    }
}

static void node_edges(Walk *walk, const NpDictNode *node, unsigned mode) {
    NpEdge edge = {.to = node->value.obj};
    np_set_nil(&edge.key);
    if (node->value_tag == NP_NIL) return;
    if (node->key_tag & NP_TAG_COLLECTABLE)
        emit(walk, &(NpEdge){.kind = NP_EDGE_KEY,
                             .strength = (mode & NP_FLAG_WEAK_KEYS) && is_weak(node->key_tag) ? NP_EDGE_WEAK : NP_EDGE_STRONG,
                             .to = node->key.obj});
    if (!(node->value_tag & NP_TAG_COLLECTABLE)) return;
    if (is_weak(node->value_tag)) {
        if (mode & NP_FLAG_WEAK_VALUES) edge.strength = NP_EDGE_WEAK;
        else if ((mode & NP_FLAG_WEAK_KEYS) && is_weak(node->key_tag)) edge.strength = NP_EDGE_EPHEMERON;
    }
    if (node->key_tag == NP_STR) {
        edge.kind = NP_EDGE_FIELD;
        edge.name = (const NpString *)node->key.obj;
    } else if (node->key_tag == NP_INT) {
        edge.kind = NP_EDGE_INDEX;
        edge.index = node->key.i;
    } else {
        edge.kind = NP_EDGE_ENTRY;
        edge.key.v = node->key;
        edge.key.tag = node->key_tag;
    }
    emit(walk, &edge);
}

static void table_edges(Walk *walk, NpTable *table) {
    NpTable *metatable = np_table_meta(walk->global, table);
    unsigned mode = np_weak_mode(walk->global, metatable);
    emit_plain(walk, NP_EDGE_METATABLE, metatable);
    array_edges(walk, table, mode);
    if (np_table_is_dict(table)) {
        const NpDict *dict = table->slots;
        for (uint32_t i = 0; i < dict->size && !walk->stopped; i++) node_edges(walk, &dict->nodes[i], mode);
    } else {
        const NpShape *shape = np_shape_of(walk->global, table);
        emit_plain(walk, NP_EDGE_SHAPE, shape->keys);
        if (table->slots) record_edges(walk, table, shape, mode);
    }
}

/* ---- functions ---- */

static void lclosure_edges(Walk *walk, const NpLClosure *closure) {
    const NpProto *proto = closure->proto;
    emit_plain(walk, NP_EDGE_CODE, (void *)(uintptr_t)proto);
    for (int i = 0; i < closure->nupvalues; i++)
        emit(walk, &(NpEdge){.kind = NP_EDGE_UPVALUE,
                             .to = (NpObj *)closure->upvalue[i],
                             .name = proto && proto->upvalues ? proto->upvalues[i].name : NULL,
                             .index = i + 1});
}

static void cclosure_edges(Walk *walk, const NpCClosure *closure) {
    for (int i = 0; i < closure->nupvalues; i++) emit_indexed(walk, NP_EDGE_UPVALUE, i + 1, &closure->upvalue[i]);
}

static void upval_edges(Walk *walk, NpUpval *upval) {
    emit_indexed(walk, NP_EDGE_VALUE, 0, upval->at);
    if (upval->at == &upval->u.closed) return;
    emit_plain(walk, NP_EDGE_STACK, np_state_thread(upval->u.open.owner));
    emit_plain(walk, NP_EDGE_OPEN, upval->u.open.next);
}

/* The shapes that stores and constructors in the code lead to live as long as it does. */
static void cache_edges(Walk *walk, const NpProto *proto) {
    for (int32_t pc = 0; proto->code && pc < proto->ncode; pc += np_opcode_info[np_op(proto->code[pc])].words) {
        const NpShape *shape;
        const unsigned op = np_op(proto->code[pc]);
        if (op != NP_OP_NEWTABLE_AS && (op != NP_OP_SETFIELD_ADD || proto->code[pc + 1] == NP_SHAPE_NONE)) continue;
        shape = &walk->global->shape_table.shapes[proto->code[pc + (op == NP_OP_NEWTABLE_AS ? 1 : 3)]];
        if (shape->state != NP_SHAPE_LIVE) continue;
        emit_plain(walk, NP_EDGE_SHAPE, shape->keys);
        emit_plain(walk, NP_EDGE_SHAPE_META, shape->metatable);
    }
}

static void proto_edges(Walk *walk, NpProto *proto) {
    emit_plain(walk, NP_EDGE_NAME, proto->source);
    for (int32_t i = 0; i < proto->nconstants; i++) emit_indexed(walk, NP_EDGE_CONSTANT, i + 1, &proto->constants[i]);
    for (int32_t i = 0; i < proto->nprotos; i++)
        emit(walk, &(NpEdge){.kind = NP_EDGE_INNER, .to = (NpObj *)proto->protos[i], .index = i + 1});
    for (int i = 0; proto->upvalues && i < proto->nupvalues; i++) emit_plain(walk, NP_EDGE_NAME, proto->upvalues[i].name);
    for (int32_t i = 0; i < proto->nlocvars; i++) emit_plain(walk, NP_EDGE_NAME, proto->locvars[i].name);
    cache_edges(walk, proto);
}

/* ---- threads ---- */

static void lua_slots(Walk *walk, lua_State *L, const NpFrame *frame, const NpValue *end) {
    const NpProto *proto = np_frame_closure(frame)->proto;
    const NpValue *base = np_frame_base(frame);
    int pc = np_debug_pc(frame);
    for (const NpValue *slot = base; slot < end && !walk->stopped; slot++) {
        int at = (int)(slot - base) + 1;
        const NpString *name = np_is_collectable(slot) ? np_func_local_string(proto, at, pc) : NULL;
        if (np_is_collectable(slot))
            emit(walk, &(NpEdge){.kind = name ? NP_EDGE_LOCAL : NP_EDGE_TEMPORARY, .to = slot->v.obj, .name = name,
                                 .index = at, .frame = frame, .thread = L});
    }
}

static void other_slots(Walk *walk, lua_State *L, const NpFrame *frame, const NpValue *from, const NpValue *end) {
    for (const NpValue *slot = from; slot < end && !walk->stopped; slot++)
        if (np_is_collectable(slot))
            emit(walk, &(NpEdge){.kind = NP_EDGE_ARGUMENT, .to = slot->v.obj, .index = slot - from + 1, .frame = frame,
                                 .thread = L});
}

/* What lies between a frame's slots and its callee's function: extra arguments of a vararg callee. */
static void frame_edges(Walk *walk, lua_State *L, const NpFrame *frame) {
    const NpFrame *next = frame < L->frame ? frame + 1 : NULL;
    const NpValue *end = next ? next->func : L->top, *extra = end;
    if (np_is_collectable(frame->func) && frame->func < L->top)
        emit(walk, &(NpEdge){.kind = NP_EDGE_RUNNING, .to = frame->func->v.obj, .frame = frame, .thread = L});
    if (next && np_frame_is_lua(next)) extra -= next->u.lua.nextra;
    if (extra < np_frame_base(frame)) extra = end;
    if (np_frame_is_lua(frame) && frame > L->frames) lua_slots(walk, L, frame, extra);
    else other_slots(walk, L, frame, np_frame_base(frame), extra);
    if (next) other_slots(walk, L, next, extra, end);
}

static void thread_edges(Walk *walk, NpThread *thread) {
    lua_State *L = np_thread_state(thread);
    if (!L->frames) return;
    emit_plain(walk, NP_EDGE_OPEN, L->open_upvalues);
    for (const NpFrame *frame = L->frames; frame <= L->frame && !walk->stopped; frame++) frame_edges(walk, L, frame);
}

/* ---- all of them ---- */

static void udata_edges(Walk *walk, const NpUdata *udata) {
    emit_plain(walk, NP_EDGE_METATABLE, udata->metatable);
    for (int i = 0; i < udata->nuservalues; i++) emit_indexed(walk, NP_EDGE_USERVALUE, i + 1, &udata->uservalue[i]);
}

static void keys_edges(Walk *walk, const NpKeys *keys) {
    for (int i = 0; i < keys->count; i++) emit_plain(walk, NP_EDGE_SHAPE_KEY, keys->key[i]);
}

bool np_edges_of(NpGlobal *global, NpObj *obj, NpEdgeVisit visit, void *ctx) {
    Walk walk = {global, visit, ctx, false};
    switch (obj->kind) {
        case NP_TABLE: table_edges(&walk, (NpTable *)obj); break;
        case NP_LCLOSURE: lclosure_edges(&walk, (NpLClosure *)obj); break;
        case NP_CCLOSURE: cclosure_edges(&walk, (NpCClosure *)obj); break;
        case NP_UPVAL: upval_edges(&walk, (NpUpval *)obj); break;
        case NP_UDATA: udata_edges(&walk, (NpUdata *)obj); break;
        case NP_THREAD: thread_edges(&walk, (NpThread *)obj); break;
        case NP_PROTO: proto_edges(&walk, (NpProto *)obj); break;
        case NP_KEYS: keys_edges(&walk, (NpKeys *)obj); break;
        default: break; /* strings refer to nothing */
    }
    return !walk.stopped;
}

/* ---- the state ---- */

static void emit_root(Walk *walk, const char *text, void *to) {
    emit(walk, &(NpEdge){.kind = NP_EDGE_ROOT, .to = to, .text = text});
}

static void emit_root_value(Walk *walk, const char *text, const NpValue *value) {
    if (np_is_collectable(value)) emit_root(walk, text, value->v.obj);
}

static void queue_edges(Walk *walk, const NpGc *gc) {
    for (size_t i = gc->first_to_finalize; i < gc->to_finalize.count; i++)
        emit_root(walk, "waiting for __gc", gc->to_finalize.items[i]);
}

static void metatables_of_types(Walk *walk, const NpGlobal *global) {
    static const char *const texts[LUA_NUMTYPES] = {
        [LUA_TNIL] = "metatable of nil", [LUA_TBOOLEAN] = "metatable of booleans",
        [LUA_TLIGHTUSERDATA] = "metatable of light userdata", [LUA_TNUMBER] = "metatable of numbers",
        [LUA_TSTRING] = "metatable of strings", [LUA_TFUNCTION] = "metatable of functions",
        [LUA_TTHREAD] = "metatable of threads"};
    for (int i = 0; i < LUA_NUMTYPES; i++)
        if (texts[i]) emit_root(walk, texts[i], global->type_meta[i]);
}

/* What the running code may have in its hands when a collection happens inside an allocation (gc/limit.c). */
static void held_edges(Walk *walk, const NpLimit *limit) {
    for (unsigned i = 0; i < limit->held_count; i++) {
        void *held = (void *)(uintptr_t)limit->held[i];
        if (held && np_span_of(held)->kind != NP_SPAN_BUF) emit_root(walk, "being made", held);
    }
}

static void group_edges(Walk *walk, NpGlobal *global) {
    for (unsigned id = 1; id < np_heap_group_end(&global->heap); id++) {
        const NpHeapGroup *group = np_heap_group_at(&global->heap, id);
        if (group) emit_root(walk, "name of a group", (void *)(uintptr_t)group->name);
        if (group) emit_root(walk, "message of a group", (void *)(uintptr_t)group->message);
    }
}

bool np_edges_roots(lua_State *L, NpEdgeVisit visit, void *ctx) {
    NpGlobal *global = L->global;
    Walk walk = {global, visit, ctx, false};
    emit_root_value(&walk, "registry", &global->registry);
    emit_root(&walk, "main thread", np_state_thread(global->main_thread));
    if (L != global->main_thread) emit_root(&walk, "running coroutine", np_state_thread(L));
    if (global->running && global->running != global->main_thread && global->running != L)
        emit_root(&walk, "running coroutine", np_state_thread(global->running));
    metatables_of_types(&walk, global);
    emit_root_value(&walk, "heap.onlimit", &global->limit.on_limit);
    queue_edges(&walk, &global->gc);
    held_edges(&walk, &global->limit);
    group_edges(&walk, global);
    for (int i = 0; i < NP_EVENT_COUNT; i++) emit_root(&walk, "name of an event", global->event_names[i]);
    for (int i = 0; i < LUA_NUMTYPES; i++) emit_root(&walk, "name of a type", global->type_names[i]);
    emit_root(&walk, "fixed text", global->memory_error);
    emit_root(&walk, "fixed text", global->handler_error);
    emit_root(&walk, "fixed text", global->limit.word_hard);
    emit_root(&walk, "fixed text", global->limit.word_soft);
    emit_root_value(&walk, "last memory error", &global->limit.message);
    return !walk.stopped;
}

/* ---- sizes ---- */

void np_edges_buffers(const NpObj *obj, void (*visit)(void *ctx, const void *buffer), void *ctx) {
    const void *buffers[NP_GC_BUFFERS];
    unsigned count = np_gc_buffers(obj, buffers);
    for (unsigned i = 0; i < count; i++) visit(ctx, buffers[i]);
}

static void add_size(void *ctx, const void *buffer) { *(size_t *)ctx += np_heap_slot_bytes(buffer); }

size_t np_edges_size(const NpObj *obj) {
    size_t bytes = np_heap_slot_bytes(obj);
    np_edges_buffers(obj, add_size, &bytes);
    return bytes;
}
