/* mem_linux.h: what the tests of mem_linux.c need and the contract does not show. */
#ifndef NP_MEM_LINUX_H
#define NP_MEM_LINUX_H

#include "runtime/mem/mem_os.h"

/* The limit of this process's control group, where `self` stands for /proc/self/cgroup and `root`
 * for /sys/fs/cgroup; 0 when there is none. */
size_t np_linux_group_limit(const char *self, const char *root);
/* From now on the kernel seems not to know the advices whose bits are set, and sysUnused begins at
 * `first_rung` (MADV_FREE, MADV_DONTNEED, 0 for mapping afresh, or -1 for what NEAPDEBUG says). */
void np_linux_forget_advice(unsigned advices, int first_rung);
/* The same from now on, but what sysUnused has come to so far stays. */
void np_linux_lose_advice(unsigned advices);
int np_linux_advice_in_use(void);
/* np_os_note_sleepers, where `tasks` stands for /proc/self/task and `except` is the thread that asks. */
bool np_linux_note_sleepers(const char *tasks, int except, NpOsSleepers *out);
int np_linux_madvise(void *v, size_t n, int advice);

#endif
