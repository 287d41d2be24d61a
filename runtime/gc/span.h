/* span.h: runs of bits in an arena's mark and alloc bitmaps.
 *
 * Owns: finding, setting and clearing the bits of slots, a word at a time. Bit indices are granules
 *       counted from the arena's start.
 * Does not: know spans' lists or pages (heap.c, pagealloc.c).
 *
 * Slots begin at every `stride`th granule of a span; a span begins at a multiple of 512 granules.
 * A `pattern` has bits 0, stride, 2*stride ... of one word set (np_class_pattern).
 */
#ifndef NP_SPAN_H
#define NP_SPAN_H

#include "runtime/gc/heap.h"

NP_INLINE size_t np_bits_min(size_t a, size_t b) { return a < b ? a : b; }

/* The lowest `count` bits, 0..64. */
NP_INLINE uint64_t np_bits_low(size_t count) {
    return count >= 64 ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1;
}

/* First set bit in [from, end), or end. */
NP_INLINE size_t np_bits_next_set(const uint64_t *words, size_t from, size_t end) {
    size_t word = from >> 6;
    uint64_t bits;
    if (from >= end) return end;
    bits = words[word] & ~np_bits_low(from & 63);
    while (bits == 0) {
        if (++word << 6 >= end) return end;
        bits = words[word];
    }
    return np_bits_min((word << 6) + (size_t)__builtin_ctzll(bits), end);
}

/* First clear bit in [from, end), or end. */
NP_INLINE size_t np_bits_next_clear(const uint64_t *words, size_t from, size_t end) {
    size_t word = from >> 6;
    uint64_t bits;
    if (from >= end) return end;
    bits = ~words[word] & ~np_bits_low(from & 63);
    while (bits == 0) {
        if (++word << 6 >= end) return end;
        bits = ~words[word];
    }
    return np_bits_min((word << 6) + (size_t)__builtin_ctzll(bits), end);
}

NP_INLINE void np_bits_set_range(uint64_t *words, size_t from, size_t end) {
    for (size_t word = from >> 6; word << 6 < end; word++) {
        uint64_t mask = np_bits_low(end - (word << 6));
        if (word == from >> 6) mask &= ~np_bits_low(from & 63);
        words[word] |= mask;
    }
}

NP_INLINE void np_bits_clear_range(uint64_t *words, size_t from, size_t end) {
    for (size_t word = from >> 6; word << 6 < end; word++) {
        uint64_t mask = np_bits_low(end - (word << 6));
        if (word == from >> 6) mask &= ~np_bits_low(from & 63);
        words[word] &= ~mask;
    }
}

NP_INLINE size_t np_bits_count_range(const uint64_t *words, size_t from, size_t end) {
    size_t total = 0;
    for (size_t word = from >> 6; word << 6 < end; word++) {
        uint64_t mask = np_bits_low(end - (word << 6));
        if (word == from >> 6) mask &= ~np_bits_low(from & 63);
        total += (size_t)__builtin_popcountll(words[word] & mask);
    }
    return total;
}

NP_INLINE bool np_bits_test(const uint64_t *words, size_t bit) { return words[bit >> 6] >> (bit & 63) & 1; }
NP_INLINE void np_bits_set(uint64_t *words, size_t bit) { words[bit >> 6] |= (uint64_t)1 << (bit & 63); }
NP_INLINE void np_bits_clear(uint64_t *words, size_t bit) { words[bit >> 6] &= ~((uint64_t)1 << (bit & 63)); }

/* Sets the bits of the slots that begin in [from, end); `from` begins one. */
void np_span_set_slots(uint64_t *words, size_t from, size_t end, unsigned stride, uint64_t pattern);
/* The first slot in [from, end) whose bit is clear, or end; `from` begins a slot. */
size_t np_span_next_free(const uint64_t *words, size_t from, size_t end, unsigned stride, uint64_t pattern);

/* Where a span's slots lie in its arena's bitmaps: its first granule, and the one after its last slot. */
NP_INLINE size_t np_span_first_granule(const NpSpan *span) { return np_granule_of(span->base); }
NP_INLINE size_t np_span_end_granule(const NpSpan *span) {
    return np_granule_of(span->base) + (size_t)span->nslots * (span->slot_bytes >> NP_GRANULE_SHIFT);
}

#endif
