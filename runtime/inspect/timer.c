/* timer.c: a signal at every so many microseconds of CPU time, and what the interpreter is told of it.
 *
 * Owns: SIGPROF and the process's profiling timer while a CPU profile is taken.
 * Does not: look at the state in the signal handler, where everything may be half done: it counts, and asks the
 *       interpreter to look (np_vm_poke, NP_MASK_SAMPLE). The state's own thread does both, whichever got the signal.
 *
 * Ticks are counted by what ran: the collector (NpMeter.busy) or the program.
 */
#include "runtime/inspect/profile.h"

#ifdef __wasi__

int np_timer_start(NpGlobal *global, int hertz) { return NP_PROFILE_NO_TIMER; }
void np_timer_stop(NpGlobal *global) {}
bool np_timer_runs(const NpGlobal *global) { return false; }
NpTicks np_timer_take(void) { return (NpTicks){0, 0}; }

#else

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>

#include "runtime/call.h"

static NpGlobal *timed; /* atomic: whose program is sampled; NULL: nobody's */
static pthread_t owner; /* its thread */
static unsigned ticks_program, ticks_collector; /* atomic */
static struct sigaction before;

static void on_tick(int number) {
    NpGlobal *global = __atomic_load_n(&timed, __ATOMIC_ACQUIRE);
    lua_State *L;
    if (!global) return;
    if (!pthread_equal(pthread_self(), owner)) {
        int saved = errno;
        pthread_kill(owner, number);
        errno = saved;
        return;
    }
    __atomic_fetch_add(global->gc.meter.busy ? &ticks_collector : &ticks_program, 1, __ATOMIC_RELAXED);
    global->sample_due = 1;
    L = global->running;
    if (L) L->hook_mask |= NP_MASK_SAMPLE;
    np_vm_poke(true);
}

NpTicks np_timer_take(void) {
    NpTicks ticks;
    ticks.program = __atomic_exchange_n(&ticks_program, 0, __ATOMIC_RELAXED);
    ticks.collector = __atomic_exchange_n(&ticks_collector, 0, __ATOMIC_RELAXED);
    return ticks;
}

bool np_timer_runs(const NpGlobal *global) { return __atomic_load_n(&timed, __ATOMIC_RELAXED) == global; }

int np_timer_start(NpGlobal *global, int hertz) {
    NpGlobal *nobody = NULL;
    long microseconds = 1000000 / (hertz < 1 ? 1 : hertz > 10000 ? 10000 : hertz);
    struct itimerval every = {{microseconds / 1000000, microseconds % 1000000}, {microseconds / 1000000, microseconds % 1000000}};
    struct sigaction action = {.sa_handler = on_tick, .sa_flags = SA_RESTART};
    if (!__atomic_compare_exchange_n(&timed, &nobody, global, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) return NP_PROFILE_BUSY;
    owner = pthread_self();
    (void)np_timer_take();
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGPROF, &action, &before) == 0) {
        if (setitimer(ITIMER_PROF, &every, NULL) == 0) return NP_PROFILE_OK;
        sigaction(SIGPROF, &before, NULL);
    }
    __atomic_store_n(&timed, NULL, __ATOMIC_RELEASE);
    return NP_PROFILE_NO_TIMER;
}

/* A signal that is already on its way finds nobody timed; the handler stays, as its default action would end the process. */
void np_timer_stop(NpGlobal *global) {
    struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_PROF, &never, NULL);
    __atomic_store_n(&timed, NULL, __ATOMIC_RELEASE);
    global->sample_due = 0;
    np_vm_unpoke();
    if (before.sa_handler != SIG_DFL) sigaction(SIGPROF, &before, NULL);
}

#endif
