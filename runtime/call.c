/* call.c: calls, returns, protected calls, closing of variables.
 *
 * Owns: what happens between a CALL and its return: frames, arguments, results, hooks of both, __call, errors that
 *       reach a protected call, to-be-closed variables.
 * Does not: interpret instructions (vm.c), switch coroutines (coro.c), grow stacks (stack.c).
 *
 * How a protected call works without a setjmp. neap_tailpcallk (pcall, xpcall) flags its own C frame CATCH, asks the
 * interpreter to call the function, and returns. The setjmp is the one of the lua_pcallk or lua_resume that entered
 * the interpreter loop (NpErrJump). When an error arrives there, recover() looks for the innermost CATCH frame above
 * it, cuts the stack back to that frame and goes on from it in a fresh loop (unroll). This is only right while no
 * other C function lies between that setjmp and the loop that runs the pcall; NpErrJump.level tells, and
 * otherwise neap_tailpcallk makes an ordinary protected call on the C stack.
 *
 * Invariants
 *   C1 every frame above the first that returns to C has NP_FRAME_ENTRY.
 *   C2 a Lua frame whose caller does not simply continue with its next instruction has NP_FRAME_FINISH.
 *   C3 a CATCH frame's u.c.catch_func is the slot of the called function: everything from there up dies on error.
 *   C4 a Lua frame begins with at least as many arguments as parameters, missing ones nil.
 *   C5 the body of np_err_protect_recovering is one call and nothing else, or runs at a C level of its own. */
#include "runtime/call.h"
#include "runtime/debuginfo.h"
#include "include/neap.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/poison.h"
#include "runtime/meta.h"
#include "runtime/strings.h"

/* ---- C levels ---- */

/* What a level takes at most (string.gsub, whose function calls it again), and what the rest does: the parser, the command. */
#define LEVEL_BYTES ((size_t)(NP_ASAN ? 12 : 3) << 10)
#define BESIDE_LEVELS ((size_t)96 << 10)
#define LEVELS_LEAST 16

unsigned np_call_levels(size_t stack_bytes) {
    size_t levels = stack_bytes > BESIDE_LEVELS ? (stack_bytes - BESIDE_LEVELS) / LEVEL_BYTES : 0;
    if (stack_bytes == 0 || levels > NP_C_CALLS_MAX) return NP_C_CALLS_MAX;
    return levels < LEVELS_LEAST ? LEVELS_LEAST : (unsigned)levels;
}

void np_call_enter_c(lua_State *L) {
    L->n_c_calls++;
    unsigned most = L->global->c_calls_max;
    if (NP_UNLIKELY(np_c_calls(L) >= most)) {
        if (np_c_calls(L) == most) np_err_run(L, "C stack overflow");
        /* Some room for a message handler; then the handler is at fault. */
        if (np_c_calls(L) >= most + most / 10) np_err_throw(L, LUA_ERRERR);
    }
}

/* ---- hooks ---- */
void np_call_hook(lua_State *L, int event, int line, int first_transfer, int ntransfer) {
    lua_Hook hook = L->hook;
    if (!hook || !L->allow_hook) return;
    ptrdiff_t top = np_stack_save(L, L->top);
    ptrdiff_t frame_top = np_stack_save(L, L->frame->top);
    ptrdiff_t frame_index = L->frame - L->frames;
    lua_Debug debug;
    debug.event = event;
    debug.currentline = line;
    debug.i_ci = (struct CallInfo *)(uintptr_t)(frame_index + 1);
    if (ntransfer > 0) {
        L->frame->aux.transfer.first = (uint16_t)first_transfer;
        L->frame->aux.transfer.count = (uint16_t)ntransfer;
        L->frame->flags |= NP_FRAME_TRANSFER;
    }
    if (np_frame_is_lua(L->frame) && L->top < L->frame->top) L->top = L->frame->top;
    np_stack_need(L, LUA_MINSTACK);
    if (L->frame->top < L->top + LUA_MINSTACK) L->frame->top = L->top + LUA_MINSTACK;
    L->allow_hook = 0;
    L->frame->flags |= NP_FRAME_HOOKED;
    hook(L, &debug);
    np_gate_pass(L);
    L->allow_hook = 1;
    NpFrame *frame = L->frames + frame_index;
    frame->top = np_stack_at(L, frame_top);
    L->top = np_stack_at(L, top);
    frame->flags &= (uint16_t)~(NP_FRAME_HOOKED | NP_FRAME_TRANSFER);
}

void np_call_sample(lua_State *L) {
    NpGlobal *global = L->global;
    L->hook_mask &= (uint8_t)~NP_MASK_SAMPLE;
    if (!global->sample_due) return;
    global->sample_due = 0;
    np_vm_unpoke();
    if (global->sample) global->sample(L);
}

static void return_hook(lua_State *L, NpFrame *frame, int n) {
    ptrdiff_t index = frame - L->frames;
    if (L->hook_mask & NP_MASK_SAMPLE) np_call_sample(L);
    if (L->hook_mask & LUA_MASKRET) {
        NpValue *first = L->top - n;
        int vararg_shift = 0;
        if (np_frame_is_lua(frame)) vararg_shift = frame->u.lua.below;
        frame->func += vararg_shift;
        np_call_hook(L, LUA_HOOKRET, -1, (int)(first - frame->func), n);
        L->frames[index].func -= vararg_shift;
    }
    frame = L->frames + index;
    if (frame > L->frames && np_frame_is_lua(frame - 1))
        L->old_line_pc = (int32_t)(frame[-1].u.lua.pc - np_frame_closure(frame - 1)->proto->code) - 1;
}

/* ---- results ---- */
static void move_results(lua_State *L, NpValue *to, int n, int wanted) {
    switch (wanted) {
    case 0: L->top = to; return;
    case 1:
        if (n == 0) np_set_nil(to);
        else np_copy(to, L->top - n);
        L->top = to + 1;
        return;
    case LUA_MULTRET: wanted = n; break;
    default:
        if (wanted < LUA_MULTRET) { /* the C function has to-be-closed slots */
            L->frame->aux.nyield = n;
            L->frame->flags |= NP_FRAME_CLOSING;
            np_call_close(L, to, -1, true);
            L->frame->flags &= (uint16_t)~NP_FRAME_CLOSING;
            if (L->hook_mask) {
                ptrdiff_t saved = np_stack_save(L, to);
                return_hook(L, L->frame, n);
                to = np_stack_at(L, saved);
            }
            to = L->frame->func;
            wanted = NP_DECODE_TBC(L->frame->nresults);
            if (wanted == LUA_MULTRET) wanted = n;
        }
        break;
    }
    NpValue *from = L->top - n;
    int moved = n < wanted ? n : wanted;
    for (int i = 0; i < moved; i++) np_copy(to + i, from + i);
    for (int i = moved; i < wanted; i++) np_set_nil(to + i);
    L->top = to + wanted;
}

NP_INLINE void post(lua_State *L, NpFrame *frame, int n) {
    int wanted = frame->nresults;
    NP_API_CHECK_IN("lua_CFunction", n >= 0 && n <= L->top - (frame->func + 1), "more results than values on the stack");
    if (NP_LIKELY(!L->hook_mask && n == 1 && wanted == 1)) {
        NpValue *to = frame->func;
        np_copy(to, L->top - 1);
        L->top = to + 1;
        L->frame--;
        return;
    }
    if (NP_UNLIKELY(L->hook_mask && wanted >= LUA_MULTRET)) {
        return_hook(L, frame, n);
        frame = L->frame;
    }
    move_results(L, frame->func, n, wanted);
    L->frame--;
}

void np_call_post(lua_State *L, NpFrame *frame, int n) { post(L, frame, n); }

/* ---- calling ---- */
NpValue *np_call_meta_call(lua_State *L, NpValue *func) {
    NpValue method;
    np_meta_get(L, func, NP_EVENT_CALL, &method);
    if (np_is_nil(&method)) np_err_call(L, func);
    if (np_stack_short(L, 1)) {
        ptrdiff_t saved = np_stack_save(L, func);
        np_stack_grow(L, 1);
        func = np_stack_at(L, saved);
    }
    for (NpValue *slot = L->top; slot > func; slot--) np_copy(slot, slot - 1);
    L->top++;
    np_copy(func, &method);
    return func;
}

NP_INLINE NpFrame *call_c(lua_State *L, NpValue *func, int nresults, unsigned flags, lua_CFunction function) {
    if (np_stack_short(L, LUA_MINSTACK)) {
        ptrdiff_t saved = np_stack_save(L, func);
        np_stack_grow(L, LUA_MINSTACK);
        func = np_stack_at(L, saved);
    }
    NpFrame *frame = np_stack_push_frame(L);
    frame->func = func;
    frame->top = L->top + LUA_MINSTACK;
    frame->nresults = (int16_t)nresults;
    frame->flags = (uint16_t)(NP_FRAME_C | flags);
    frame->u.c.k = NULL;
    if (NP_UNLIKELY(L->hook_mask & LUA_MASKCALL))
        np_call_hook(L, LUA_HOOKCALL, -1, 1, (int)(L->top - func) - 1);
    int n = function(L);
    np_gate_pass(L);
    np_call_check_count(L, n);
    if (NP_LIKELY(n >= 0)) {
        post(L, L->frame, n);
        return NULL;
    }
    return np_call_requested(L);
}

NpFrame *np_call_requested(lua_State *L) {
    /* A callee in C runs on the C stack, as does what it asks for in its turn: pcall(pcall, pcall, ...). */
    np_call_enter_c(L);
    NpFrame *pushed = np_call_prepare(L, np_stack_at(L, L->frame->u.c.catch_func), LUA_MULTRET, NP_FRAME_FINISH);
    if (!pushed) np_call_finish_c(L, L->frame);
    L->n_c_calls--;
    return pushed;
}

/* Can an error in what is called now be caught without a setjmp of its own (head of this file)? A yieldable thread has
 * continuations for all C functions below, so that losing their C frames does no harm. */
NP_INLINE bool caught_by_loop(const lua_State *L) {
    const NpErrJump *jump = L->global->jump;
    return jump && jump->L == L && jump->level != NP_ERR_NO_RECOVERY &&
           (np_yieldable(L) || jump->level + 1 == np_c_calls(L));
}

NpFrame *np_call_push_pcall(lua_State *L, NpValue *func, int nresults, unsigned flags) {
    NpValue *callee = func + 1;
    if (L->top <= callee || callee->tag != NP_LCLOSURE || L->hook_mask) return NULL;
    NpProto *proto = np_lcl(callee)->proto;
    if (np_stack_short(L, proto->max_stack > LUA_MINSTACK ? proto->max_stack : LUA_MINSTACK) ||
        L->frames_end - L->frame <= 2 || L->n_catch >= NP_CATCH_MAX || np_c_calls(L) + 1 >= L->global->c_calls_max ||
        !caught_by_loop(L))
        return NULL;
    L->n_catch++;
    NpFrame *frame = L->frame + 1;
    frame->func = func;
    frame->top = L->top + LUA_MINSTACK;
    frame->nresults = (int16_t)nresults;
    frame->flags = (uint16_t)(NP_FRAME_C | NP_FRAME_CATCH | (L->allow_hook ? NP_FRAME_WAS_ALLOWHOOK : 0) | flags);
    frame->u.c.k = NULL;
    frame->u.c.catch_func = np_stack_save(L, callee);
    frame->u.c.old_errfunc = L->errfunc;
    frame->aux.catch_status = LUA_OK;
    L->errfunc = 0;
    frame++;
    np_frame_begin_lua(frame, callee, proto, LUA_MULTRET, NP_FRAME_FINISH);
    while (L->top - callee - 1 < proto->nparams) np_set_nil(L->top++);
    L->frame = frame;
    return frame;
}

NpFrame *np_call_prepare(lua_State *L, NpValue *func, int nresults, unsigned flags) {
    for (;;) {
        switch (func->tag) {
        case NP_LCLOSURE: {
            NpProto *proto = np_lcl(func)->proto;
            int nargs = (int)(L->top - func) - 1;
            if (np_stack_short(L, proto->max_stack)) {
                ptrdiff_t saved = np_stack_save(L, func);
                np_stack_grow(L, proto->max_stack);
                func = np_stack_at(L, saved);
            }
            NpFrame *frame = np_stack_push_frame(L);
            np_frame_begin_lua(frame, func, proto, nresults, flags);
            for (; nargs < proto->nparams; nargs++) np_set_nil(L->top++);
            return frame;
        }
        case NP_CCLOSURE: return call_c(L, func, nresults, flags, np_ccl(func)->function);
        case NP_CFUNC:
            if (func->v.f == L->global->pcall_function) {
                NpFrame *frame = np_call_push_pcall(L, func, nresults, flags);
                if (frame) return frame;
            }
            return call_c(L, func, nresults, flags, func->v.f);
        default: func = np_call_meta_call(L, func); break;
        }
    }
}

static void call_with(lua_State *L, NpValue *func, int nresults, uint32_t increment) {
    ptrdiff_t saved = np_stack_save(L, func);
    L->n_c_calls += increment - 1;
    np_call_enter_c(L);
    if (np_stack_short(L, 0)) {
        np_stack_grow(L, 1);
        func = np_stack_at(L, saved);
    }
    ptrdiff_t base = L->frame - L->frames;
    NpFrame *frame = np_call_prepare(L, func, nresults, NP_FRAME_ENTRY);
    while (frame) {
        /* A Lua frame: either the callee itself, or what a C callee asked to have called (then the C frame below it
         * has the ENTRY flag, and finishing it ends the loop as well). */
        frame->flags |= NP_FRAME_ENTRY;
        bool below_c = L->frame - L->frames > base + 1;
        np_vm_execute(L, frame);
        frame = NULL;
        if (below_c) {
            while (L->frame - L->frames > base && L->status != LUA_YIELD) {
                if (!np_frame_is_lua(L->frame)) {
                    np_call_finish_c(L, L->frame);
                } else {
                    L->frame->flags |= NP_FRAME_ENTRY;
                    np_vm_execute(L, L->frame);
                }
            }
        }
    }
    L->n_c_calls -= increment;
}

void np_call(lua_State *L, NpValue *func, int nresults) { call_with(L, func, nresults, 1); }

void np_call_no_yield(lua_State *L, NpValue *func, int nresults) { call_with(L, func, nresults, 1 + NP_NOT_YIELDABLE); }

/* ---- to-be-closed variables ---- */
void np_call_mark_tbc(lua_State *L, NpValue *slot) {
    if (np_is_false(slot)) return;
    NpValue method;
    np_meta_get(L, slot, NP_EVENT_CLOSE, &method);
    if (np_is_nil(&method)) {
        const char *name = NULL;
        if (np_frame_is_lua(L->frame)) {
            NpProto *proto = np_frame_closure(L->frame)->proto;
            int pc = (int)(L->frame->u.lua.pc - proto->code);
            name = np_func_local_name(proto, (int)(slot - L->frame->func), pc);
        } else name = "(C temporary)";
        np_err_run(L, "variable '%s' got a non-closable value", name ? name : "?");
    }
    slot->delta = (uint32_t)(slot - L->tbc);
    L->tbc = slot;
}

/* Fits the slots kept beyond stack_last: a variable taken off the list must be closed, so nothing may throw before. */
static void call_close_method(lua_State *L, NpValue *object, const NpValue *error, bool yieldable) {
    NpValue *top = L->top;
    NpValue method;
    np_meta_get(L, object, NP_EVENT_CLOSE, &method);
    np_copy(top, &method);
    np_copy(top + 1, object);
    if (error) np_copy(top + 2, error);
    else np_set_nil(top + 2);
    L->top = top + 3;
    if (yieldable) np_call(L, top, 0);
    else np_call_no_yield(L, top, 0);
}

/* status -1: a normal block exit; then L->top is left alone and values above the slots are safe. */
NpValue *np_call_close(lua_State *L, NpValue *level, int status, bool yieldable) {
    ptrdiff_t saved = np_stack_save(L, level);
    np_func_close_upvals(L, level);
    while (L->tbc >= level) {
        NpValue *slot = L->tbc;
        L->tbc -= slot->delta;
        if (status == -1) {
            call_close_method(L, slot, NULL, yieldable);
        } else {
            np_err_set_value(L, status, slot + 1);
            call_close_method(L, slot, slot + 1, yieldable);
        }
        level = np_stack_at(L, saved);
    }
    return level;
}

struct CloseArgs { NpValue *level; int status; };

static void close_body(lua_State *L, void *arg) {
    struct CloseArgs *args = arg;
    np_call_close(L, args->level, args->status, false);
}

/* For protected calls on the C stack: what goes on after an error cannot yield across them. */
static int recover_here(lua_State *L, int status, ptrdiff_t base) {
    L->n_c_calls += NP_NOT_YIELDABLE;
    status = np_call_recover(L, status, base);
    L->n_c_calls -= NP_NOT_YIELDABLE;
    return status;
}

/* Closes everything from level up even when __close methods fail; the last error is the one that counts. */
static int close_protected(lua_State *L, ptrdiff_t level, int status) {
    ptrdiff_t frame = L->frame - L->frames;
    uint8_t allow_hook = L->allow_hook;
    for (;;) {
        struct CloseArgs args = {np_stack_at(L, level), status};
        int outcome = np_err_protect(L, close_body, &args);
        if (outcome == LUA_OK) return status;
        /* A pcall inside a method may catch it; then the remaining variables are still to be closed. */
        outcome = recover_here(L, outcome, frame);
        if (outcome == LUA_OK) continue;
        L->frame = L->frames + frame;
        np_barrier_cut(L);
        L->allow_hook = allow_hook;
        status = outcome;
    }
}

int np_call_close_protected(lua_State *L, ptrdiff_t level, int status) { return close_protected(L, level, status); }

/* ---- continuations and recovery ---- */
static int finish_protected(lua_State *L, NpFrame *frame) {
    int status = frame->aux.catch_status;
    if (status == LUA_OK) {
        status = LUA_YIELD; /* nothing went wrong: it only took a way round through the interpreter */
    } else {
        NpValue *func = np_stack_at(L, frame->u.c.catch_func);
        L->allow_hook = (frame->flags & NP_FRAME_WAS_ALLOWHOOK) != 0;
        func = np_call_close(L, func, status, true);
        np_err_set_value(L, status, func);
        np_stack_shrink(L);
        frame = L->frame;
        frame->aux.catch_status = LUA_OK;
    }
    frame->flags &= (uint16_t)~NP_FRAME_CATCH;
    if (L->n_catch > 0) L->n_catch--;
    L->errfunc = frame->u.c.old_errfunc;
    return status;
}

/* The end of a protected call without a continuation: true or false below what it gave. Returns how many that are. */
static int finish_plainly(lua_State *L, int status, NpValue *first) {
    for (NpValue *slot = L->top++; slot > first; slot--) np_copy(slot, slot - 1);
    np_set_bool(first, status == LUA_OK || status == LUA_YIELD);
    return (int)(L->top - first);
}

bool np_call_finish_pcall(lua_State *L, NpFrame *frame) {
    NpValue *func = frame->func;
    if (!(frame->flags & NP_FRAME_CATCH) || frame->u.c.k || frame->u.c.catch_func != np_stack_save(L, func + 1) ||
        frame->nresults < LUA_MULTRET || L->hook_mask)
        return false;
    CHECK1("C3", frame->aux.catch_status == LUA_OK);
    np_set_bool(func, true);
    if (frame->nresults >= 0) {
        NpValue *end = func + frame->nresults;
        while (L->top < end) np_set_nil(L->top++);
        L->top = end;
    }
    if (L->n_catch > 0) L->n_catch--;
    L->errfunc = frame->u.c.old_errfunc;
    L->frame = frame - 1;
    return true;
}

void np_call_finish_c(lua_State *L, NpFrame *frame) {
    int n;
    if (frame->flags & NP_FRAME_CLOSING) {
        n = frame->aux.nyield; /* interrupted while closing its variables; the results are at the top */
    } else {
        int status = LUA_YIELD;
        if (frame->flags & NP_FRAME_CATCH) status = finish_protected(L, frame);
        frame = L->frame;
        if (frame->top < L->top) frame->top = L->top;
        if (frame->u.c.k) {
            n = frame->u.c.k(L, status, frame->u.c.ctx);
            np_gate_pass(L);
        } else {
            n = finish_plainly(L, status, np_stack_at(L, frame->u.c.catch_func));
        }
        if (NP_UNLIKELY(n == NP_RET_CALL)) {
            np_call_requested(L);
            return;
        }
    }
    np_call_post(L, L->frame, n);
}

/* Runs frames of L, and of threads that it resumes meanwhile, until only those of L up to `base` are left. */
static void unroll(lua_State *L, ptrdiff_t base) {
    for (;;) {
        lua_State *at = L->global->jump->L;
        NpFrame *frame = at->frame;
        if (at == L && frame - L->frames <= base) break;
        if (frame == at->frames) {
            np_coro_leave(at, LUA_OK);
        } else if (!np_frame_is_lua(frame)) {
            np_call_finish_c(at, frame);
        } else {
            np_vm_finish(at, frame);
            np_vm_execute(at, at->frame);
            if (L->status == LUA_YIELD) break;
        }
    }
}

void np_call_unroll(lua_State *L, void *base_index) {
    np_call_enter_c(L);
    unroll(L, *(ptrdiff_t *)base_index);
    L->n_c_calls--;
}

/* The innermost protected call above `base`, as a frame index; 0 when there is none. */
static ptrdiff_t find_catch(const lua_State *L, ptrdiff_t base) {
    for (ptrdiff_t i = L->frame - L->frames; i > base; i--)
        if (L->frames[i].flags & NP_FRAME_CATCH) return i;
    return 0;
}

struct Recovery { lua_State *at; int status; ptrdiff_t base; bool caught; };

static void recovery_body(lua_State *L, void *arg) {
    struct Recovery *recovery = arg;
    np_call_enter_c(L);
    np_coro_reenter(L, recovery->at);
    if (!recovery->caught) np_coro_leave(recovery->at, recovery->status);
    unroll(L, recovery->base);
    L->n_c_calls--;
}

int np_call_recover(lua_State *L, int status, ptrdiff_t base) {
    while (status != LUA_OK) {
        lua_State *at = L->global->failed;
        struct Recovery recovery = {at, status, base, false};
        ptrdiff_t index = status > LUA_YIELD ? find_catch(at, at == L ? base : 0) : 0;
        if (index != 0) {
            at->frame = at->frames + index;
            np_barrier_cut(at);
            at->frame->aux.catch_status = status;
            recovery.caught = true;
        } else if (at == L) {
            break;
        }
        status = np_err_protect_recovering(L, recovery_body, &recovery);
    }
    return status;
}

int np_call_protected(lua_State *L, void (*f)(lua_State *, void *), void *arg, ptrdiff_t old_top, ptrdiff_t errfunc) {
    ptrdiff_t frame = L->frame - L->frames;
    uint8_t allow_hook = L->allow_hook;
    ptrdiff_t old_errfunc = L->errfunc;
    uint32_t n_catch = L->n_catch;
    lua_State *running = L->global->running; /* L, unless a host calls in a thread that it has not resumed */
    L->global->running = L;
    L->errfunc = errfunc;
    int status = np_err_protect_recovering(L, f, arg);
    if (NP_UNLIKELY(status != LUA_OK)) {
        status = recover_here(L, status, frame);
        if (status != LUA_OK) {
            L->frame = L->frames + frame;
            np_barrier_cut(L);
            L->allow_hook = allow_hook;
            L->n_catch = n_catch;
            status = close_protected(L, old_top, status);
            np_err_set_value(L, status, np_stack_at(L, old_top));
            np_stack_shrink(L);
        }
    }
    L->errfunc = old_errfunc;
    L->global->running = running;
    return status;
}

/* ---- protected call without the C stack (neap.h) ---- */
struct PlainCall { ptrdiff_t func; int nresults; };

static void plain_call(lua_State *L, void *arg) {
    struct PlainCall *call = arg;
    np_call_no_yield(L, np_stack_at(L, call->func), call->nresults);
}

int np_call_plain_protected(lua_State *L, NpValue *func, int nresults, ptrdiff_t errfunc) {
    struct PlainCall call = {np_stack_save(L, func), nresults};
    int status = np_call_protected(L, plain_call, &call, call.func, errfunc);
    if (L->frame->top < L->top) L->frame->top = L->top;
    return status;
}

int np_call_tail_protected(lua_State *L, NpValue *func, int nresults, ptrdiff_t errfunc, lua_KContext ctx, lua_KFunction k) {
    NpFrame *frame = L->frame;
    if (!caught_by_loop(L) || nresults != LUA_MULTRET) {
        ptrdiff_t first = np_stack_save(L, func);
        int status = np_call_plain_protected(L, func, nresults, errfunc);
        if (!k) return finish_plainly(L, status, np_stack_at(L, first));
        return k(L, status == LUA_OK ? LUA_YIELD : status, ctx);
    }
    if (++L->n_catch > NP_CATCH_MAX) {
        L->n_catch--;
        np_err_run(L, "C stack overflow");
    }
    frame->u.c.k = k;
    frame->u.c.ctx = ctx;
    frame->u.c.catch_func = np_stack_save(L, func);
    frame->u.c.old_errfunc = L->errfunc;
    frame->aux.catch_status = LUA_OK;
    frame->flags |= NP_FRAME_CATCH;
    if (L->allow_hook) frame->flags |= NP_FRAME_WAS_ALLOWHOOK;
    else frame->flags &= (uint16_t)~NP_FRAME_WAS_ALLOWHOOK;
    L->errfunc = errfunc;
    return NP_RET_CALL;
}

int neap_tailpcallk(lua_State *L, int nargs, int nresults, int msgh, lua_KContext ctx, lua_KFunction k) {
    NP_API_ENTER(L);
    NP_API_CHECK(nargs >= 0 && L->top - L->frame->func > nargs + 1, "too few values on the stack");
    ptrdiff_t errfunc = 0;
    if (msgh != 0) {
        NpValue *handler = msgh > 0 ? L->frame->func + msgh : L->top + msgh;
        errfunc = np_stack_save(L, handler);
    }
    return np_call_tail_protected(L, L->top - nargs - 1, nresults, errfunc, ctx, k);
}
