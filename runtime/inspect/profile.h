/* profile.h: sampling where a program allocates and where its time goes (profile.c, timer.c).
 * Does not: write profiles (pprof.c). */
#ifndef NP_PROFILE_H
#define NP_PROFILE_H

#include "runtime/inspect/sites.h"

/* ---- heap (profile.c) ---- */
/* There is one profile, of the host, the program, or both: the host's goes on whatever the program does, which shares it. */
typedef enum { NP_PROFILE_HOST = 1, NP_PROFILE_PROGRAM = 2 } NpProfileOwner;
/* [-] Takes a sample of about every `rate` bytes allocated from now on; what was sampled before is forgotten, unless the owner
 * is the program and the profile is the host's, which then goes on as it is. 0: the owner has no profile any more; when the
 * other has none either there are no more samples and the profile is dropped. false: no memory, and there is no profile. */
bool np_profile_heap(NpGlobal *global, NpProfileOwner owner, size_t rate);
/* [-] A sample of `bytes` bytes was allocated; is free. */
void np_profile_taken(NpSites *sites, uint32_t stack, size_t bytes);
void np_profile_gone(NpSites *sites, uint32_t stack, size_t bytes);
/* [-] Of one that lives the end has been given back. */
void np_profile_cut(NpSites *sites, uint32_t stack, size_t old_bytes, size_t new_bytes);

/* ---- CPU (profile.c, timer.c) ---- */
enum NpProfileError { NP_PROFILE_OK, NP_PROFILE_NO_MEMORY, NP_PROFILE_BUSY, NP_PROFILE_NO_TIMER };
/* [-] Takes so many samples a second of CPU time (at most 10,000) of the calling thread's code from now on; what was sampled
 * before is forgotten. 0: no more samples, the profile is dropped. One state of a process at a time: BUSY. */
int np_profile_cpu(NpGlobal *global, int hertz);
/* [-] The samples that are due are those of the code that runs now: before a profile is written. */
void np_profile_flush(NpGlobal *global);
/* [-] The state is closed. */
void np_profile_close(NpGlobal *global);
/* [-] Nanoseconds between two samples, and since the profile began. */
uint64_t np_profile_period(void);
uint64_t np_profile_duration(void);

/* ---- the timer (timer.c) ---- */
/* Ticks since the last np_timer_take: while the program ran, and while the collector did. */
typedef struct NpTicks { unsigned program, collector; } NpTicks;
/* [-] Calls for a sample of the state so many times a second of the process's CPU time, by a signal: NpGlobal.sample_due is
 * set, and the interpreter takes notice at its next instruction, or when a C function returns. */
int np_timer_start(NpGlobal *global, int hertz);
/* [-] */
void np_timer_stop(NpGlobal *global);
/* [-] True while the state is timed. */
bool np_timer_runs(const NpGlobal *global);
/* [-] */
NpTicks np_timer_take(void);

#endif
