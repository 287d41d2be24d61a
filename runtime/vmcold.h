/* vmcold.h: what the interpreter's handlers leave to functions (vmcold.c).
 *
 * Contract of every np_vm_<op>(L, insn): L->frame is the Lua frame with its pc saved just past the instruction's first
 * word. On return the frame L->frame (the same, or that of a metamethod) is ready to go on at its saved pc, with the
 * instruction completed or, for a new frame, to be completed by np_vm_finish when it returns.
 * All [gc err stk]. */
#ifndef NP_VMCOLD_H
#define NP_VMCOLD_H

#include "runtime/state.h"

void np_vm_get_field(lua_State *L, NpInstr insn);   /* GETFIELD, SELF, GETTABUP and their quickened forms */
void np_vm_set_field(lua_State *L, NpInstr insn);   /* SETFIELD, SETTABUP and their quickened forms */
void np_vm_get_index(lua_State *L, NpInstr insn);   /* GETINDEX, GETINT */
void np_vm_set_index(lua_State *L, NpInstr insn);   /* SETINDEX, SETINT */
void np_vm_arith(lua_State *L, NpInstr insn);       /* ADD ... SHRK, UNM, BNOT */
void np_vm_length(lua_State *L, NpInstr insn);
void np_vm_concat(lua_State *L, NpInstr insn);
void np_vm_compare(lua_State *L, NpInstr insn);     /* EQ, LT, LE, LTI ... GEI */
void np_vm_new_table(lua_State *L, NpInstr insn);
void np_vm_set_list(lua_State *L, NpInstr insn);
void np_vm_closure(lua_State *L, NpInstr insn);
void np_vm_for_prep(lua_State *L, NpInstr insn);
void np_vm_vararg_prep(lua_State *L, NpInstr insn);
void np_vm_vararg(lua_State *L, NpInstr insn);
void np_vm_tfor_call(lua_State *L, NpInstr insn);
/* While hooks are set: tells the call hook of a function that starts, once a frame. */
void np_vm_hook_entry(lua_State *L);
void np_vm_close(lua_State *L, NpInstr insn);
/* RETURN in all forms when something is to be closed, a hook is on, or the frame has flags. true: the interpreter
 * loop is to be left; false: go on with L->frame. */
bool np_vm_return(lua_State *L, NpInstr insn);
/* After a frame with `flags` was popped: as np_vm_return. */
bool np_vm_returned(lua_State *L, unsigned flags);
/* A call of anything: Lua frames are pushed, C functions run. false: go on with L->frame; as np_vm_return. */
bool np_vm_call(lua_State *L, NpInstr insn);
bool np_vm_tail_call(lua_State *L, NpInstr insn);

/* [-] Before an instruction that looks into a table, while weak tables are being cleared: drops the entry if it is dead. */
void np_vm_guard(lua_State *L, NpInstr insn);

#endif
