/* mem_shadow.h: a registry of the regions the memory layer has handed out, with the state of every
 * page, where the calls came from, and what was done last.
 *
 * Owns: the regions, a byte for each of their pages, the last HISTORY calls; the checks of legal
 *       transitions; the report of an address.
 * Does not: exist at all unless it follows: with CHECK >= 2, or when NEAPDEBUG names memcheck or
 *           faultreport before the first call. Every function does nothing then.
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

/* Whether the registry is kept; decided by the first question. */
bool np_shadow_follows(void);

/* A new region, all its pages in `state`. */
void DebugMemoryAllocate(const NpMem *mem, void *v, size_t n, NpShadowState state);
/* The region that begins at v is no longer ours. */
void DebugMemoryFree(void *v);
/* The region that begins at v belongs to another owner from now on. */
void np_shadow_give(void *v, const NpMem *to);
void np_shadow_set(void *v, size_t n, NpShadowState state);
/* Remembers that `call` was made for this range, from np_mem_site. `call` is a static string. */
void np_shadow_note(const char *call, const void *v, size_t n, int error);

/* np_fatal, after the region's history, unless every page of the range is in `state` and `mem` owns it. */
void np_shadow_expect(const NpMem *mem, void *v, size_t n, NpShadowState state, const char *call);
/* The same for sysUsed: Prepared or Ready, `prepared` bytes of them Prepared. */
void np_shadow_expect_used(const NpMem *mem, void *v, size_t n, size_t prepared);
/* The same for a free: a whole region with these counts. */
void np_shadow_expect_free(const NpMem *mem, void *v, size_t n, size_t mapped, size_t ready);

/* Writes to stderr which region an address is in, the state of its page, and the last calls that
 * concerned it. Safe in a signal handler. */
void np_shadow_report(const void *address);

#endif
