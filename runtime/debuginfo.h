/* debuginfo.h: what is known about a running function: lines, names of registers, names of calls (debuginfo.c,
 * naming.c), and the stepping of line and count hooks.
 * Does not: format messages (errmsg.c). */
#ifndef NP_DEBUGINFO_H
#define NP_DEBUGINFO_H

#include "runtime/state.h"

/* [-] Word index of the instruction a Lua frame is in: u.lua.pc points past its first word. A frame that has
 * not started yet counts as being at its first instruction. */
NP_INLINE int np_debug_pc(const NpFrame *frame) {
    int pc = (int)(frame->u.lua.pc - np_frame_closure(frame)->proto->code) - 1;
    return pc < 0 ? 0 : pc;
}
/* [-] Source line a Lua frame is in; -1 when stripped. */
int np_debug_line(const NpFrame *frame);

/* How a value or function is called in the program: `kind` NULL when it has no name, else "local", "global",
 * "field", "method", "constant", "upvalue", "metamethod", "for iterator" or "hook". The name's text lives
 * as long as the function that was asked about. */
typedef struct NpDebugName {
    const char *kind, *name;
} NpDebugName;

/* [-] The register `reg` as seen by the instruction at word `pc`. */
NpDebugName np_debug_register_name(const NpProto *proto, int pc, int reg);
/* [-] The name under which the instruction that `frame` is in calls a function. */
NpDebugName np_debug_call_name(lua_State *L, const NpFrame *frame);
/* [-] The value at `slot`, if it is a register or upvalue of the running Lua function. */
NpDebugName np_debug_value_name(lua_State *L, const NpValue *slot);

/* [gc err stk] Called by the interpreter before each instruction while hooks are set; `pc` is its first word.
 * Runs count and line hooks. 0 when neither is set any more and stepping can stop. */
int np_debug_trace(lua_State *L, const NpInstr *pc);
/* [gc stk] Called by the interpreter before an instruction, when something has been asked for (neap_interrupt): calls it,
 * once, at a point where the collector may work. */
void np_debug_answer(lua_State *L, const NpInstr *pc);
/* [-] Call when a Lua function is about to run its first instruction, so that its first line counts as new. */
NP_INLINE void np_debug_note_entry(lua_State *L) { L->old_line_pc = -1; }

/* Frame flags besides those of state.h. */
#define NP_FRAME_HOOK_YIELDED 0x400 /* a hook yielded before the instruction the frame is at: not again for it */
#define NP_FRAME_TRANSFER 0x800     /* in a call or return hook: aux.transfer is set */

#endif
