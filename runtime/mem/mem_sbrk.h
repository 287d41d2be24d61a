/* mem_sbrk.h: what mem_sbrk.c asks of its host, and what its tests need to see.
 *
 * The host (sbrk_<host>.c, exactly one is linked) owns the break: the address at which the memory of
 * the process, or of the machine, ends. Memory that the break is raised over is zero. */
#ifndef NP_MEM_SBRK_H
#define NP_MEM_SBRK_H

#include "runtime/base.h"

/* ---- the host's part ---- */

/* Where the break is now. */
uintptr_t np_sbrk_break(void);
/* Raises the break from `from`, where it must still be, to `to` or, where it moves in larger steps,
 * further. Where this call has put it, which another thread may have left behind since; 0, and nothing has
 * changed, when it is elsewhere or the host refuses. */
uintptr_t np_sbrk_extend(uintptr_t from, uintptr_t to);
/* And these of mem_os.h: np_os_resident_bytes, np_os_group_limit, np_os_maxrss_unit. */

/* ---- for tests and reports ---- */

typedef struct NpSbrkRange {
    uintptr_t base;     /* where bloc began; 0: nothing was asked for yet */
    uintptr_t bloc;     /* end of what is handed out or in the free list */
    uintptr_t bloc_max; /* end of what the host gave: what lies between is the next to be handed out */
    size_t free_bytes, free_blocks; /* of the free list */
} NpSbrkRange;

NpSbrkRange np_sbrk_range(void);
/* Checks the free list and that free memory is zero; np_fatal when not. */
void np_sbrk_verify(void);

#endif
