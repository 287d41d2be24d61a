/* mem_shadow.h: with CHECK >= 2, the state of every page the memory layer has handed out.
 *
 * Owns: a table of regions with a byte a page, and the checks of legal transitions.
 * Does not: exist below CHECK 2: every function is then empty.
 */
#ifndef NP_MEM_SHADOW_H
#define NP_MEM_SHADOW_H

#include "runtime/mem/mem_os.h"

typedef enum {
    NP_SHADOW_RESERVED = 1,
    NP_SHADOW_PREPARED,
    NP_SHADOW_READY,
    NP_SHADOW_FAULTED
} NpShadowState;

#if CHECK >= 2
void np_shadow_add(const NpMem *mem, void *v, size_t n, NpShadowState state);
void np_shadow_remove(void *v);
void np_shadow_set(void *v, size_t n, NpShadowState state);
/* np_fatal unless every page of the range is in `state` and `mem` owns it. */
void np_shadow_expect(const NpMem *mem, void *v, size_t n, NpShadowState state, const char *call);
/* The same for sysUsed: Prepared or Ready, `prepared` bytes of them Prepared. */
void np_shadow_expect_used(const NpMem *mem, void *v, size_t n, size_t prepared);
/* The same for a free: a whole region with these counts. */
void np_shadow_expect_free(const NpMem *mem, void *v, size_t n, size_t mapped, size_t ready);
#else
static inline void np_shadow_add(const NpMem *mem, void *v, size_t n, NpShadowState state) {}
static inline void np_shadow_remove(void *v) {}
static inline void np_shadow_set(void *v, size_t n, NpShadowState state) {}
static inline void np_shadow_expect(const NpMem *mem, void *v, size_t n, NpShadowState state,
                                    const char *call) {}
static inline void np_shadow_expect_used(const NpMem *mem, void *v, size_t n, size_t prepared) {}
static inline void np_shadow_expect_free(const NpMem *mem, void *v, size_t n, size_t mapped,
                                         size_t ready) {}
#endif

#endif
