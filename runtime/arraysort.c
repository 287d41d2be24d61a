/* arraysort.c: sorting the array part of a table by < where all elements are of one basic kind.
 *
 * Owns: an introsort on the payloads; as the tags are all the same they stay where they are.
 * Does not: compare values of several kinds or call anything (stdlib/tabsort.c does). NaNs end up anywhere, as in
 *       any sort by <. */
#include "runtime/arraysort.h"

#include <locale.h>

#include "runtime/gc/barrier.h"
#include "runtime/strings.h"

enum { SHORT_RANGE = 16 }; /* sorted by insertion */

/* The same order as np_string_compare in the C locale: by bytes. */
static bool text_less(const NpString *a, const NpString *b) {
    size_t common = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->text, b->text, common);
    return order != 0 ? order < 0 : a->length < b->length;
}
static bool collated_less(const NpString *a, const NpString *b) { return np_string_compare(a, b) < 0; }

/* Sorts at[0 .. count). The scans of the partition end at the pivot, or at what was swapped last, whatever LESS says.
 * `depth`: partitions left before the range is given to the heap. */
#define SORTER(name, Element, LESS)                                                                \
    static void name##_insert(Element *at, size_t count) {                                         \
        for (size_t i = 1; i < count; i++) {                                                       \
            Element item = at[i];                                                                  \
            size_t place = i;                                                                      \
            for (; place > 0 && LESS(item, at[place - 1]); place--) at[place] = at[place - 1];     \
            at[place] = item;                                                                      \
        }                                                                                          \
    }                                                                                              \
    static void name##_sift(Element *at, size_t root, size_t count) {                              \
        Element item = at[root];                                                                   \
        size_t child;                                                                              \
        for (; (child = 2 * root + 1) < count; root = child) {                                     \
            if (child + 1 < count && LESS(at[child], at[child + 1])) child++;                      \
            if (!LESS(item, at[child])) break;                                                     \
            at[root] = at[child];                                                                  \
        }                                                                                          \
        at[root] = item;                                                                           \
    }                                                                                              \
    static void name##_heap(Element *at, size_t count) {                                           \
        for (size_t root = count / 2; root-- > 0;) name##_sift(at, root, count);                   \
        while (--count > 0) {                                                                      \
            Element largest = at[0];                                                               \
            at[0] = at[count];                                                                     \
            at[count] = largest;                                                                   \
            name##_sift(at, 0, count);                                                             \
        }                                                                                          \
    }                                                                                              \
    static Element name##_middle(Element a, Element b, Element c) {                                \
        if (LESS(b, a)) { Element other = a; a = b; b = other; }                                   \
        return LESS(c, b) ? (LESS(c, a) ? a : c) : b;                                              \
    }                                                                                              \
    static void name##_sort(Element *at, size_t count, int depth) {                                \
        while (count > SHORT_RANGE) {                                                              \
            if (depth-- == 0) {                                                                    \
                name##_heap(at, count);                                                            \
                return;                                                                            \
            }                                                                                      \
            size_t middle = (count - 1) / 2, low = 0, high = count - 1;                            \
            Element pivot = name##_middle(at[0], at[middle], at[high]);                            \
            for (;;) {                                                                             \
                while (low < count - 1 && LESS(at[low], pivot)) low++;                             \
                while (high > 0 && LESS(pivot, at[high])) high--;                                  \
                if (low >= high) break;                                                            \
                Element other = at[low];                                                           \
                at[low++] = at[high];                                                              \
                at[high--] = other;                                                                \
            }                                                                                      \
            /* at[0 .. low) is not above the pivot, the rest is not below it; at[low] when the scans met there is both. */ \
            if (low == 0) low = 1;                                                                 \
            if (low < count - low) {                                                               \
                name##_sort(at, low, depth);                                                       \
                at += low;                                                                         \
                count -= low;                                                                      \
            } else {                                                                               \
                name##_sort(at + low, count - low, depth);                                         \
                count = low;                                                                       \
            }                                                                                      \
        }                                                                                          \
        name##_insert(at, count);                                                                  \
    }
#define PLAINLY_LESS(a, b) ((a) < (b))
SORTER(integers, int64_t, PLAINLY_LESS)
SORTER(floats, double, PLAINLY_LESS)
SORTER(texts, const NpString *, text_less)
SORTER(collated, const NpString *, collated_less)

static bool sorts_by_bytes(void) {
    const char *locale = setlocale(LC_COLLATE, NULL);
    return locale && (strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0);
}

bool np_arraysort_sort(NpGlobal *global, NpTable *table, uint64_t count) {
    if (count > table->array_size || sizeof(NpPayload) != sizeof(void *) || (table->flags & NP_FLAG_WEAK)) return false;
    if (count < 2) return true;
    const uint8_t *tags = np_array_tags(table);
    for (uint64_t i = 1; i < count; i++)
        if (tags[i] != tags[0]) return false;
    int depth = 2 * (64 - __builtin_clzll(count));
    switch (tags[0]) {
    case NP_INT: integers_sort(&table->array->i, count, depth); return true;
    case NP_FLT: floats_sort(&table->array->n, count, depth); return true;
    case NP_STR:
        if (sorts_by_bytes()) texts_sort((const NpString **)&table->array->p, count, depth);
        else collated_sort((const NpString **)&table->array->p, count, depth);
        if (global->gc.barrier_on) np_barrier_again(global, (NpObj *)table);
        return true;
    default: return false;
    }
}
