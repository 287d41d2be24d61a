/* opcode.h: the instruction codec and the properties of each opcode, from opcodes.def.
 * Does not: execute, emit or print anything. */
#ifndef NP_OPCODE_H
#define NP_OPCODE_H

#include "runtime/base.h"

typedef uint32_t NpInstr;

typedef enum {
#define OP(name, format, words, flags, synopsis) NP_OP_##name,
#include "runtime/opcodes.def"
#undef OP
    NP_OP_COUNT
} NpOpcode;

typedef enum { NP_FORMAT_ABC, NP_FORMAT_AD, NP_FORMAT_AsD, NP_FORMAT_E } NpOpFormat;
enum {
    NP_OPF_NONE = 0, NP_OPF_SA = 1, NP_OPF_JW = 2, NP_OPF_JE = 4, NP_OPF_CMP = 8, NP_OPF_KW = 16,
    NP_OPF_CAN = 32, NP_OPF_Q = 64
};
typedef struct NpOpInfo {
    const char *name, *synopsis;
    uint8_t format, words, flags, base; /* base: the opcode the code generator emits for it */
} NpOpInfo;
extern const NpOpInfo np_opcode_info[NP_OP_COUNT]; /* opcode.c */

NP_INLINE unsigned np_op(NpInstr i) { return i & 0xff; }
NP_INLINE unsigned np_a(NpInstr i) { return (i >> 8) & 0xff; }
NP_INLINE unsigned np_b(NpInstr i) { return (i >> 16) & 0xff; }
NP_INLINE unsigned np_c(NpInstr i) { return i >> 24; }
NP_INLINE int np_sb(NpInstr i) { return (int8_t)(i >> 16); }
NP_INLINE unsigned np_d(NpInstr i) { return i >> 16; }
NP_INLINE int np_sd(NpInstr i) { return (int16_t)(i >> 16); }
NP_INLINE int32_t np_e(NpInstr i) { return (int32_t)i >> 8; }

NP_INLINE NpInstr np_make_abc(NpOpcode op, unsigned a, unsigned b, unsigned c) {
    return (NpInstr)op | a << 8 | b << 16 | c << 24;
}
NP_INLINE NpInstr np_make_ad(NpOpcode op, unsigned a, unsigned d) { return (NpInstr)op | a << 8 | d << 16; }
NP_INLINE NpInstr np_make_e(NpOpcode op, int32_t e) { return (NpInstr)op | (NpInstr)e << 8; }

#define NP_MAX_REGISTERS 250 /* registers of a function; A, B, C must hold any of them */

#endif
