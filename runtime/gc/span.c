/* span.c: see span.h. */
#include "runtime/gc/span.h"

/* Both walks keep `first`, the position in the present word of the first slot that begins in it.
 * From one word to the next it moves by 64 modulo stride. */

void np_span_set_slots(uint64_t *words, size_t from, size_t end, unsigned stride, uint64_t pattern) {
    unsigned first, turn;
    if (stride >= 64) {
        for (; from < end; from += stride) np_bits_set(words, from);
        return;
    }
    first = from & 63;
    turn = 64 % stride;
    for (size_t word = from >> 6; word << 6 < end; word++) {
        words[word] |= pattern << first & np_bits_low(end - (word << 6));
        if (first >= stride) first %= stride;
        first = first >= turn ? first - turn : first + stride - turn;
    }
}

size_t np_span_next_free(const uint64_t *words, size_t from, size_t end, unsigned stride, uint64_t pattern) {
    unsigned first, turn;
    if (stride >= 64) {
        while (from < end && np_bits_test(words, from)) from += stride;
        return np_bits_min(from, end);
    }
    first = from & 63;
    turn = 64 % stride;
    for (size_t word = from >> 6; word << 6 < end; word++) {
        uint64_t clear = pattern << first & ~words[word];
        if (clear) return np_bits_min((word << 6) + (size_t)__builtin_ctzll(clear), end);
        if (first >= stride) first %= stride;
        first = first >= turn ? first - turn : first + stride - turn;
    }
    return end;
}
