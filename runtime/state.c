/* state.c: opening and closing a Lua, its threads, and the memory of its objects.
 * Owns: NpGlobal's life, thread objects, np_mem_*. Does not: the C API beyond lua_newstate, lua_newthread, lua_close.
 *
 * NpGlobal itself comes from sysAlloc: it must outlive the heap it contains. */
#include <time.h>

#include "runtime/call.h"
#include "runtime/dbg.h"
#include "runtime/err.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/idle.h"
#include "runtime/inspect/profile.h"
#include "runtime/mem/mem_os.h"
#include "runtime/mem/mem_shadow.h"
#include "runtime/strings.h"
#include "runtime/table.h"

/* ---- memory ---- */
/* The heap has refused once, having swept and released what it could: NULL when a collection does not help either. */
static NP_COLD void *try_again(lua_State *L, size_t size, NpSpanKind kind) {
    NpHeap *heap = &L->global->heap;
    void *block;
    (void)np_gc_emergency(L, size);
    block = np_heap_alloc(heap, size, kind);
    if (block) heap->refused_by = NULL;
    return block;
}

static NP_COLD void *retry(lua_State *L, size_t size, NpSpanKind kind) {
    void *block = try_again(L, size, kind);
    if (!block) np_err_memory(L);
    return block;
}

void *np_mem_buf(lua_State *L, size_t size) {
    void *block = np_heap_alloc(&L->global->heap, size, NP_SPAN_BUF);
    return NP_LIKELY(block != NULL) ? block : retry(L, size, NP_SPAN_BUF);
}

void *np_mem_try_buf(lua_State *L, size_t size) {
    void *block = np_heap_alloc(&L->global->heap, size, NP_SPAN_BUF);
    return NP_LIKELY(block != NULL) ? block : try_again(L, size, NP_SPAN_BUF);
}

void *np_mem_regrow(lua_State *L, void *old, size_t old_size, size_t new_size) {
    void *fresh = np_mem_buf(L, new_size);
    if (old) {
        memcpy(fresh, old, old_size < new_size ? old_size : new_size);
        np_mem_free(L, old, old_size);
    }
    return fresh;
}

void np_mem_free(lua_State *L, void *buf, size_t size) {
    if (buf) np_heap_free_buf(&L->global->heap, buf, size);
}

void *np_mem_obj(lua_State *L, size_t size, uint8_t kind) {
    NpSpanKind span = kind == NP_STR ? NP_SPAN_LEAF : NP_SPAN_OBJ;
    NpObj *obj = np_heap_alloc(&L->global->heap, size, span);
    if (NP_UNLIKELY(!obj)) obj = retry(L, size, span);
    obj->kind = kind;
    obj->flags = 0;
    return obj;
}

/* ---- threads ---- */
static void init_thread(lua_State *L, NpGlobal *global) {
    memset(L, 0, sizeof(*L));
    L->global = global;
    L->allow_hook = 1;
    L->status = LUA_OK;
    L->attention = NP_ATTENTION_SCANNED;
    L->group = global->heap.group->id;
}

lua_State *np_state_new_thread(lua_State *L) {
    NpThread *thread = np_mem_obj(L, sizeof(NpThread) + sizeof(lua_State), NP_THREAD);
    lua_State *fresh = np_thread_state(thread);
    init_thread(fresh, L->global);
    /* Until its stack exists the collector sees an empty thread. */
    memcpy(thread->extra, np_state_thread(L->global->main_thread)->extra, LUA_EXTRASPACE);
    fresh->hook_mask = L->hook_mask & (uint8_t)~NP_MASK_SAMPLE;
    fresh->base_hook_count = L->base_hook_count;
    fresh->hook = L->hook;
    fresh->hook_count = fresh->base_hook_count;
    np_gc_hold(L, thread);
    np_stack_init(fresh, L);
    np_gc_drop(L, 1);
    /* Black by allocation; its stack is to be scanned like all others. */
    np_barrier_again(L->global, (NpObj *)thread);
    np_vm_choose_dispatch(fresh);
    return fresh;
}

lua_State *lua_newthread(lua_State *L) {
    NP_API_ENTER(L);
    NP_API_ROOM(L);
    np_gc_check(L);
    lua_State *fresh = np_state_new_thread(L);
    np_set_obj(L->top, np_state_thread(fresh), NP_THREAD);
    L->top++;
    return fresh;
}

/* ---- the addresses of closed states ---- */
enum { CLOSED_SLOTS = 256 };
static const lua_State *closed_states[CLOSED_SLOTS];

static const lua_State **closed_slot(const lua_State *L) { return &closed_states[((uintptr_t)L >> 10) % CLOSED_SLOTS]; }

static void note_closed(const lua_State *L) {
    if (CHECK >= 1) __atomic_store_n(closed_slot(L), L, __ATOMIC_RELAXED);
}

static void note_opened(const lua_State *L) {
    if (CHECK >= 1 && np_state_is_closed(L)) __atomic_store_n(closed_slot(L), NULL, __ATOMIC_RELAXED);
}

bool np_state_is_closed(const lua_State *L) { return __atomic_load_n(closed_slot(L), __ATOMIC_RELAXED) == L; }

/* ---- opening ---- */
static uint32_t random_seed(const void *address) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t word = (uint64_t)now.tv_nsec * UINT64_C(0x9e3779b97f4a7c15) ^ (uint64_t)now.tv_sec ^ (uintptr_t)address;
    return (uint32_t)(word ^ word >> 32);
}

static void open_body(lua_State *L, void *arg) {
    (void)arg;
    NpGlobal *global = L->global;
    np_stack_init(L, L);
    np_string_init(L);
    np_shape_init(L);
    global->memory_error = np_string_lit(L, "not enough memory");
    global->limit.word_hard = np_string_lit(L, "hard");
    global->limit.word_soft = np_string_lit(L, "soft");
    np_set_obj(&global->limit.message, global->memory_error, NP_STR);
    global->handler_error = np_string_lit(L, "error in error handling");
    np_meta_init(L);
    NpTable *registry = np_table_new(L, 3, 0);
    np_set_obj(&global->registry, registry, NP_TABLE);
    NpValue value;
    np_set_obj(&value, np_state_thread(L), NP_THREAD);
    np_table_set_int(L, registry, LUA_RIDX_MAINTHREAD, &value);
    np_set_obj(&value, np_table_new(L, 0, 0), NP_TABLE);
    np_table_set_int(L, registry, LUA_RIDX_GLOBALS, &value);
    np_vm_choose_dispatch(L);
    np_limit_set_aside(global);
    global->limit.no_collect = 0;
    global->gc.stopped = 0;
}

static void destroy(NpGlobal *global) {
    np_shape_close(global);
    np_gc_close(global);
    np_heap_close(&global->heap);
    np_grant_close(&global->grant);
    np_mem_discard_ready(&np_mem_process, global, NP_ALIGN_UP(sizeof(NpGlobal), np_os_page_size()));
}

lua_State *lua_newstate(lua_Alloc alloc, void *alloc_data) {
    np_dbg_init();
    if (np_dbg_on(faultreport)) {
        static bool installed;
        if (!__atomic_exchange_n(&installed, true, __ATOMIC_RELAXED)) np_os_on_fault(np_shadow_report);
    }
    void *memory;
    if (sysAlloc(&np_mem_process, NP_ALIGN_UP(sizeof(NpGlobal), np_os_page_size()), &memory) != 0) return NULL;
    NpGlobal *global = memory;
    if (!np_heap_init(&global->heap)) {
        np_mem_discard_ready(&np_mem_process, global, NP_ALIGN_UP(sizeof(NpGlobal), np_os_page_size()));
        return NULL;
    }
    np_grant_open(&global->grant, &global->heap.mem, alloc, alloc_data);
    np_gc_init(global);
    global->gc.stopped = NP_GC_STOP_SELF;
    global->limit.collected_hits = UINT32_MAX; /* none yet */
    global->limit.no_collect = 1; /* until there is something to collect from */
    np_set_nil(&global->limit.on_limit);
    np_set_nil(&global->limit.message);
    NpThread *thread = np_heap_alloc(&global->heap, sizeof(NpThread) + sizeof(lua_State), NP_SPAN_OBJ);
    if (!thread) {
        destroy(global);
        return NULL;
    }
    memset(thread, 0, sizeof(NpThread));
    thread->kind = NP_THREAD;
    lua_State *L = np_thread_state(thread);
    init_thread(L, global);
    note_opened(L);
    L->n_c_calls = NP_NOT_YIELDABLE;
    global->main_thread = global->running = L;
    global->seed = random_seed(L);
    global->meta_epoch = 1;
    global->c_calls_max = np_call_levels(np_os_stack_limit());
    if (np_err_protect(L, open_body, NULL) != LUA_OK) {
        destroy(global);
        return NULL;
    }
    if (np_dbg_on(emergency)) np_heap_refuse_every(&global->heap, np_dbg.emergency);
    return L;
}

/* ---- closing ---- */
void lua_close(lua_State *L) {
    NP_API_ENTER(L);
    NpGlobal *global = L->global;
    np_idle_stop(global);
    global->idle_ms = 0;
    L = global->main_thread;
    global->running = L;
    np_heap_group_switch(&global->heap, 0);
    L->frame = L->frames;
    np_barrier_cut(L);
    L->errfunc = 0; /* its slot may be gone */
    np_call_close_protected(L, (ptrdiff_t)sizeof(NpValue), LUA_OK);
    L->top = L->stack + 1;
    global->closing = true;
    np_gc_close_all(L);
    note_closed(L);
    np_profile_close(global);
    destroy(global);
}
