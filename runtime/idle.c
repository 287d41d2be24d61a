/* idle.c: a program that waits gives its memory back meanwhile: a helper thread collects and releases.
 *
 * Owns: the thread, from the first wait that may be worth it to neap_idle(L, 0) or lua_close; the protocol by
 *       which it and the program take turns.
 * Does not: collect (gc/gc.c does it, in slices); call finalisers: what is found dead waits for the program.
 *
 * Turns. The state is RUNNING while the program's thread may touch the heap, PARKED while it has said
 * that it does not (neap_enter_blocking), BUSY while the helper does. The program goes from RUNNING to
 * PARKED and back by one atomic exchange each. The helper goes from PARKED to BUSY when a whole quiet
 * time has passed in one visit, and holds the mutex as long as it is BUSY: the program, finding it BUSY
 * on its way back, says `wanted` and waits for the mutex, which takes one slice at most.
 *
 * The helper sleeps without a timer while the program runs or after it has done what there was to do; the
 * program wakes it when it parks (`asleep`). In between it looks once every quiet time.
 *
 * A child made by fork has the memory but not the thread: `forks` tells, and the child begins anew.
 *
 * Where there are no threads (WASI) waits are only waits.
 */
#include "include/neap.h"
#include "runtime/idle.h"

#ifdef __wasi__

LUA_API void neap_enter_blocking(lua_State *L) {}
LUA_API void neap_leave_blocking(lua_State *L) {}
LUA_API void neap_idle(lua_State *L, int quiet_ms) {}
void np_idle_stop(NpGlobal *global) {}

#else

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "runtime/dbg.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mem_os.h"

#define LEAST_HEAP ((size_t)4 << 20)    /* Ready bytes: with less there is nothing to gain */
#define STACK_BYTES ((size_t)256 << 10) /* address space; a few pages of it are touched */
#define REST_FACTOR 20                  /* collecting takes at most this part of the time */

enum { RUNNING, PARKED, BUSY };

struct NpIdle {
    int state;          /* atomic */
    unsigned visits;    /* atomic: times parked */
    int asleep;         /* atomic: the helper waits to be woken */
    int wanted;         /* atomic: the program wants the heap back */
    unsigned depth;     /* nested neap_enter_blocking; the program's */
    unsigned forks;     /* forked() when the thread was started */
    bool started;
    bool stop;          /* under the mutex */
    lua_State *L;       /* the thread of the program that parked; read while BUSY */
    long quiet_ms;
    double rest_until;  /* the helper's: no collection before */
    double spent;       /* the helper's: on the collection under way */
    bool amid;          /* the helper's: one is, the program came back before its end */
    size_t claimed;     /* the helper's: bytes claimed in all when it last collected */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
};

static unsigned fork_count;

static void in_child(void) { __atomic_add_fetch(&fork_count, 1, __ATOMIC_RELAXED); }
static void watch_forks(void) { pthread_atfork(NULL, NULL, in_child); }
static unsigned forked(void) { return __atomic_load_n(&fork_count, __ATOMIC_RELAXED); }

static size_t block_bytes(void) { return NP_ALIGN_UP(sizeof(NpIdle), np_os_page_size()); }

/* ---- the helper; it holds the mutex except while it waits ---- */

/* Waits until woken, or `seconds`. */
static void wait_for(NpIdle *idle, double seconds) {
    double until = np_meter_now() + seconds;
    struct timespec at = {(time_t)until, (long)((until - (double)(time_t)until) * 1e9)};
    pthread_cond_timedwait(&idle->cond, &idle->mutex, &at);
}

/* Waits for the program to park again. The order of the two stores and loads is the opposite of the program's. */
static void wait_for_visit(NpIdle *idle, unsigned visit) {
    __atomic_store_n(&idle->asleep, 1, __ATOMIC_SEQ_CST);
    while (!idle->stop && (__atomic_load_n(&idle->visits, __ATOMIC_SEQ_CST) == visit ||
                           __atomic_load_n(&idle->state, __ATOMIC_SEQ_CST) != PARKED))
        pthread_cond_wait(&idle->cond, &idle->mutex);
    __atomic_store_n(&idle->asleep, 0, __ATOMIC_RELAXED);
}

/* Takes the heap if the program is still in its visit; false: it is not. */
static bool take_over(NpIdle *idle, unsigned visit) {
    int parked = PARKED;
    if (__atomic_load_n(&idle->visits, __ATOMIC_RELAXED) != visit) return false;
    return __atomic_compare_exchange_n(&idle->state, &parked, BUSY, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* A whole collection and release, from where the last visit left it; true when it was finished. BUSY. */
static bool work(NpIdle *idle) {
    double began = np_meter_now();
    bool done = np_gc_idle_slice(idle->L, !idle->amid);
    while (!done && !__atomic_load_n(&idle->wanted, __ATOMIC_RELAXED)) done = np_gc_idle_slice(idle->L, false);
    idle->amid = !done;
    idle->spent += np_meter_now() - began;
    if (!done) return false;
    idle->claimed = idle->L->global->heap.claimed_total;
    idle->rest_until = np_meter_now() + idle->spent * REST_FACTOR;
    idle->spent = 0;
    return true;
}

static void *help(void *arg) {
    NpIdle *idle = arg;
    pthread_mutex_lock(&idle->mutex);
    while (!idle->stop) {
        unsigned visit = __atomic_load_n(&idle->visits, __ATOMIC_RELAXED);
        double rest;
        bool done;
        if (__atomic_load_n(&idle->state, __ATOMIC_RELAXED) != PARKED) {
            wait_for_visit(idle, visit);
            continue;
        }
        rest = idle->rest_until - np_meter_now();
        wait_for(idle, rest > (double)idle->quiet_ms * 1e-3 ? rest : (double)idle->quiet_ms * 1e-3);
        if (idle->stop || np_meter_now() < idle->rest_until || !take_over(idle, visit)) continue;
        idle->L->global->grant.away = true; /* the host's allocator is not called on this thread */
        done = idle->L->global->heap.claimed_total == idle->claimed || work(idle);
        idle->L->global->grant.away = false;
        __atomic_store_n(&idle->state, PARKED, __ATOMIC_RELEASE);
        if (done) wait_for_visit(idle, visit);
    }
    pthread_mutex_unlock(&idle->mutex);
    return NULL;
}

/* ---- the program's side ---- */

static bool start(NpIdle *idle) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_condattr_t monotonic;
    pthread_attr_t attributes;
    sigset_t all, before;
    pthread_once(&once, watch_forks);
    pthread_mutex_init(&idle->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&idle->cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    idle->forks = forked();
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the program's */
    idle->started = pthread_create(&idle->thread, &attributes, help, idle) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (!idle->started) {
        pthread_cond_destroy(&idle->cond);
        pthread_mutex_destroy(&idle->mutex);
    }
    return idle->started;
}

/* The helper's record, made at the first wait of a heap that is large enough; NULL: none. */
static NpIdle *record(NpGlobal *global) {
    NpIdle *idle = global->idle;
    int saved = errno; /* the caller may be about to look at it */
    bool started;
    void *memory;
    if (NP_LIKELY(idle != NULL) && NP_LIKELY(idle->forks == forked())) return idle;
    if (!idle) {
        if (global->heap.mem.ready < LEAST_HEAP || sysAlloc(&global->heap.mem, block_bytes(), &memory) != 0) return NULL;
        global->idle = idle = memory;
    }
    memset(idle, 0, sizeof *idle);
    idle->quiet_ms = global->idle_ms;
    started = start(idle);
    errno = saved;
    if (started) return idle;
    global->idle_ms = 0; /* no thread can be had: not asked for again */
    np_mem_discard_ready(&global->heap.mem, idle, block_bytes());
    global->idle = NULL;
    return NULL;
}

LUA_API void neap_enter_blocking(lua_State *L) {
    NpGlobal *global = L->global;
    NpIdle *idle;
    if (global->idle_ms == 0 || !(idle = record(global))) return;
    if (idle->depth++ > 0) return;
    idle->L = L;
    __atomic_store_n(&idle->visits, idle->visits + 1, __ATOMIC_RELAXED);
    __atomic_exchange_n(&idle->state, PARKED, __ATOMIC_SEQ_CST);
    if (NP_UNLIKELY(__atomic_load_n(&idle->asleep, __ATOMIC_SEQ_CST))) {
        pthread_mutex_lock(&idle->mutex);
        pthread_cond_signal(&idle->cond);
        pthread_mutex_unlock(&idle->mutex);
    }
}

LUA_API void neap_leave_blocking(lua_State *L) {
    NpIdle *idle = L->global->idle;
    int parked = PARKED;
    if (!idle || idle->forks != forked() || idle->depth == 0 || --idle->depth > 0) return;
    if (NP_LIKELY(__atomic_compare_exchange_n(&idle->state, &parked, RUNNING, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        return;
    __atomic_store_n(&idle->wanted, 1, __ATOMIC_RELAXED);
    pthread_mutex_lock(&idle->mutex);
    __atomic_store_n(&idle->state, RUNNING, __ATOMIC_RELAXED);
    __atomic_store_n(&idle->wanted, 0, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&idle->mutex);
}

LUA_API void neap_idle(lua_State *L, int quiet_ms) {
    NpGlobal *global = L->global;
    np_idle_stop(global);
    if (np_dbg.idle >= 0) quiet_ms = np_dbg.idle > INT_MAX ? INT_MAX : (int)np_dbg.idle;
    global->idle_ms = quiet_ms > 0 ? quiet_ms : 0;
}

void np_idle_stop(NpGlobal *global) {
    NpIdle *idle = global->idle;
    if (!idle) return;
    if (idle->forks == forked()) {
        pthread_mutex_lock(&idle->mutex);
        idle->stop = true;
        pthread_cond_signal(&idle->cond);
        pthread_mutex_unlock(&idle->mutex);
        pthread_join(idle->thread, NULL);
        pthread_cond_destroy(&idle->cond);
        pthread_mutex_destroy(&idle->mutex);
    }
    np_mem_discard_ready(&global->heap.mem, idle, block_bytes());
    global->idle = NULL;
}

#endif
