/* base.h: what every file of the runtime may assume of the compiler and the machine.
 *
 * Owns: fixed-width types, alignment helpers, the CHECK levels, branch hints, visibility.
 * Does not own: anything about Lua.
 *
 * CHECK levels (house rule 10), chosen by -DCHECK=n:
 *   0  release: CHECK1/CHECK2 compile to nothing
 *   1  cheap assertions
 *   2  plus assertions that walk structures, and heap verification after each collection phase
 */
#ifndef NP_BASE_H
#define NP_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef CHECK
#define CHECK 0
#endif

#define NP_LIKELY(x) __builtin_expect(!!(x), 1)
#define NP_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define NP_NOINLINE __attribute__((noinline))
#define NP_COLD __attribute__((noinline, cold))
/* For variables of other files: -fvisibility=hidden is about definitions, so that their uses would go through the linker's table. */
#define NP_HIDDEN __attribute__((visibility("hidden")))
/* For what short functions hardly ever call: it saves every register itself, so that they need not keep theirs. */
#if defined(__clang__) && (defined(__x86_64__) || defined(__aarch64__))
#define NP_RARE NP_COLD NP_HIDDEN __attribute__((preserve_most))
#else
#define NP_RARE NP_COLD NP_HIDDEN
#endif
#define NP_INLINE static inline __attribute__((always_inline))
#define NP_NORETURN __attribute__((noreturn))
#define NP_PRINTF(f, a) __attribute__((format(printf, f, a)))

_Static_assert(sizeof(void *) == 8 || sizeof(void *) == 4, "pointers of 4 or 8 bytes");
_Static_assert(sizeof(double) == 8 && sizeof(long long) == 8, "64-bit numbers");

#define NP_ALIGN_UP(n, a) (((n) + ((a) - 1)) & ~(size_t)((a) - 1))
#define NP_ALIGN_DOWN(n, a) ((n) & ~(size_t)((a) - 1))

/* For x > 0. The compiler is not shown what is asked: it would count bits, which takes 15 instructions where the processor
 * is not known to have one for that. */
NP_INLINE bool np_is_power_of_two(uint64_t x) {
    uint64_t lower = x - 1;
    __asm__("" : "+r"(lower));
    return (x & lower) == 0;
}

/* Prints "neap: fatal: <message>" to stderr without allocating and aborts. Only for states that
 * are impossible unless Neap itself has a bug: nothing a script or an environment does may get here.
 * Defined in dbg.c. */
NP_NORETURN NP_COLD void np_fatal(const char *format, ...) NP_PRINTF(1, 2);

/* An assertion that cites what it guards: CHECK1(heap, "I3", cond). */
#define NP_CHECK_FAIL(rule, cond) np_fatal("%s:%d: invariant %s broken: %s", __FILE__, __LINE__, rule, #cond)
#if CHECK >= 1
#define CHECK1(rule, cond) ((cond) ? (void)0 : NP_CHECK_FAIL(rule, cond))
#else
#define CHECK1(rule, cond) ((void)0)
#endif
#if CHECK >= 2
#define CHECK2(rule, cond) ((cond) ? (void)0 : NP_CHECK_FAIL(rule, cond))
#else
#define CHECK2(rule, cond) ((void)0)
#endif

#endif
