/* disasm.h: readable listings of bytecode (disasm.c). */
#ifndef NP_DISASM_H
#define NP_DISASM_H

#include "runtime/object.h"

/* Takes the next piece of the listing; not NUL-terminated. */
typedef void (*NpDisasmWrite)(void *ctx, const char *text, size_t length);
/* [-] Lists a function and, after it, its inner functions. With `full`, constants, variables and upvalues too. */
void np_disasm(const NpProto *proto, bool full, NpDisasmWrite write, void *ctx);
/* [-] The instruction at word pc as text, without a newline, cut to size; returns its words. */
int np_disasm_instr(const NpProto *proto, int32_t pc, char *out, size_t size);

#endif
