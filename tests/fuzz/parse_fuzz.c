/* parse_fuzz.c: any bytes at all through np_parse, for clang's libFuzzer. Not part of the tests; by hand:
 *
 *     ninja asan
 *     clang-19 -std=gnu11 -D_GNU_SOURCE -Iinclude -I. -Iout/asan/gen -g -O1 \
 *         -fsanitize=address,undefined,fuzzer -fno-sanitize-recover=all \
 *         tests/fuzz/parse_fuzz.c compiler/{ast,scope,diagnose,parse}.c \
 *         out/asan/gen/{lexer,grammar}.c out/asan/libneap.a -lm -o /tmp/parse_fuzz
 *     /tmp/parse_fuzz -max_total_time=60 -max_len=2000 CORPUS-FOLDER
 *
 * The source is not terminated, so that a read beyond its end is seen. */
#include "compiler/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    NpScratch scratch;
    NpParse parse;
    bool ok;
    np_scratch_init(&scratch);
    memset(&parse, 0, sizeof parse);
    parse.scratch = &scratch;
    parse.source = (const char *)data;
    parse.length = size;
    parse.chunk_id = "fuzz";
    ok = np_parse(&parse);
    if (ok != (parse.main != NULL) || ok == (parse.error != NULL)) __builtin_trap();
    if (ok) {
        char text[4096];
        np_ast_dump(parse.main, text, sizeof text);
    }
    np_scratch_free(&scratch);
    return 0;
}
