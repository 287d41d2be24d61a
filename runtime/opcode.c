/* opcode.c: the table of opcode properties, generated from opcodes.def. Owns nothing else. */
#include "runtime/opcode.h"

enum { NONE = NP_OPF_NONE, SA = NP_OPF_SA, JW = NP_OPF_JW, JE = NP_OPF_JE, CMP = NP_OPF_CMP, KW = NP_OPF_KW,
       CAN = NP_OPF_CAN, Q = NP_OPF_Q };

/* The base of a quickened form is named here; every other opcode is its own base. */
#define NP_BASE_OF(op)                                                                            \
    ((op) == NP_OP_GETFIELD_OWN || (op) == NP_OP_GETFIELD_CHAIN   ? NP_OP_GETFIELD                \
     : (op) == NP_OP_SELF_OWN || (op) == NP_OP_SELF_CHAIN         ? NP_OP_SELF                    \
     : (op) == NP_OP_GETTABUP_OWN                                 ? NP_OP_GETTABUP                \
     : (op) == NP_OP_SETTABUP_OWN                                 ? NP_OP_SETTABUP                \
     : (op) >= NP_OP_SETFIELD_OWN && (op) <= NP_OP_SETFIELD_ADDM  ? NP_OP_SETFIELD                \
     : (op) == NP_OP_NEWTABLE_AS                                  ? NP_OP_NEWTABLE                \
                                                                  : (op))

const NpOpInfo np_opcode_info[NP_OP_COUNT] = {
#define OP(name, format, words, flags, synopsis)                                                  \
    {#name, synopsis, NP_FORMAT_##format, words, flags, (uint8_t)NP_BASE_OF(NP_OP_##name)},
#include "runtime/opcodes.def"
#undef OP
};

_Static_assert(NP_OP_COUNT <= 256, "opcodes fit one byte");
