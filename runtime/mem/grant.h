/* grant.h: the host's allocator (lua_newstate), which grants a state its memory.
 *
 * Objects cannot live in a host's blocks: an arena is 64 MiB of address space at a multiple of 64 MiB, of which single pages
 * are used and given back. So for the memory that a state uses, what is Ready of its heap, blocks of as many bytes are asked
 * of the allocator and held, unused but for their first bytes. What the host counts is then what the state has; what it
 * refuses the state does not get; and it gets everything back. A block that comes from malloc costs address space and a page.
 *
 * Owns: the blocks. Does not: count what is Ready (mem.c asks when that is about to grow).
 *
 * Invariant M5: ready <= granted where an allocator is asked, but for what the helper of idle_unix.c took while it was `away`:
 * the host's function is called by the program's thread only. */
#ifndef NP_GRANT_H
#define NP_GRANT_H

#include "runtime/base.h"

struct NpMem;

typedef void *(*NpGrantFunction)(void *data, void *block, size_t old_size, size_t new_size); /* = lua_Alloc */

typedef struct NpGrant {
    struct NpMem *mem;           /* whose memory is granted */
    NpGrantFunction ask;         /* NULL: nobody is asked */
    void *data;
    struct NpGrantBlock *blocks; /* the youngest first */
    size_t granted;              /* bytes of all blocks */
    bool away;                   /* another thread than the program's is at work */
    bool asking;                 /* the host's function runs */
} NpGrant;

/* [-] From now on `mem` grows by what `ask` grants. */
void np_grant_open(NpGrant *grant, struct NpMem *mem, NpGrantFunction ask, void *data);
/* [-] Blocks of at least `bytes` in all; false: refused. */
bool np_grant_cover(NpGrant *grant, size_t bytes);
/* [-] Frees the blocks that what is Ready now does not need. */
void np_grant_return(NpGrant *grant);
/* [-] Asks another function for what is more, and gives it the blocks that are freed (lua_setallocf). NULL: all are freed now. */
void np_grant_change(NpGrant *grant, NpGrantFunction ask, void *data);
/* [-] Frees all. `mem` may be gone. */
void np_grant_close(NpGrant *grant);

#endif
