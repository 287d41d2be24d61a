/* Tests of runtime/opcode.c and opcode.h: the codec and the table of properties. */
#include "runtime/opcode.h"

#include "tests/unit/unit.h"

TEST(fields_come_back) {
    for (unsigned field = 0; field < 256; field += 5) {
        NpInstr instr = np_make_abc(NP_OP_ADD, field, 255 - field, field ^ 0x5a);
        EXPECT_EQ(np_op(instr), NP_OP_ADD);
        EXPECT_EQ(np_a(instr), field);
        EXPECT_EQ(np_b(instr), 255 - field);
        EXPECT_EQ(np_c(instr), field ^ 0x5a);
        EXPECT_EQ(np_sb(instr), (int8_t)(255 - field));
    }
    for (int number = -32768; number <= 32767; number += 257) {
        NpInstr instr = np_make_ad(NP_OP_LOADI, 7, (unsigned)number & 0xffff);
        EXPECT_EQ(np_sd(instr), number);
        EXPECT_EQ(np_d(instr), number & 0xffff);
        EXPECT_EQ(np_a(instr), 7);
    }
    for (int32_t offset = -(1 << 23); offset < 1 << 23; offset += 65537)
        EXPECT_EQ(np_e(np_make_e(NP_OP_LOOP, offset)), offset);
}

TEST(quickened_forms_have_the_shape_of_their_base) {
    int quickened = 0;
    for (int op = 0; op < NP_OP_COUNT; op++) {
        const NpOpInfo *info = &np_opcode_info[op], *base = &np_opcode_info[info->base];
        EXPECT_EQ(info->base == op, !(info->flags & NP_OPF_Q));
        EXPECT_EQ(info->words, base->words);
        EXPECT_EQ(info->format, base->format);
        EXPECT_EQ(info->flags & ~NP_OPF_Q, base->flags);
        EXPECT_EQ(strncmp(info->name, base->name, strlen(base->name)), 0);
        quickened += info->base != op;
    }
    EXPECT_GT(quickened, 0);
}

TEST(offsets_have_their_word) {
    for (int op = 0; op < NP_OP_COUNT; op++) {
        const NpOpInfo *info = &np_opcode_info[op];
        if (info->flags & NP_OPF_JW) EXPECT_EQ(info->words, 2);
        if (info->flags & NP_OPF_KW) EXPECT_GE(info->words, 3);
        if (info->flags & NP_OPF_JE) EXPECT_EQ(info->format, NP_FORMAT_E);
        EXPECT_GE(info->words, 1);
        EXPECT_LE(info->words, 4);
        EXPECT_TRUE(info->name[0] && info->synopsis[0]);
    }
}

/* The code generator turns ADD into ADDK and so on by this distance. */
TEST(constant_forms_are_in_the_same_order) {
    for (int op = NP_OP_ADD; op <= NP_OP_SHR; op++) {
        const char *name = np_opcode_info[op].name, *constant = np_opcode_info[op + NP_OP_ADDK - NP_OP_ADD].name;
        EXPECT_EQ(strncmp(name, constant, strlen(name)), 0);
        EXPECT_STR(constant + strlen(name), "K");
    }
}

UNIT_MAIN
