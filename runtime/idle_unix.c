/* idle_unix.c: a program that waits gives its memory back meanwhile: a helper thread collects and releases.
 *
 * Owns: the thread, from the first wait that may be worth it, or the first safe point of a heap that is, to
 *       neap_idle(L, 0) or lua_close; the protocols by which it and the program take turns.
 * Does not: collect (gc/gc.c does it, in slices); call finalisers: what is found dead waits for the program.
 *
 * Waits that are announced. The state is RUNNING while the program's thread may touch the heap, PARKED while it has said
 * that it does not (neap_enter_blocking), BUSY while the helper does. The program goes from RUNNING to
 * PARKED and back by one atomic exchange each. The helper goes from PARKED to BUSY when a whole quiet
 * time has passed in one visit, and holds the mutex as long as it is BUSY: the program, finding it BUSY
 * on its way back, says `wanted` and waits for the mutex, which takes one slice at most.
 *
 * Waits that are not. Whatever comes back into Neap from other code, by a function of the API or by returning, passes the
 * gate (gate.h). The helper leaves it WATCHED: the first to pass makes it OPEN. When it is still WATCHED after a quiet time,
 * nobody has passed since, and the helper
 *   1. takes down that all other threads of the process sleep, each in a system call (mem_os.h). All: nobody knows which
 *      of the host's threads will use the state next;
 *   2. makes the gate CLOSED;
 *   3. takes them down again. If that is the same, none has run in between: each will see the gate CLOSED when it comes
 *      to it, and the helper sees all that they did;
 *   4. looks where the program is (np_idle_is_at_rest). It is in other code, or in a call that Neap makes to
 *      it; some of these are amid something. A thread that sleeps in a system call of Neap's own was not taken down.
 * Then it collects as in a wait that is announced, holding the mutex, on which who comes to the gate waits. A thread that
 * wakes meanwhile does whatever C code does without Neap: it may read the texts and use the blocks that it holds. That is the
 * same for it as a safe point in a function of the API, but that values it has just popped are kept as well (gc.keep_popped).
 * A signal handler that interrupts Neap and then sleeps has its signal blocked, and is not taken for a wait.
 *
 * The helper sleeps without a timer while there is nothing to do: after it has done what there was, or when the process is
 * quiet but cannot be helped. The program wakes it when it parks or passes the gate (`asleep`). In between it looks
 * once every quiet time.
 *
 * Forks. Before one the helpers' mutexes are taken, so that the heap is at rest and none of the memory layer's locks is
 * held by a thread that the child has not. The child has the memory but no helper; its next wait starts one.
 *
 * Where the system does not tell of threads, waits must be announced.
 */
#include "include/neap.h"
#include "runtime/idle.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "runtime/dbg.h"
#include "runtime/err.h"
#include "runtime/gate.h"
#include "runtime/gc/gc.h"
#include "runtime/mem/mem_os.h"

#define LEAST_HEAP ((size_t)4 << 20)    /* Ready bytes: with less there is nothing to gain */
#define LEAST_GAIN ((size_t)128 << 10)  /* bytes claimed since the last time: likewise */
#define STACK_BYTES ((size_t)256 << 10) /* address space; a few pages of it are touched */
#define REST_FACTOR 20                  /* collecting takes at most this part of the time */
#define TRIES 3                         /* other helpers, and what else wakes for a moment */
#define BETWEEN_TRIES 0.001             /* seconds */
#define DULL_MOST 3                     /* looks at a process that does nothing and cannot be helped */
#define NOTHING 0.0005                  /* seconds of CPU time */

enum { RUNNING, PARKED, BUSY }; /* NpIdle.state */
enum { OPEN, WATCHED, CLOSED }; /* NpIdle.gate */

struct NpIdle {
    int state;          /* atomic */
    int gate;           /* atomic; counted in np_gate_watched unless OPEN */
    unsigned visits;    /* atomic: times parked */
    int asleep;         /* atomic: the helper waits to be woken */
    int wanted;         /* atomic: so many want the heap back */
    unsigned depth;     /* nested neap_enter_blocking; the program's */
    bool started;
    bool watches;       /* the system tells of waits that are not announced */
    bool stop;          /* under the mutex */
    lua_State *L;       /* the thread of the program that parked; read while BUSY */
    NpGlobal *global;
    long quiet_ms;
    double rest_until;  /* the helper's: no collection before */
    double spent;       /* the helper's: on the collection under way */
    bool amid;          /* the helper's: one is, the program came back before its end */
    bool interrupted;   /* the helper's: it has come back amid this one before; what was dropped then may have been marked */
    bool collected;     /* the helper's: the last one found all there was */
    size_t claimed;     /* the helper's: bytes claimed in all when it last collected */
    unsigned dull;      /* the helper's: times in a row that a process which did nothing could not be helped */
    double others;      /* the helper's: CPU time of the other threads at the last of them */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    NpIdle *next;       /* of all that have a thread; under all_mutex */
};

int np_gate_watched;

static size_t block_bytes(void) { return NP_ALIGN_UP(sizeof(NpIdle), np_os_page_size()); }

/* ---- all helpers of the process, for fork ---- */

static pthread_mutex_t all_mutex = PTHREAD_MUTEX_INITIALIZER;
static NpIdle *all;

static void enlist(NpIdle *idle) {
    pthread_mutex_lock(&all_mutex);
    idle->next = all;
    all = idle;
    pthread_mutex_unlock(&all_mutex);
}

static void delist(NpIdle *idle) {
    pthread_mutex_lock(&all_mutex);
    for (NpIdle **at = &all; *at; at = &(*at)->next) {
        if (*at != idle) continue;
        *at = idle->next;
        break;
    }
    pthread_mutex_unlock(&all_mutex);
}

/* The mutex that the helper holds while it works; it gives it up after a slice. */
static void take_back(NpIdle *idle) {
    __atomic_add_fetch(&idle->wanted, 1, __ATOMIC_RELAXED);
    pthread_mutex_lock(&idle->mutex);
    __atomic_sub_fetch(&idle->wanted, 1, __ATOMIC_RELAXED);
}

static bool is_helper(const NpIdle *idle) { return pthread_equal(idle->thread, pthread_self()) != 0; }

static void before_fork(void) {
    pthread_mutex_lock(&all_mutex);
    for (NpIdle *idle = all; idle; idle = idle->next)
        if (!is_helper(idle)) take_back(idle);
}

static void after_fork(void) {
    for (NpIdle *idle = all; idle; idle = idle->next)
        if (!is_helper(idle)) pthread_mutex_unlock(&idle->mutex);
    pthread_mutex_unlock(&all_mutex);
}

static void in_child(void) {
    for (NpIdle *idle = all; idle; idle = idle->next) {
        idle->started = false;
        idle->gate = OPEN;
        idle->wanted = idle->asleep = 0;
    }
    all = NULL;
    np_gate_watched = 0;
    pthread_mutex_init(&all_mutex, NULL);
}

static void watch_forks(void) { pthread_atfork(before_fork, after_fork, in_child); }

/* ---- the helper; it holds the mutex except while it waits ---- */

/* Waits until woken, or `seconds`. */
static void wait_for(NpIdle *idle, double seconds) {
    double until = np_meter_now() + seconds;
    struct timespec at = {(time_t)until, (long)((until - (double)(time_t)until) * 1e9)};
    pthread_cond_timedwait(&idle->cond, &idle->mutex, &at);
}

static int gate_of(const NpIdle *idle) { return __atomic_load_n(&idle->gate, __ATOMIC_SEQ_CST); }

/* From now on it is known when the program comes by. */
static void watch_gate(NpIdle *idle) {
    if (!idle->watches || gate_of(idle) == WATCHED) return;
    __atomic_store_n(&idle->gate, WATCHED, __ATOMIC_SEQ_CST);
    __atomic_add_fetch(&np_gate_watched, 1, __ATOMIC_SEQ_CST);
}

/* Waits for the program to park again, or to come to the gate. The order of the stores and loads is the opposite of the
 * program's. */
static void wait_for_program(NpIdle *idle, unsigned visit) {
    idle->dull = 0;
    watch_gate(idle);
    __atomic_store_n(&idle->asleep, 1, __ATOMIC_SEQ_CST);
    while (!idle->stop && __atomic_load_n(&idle->visits, __ATOMIC_SEQ_CST) == visit &&
           (!idle->watches || gate_of(idle) == WATCHED))
        pthread_cond_wait(&idle->cond, &idle->mutex);
    __atomic_store_n(&idle->asleep, 0, __ATOMIC_RELAXED);
}

/* Takes the heap if the program is still in its visit; false: it is not. */
static bool take_over(NpIdle *idle, unsigned visit) {
    int parked = PARKED;
    if (__atomic_load_n(&idle->visits, __ATOMIC_RELAXED) != visit) return false;
    return __atomic_compare_exchange_n(&idle->state, &parked, BUSY, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* All threads but this one sleep. */
static bool note_sleepers(NpOsSleepers *out) {
    for (int i = 0; i < TRIES; i++) {
        struct timespec moment = {0, (long)(BETWEEN_TRIES * 1e9)};
        if (i > 0) nanosleep(&moment, NULL);
        if (np_os_note_sleepers(out)) return true;
    }
    return false;
}

static bool still_sleep(const NpOsSleepers *before) {
    NpOsSleepers now;
    if (!np_os_note_sleepers(&now) || now.count != before->count) return false;
    for (unsigned i = 0; i < now.count; i++)
        if (now.threads[i].thread != before->threads[i].thread || now.threads[i].switches != before->threads[i].switches) return false;
    return true;
}

bool np_idle_is_at_rest(const NpGlobal *global) {
    const NpLimit *limit = &global->limit;
    const lua_State *L = global->running;
    if (limit->no_collect > 0 || limit->held_count > 0 || limit->telling || global->gc.meter.busy || global->grant.asking ||
        global->closing || !np_gc_may_run(global))
        return false;
    return !np_frame_is_lua(L->frame) || (L->frame->flags & NP_FRAME_HOOKED);
}

/* Closes the gate on a program that sleeps where it does no harm; false: it does not, and the gate is as it was, or OPEN. */
static bool close_gate(NpIdle *idle) {
    NpOsSleepers before;
    int watched = WATCHED;
    if (!note_sleepers(&before)) return false;
    if (!__atomic_compare_exchange_n(&idle->gate, &watched, CLOSED, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) return false;
    if (still_sleep(&before) && __atomic_load_n(&idle->state, __ATOMIC_RELAXED) == RUNNING && np_idle_is_at_rest(idle->global)) {
        idle->L = idle->global->running;
        return true;
    }
    __atomic_store_n(&idle->gate, WATCHED, __ATOMIC_SEQ_CST);
    return false;
}

/* The gate could not be closed; true: not because anything happens. */
static bool is_hopeless(NpIdle *idle) {
    NpOsUsage self, children;
    double others = np_os_usage(&self, &children) ? self.user_seconds + self.system_seconds - np_meter_cpu() : 0;
    idle->dull = others - idle->others < NOTHING ? idle->dull + 1 : 0;
    idle->others = others;
    return idle->dull >= DULL_MOST;
}

/* The program may be running: the number is a hint. */
static bool is_worth_it(const NpIdle *idle) {
    const NpHeap *heap = &idle->global->heap;
    return idle->amid || !idle->collected || __atomic_load_n(&heap->claimed_total, __ATOMIC_RELAXED) - idle->claimed >= LEAST_GAIN;
}

/* A whole collection and release, from where the last visit left it; true when it found all there was: one that the program
 * has interrupted does not know what became garbage meanwhile. BUSY, or the gate CLOSED. */
static bool work(NpIdle *idle) {
    NpGlobal *global = idle->global;
    double began = np_meter_now();
    bool done;
    global->grant.away = true; /* the host's allocator is not called on this thread */
    done = np_gc_idle_slice(idle->L, !idle->amid);
    while (!done && !__atomic_load_n(&idle->wanted, __ATOMIC_RELAXED)) done = np_gc_idle_slice(idle->L, false);
    global->grant.away = false;
    idle->amid = !done;
    idle->spent += np_meter_now() - began;
    if (!done) {
        idle->interrupted = true;
        return false;
    }
    idle->collected = !idle->interrupted;
    idle->interrupted = false;
    idle->claimed = global->heap.claimed_total;
    idle->rest_until = np_meter_now() + idle->spent * REST_FACTOR;
    idle->spent = 0;
    return idle->collected;
}

/* The program has been PARKED for a quiet time. */
static void help_parked(NpIdle *idle, unsigned visit) {
    bool done;
    if (!take_over(idle, visit)) return;
    done = !is_worth_it(idle) || work(idle);
    __atomic_store_n(&idle->state, PARKED, __ATOMIC_RELEASE);
    if (done) wait_for_program(idle, visit);
}

/* Nobody has passed the gate for a quiet time. */
static void help_sleeping(NpIdle *idle, unsigned visit) {
    bool done;
    if (gate_of(idle) != WATCHED) return;
    done = !is_worth_it(idle);
    if (!done && close_gate(idle)) {
        done = work(idle);
        __atomic_store_n(&idle->gate, WATCHED, __ATOMIC_SEQ_CST);
    } else if (!done) {
        done = is_hopeless(idle);
    }
    if (done) wait_for_program(idle, visit);
}

static void *help(void *arg) {
    NpIdle *idle = arg;
    np_os_name_helper();
    pthread_mutex_lock(&idle->mutex);
    while (!idle->stop) {
        unsigned visit = __atomic_load_n(&idle->visits, __ATOMIC_RELAXED);
        bool parked = __atomic_load_n(&idle->state, __ATOMIC_RELAXED) == PARKED;
        double rest;
        if (!parked && !idle->watches) {
            wait_for_program(idle, visit);
            continue;
        }
        if (!parked) watch_gate(idle);
        rest = idle->rest_until - np_meter_now();
        wait_for(idle, rest > (double)idle->quiet_ms * 1e-3 ? rest : (double)idle->quiet_ms * 1e-3);
        if (idle->stop || np_meter_now() < idle->rest_until) continue;
        if (parked) help_parked(idle, visit);
        else help_sleeping(idle, visit);
    }
    pthread_mutex_unlock(&idle->mutex);
    return NULL;
}

/* ---- the program's side ---- */

/* A record that has been used before, by the parent of this process, goes on from where it was. */
static bool start(NpIdle *idle) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_condattr_t monotonic;
    pthread_attr_t attributes;
    sigset_t all_signals, before;
    pthread_once(&once, watch_forks);
    pthread_mutex_init(&idle->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&idle->cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, STACK_BYTES);
    sigfillset(&all_signals);
    pthread_sigmask(SIG_SETMASK, &all_signals, &before); /* signals are the program's */
    pthread_mutex_lock(&idle->mutex); /* until `thread` is known */
    idle->started = pthread_create(&idle->thread, &attributes, help, idle) == 0;
    pthread_mutex_unlock(&idle->mutex);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (idle->started) {
        enlist(idle);
    } else {
        pthread_cond_destroy(&idle->cond);
        pthread_mutex_destroy(&idle->mutex);
    }
    return idle->started;
}

/* The helper's record, made when the heap is large enough; NULL: none. */
static NpIdle *record(NpGlobal *global) {
    NpIdle *idle = global->idle;
    int saved = errno; /* the caller may be about to look at it */
    bool started;
    void *memory;
    if (NP_LIKELY(idle != NULL) && NP_LIKELY(idle->started)) return idle;
    if (!idle) {
        if (global->heap.mem.ready < LEAST_HEAP || sysAlloc(&global->heap.mem, block_bytes(), &memory) != 0) return NULL;
        global->idle = idle = memory;
        idle->global = global;
        idle->quiet_ms = global->idle_ms;
        idle->watches = np_os_tells_sleepers();
    }
    started = start(idle);
    errno = saved;
    if (started) return idle;
    global->idle_ms = 0; /* no thread can be had: not asked for again */
    np_mem_discard_ready(&global->heap.mem, idle, block_bytes());
    global->idle = NULL;
    return NULL;
}

void np_idle_start(NpGlobal *global) {
    if (global->idle ? global->idle->watches
                     : global->heap.mem.ready >= LEAST_HEAP && np_os_tells_sleepers()) /* at every slice until then */
        (void)record(global);
}

/* Called after what the helper is to see has been stored. */
static void wake(NpIdle *idle) {
    if (NP_LIKELY(!__atomic_load_n(&idle->asleep, __ATOMIC_SEQ_CST))) return;
    pthread_mutex_lock(&idle->mutex);
    pthread_cond_signal(&idle->cond);
    pthread_mutex_unlock(&idle->mutex);
}

NP_RARE void np_gate_wait(lua_State *L) {
    NpIdle *idle = L->global->idle;
    int saved = errno, gate;
    if (!idle || !idle->started || is_helper(idle)) return; /* another state's; or a host's function that is told of a collection */
    while ((gate = gate_of(idle)) != OPEN) {
        if (gate == CLOSED) {
            take_back(idle);
            pthread_mutex_unlock(&idle->mutex);
        } else if (__atomic_compare_exchange_n(&idle->gate, &gate, OPEN, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
            __atomic_sub_fetch(&np_gate_watched, 1, __ATOMIC_SEQ_CST);
            wake(idle);
        }
    }
    errno = saved;
}

LUA_API void neap_enter_blocking(lua_State *L) {
    NpGlobal *global = L->global;
    NpIdle *idle;
    NP_API_ENTER(L);
    if (global->idle_ms == 0 || !(idle = record(global))) return;
    if (idle->depth++ > 0) return;
    idle->L = L;
    __atomic_store_n(&idle->visits, idle->visits + 1, __ATOMIC_RELAXED);
    __atomic_exchange_n(&idle->state, PARKED, __ATOMIC_SEQ_CST);
    wake(idle);
}

LUA_API void neap_leave_blocking(lua_State *L) {
    NpIdle *idle = L->global->idle;
    int parked = PARKED;
    NP_API_ENTER(L);
    if (!idle || idle->depth == 0 || --idle->depth > 0) return;
    if (NP_LIKELY(__atomic_compare_exchange_n(&idle->state, &parked, RUNNING, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)))
        return;
    take_back(idle);
    __atomic_store_n(&idle->state, RUNNING, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&idle->mutex);
}

LUA_API void neap_idle(lua_State *L, int quiet_ms) {
    NpGlobal *global = L->global;
    NP_API_ENTER(L);
    np_idle_stop(global);
    if (np_dbg.idle >= 0) quiet_ms = np_dbg.idle > INT_MAX ? INT_MAX : (int)np_dbg.idle;
    global->idle_ms = quiet_ms > 0 ? quiet_ms : 0;
}

void np_idle_stop(NpGlobal *global) {
    NpIdle *idle = global->idle;
    if (!idle) return;
    if (idle->started) {
        take_back(idle);
        idle->stop = true;
        pthread_cond_signal(&idle->cond);
        pthread_mutex_unlock(&idle->mutex);
        pthread_join(idle->thread, NULL);
        delist(idle);
        if (idle->gate != OPEN) __atomic_sub_fetch(&np_gate_watched, 1, __ATOMIC_SEQ_CST);
        pthread_cond_destroy(&idle->cond);
        pthread_mutex_destroy(&idle->mutex);
    }
    np_mem_discard_ready(&global->heap.mem, idle, block_bytes());
    global->idle = NULL;
}
