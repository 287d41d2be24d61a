/* vm.c: the interpreter loop.
 *
 * Owns: dispatch. The instructions' bodies are in vm_ops.h, their cold parts in vmcold.c.
 * Does not: know how calls work beyond the plain case (call.c).
 *
 * Three ways of dispatch over the same bodies:
 *   tail calls      clang with preserve_none and musttail: a handler is a function; pc, base, constants, state and
 *                   dispatch table stay in registers from one to the next.
 *   computed goto   other GNU C compilers.
 *   switch          -DNP_DISPATCH_SWITCH.
 * The plain table is `live`, which a signal fills with HOOKED for an instruction (np_vm_poke).
 * With hooks set, L->dispatch is a table in which every entry is the handler HOOKED, which tells the hooks and then
 * runs the instruction's plain handler. While weak tables are being cleared, in another one those that look into
 * tables are GUARDED. The register is renewed at backward jumps and whenever a frame is
 * entered or left through a cold path.
 *
 * Rules for bodies
 *   X1 the frame's pc is saved (past the instruction's first word) before anything that may throw, collect or look at
 *      the frame: COLD does.
 *   X2 base is reloaded after anything that may move the stack: GO does.
 *   X3 a new object is anchored in a register before the next safe point. */
#include <stdio.h>

#include "runtime/builtin.h"
#include "runtime/call.h"
#include "runtime/dbg.h"
#include "runtime/debuginfo.h"
#include "runtime/dict.h"
#include "runtime/disasm.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/gc/barrier.h"
#include "runtime/table.h"
#include "runtime/vmcold.h"
#include "runtime/vmslow.h"

#if defined(NP_DISPATCH_SWITCH)
#define DISPATCH_SWITCH 1
#elif defined(__clang__) && __clang_major__ >= 19 && defined(__x86_64__)
#define DISPATCH_TAIL 1
#else
#define DISPATCH_GOTO 1
#endif

#if defined(DISPATCH_TAIL)
const char np_vm_dispatch_name[] = "tail calls";
#elif defined(DISPATCH_GOTO)
const char np_vm_dispatch_name[] = "computed goto";
#else
const char np_vm_dispatch_name[] = "switch";
#endif

/* TFORPREP and TBC mark a slot; nothing else is cold about them. */
static void np_vm_tfor_prep(lua_State *L, NpInstr insn) {
    np_call_mark_tbc(L, L->frame->func + 1 + np_a(insn) + 3);
    const NpInstr *pc = L->frame->u.lua.pc;
    L->frame->u.lua.pc = pc + 1 + (int32_t)pc[0];
}

static void np_vm_mark_tbc(lua_State *L, NpInstr insn) { np_call_mark_tbc(L, L->frame->func + 1 + np_a(insn)); }

/* After a collection, or when the thread has not run for a while. */
static NP_COLD void attend(lua_State *L) {
    np_barrier_touch(L);
    np_vm_choose_dispatch(L);
    L->attention = L->global->gc.attention;
}

static volatile sig_atomic_t poked;  /* the plain table is full of HOOKED, */
static volatile sig_atomic_t sampled; /* and stays so until a sample is taken */
static void live_hooked(void);
static void live_plain(void);

void np_vm_poke(bool sample) {
    live_hooked();
    poked = 1;
    if (sample) sampled = 1;
}

void np_vm_unpoke(void) {
    poked = sampled = 0;
    live_plain();
    if (poked) live_hooked(); /* a signal has come in between */
}

static bool wants_hooks(const lua_State *L) {
    return (L->hook_mask & ~NP_MASK_SAMPLE) || np_dbg_on(traceexec) || L->global->asked;
}

/* The part of HOOKED that runs before the instruction. */
static NP_COLD void before_hooked(lua_State *L, const NpInstr *pc) {
    NpFrame *frame = L->frame;
    frame->u.lua.pc = pc;
    NpProto *proto = np_frame_closure(frame)->proto;
    if (L->global->gc.weak_window) np_vm_guard(L, pc[-1]);
    if (L->global->sample_due) np_call_sample(L);
    else if (poked && !sampled) np_vm_unpoke();
    if (!wants_hooks(L)) return;
    if (np_dbg_on(traceexec)) {
        char text[160];
        np_disasm_instr(proto, (int32_t)(pc - 1 - proto->code), text, sizeof text);
        fprintf(stderr, "%*s%s\n", (int)(frame - L->frames) * 2, "", text);
    }
    if (pc - 1 == proto->code) {
        if (proto->is_vararg) return; /* VARARGPREP has the arguments in order first */
        np_vm_hook_entry(L);
    }
    if (L->global->asked) np_debug_answer(L, pc - 1);
    if (L->hook_mask & (LUA_MASKLINE | LUA_MASKCOUNT)) np_debug_trace(L, pc - 1);
}

/* Instructions that look into tables. While dead entries are still in weak tables (gc.weak_window), a dispatch table
 * is in use in which np_vm_guard drops the entry at hand before them. */
#define IS_GUARDED(op) (((op) >= NP_OP_GETTABUP && (op) <= NP_OP_SELF) || (op) == NP_OP_TFORCALL || (op) >= NP_OP_GETFIELD_OWN)
_Static_assert(NP_OP_SELF - NP_OP_GETTABUP == 8, "the accesses to tables are neighbours");

#define COLD_FUNCTIONS(X)                                                                          \
    X(get_field) X(set_field) X(get_index) X(set_index) X(arith) X(length) X(concat) X(compare)    \
    X(new_table) X(set_list) X(closure) X(for_prep) X(vararg_prep) X(vararg)                       \
    X(tfor_prep) X(close) X(mark_tbc) X(begin_method)

/* Those after which another thread may go on, or none. */
#define SWITCHING_FUNCTIONS(X) X(return) X(call) X(tail_call) X(tfor_call)

#define RELOAD                                                                                     \
    do {                                                                                           \
        if (NP_UNLIKELY(L->attention != L->global->gc.attention)) attend(L);                       \
        NpFrame *frame_now = L->frame;                                                             \
        pc = frame_now->u.lua.pc;                                                                  \
        base = frame_now->func + 1;                                                                \
        constants = frame_now->u.lua.constants;                                                    \
        dispatch = L->dispatch;                                                                    \
    } while (0)

#ifdef DISPATCH_TAIL
/* ------------------------------------------------------------------ tail calls */
#define HANDLER_CC __attribute__((preserve_none))
#define PARAMETERS                                                                                 \
    lua_State *L, const NpInstr *pc, NpValue *base, const NpValue *constants, const void *dispatch, NpInstr insn
typedef void HANDLER_CC Handler(PARAMETERS);

#define NEXT                                                                                       \
    do {                                                                                           \
        NpInstr next_insn = *pc++;                                                                 \
        __attribute__((musttail)) return ((Handler *const *)dispatch)[np_op(next_insn)](           \
            L, pc, base, constants, dispatch, next_insn);                                          \
    } while (0)
#define COLD(name) __attribute__((musttail)) return cold_##name(L, pc, base, constants, dispatch, insn)
#define COLD_RETURN __attribute__((musttail)) return cold_return(L, pc, base, constants, dispatch, insn)

#define COLD_HANDLER(name)                                                                         \
    static NP_NOINLINE HANDLER_CC void cold_##name(PARAMETERS) {                                   \
        L->frame->u.lua.pc = pc;                                                                   \
        np_vm_##name(L, insn);                                                                     \
        RELOAD;                                                                                    \
        NEXT;                                                                                      \
    }
COLD_FUNCTIONS(COLD_HANDLER)

#define SWITCHING_HANDLER(name)                                                                    \
    static NP_NOINLINE HANDLER_CC void cold_##name(PARAMETERS) {                                   \
        L->frame->u.lua.pc = pc;                                                                   \
        L = np_vm_##name(L, insn);                                                                 \
        if (!L) return;                                                                            \
        RELOAD;                                                                                    \
        NEXT;                                                                                      \
    }
SWITCHING_FUNCTIONS(SWITCHING_HANDLER)

#define HANDLER(op) static HANDLER_CC void handle_##op(PARAMETERS)
#define EXTRA(name) static NP_NOINLINE HANDLER_CC void extra_##name(PARAMETERS)
#define TO(name) __attribute__((musttail)) return extra_##name(L, pc, base, constants, dispatch, insn)
EXTRA(poly_get);
EXTRA(poly_self);
EXTRA(string_self);
EXTRA(set_upvalue_shading);
EXTRA(set_own_shading);
EXTRA(set_plain_shading);
EXTRA(return_closing);
EXTRA(set_array_shading);
EXTRA(get_index_dict);
EXTRA(get_index_word);
EXTRA(get_index_whole);
EXTRA(get_index_object);
EXTRA(set_index_dict);
EXTRA(set_index_word);
EXTRA(set_index_object);
EXTRA(poly_set);
EXTRA(call_c);
EXTRA(call_c_frame);
EXTRA(return_inside);
EXTRA(tfor_function);
EXTRA(return_to_pcall);
EXTRA(begin_method);
EXTRA(index_by_call);
EXTRA(set_field_method);
EXTRA(get_index_record);
EXTRA(set_index_record);
EXTRA(arith);
#include "runtime/vm_ops.h"
#undef HANDLER

static Handler *const plain_table[256] = {
#define OP(name, format, words, flags, synopsis) [NP_OP_##name] = handle_##name,
#include "runtime/opcodes.def"
#undef OP
};

static HANDLER_CC void handle_HOOKED(PARAMETERS) {
    before_hooked(L, pc);
    base = L->frame->func + 1;
    dispatch = L->dispatch;
    unsigned op = np_op(insn);
    if (op == NP_OP_RETURN || op == NP_OP_RETURN0 || op == NP_OP_RETURN1) COLD_RETURN;
    if (op == NP_OP_CALL) COLD(call); /* so that what the hooks set is seen by the callee at once */
    if (op == NP_OP_TAILCALL) { COLD(tail_call); }
    if (op == NP_OP_VARARGPREP) COLD(vararg_prep); /* which tells the call hook */
    __attribute__((musttail)) return plain_table[op](L, pc, base, constants, dispatch, insn);
}

static HANDLER_CC void handle_GUARDED(PARAMETERS) {
    L->frame->u.lua.pc = pc;
    np_vm_guard(L, insn);
    __attribute__((musttail)) return plain_table[np_op(insn)](L, pc, base, constants, dispatch, insn);
}

static Handler *live[256] = {
#define OP(name, format, words, flags, synopsis) [NP_OP_##name] = handle_##name,
#include "runtime/opcodes.def"
#undef OP
};

static void make_live(Handler *const *table) {
    for (int op = 0; op < 256; op++) __atomic_store_n(&live[op], table[op], __ATOMIC_RELAXED);
}

static Handler *const guarded_table[256] = {
#define OP(name, format, words, flags, synopsis) \
    [NP_OP_##name] = IS_GUARDED(NP_OP_##name) ? handle_GUARDED : handle_##name,
#include "runtime/opcodes.def"
#undef OP
};

static Handler *const hooked_table[256] = {
#define OP(name, format, words, flags, synopsis) [NP_OP_##name] = handle_HOOKED,
#include "runtime/opcodes.def"
#undef OP
};

static void live_hooked(void) { make_live(hooked_table); }
static void live_plain(void) { make_live(plain_table); }

void np_vm_choose_dispatch(lua_State *L) {
    const void *plain = live;
    L->dispatch = wants_hooks(L) ? (const void *)hooked_table : L->global->gc.weak_window ? (const void *)guarded_table : plain;
}

void np_vm_execute(lua_State *L, NpFrame *frame) {
    if (NP_UNLIKELY(L->attention != L->global->gc.attention)) attend(L);
    if (NP_UNLIKELY(L->global->asked != NULL)) np_vm_choose_dispatch(L);
    const NpInstr *pc = frame->u.lua.pc;
    Handler *const *table = L->dispatch;
    NpInstr insn = *pc++;
    table[np_op(insn)](L, pc, frame->func + 1, frame->u.lua.constants, table, insn);
}

#else
/* ------------------------------------------------------------------ one function */
#ifdef DISPATCH_GOTO
#define NEXT                                                                                       \
    do {                                                                                           \
        insn = *pc++;                                                                              \
        goto *((const void *const *)dispatch)[np_op(insn)];                                        \
    } while (0)
#define HANDLER(op) handle_##op:
#else
#define NEXT goto next_instruction
#define HANDLER(op) case NP_OP_##op:
#endif
#define EXTRA(name) extra_##name:
#define TO(name) goto extra_##name
#define COLD(name) goto cold_##name
#define COLD_RETURN goto cold_return
#define COLD_LABEL(name)                                                                           \
    cold_##name:                                                                                   \
    L->frame->u.lua.pc = pc;                                                                       \
    np_vm_##name(L, insn);                                                                         \
    RELOAD;                                                                                        \
    NEXT;

#ifdef DISPATCH_GOTO
static const void *const *goto_plain, *const *goto_guarded, *const *goto_hooked; /* set by the first run() */
static const void *live[256];

static void make_live(const void *const *table) {
    for (int op = 0; table && op < 256; op++) __atomic_store_n(&live[op], table[op], __ATOMIC_RELAXED);
}
static void live_hooked(void) { make_live(goto_hooked); }
static void live_plain(void) { make_live(goto_plain); }
#else
static const char is_plain = 0, is_guarded = 1, is_hooked = 2; /* only their addresses matter */
static void live_hooked(void) {}
static void live_plain(void) {}
#endif

static void run(lua_State *L, bool only_tables) {
#ifdef DISPATCH_GOTO
    static const void *const plain_table[256] = {
#define OP(name, format, words, flags, synopsis) [NP_OP_##name] = &&handle_##name,
#include "runtime/opcodes.def"
#undef OP
    };
    static const void *const hooked_table[256] = {
#define OP(name, format, words, flags, synopsis) [NP_OP_##name] = &&handle_HOOKED,
#include "runtime/opcodes.def"
#undef OP
    };
    static const void *const guarded_table[256] = {
#define OP(name, format, words, flags, synopsis) \
    [NP_OP_##name] = IS_GUARDED(NP_OP_##name) ? &&handle_GUARDED : &&handle_##name,
#include "runtime/opcodes.def"
#undef OP
    };
    if (only_tables) {
        goto_plain = plain_table;
        goto_guarded = guarded_table;
        goto_hooked = hooked_table;
        make_live(plain_table);
    }
#endif
    if (only_tables) return;
    const NpInstr *pc;
    NpValue *base;
    const NpValue *constants;
    const void *dispatch;
    NpInstr insn = 0;
    RELOAD;
#ifdef DISPATCH_SWITCH
next_instruction:
    insn = *pc++;
    if (NP_UNLIKELY(dispatch == &is_hooked || poked)) goto handle_HOOKED;
    if (NP_UNLIKELY(dispatch == &is_guarded) && IS_GUARDED(np_op(insn))) goto handle_GUARDED;
plain_instruction:
    switch (np_op(insn)) {
#include "runtime/vm_ops.h"
    default: np_fatal("unknown opcode %u", np_op(insn));
    }
#else
    NEXT;
#include "runtime/vm_ops.h"
#endif

handle_GUARDED:
    L->frame->u.lua.pc = pc;
    np_vm_guard(L, insn);
#ifdef DISPATCH_SWITCH
    goto plain_instruction;
#else
    goto *plain_table[np_op(insn)];
#endif

handle_HOOKED:
    before_hooked(L, pc);
    base = L->frame->func + 1;
    dispatch = L->dispatch;
    if (np_op(insn) == NP_OP_RETURN || np_op(insn) == NP_OP_RETURN0 || np_op(insn) == NP_OP_RETURN1) COLD_RETURN;
    if (np_op(insn) == NP_OP_CALL) COLD(call);
    if (np_op(insn) == NP_OP_TAILCALL) { COLD(tail_call); }
    if (np_op(insn) == NP_OP_VARARGPREP) COLD(vararg_prep);
#ifdef DISPATCH_SWITCH
    goto plain_instruction;
#else
    goto *plain_table[np_op(insn)];
#endif

    COLD_FUNCTIONS(COLD_LABEL)
#define SWITCHING_LABEL(name)                                                                      \
    cold_##name:                                                                                   \
    L->frame->u.lua.pc = pc;                                                                       \
    L = np_vm_##name(L, insn);                                                                     \
    if (!L) return;                                                                                \
    RELOAD;                                                                                        \
    NEXT;
    SWITCHING_FUNCTIONS(SWITCHING_LABEL)
}

void np_vm_choose_dispatch(lua_State *L) {
#ifdef DISPATCH_GOTO
    if (!goto_plain) run(NULL, true);
    L->dispatch = (const void *)(wants_hooks(L) ? goto_hooked : L->global->gc.weak_window ? goto_guarded : live);
#else
    L->dispatch = wants_hooks(L) ? &is_hooked : L->global->gc.weak_window ? &is_guarded : &is_plain;
#endif
}

void np_vm_execute(lua_State *L, NpFrame *frame) {
    (void)frame; /* it is L->frame */
    if (NP_UNLIKELY(L->global->asked != NULL)) np_vm_choose_dispatch(L);
    run(L, false);
}
#endif
