/* span_test.c: bitmap runs, against a plain array of bits. */
#include "runtime/gc/span.h"

#include "tests/unit/unit.h"

enum { WORDS = 40, BITS = WORDS * 64 };

static uint64_t words[WORDS];
static unsigned char model[BITS];

static void expect_same(const char *what) {
    for (size_t i = 0; i < BITS; i++)
        if (np_bits_test(words, i) != model[i]) {
            unit_int(__FILE__, __LINE__, what, (long long)i, -1, true);
        }
}

TEST(ranges_set_clear_and_count) {
    uint64_t seed = 3;
    memset(words, 0, sizeof words);
    memset(model, 0, sizeof model);
    for (int step = 0; step < 4000; step++) {
        size_t from = unit_random(&seed) % BITS, end = from + unit_random(&seed) % (unit_random(&seed) % 2 ? 300 : 8);
        size_t count = 0;
        if (end > BITS) end = BITS;
        if (unit_random(&seed) % 2) {
            np_bits_set_range(words, from, end);
            memset(model + from, 1, end - from);
        } else {
            np_bits_clear_range(words, from, end);
            memset(model + from, 0, end - from);
        }
        expect_same("first bit that differs after a range");
        from = unit_random(&seed) % BITS;
        end = from + unit_random(&seed) % (BITS - from + 1);
        for (size_t i = from; i < end; i++) count += model[i];
        REQUIRE_EQ(np_bits_count_range(words, from, end), count);
    }
}

TEST(next_set_and_next_clear) {
    uint64_t seed = 4;
    for (int round = 0; round < 200; round++) {
        int density = (int)(unit_random(&seed) % 8);
        for (size_t i = 0; i < BITS; i++) {
            model[i] = density == 0 ? 0 : density == 7 ? 1 : unit_random(&seed) % 64 < (uint64_t)density * 9;
            if (model[i]) np_bits_set(words, i);
            else np_bits_clear(words, i);
        }
        for (int probe = 0; probe < 100; probe++) {
            size_t from = unit_random(&seed) % (BITS + 1), end = from + unit_random(&seed) % (BITS - from + 1);
            size_t set = from, clear = from;
            while (set < end && !model[set]) set++;
            while (clear < end && model[clear]) clear++;
            REQUIRE_EQ(np_bits_next_set(words, from, end), set);
            REQUIRE_EQ(np_bits_next_clear(words, from, end), clear);
        }
    }
}

static uint64_t pattern_of(unsigned stride) {
    uint64_t pattern = 0;
    for (unsigned bit = 0; bit < 64; bit += stride) pattern |= (uint64_t)1 << bit;
    return pattern;
}

TEST(slots_of_every_stride) {
    uint64_t seed = 5;
    for (unsigned stride = 1; stride < 150; stride++) {
        size_t nslots = BITS / stride;
        memset(words, 0, sizeof words);
        memset(model, 0, sizeof model);
        for (int round = 0; round < 20; round++) {
            size_t first = unit_random(&seed) % nslots, count = unit_random(&seed) % (nslots - first + 1);
            size_t probe = unit_random(&seed) % nslots, end, want;
            np_span_set_slots(words, first * stride, (first + count) * stride, stride, pattern_of(stride));
            for (size_t i = 0; i < count; i++) model[(first + i) * stride] = 1;
            expect_same("first bit that differs after np_span_set_slots");
            end = (probe + unit_random(&seed) % (nslots - probe + 1)) * stride;
            for (want = probe * stride; want < end && model[want]; want += stride) {}
            if (want > end) want = end;
            REQUIRE_EQ(np_span_next_free(words, probe * stride, end, stride, pattern_of(stride)), want);
        }
    }
}

UNIT_MAIN
