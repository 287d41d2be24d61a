/* debuginfo.c: the debug interface (manual 4.7): activations, their lines and locals, and hooks.
 *
 * Owns: lua_getstack, lua_getinfo, lua_getlocal, lua_setlocal, the setting of hooks and the stepping
 *       that decides when a line or count hook is due.
 * Does not: find names in bytecode (naming.c), call hooks (call.c), or know upvalues' API (api_access.c).
 *
 * lua_Debug.i_ci holds the frame's index + 1: frames move when their array grows. */
#include "runtime/api.h"
#include "runtime/call.h"
#include "runtime/debuginfo.h"
#include "include/neap.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/gc/gc.h"
#include "runtime/table.h"

int np_debug_line(const NpFrame *frame) {
    return np_func_line(np_frame_closure(frame)->proto, np_debug_pc(frame));
}

static NpFrame *frame_of(lua_State *L, const lua_Debug *debug, const char *function) {
    uintptr_t index = (uintptr_t)debug->i_ci; /* of the frame, and 1 */
    NP_API_CHECK_IN(function, index >= 2 && index - 1 <= (uintptr_t)(L->frame - L->frames),
                    "the activation has ended or belongs to another thread");
    return L->frames + (index - 1);
}

LUA_API int lua_getstack(lua_State *L, int level, lua_Debug *ar) {
    NP_API_ENTER(L);
    ptrdiff_t index = L->frame - L->frames;
    if (level < 0 || level >= index) return 0; /* frame 0 is the host's, not an activation */
    ar->i_ci = (struct CallInfo *)(uintptr_t)(index - level + 1);
    return 1;
}

/* ---- lua_getinfo ---- */

static void describe_source(lua_Debug *ar, const NpValue *func) {
    size_t length;
    if (func->tag == NP_LCLOSURE) {
        const NpProto *proto = np_lcl(func)->proto;
        ar->source = proto->source ? proto->source->text : "=?";
        length = proto->source ? proto->source->length : 2;
        ar->linedefined = proto->line;
        ar->lastlinedefined = proto->last_line;
        ar->what = proto->line == 0 ? "main" : "Lua";
    } else {
        ar->source = "=[C]";
        length = 4;
        ar->linedefined = ar->lastlinedefined = -1;
        ar->what = "C";
    }
    ar->srclen = length;
    np_err_chunk_id(ar->short_src, ar->source, length);
}

static void describe_signature(lua_Debug *ar, const NpValue *func) {
    ar->nparams = 0;
    ar->isvararg = 1;
    ar->nups = 0;
    if (func->tag == NP_LCLOSURE) {
        ar->nups = np_lcl(func)->nupvalues;
        ar->nparams = np_lcl(func)->proto->nparams;
        ar->isvararg = (char)np_lcl(func)->proto->is_vararg;
    } else if (func->tag == NP_CCLOSURE) {
        ar->nups = np_ccl(func)->nupvalues;
    }
}

static void describe_name(lua_State *L, lua_Debug *ar, const NpFrame *frame) {
    NpDebugName name = {NULL, NULL};
    if (frame && frame > L->frames && !(frame->flags & NP_FRAME_TAIL)) name = np_debug_call_name(L, frame - 1);
    ar->name = name.name;
    ar->namewhat = name.kind ? name.kind : "";
}

/* `frame` is NULL when the function is not active. */
static int describe(lua_State *L, lua_Debug *ar, const char *what, const NpValue *func, const NpFrame *frame) {
    int known = 1;
    for (; *what; what++) {
        switch (*what) {
        case 'S': describe_source(ar, func); break;
        case 'l': ar->currentline = frame && np_frame_is_lua(frame) ? np_debug_line(frame) : -1; break;
        case 'u': describe_signature(ar, func); break;
        case 't': ar->istailcall = frame && (frame->flags & NP_FRAME_TAIL) != 0; break;
        case 'n': describe_name(L, ar, frame); break;
        case 'r': {
            bool transfers = frame && (frame->flags & NP_FRAME_TRANSFER) != 0;
            ar->ftransfer = transfers ? frame->aux.transfer.first : 0;
            ar->ntransfer = transfers ? frame->aux.transfer.count : 0;
            break;
        }
        case 'L': case 'f': break; /* pushed by the caller */
        default: known = 0; break;
        }
    }
    return known;
}

/* Pushes a table whose keys are the lines that hold code, nil for a C function. */
static void push_lines(lua_State *L, const NpValue *func) {
    if (func->tag != NP_LCLOSURE) {
        np_set_nil(L->top++);
        return;
    }
    const NpProto *proto = np_lcl(func)->proto;
    NpTable *table = np_table_new(L, 0, 0);
    np_set_obj(L->top++, table, NP_TABLE);
    NpValue yes;
    np_set_bool(&yes, true);
    /* What a vararg function does before its first line is no code of any line. */
    uint32_t first = proto->is_vararg ? np_opcode_info[NP_OP_VARARGPREP].words : 0;
    for (int i = 0; i < proto->nlines; i++) {
        uint32_t end = i + 1 < proto->nlines ? proto->lines[i + 1].pc : (uint32_t)proto->ncode;
        if (end > first) np_table_set_int(L, table, proto->lines[i].line, &yes);
    }
}

LUA_API int lua_getinfo(lua_State *L, const char *what, lua_Debug *ar) {
    NP_API_ENTER(L);
    NpValue func;
    const NpFrame *frame = NULL;
    if (*what == '>') {
        NP_API_CHECK(np_type_of(L->top - 1) == LUA_TFUNCTION, "a function is expected on the top");
        np_copy(&func, --L->top);
        what++;
    } else {
        frame = frame_of(L, ar, __func__);
        np_copy(&func, frame->func);
    }
    int known = describe(L, ar, what, &func, frame);
    bool want_lines = strchr(what, 'L') != NULL;
    /* The function stays anchored by its slot even when it is not wanted: nothing collects before the end. */
    if (strchr(what, 'f')) {
        NP_API_ROOM(L);
        np_barrier_push(L);
        np_copy(L->top, &func);
        L->top++;
    }
    if (want_lines) {
        NP_API_ROOM(L);
        np_gc_hold_value(L, &func);
        push_lines(L, &func);
        np_gc_drop(L, 1);
        np_gc_check(L);
    }
    return known;
}

/* ---- locals ---- */

/* The slot of local n of an activation and its name; NULL when there is none. */
static const char *find_local(lua_State *L, NpFrame *frame, int n, NpValue **slot) {
    NpValue *base = np_frame_base(frame);
    bool lua = np_frame_is_lua(frame);
    if (lua && n < 0) {
        if (!np_frame_closure(frame)->proto->is_vararg || n < -frame->u.lua.nextra) return NULL;
        *slot = frame->func - frame->u.lua.nextra - (n + 1);
        return "(vararg)";
    }
    const char *name = NULL;
    if (lua) name = np_func_local_name(np_frame_closure(frame)->proto, n, np_debug_pc(frame));
    if (!name) {
        const NpValue *limit = frame == L->frame ? L->top : frame[1].func;
        if (n <= 0 || limit - base < n) return NULL;
        name = lua ? "(temporary)" : "(C temporary)";
    }
    *slot = base + (n - 1);
    return name;
}

LUA_API const char *lua_getlocal(lua_State *L, const lua_Debug *ar, int n) {
    NP_API_ENTER(L);
    if (!ar) { /* parameters of a function that need not be active */
        const NpValue *func = L->top - 1;
        return func->tag == NP_LCLOSURE ? np_func_local_name(np_lcl(func)->proto, n, 0) : NULL;
    }
    NpValue *slot;
    const char *name = find_local(L, frame_of(L, ar, __func__), n, &slot);
    if (name) {
        NP_API_ROOM(L);
        np_barrier_push(L);
        np_copy(L->top, slot);
        if (np_gc_is_dead(L->global, slot)) np_set_nil(L->top); /* what an unused register still holds */
        L->top++;
    }
    return name;
}

/* The interpreter relies on the types of what it keeps in the state of a loop and in temporaries of a Lua function (a
 * table under construction, say). */
static bool is_writable(const NpFrame *frame, const char *name, const NpValue *slot, const NpValue *value) {
    if (!np_frame_is_lua(frame) || name[0] != '(') return true;
    if (strcmp(name, "(for state)") != 0 && strcmp(name, "(temporary)") != 0) return true;
    return slot->tag == value->tag;
}

LUA_API const char *lua_setlocal(lua_State *L, const lua_Debug *ar, int n) {
    NP_API_ENTER(L);
    NpValue *slot;
    const char *name = find_local(L, frame_of(L, ar, __func__), n, &slot);
    NP_API_NEED(L, 1);
    if (name) { /* else the value stays, as the manual says */
        L->top--;
        if (is_writable(frame_of(L, ar, __func__), name, slot, L->top)) {
            np_copy(slot, L->top);
            np_barrier(L->global, L, L->top);
        }
    }
    return name;
}

/* ---- hooks ---- */

LUA_API void lua_sethook(lua_State *L, lua_Hook func, int mask, int count) {
    if (!func || mask == 0) {
        func = NULL;
        mask = 0;
    }
    L->hook = func;
    L->base_hook_count = L->hook_count = count;
    L->hook_mask = (uint8_t)mask;
    np_vm_choose_dispatch(L);
    if (mask) np_vm_poke(false); /* calls of Lua functions do not look at L->dispatch */
}

LUA_API void neap_hookrunning(lua_State *L, lua_Hook hook, int mask, int count) {
    lua_State *main_thread = L->global->main_thread;
    for (lua_State *thread = L->global->running; thread && thread != main_thread; thread = thread->resumer)
        lua_sethook(thread, hook, mask, count);
    lua_sethook(main_thread, hook, mask, count);
}

LUA_API lua_Hook lua_gethook(lua_State *L) { return L->hook; }
LUA_API int lua_gethookmask(lua_State *L) { return L->hook_mask & ~NP_MASK_SAMPLE; }
LUA_API int lua_gethookcount(lua_State *L) { return L->base_hook_count; }

/* Whether the instruction takes its values up to L->top. */
static bool takes_open_values(NpInstr instr) {
    switch (np_op(instr)) {
    case NP_OP_CALL: case NP_OP_TAILCALL: case NP_OP_RETURN: case NP_OP_SETLIST: return np_b(instr) == 0;
    default: return false;
    }
}

/* A line hook is due on entry, after a jump backwards (a loop may be on one line), and on another line. */
static bool enters_line(const lua_State *L, const NpProto *proto, int word) {
    int old = L->old_line_pc;
    if (old < 0 || old >= proto->ncode || word <= old) return true;
    return np_func_line(proto, old) != np_func_line(proto, word);
}

void np_debug_answer(lua_State *L, const NpInstr *pc) {
    void (*asked)(lua_State *) = __atomic_exchange_n(&L->global->asked, NULL, __ATOMIC_RELAXED);
    if (!takes_open_values(*pc)) L->top = L->frame->top;
    if (asked) {
        asked(L);
        np_gate_pass(L);
    }
    np_vm_choose_dispatch(L);
}

int np_debug_trace(lua_State *L, const NpInstr *pc) {
    uint8_t mask = L->hook_mask;
    if (!(mask & (LUA_MASKLINE | LUA_MASKCOUNT))) return 0;
    NpFrame *frame = L->frame;
    const NpProto *proto = np_frame_closure(frame)->proto;
    int word = (int)(pc - proto->code);
    frame->u.lua.pc = pc + 1;
    if (word == 0) np_debug_note_entry(L);
    if (np_op(*pc) == NP_OP_VARARGPREP) return 1; /* still part of the call */
    bool counted = (mask & LUA_MASKCOUNT) && --L->hook_count == 0;
    if (counted) L->hook_count = L->base_hook_count;
    else if (!(mask & LUA_MASKLINE)) return 1;
    if (frame->flags & NP_FRAME_HOOK_YIELDED) {
        frame->flags &= (uint16_t)~NP_FRAME_HOOK_YIELDED;
        return 1;
    }
    if (!takes_open_values(*pc)) L->top = frame->top;
    if (counted) np_call_hook(L, LUA_HOOKCOUNT, -1, 0, 0);
    if (mask & LUA_MASKLINE) {
        if (enters_line(L, proto, word)) np_call_hook(L, LUA_HOOKLINE, np_func_line(proto, word), 0, 0);
        L->old_line_pc = word;
    }
    if (NP_UNLIKELY(L->status == LUA_YIELD)) {
        if (counted) L->hook_count = 1; /* so that the next count is this instruction's again */
        L->frame->u.lua.pc = pc;
        L->frame->flags |= NP_FRAME_HOOK_YIELDED;
        np_err_throw(L, LUA_YIELD);
    }
    return (L->hook_mask & (LUA_MASKLINE | LUA_MASKCOUNT)) != 0;
}
