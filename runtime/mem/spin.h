/* spin.h: a lock for a few instructions, for the memory layer, which may not allocate one nor call a library that does.
 *
 * A lock is a char, 0 when free. Not recursive; nobody may wait or call the program while holding one. */
#ifndef NP_SPIN_H
#define NP_SPIN_H

#include "runtime/base.h"

/* [-] True when the lock was free, and is the caller's now. */
NP_INLINE bool np_spin_try(char *lock) { return !__atomic_test_and_set(lock, __ATOMIC_ACQUIRE); }
NP_INLINE void np_spin_take(char *lock) {
    while (!np_spin_try(lock)) {}
}
NP_INLINE void np_spin_give(char *lock) { __atomic_clear(lock, __ATOMIC_RELEASE); }

#endif
