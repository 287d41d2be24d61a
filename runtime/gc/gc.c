/* gc.c: the collector's cycle: phases, pacing, entry points.
 *
 * Owns: when a cycle begins, how much is done at a safe point, and which account each step's time goes to (meter.c).
 * Does not: trace (mark.c), follow weak references (weak.c), call finalisers (final.c), sweep (heap.c).
 *
 * A cycle
 *   IDLE     nothing is marked. Ends when the heap has grown to its trigger (heap.debt > 0).
 *   MARK     in slices. Stores shade what they store (barrier.h); new objects are black.
 *            It ends in one slice in which nothing is queued, no stack may have changed since it was scanned, and
 *            no ephemeron has more to give: all that the program can reach is marked then (mark.c, threads.c).
 *   VALUES   in slices: dead values are dropped from weak tables. From here on nothing that is not marked can be
 *            got hold of by the program (table.h: np_table_gone), so barriers are off; heap.marking stays on.
 *   FINAL    in slices: dead objects with finalisers are queued.
 *   RESURRECT in slices: they and what they refer to is marked.
 *   KEYS     in slices: dead keys are dropped from weak tables. Then finalisers may be called.
 *   STACKS   in slices: dead values above the tops of stacks are cleared.
 *   STRINGS  in slices: dead strings leave the string table, dead shapes theirs. Marks are still needed.
 *   SWEEP    in slices: mark bits become alloc bits, a span at a time.
 *   RELEASE  in slices: what the next cycle will not need goes back to the system, after buffers have been moved
 *            out of nearly empty spans (move.c).
 *
 * Pacing. The heap is to be at most `goal` when a cycle is over: pause percent of what lived at the end of
 * the last one (and at least MIN_RUNWAY more than that; less for a large heap: runway_base). The cycle begins when at
 * most three quarters of the way there are used up; from then on every `quantum` bytes allocated a slice does as much work as will have
 * scanned everything by the time the goal is reached. Under a limit that leaves less room the goal is NP_NEAR_LIMIT, the
 * cycle begins earlier, and slices go on for as long as the program ran since the last one: half of the time, if it must
 * be. Only when that was not enough, past NP_FORCED_FROM, limit.c has whole collections made.
 *
 * The mode "generational" is accepted and reported; it collects as "incremental" does.
 */
#include "runtime/gc/gc.h"

#include "runtime/call.h"
#include "runtime/dbg.h"
#include "runtime/gate.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/mark.h"
#include "runtime/gc/move.h"
#include "runtime/strings.h"
#include "runtime/table.h"

#define MIN_RUNWAY ((size_t)256 << 10)
#define QUANTUM_LEAST ((size_t)8 << 10)
#define QUANTUM_MOST ((size_t)32 << 10)
#define RATIO_LEAST 2  /* bytes scanned for a byte allocated */
#define RATIO_USUAL 6  /* what the beginning of a cycle counts on */
#define RATIO_PRESSED 3 /* the same for half of the time: what it marks while the program makes a byte */
#define RATIO_MOST 8   /* bounds a slice; the heap may then pass its goal by an eighth of what lives */
#define STEP_LEAST ((size_t)1 << 10)
#define STEP_MOST ((size_t)64 << 10) /* between two looks at the clock */
#define SLICE_SECONDS 0.0005
#define OVERRUN_SHARE 8
#define RUN_STEP ((size_t)8 << 10) /* of heap.step */
#define FINISH_TRIES 1000
#define KEEP_AFTER_FULL ((size_t)1 << 20)
#define KEEP_MORE ((size_t)1 << 20) /* besides what the next cycle needs */
#define SMALL_HEAP ((size_t)32 << 20)

enum {
    STRINGS_SLICE = 16384, /* slots of the string table */
    SHAPES_SLICE = 4096,
    SWEEP_SLICE = 1024,    /* pages */
    RELEASE_SLICE = 128,   /* pages */
    MOVE_SLICE = 64 << 10, /* bytes of tables looked at */
    IDLE_WORK = 256 << 10, /* bytes scanned while the program waits: it may have to wait for this much */
    FINALIZERS_SLICE = 10
};

/* The scale of a step that is to be as large as can be: a slice times this is no more than a size_t holds. */
#define SCALE_MOST ((size_t)1 << (sizeof(size_t) == 8 ? 20 : 10))

/* ---- pacing ---- */

static size_t clamp(size_t value, size_t least, size_t most) {
    return value < least ? least : value > most ? most : value;
}

/* A percentage of a size that may be large. */
static size_t percent(size_t bytes, int32_t by) { return by <= 0 ? 0 : bytes / 100 * (size_t)by + bytes % 100 * (size_t)by / 100; }

/* Bytes allocated between two slices: the step size when it was set by hand. */
static size_t quantum(const NpGlobal *global) {
    const NpGc *gc = &global->gc;
    if (gc->step_size != 13) return (size_t)1 << clamp((size_t)(gc->step_size < 0 ? 0 : gc->step_size), 10, 26);
    return clamp((gc->goal > gc->live_bytes ? gc->goal - gc->live_bytes : 0) / 16, QUANTUM_LEAST, QUANTUM_MOST);
}

/* What the pause is a percentage of, less 100: the live bytes of a small heap. A large one may grow by a smaller part
 * of itself before it is collected, or it would hold twice what it needs. */
static size_t runway_base(size_t live) { return live <= SMALL_HEAP ? live : SMALL_HEAP + (live - SMALL_HEAP) / 4; }

static void set_goal(NpGlobal *global) {
    NpGc *gc = &global->gc;
    size_t limit = np_limit_least(global);
    gc->goal = gc->live_bytes + percent(runway_base(gc->live_bytes), gc->pause - 100);
    if (gc->goal < gc->live_bytes + MIN_RUNWAY) gc->goal = gc->live_bytes + MIN_RUNWAY;
    gc->pressed = limit && gc->goal > NP_NEAR_LIMIT(limit);
    if (gc->pressed) {
        /* Closer than that, whole collections are forced, which cycles between them would only repeat. */
        size_t most = gc->live_bytes + limit / 16;
        gc->goal = most < NP_NEAR_LIMIT(limit) ? NP_NEAR_LIMIT(limit) : most < gc->goal ? most : gc->goal;
    }
}

/* Every debt is set here: under gcstress and gcslice it is always due, so that each safe point works. */
static void set_debt(NpGlobal *global, int64_t debt) {
    global->heap.debt = np_dbg_on(gcstress) || np_dbg_on(gcslice) ? (int64_t)1 << 40 : debt;
}

/* Where the next cycle is to begin, as a debt: a quarter of the way before the goal, or earlier, up to the middle,
 * if there is much to mark. Under a limit that leaves little room it begins so early that it can be done with half of the
 * time before the goal. A pause below 100 % means: at once. */
static void set_idle_debt(NpGlobal *global) {
    NpGc *gc = &global->gc;
    size_t runway = gc->goal > gc->live_bytes ? gc->goal - gc->live_bytes : 0;
    size_t lead = gc->pressed ? clamp(gc->last_marked / RATIO_PRESSED, runway / 4, runway / 8 * 7)
                              : clamp(gc->last_marked / RATIO_USUAL, runway / 4, runway / 2);
    set_debt(global, (int64_t)global->heap.in_use - (int64_t)(gc->live_bytes + runway - lead));
}

void np_gc_set_debt(NpGlobal *global) {
    if (global->gc.phase == NP_GC_IDLE) {
        set_goal(global);
        set_idle_debt(global);
    } else {
        set_debt(global, -(int64_t)quantum(global));
    }
}

/* Bytes to scan for `allocated` bytes, so that marking is over when the heap reaches its goal. */
static size_t mark_work(const NpGlobal *global, size_t allocated) {
    const NpGc *gc = &global->gc;
    size_t in_use = global->heap.in_use;
    size_t left = gc->last_marked > gc->marked_bytes ? gc->last_marked - gc->marked_bytes : 0;
    size_t runway = gc->goal > in_use ? gc->goal - in_use : 0;
    size_t ratio;
    if (left < gc->live_bytes / 16) left = gc->live_bytes / 16; /* more is alive than there was */
    ratio = runway / 16 ? left / (runway / 16) : SIZE_MAX;      /* in sixteenths */
    ratio = percent(clamp(ratio, RATIO_LEAST * 16, RATIO_MOST * 16), gc->step_multiplier < 25 ? 25 : gc->step_multiplier);
    return allocated * ratio / 16;
}

/* ---- phases ---- */

static const char *const phase_names[] = {
    [NP_GC_IDLE] = "idle", [NP_GC_MARK] = "mark", [NP_GC_VALUES] = "values", [NP_GC_FINAL] = "final",
    [NP_GC_RESURRECT] = "resurrect", [NP_GC_KEYS] = "keys", [NP_GC_STACKS] = "stacks", [NP_GC_STRINGS] = "strings",
    [NP_GC_SWEEP] = "sweep", [NP_GC_RELEASE] = "release",
};

static void begin_cycle(NpGlobal *global) {
    NpGc *gc = &global->gc;
    np_move_stop(global);
    np_heap_mark_begin(&global->heap);
    gc->phase = NP_GC_MARK;
    gc->claimed_before = global->heap.claimed_total;
    np_meter_cycle(&gc->meter, global->heap.in_use, np_heap_released(&global->heap));
    gc->barrier_on = true;
    np_mark_begin(global);
    if (NP_UNLIKELY(gc->unrooted)) np_mark_unrooted(global, global->limit.thread);
}

static void enter_pass(NpGc *gc, NpGcPhase phase, size_t from) {
    gc->phase = (uint8_t)phase;
    gc->weak_at = from;
    gc->weak_position = 0;
}

/* All that the program can reach is marked. */
static void begin_clearing(NpGlobal *global) {
    NpGc *gc = &global->gc;
    CHECK1("G1", gc->gray_count == 0);
    gc->barrier_on = gc->finishing = false;
    if (gc->weak.count > 0) {
        gc->weak_window = true;
        gc->attention = 1;
        global->meta_epoch++; /* what chain caches lead to may be about to be dropped */
    }
    memset(global->api_cache, 0, sizeof global->api_cache);
    memset(global->access, 0, sizeof global->access);
    memset(global->characters, 0, sizeof global->characters);
    enter_pass(gc, NP_GC_VALUES, 0);
}

static void end_clearing(NpGlobal *global) {
    NpGc *gc = &global->gc;
    gc->weak_window = false;
    gc->attention = 0;
    np_final_release(global);
    gc->last_marked = gc->marked_bytes;
    gc->phase = NP_GC_STACKS;
    gc->threads_at = gc->threads_slot = 0;
}

/* A piece of what lies between the end of MARK and that of KEYS; what it counts as. */
static size_t clearing_step(NpGlobal *global, size_t work) {
    NpGc *gc = &global->gc;
    size_t done = 0;
    switch (gc->phase) {
        case NP_GC_VALUES:
            if (np_weak_clear_values(global, &done)) {
                gc->phase = NP_GC_FINAL;
                np_final_begin(global);
            }
            return done;
        case NP_GC_FINAL:
            if (!np_final_separate(global, &done)) return done;
            if (gc->final_ready == gc->to_finalize.count) {
                enter_pass(gc, NP_GC_KEYS, 0);
            } else {
                enter_pass(gc, NP_GC_RESURRECT, gc->weak_cleared);
                gc->final_at = gc->final_ready;
            }
            return done;
        case NP_GC_RESURRECT:
            done = np_mark_some(global, work);
            if (done < work && gc->gray_count == 0 && np_mark_finish_resurrected(global, &done))
                enter_pass(gc, NP_GC_KEYS, gc->weak_cleared < gc->weak.count ? gc->weak_cleared : 0);
            return done;
        default:
            if (gc->weak_cleared < gc->weak.count) {
                if (np_weak_clear_values(global, &done)) enter_pass(gc, NP_GC_KEYS, 0);
            } else if (np_weak_clear_keys(global, &done)) {
                end_clearing(global);
            }
            return done;
    }
}

void np_gc_settle(NpGlobal *global, NpGcPhase phase) {
    while (global->gc.phase >= NP_GC_VALUES && global->gc.phase < phase) clearing_step(global, SIZE_MAX);
}

static void end_stacks(lua_State *L) {
    NpGc *gc = &L->global->gc;
    if (np_dbg_on(gcverify) || CHECK >= 2) np_gc_verify(L);
    gc->phase = NP_GC_STRINGS;
    gc->strings_done = false;
    gc->cursor = 0;
    gc->shape_cursor = 0;
}

static void end_marking(NpGlobal *global) {
    np_mark_drop_owners(global);
    np_heap_mark_end(&global->heap);
    global->gc.phase = NP_GC_SWEEP;
}

/* What was allocated during the cycle has outlived it unexamined. In a large heap it counts as dead, or a program that
 * drops as much as it makes would have its heap grow to the pause's multiple of live and floating garbage together. */
static size_t live_estimate(const NpGlobal *global) {
    size_t in_use = global->heap.in_use, since = global->heap.claimed_total - global->gc.claimed_before;
    if (in_use <= SMALL_HEAP) return in_use;
    return since < in_use / 2 ? in_use - since : in_use / 2;
}

static void end_sweep(NpGlobal *global) {
    NpGc *gc = &global->gc;
    if (np_dbg_on(gcverify) || CHECK >= 2) np_heap_verify(&global->heap);
    gc->phase = NP_GC_RELEASE;
    gc->move = NP_MOVE_DUE;
    gc->live_bytes = live_estimate(global);
    gc->cycles++;
    np_heap_groups_trim(&global->heap);
    np_final_trim(global);
    np_shape_trim(global);
    set_goal(global);
}

/* A slice of dropping strings, then shapes; true when both are done. */
static bool strings_slice(NpGlobal *global, size_t scale) {
    NpGc *gc = &global->gc;
    if (NP_UNLIKELY(gc->unrooted)) return true;
    if (!np_string_settle(global, STRINGS_SLICE * scale)) return false;
    if (!gc->strings_done) {
        gc->cursor = np_string_sweep(global, gc->cursor, STRINGS_SLICE * scale);
        gc->strings_done = gc->cursor == 0;
        if (gc->strings_done) np_string_shrink(global);
        return false;
    }
    gc->shape_cursor = np_shape_sweep(global, gc->shape_cursor, SHAPES_SLICE * scale);
    return gc->shape_cursor == 0;
}

/* What the heap will grow by until the next collection stays. */
static size_t bytes_to_keep(const NpGlobal *global, bool full) {
    const NpGc *gc = &global->gc;
    size_t in_use = global->heap.in_use, keep = gc->goal > in_use ? gc->goal - in_use : 0;
    if (np_dbg_on(norelease)) return SIZE_MAX;
    if (!full) return keep + keep / 4 + KEEP_MORE;
    return keep / 4 > KEEP_AFTER_FULL ? keep / 4 : KEEP_AFTER_FULL;
}

static bool release_slice(NpGlobal *global, size_t scale, bool full) {
    size_t keep = bytes_to_keep(global, full);
    if (!np_move_some(global, MOVE_SLICE * scale, keep, full)) return false;
    if (np_heap_release_done(&global->heap, keep)) return true;
    /* Nothing released where there was something to release: the system refuses. */
    return np_heap_release(&global->heap, RELEASE_SLICE * scale, keep) == 0 &&
           np_heap_release(&global->heap, RELEASE_SLICE * scale * 64, keep) == 0;
}

/* The heap is as it will be until the next cycle. */
static void end_cycle(NpGlobal *global) {
    NpGc *gc = &global->gc;
    gc->phase = NP_GC_IDLE;
    np_grant_return(&global->grant);
    set_idle_debt(global);
    np_meter_step(&gc->meter, &gc->meter.release, phase_names[NP_GC_RELEASE]);
    np_meter_report(&gc->meter, gc->cycles, global->heap.in_use, gc->goal, np_heap_released(&global->heap));
}

static size_t phase_step(lua_State *L, size_t work, size_t scale, bool *ended) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    size_t done = 0;
    switch (gc->phase) {
        case NP_GC_IDLE:
            begin_cycle(global);
            return QUANTUM_LEAST;
        case NP_GC_MARK:
            done = np_mark_some(global, work);
            if (done < work && gc->gray_count == 0 && np_mark_finish(global, L, &done)) begin_clearing(global);
            return done + STEP_LEAST;
        case NP_GC_STACKS:
            if (np_waiting_free(global, false) && np_mark_trim(global, false) && np_threads_clear(global)) end_stacks(L);
            return QUANTUM_MOST;
        case NP_GC_STRINGS:
            if (strings_slice(global, scale)) end_marking(global);
            return QUANTUM_MOST;
        case NP_GC_SWEEP:
            if (np_heap_sweep_step(&global->heap, SWEEP_SLICE * scale)) end_sweep(global);
            return QUANTUM_MOST;
        case NP_GC_RELEASE:
            if (release_slice(global, scale, false)) {
                np_heap_advise_huge(&global->heap);
                end_cycle(global);
                np_limit_set_aside(global);
                *ended = true;
            }
            return QUANTUM_MOST;
        default:
            return clearing_step(global, work) + STEP_LEAST;
    }
}

/* One step of the present phase, as large as `work` bytes of scanning; what it counts as. `scale` makes the
 * slices of the other phases larger. True in *ended when a cycle is over. */
static size_t step(lua_State *L, size_t work, size_t scale, bool *ended) {
    NpGc *gc = &L->global->gc;
    NpMeter *meter = &gc->meter;
    uint8_t phase = gc->phase;
    size_t counts = phase_step(L, work, scale, ended);
    np_meter_step(meter, phase < NP_GC_SWEEP ? &meter->mark : phase == NP_GC_SWEEP ? &meter->sweep : &meter->release,
                  phase_names[phase]);
    return counts;
}

/* The rest of a cycle in one go, up to but not into RELEASE; begins one when there is none. */
static void finish_cycle(lua_State *L) {
    NpGc *gc = &L->global->gc;
    bool ended = false;
    while (gc->phase != NP_GC_RELEASE) step(L, SIZE_MAX, SCALE_MOST, &ended);
}

static void release_all(lua_State *L, bool full) {
    NpGlobal *global = L->global;
    while (!release_slice(global, SCALE_MOST, full)) continue;
    end_cycle(global);
}

/* What the cycle in progress has marked may be dead by now: it is given up while that is possible, finished when it
 * is not. */
static void end_present_cycle(lua_State *L) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    if (gc->phase == NP_GC_MARK) {
        np_mark_cancel(global);
        gc->phase = NP_GC_IDLE;
    } else if (gc->phase != NP_GC_IDLE) {
        finish_cycle(L);
        gc->phase = NP_GC_IDLE;
    }
}

/* The mark stack may take a little more than the limit; the limit as it was. */
static size_t lift_limit(NpGlobal *global) {
    NpMem *mem = &global->heap.mem;
    size_t limit = mem->limit;
    if (limit) mem->limit += limit / 128;
    return limit;
}

static void whole_collection(lua_State *L, bool full) {
    NpGlobal *global = L->global;
    size_t limit = lift_limit(global);
    end_present_cycle(L);
    global->gc.meter.kind = full ? "full" : "forced";
    finish_cycle(L);
    release_all(L, full);
    global->heap.mem.limit = limit;
    if (limit) np_gc_set_debt(global); /* the goal was set by the lifted one */
    np_limit_set_aside(global);
}

/* ---- statistics ---- */

/* Strings and shapes stay, and nothing is moved: the next safe point may go on with RELEASE. */
void np_gc_unrooted(lua_State *L) {
    NpGlobal *global = L->global;
    double began = np_meter_begin(&global->gc.meter);
    size_t limit = lift_limit(global);
    end_present_cycle(L);
    global->gc.meter.kind = "emergency";
    global->gc.unrooted = true;
    finish_cycle(L);
    global->gc.unrooted = false;
    global->heap.mem.limit = limit;
    set_debt(global, -(int64_t)quantum(global));
    np_meter_end(&global->gc.meter, began);
    np_barrier_touch(L);
    if (global->running && global->running != L) np_barrier_touch(global->running);
}

unsigned np_gc_buffers(const NpObj *obj, const void *out[NP_GC_BUFFERS]) {
    const void *all[NP_GC_BUFFERS] = {NULL};
    unsigned count = 0;
    switch (obj->kind) {
        case NP_TABLE: {
            const NpTable *table = (const NpTable *)obj;
            all[0] = table->array;
            all[1] = table->slots;
            break;
        }
        case NP_PROTO: {
            const NpProto *proto = (const NpProto *)obj;
            const void *of[] = {proto->constants, proto->protos, proto->upvalues,
                                proto->lines, proto->locvars, proto->chains};
            _Static_assert(sizeof of == sizeof all, "a prototype has the most");
            memcpy(all, of, sizeof of);
            break;
        }
        case NP_THREAD: {
            const lua_State *L = np_thread_state((NpThread *)(uintptr_t)obj);
            all[0] = L->stack;
            all[1] = L->frames;
            break;
        }
        case NP_KEYS: all[0] = ((const NpKeys *)obj)->index; break;
        default: break;
    }
    for (unsigned i = 0; i < NP_GC_BUFFERS; i++)
        if (all[i]) out[count++] = all[i];
    return count;
}

/* Sizes of what an object owns besides itself. */
static size_t owned_bytes(const NpObj *obj) {
    const void *buffers[NP_GC_BUFFERS];
    size_t bytes = 0;
    for (unsigned i = np_gc_buffers(obj, buffers); i > 0; i--) bytes += np_heap_slot_bytes(buffers[i - 1]);
    return bytes;
}

static void count_visit(void *ctx, NpSpan *span, void *slot) {
    NpGlobal *global = ctx;
    NpObj *obj = slot;
    unsigned at = obj->kind & 63;
    global->gc.live_objects[at]++;
    global->gc.live_kind_bytes[at] += np_span_slot_bytes(span) + owned_bytes(obj);
}

void np_gc_end_sweep(NpGlobal *global) {
    if (global->gc.phase != NP_GC_SWEEP) return;
    np_heap_sweep_step(&global->heap, SIZE_MAX);
    end_sweep(global);
}

void np_gc_count_kinds(NpGlobal *global) {
    NpGc *gc = &global->gc;
    np_gc_end_sweep(global);
    memset(gc->live_objects, 0, sizeof gc->live_objects);
    memset(gc->live_kind_bytes, 0, sizeof gc->live_kind_bytes);
    np_heap_walk(&global->heap, false, count_visit, global);
}

size_t np_gc_count(const NpGlobal *global) { return global->heap.in_use - np_heap_rests(&global->heap); }

/* ---- entry points ---- */

/* A heap of twice its goal comes of objects so large that one takes more than a cycle's worth of slices, a table that doubles
 * say. Slices then come as often and are as long as they may be; only a program that goes on like that is stopped. */
static bool overruns(NpGlobal *global) {
    const NpHeap *heap = &global->heap;
    NpGc *gc = &global->gc;
    if (heap->in_use / 2 <= gc->goal) gc->overrun_at = 0;
    else if (gc->overrun_at == 0) gc->overrun_at = heap->claimed_total;
    else return heap->claimed_total - gc->overrun_at > heap->in_use / OVERRUN_SHARE;
    return false;
}

/* True when the limit is so near, or was met, or the goal so far behind, that a whole collection is due. */
static bool must_collect(NpGlobal *global) {
    NpHeap *heap = &global->heap;
    if (heap->starved) {
        heap->starved = false;
        return true;
    }
    return overruns(global) || np_limit_due(global);
}

/* A slice that had no time for all its work makes the next one come earlier. */
static size_t next_piece(size_t piece, size_t done, size_t work) {
    if (done >= work) return piece;
    return done < work / 4 ? piece / 4 : piece / 16 * (done / (work / 16 + 1));
}

/* The time that a slice may take besides the work it has to do. */
static double extra_seconds(NpGc *gc, double began) {
    if (!gc->pressed) return 0;
    gc->credit += began - gc->slice_ended;
    if (gc->credit > SLICE_SECONDS) gc->credit = SLICE_SECONDS;
    return gc->credit;
}

static void slice(lua_State *L, double began) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    size_t piece = quantum(global), work, done = 0, per_step = 1;
    double extra = extra_seconds(gc, began);
    bool ended = false, hurry;
    size_t debt = global->heap.debt > 0 ? (size_t)global->heap.debt : 0;
    if (np_dbg_on(gcslice)) {
        step(L, (size_t)np_dbg.gcslice, 1, &ended);
        set_debt(global, 0);
        return;
    }
    if (gc->phase != NP_GC_IDLE) piece += debt > 16 * QUANTUM_MOST ? 16 * QUANTUM_MOST : debt;
    work = gc->overrun_at ? SIZE_MAX : mark_work(global, piece);
    /* Outside marking a step counts for less the further the program is ahead. */
    if (debt > QUANTUM_MOST) per_step = clamp(debt / QUANTUM_MOST, 1, 16);
    /* Only a program that changes many stacks faster than slices can follow, without running them, comes so far. */
    hurry = gc->finishing && ++gc->finish_tries > FINISH_TRIES;
    while ((done < work || gc->meter.at - began < extra) && !ended) {
        uint8_t phase = gc->phase;
        size_t counts = step(L, done < work ? clamp(work - done, STEP_LEAST, STEP_MOST) : STEP_MOST, 1, &ended);
        done += phase == NP_GC_MARK ? counts : counts / per_step;
        if (hurry && gc->phase == NP_GC_MARK) done = 0;
        else if (gc->meter.at - began > SLICE_SECONDS) break;
    }
    gc->slice_ended = gc->meter.at;
    gc->credit -= gc->meter.at - began;
    if (gc->credit < 0) gc->credit = 0;
    if (!ended) set_debt(global, -(int64_t)next_piece(quantum(global), done, work));
}

void np_gc_slice(lua_State *L) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    double began;
    bool forced;
    if (global->idle_ms != 0) np_idle_start(global);
    if (gc->stopped) {
        global->heap.debt = -(int64_t)MIN_RUNWAY;
        return;
    }
    began = np_meter_begin(&gc->meter);
    forced = must_collect(global);
    if (np_dbg_on(gcstress) && !forced) {
        static long checks;
        if (++checks % np_dbg.gcstress == 0) whole_collection(L, true);
        np_meter_end(&gc->meter, began);
        np_barrier_touch(L);
        np_final_call_some(L, SIZE_MAX);
        set_debt(global, 0);
        return;
    }
    if (forced) {
        gc->forced_at = global->heap.claimed_total;
        np_limit_collecting(global, true);
        whole_collection(L, false);
        np_limit_collecting(global, false);
    } else {
        slice(L, began);
    }
    np_meter_end(&gc->meter, began);
    np_barrier_touch(L);
    if (np_final_waiting(global)) np_final_call_some(L, forced ? SIZE_MAX : FINALIZERS_SLICE); /* memory is short: they hold some */
    if (forced) np_limit_check(L);
}

void np_gc_full(lua_State *L, bool emergency) {
    NpGlobal *global = L->global;
    double began = np_meter_begin(&global->gc.meter);
    whole_collection(L, true);
    np_meter_end(&global->gc.meter, began);
    np_barrier_touch(L);
    if (!emergency) np_final_call_some(L, SIZE_MAX);
    set_debt(global, global->heap.debt);
}

bool np_gc_run(lua_State *L, double seconds) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    double began;
    bool ended = false;
    if (!np_gc_may_run(global)) return false;
    began = np_meter_begin(&gc->meter);
    do step(L, RUN_STEP, 1, &ended);
    while (!ended && gc->meter.at - began < seconds);
    if (!ended) set_debt(global, -(int64_t)quantum(global));
    np_meter_end(&gc->meter, began);
    np_barrier_touch(L);
    while (np_final_waiting(global) && np_meter_now() - began < seconds) np_final_call_some(L, 1);
    return ended;
}

/* A step of n KiB does what n KiB of allocation would have had done; a step of 0 one slice. */
bool np_gc_step(lua_State *L, int kilobytes) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    double began = np_meter_begin(&gc->meter);
    size_t bytes = kilobytes > 0 ? (size_t)kilobytes << 10 : quantum(global), done = 0;
    size_t work = percent(bytes, gc->step_multiplier < 25 ? 25 : gc->step_multiplier) * 2;
    bool ended = false;
    if (gc->generational) { /* a step of that mode is a whole (minor) collection */
        np_gc_full(L, false);
        return true;
    }
    do {
        size_t left = work - done;
        done += step(L, left, clamp(left / QUANTUM_MOST, 1, 1 << 20), &ended);
    } while (done < work && !ended);
    if (!ended) set_debt(global, -(int64_t)quantum(global));
    np_meter_end(&gc->meter, began);
    np_barrier_touch(L);
    np_final_call_some(L, ended ? SIZE_MAX : FINALIZERS_SLICE);
    return ended;
}

/* A cycle that was under way has marked what may be dead by now: after its end another one follows. */
bool np_gc_idle_slice(lua_State *L, bool begin) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    bool ended = false;
    if (gc->stopped) return np_gc_release(L) == 0;
    np_meter_begin(&gc->meter);
    gc->meter.kind = "idle"; /* nobody is stopped */
    gc->keep_popped = true;
    if (begin) {
        gc->idle_cycles = gc->phase == NP_GC_IDLE || gc->phase == NP_GC_RELEASE ? 1 : 2;
        if (gc->phase == NP_GC_RELEASE) gc->phase = NP_GC_IDLE;
    }
    if (gc->phase == NP_GC_RELEASE && gc->idle_cycles > 1) {
        gc->idle_cycles--;
        gc->phase = NP_GC_IDLE;
    }
    if (gc->phase != NP_GC_RELEASE) {
        step(L, IDLE_WORK, 1, &ended);
    } else if (release_slice(global, 1, true)) {
        end_cycle(global);
        ended = true;
    }
    gc->keep_popped = false;
    np_barrier_touch(L);
    gc->meter.busy = false;
    if (!ended) set_debt(global, -(int64_t)quantum(global));
    else if (np_final_waiting(global)) set_debt(global, 1); /* the program's next safe point calls them */
    return ended;
}

size_t np_gc_release(lua_State *L) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    double began = np_meter_begin(&gc->meter);
    size_t before = global->heap.mem.ready;
    if (gc->phase == NP_GC_SWEEP && np_heap_sweep_step(&global->heap, SIZE_MAX)) end_sweep(global);
    if (gc->phase == NP_GC_IDLE || gc->phase == NP_GC_RELEASE)
        while (!np_move_some(global, SIZE_MAX, 0, true)) continue;
    while (np_heap_release(&global->heap, SIZE_MAX / NP_PAGE_BYTES, 0) != 0) continue;
    np_grant_return(&global->grant);
    np_meter_end(&gc->meter, began);
    np_meter_tell(&gc->meter, NP_MOMENT_RELEASE, 0);
    return before > global->heap.mem.ready ? before - global->heap.mem.ready : 0;
}

/* ---- life ---- */

void np_gc_init(NpGlobal *global) {
    NpGc *gc = &global->gc;
    memset(gc, 0, sizeof *gc);
    np_meter_init(&gc->meter);
    gc->pause = 200;
    gc->step_multiplier = 100;
    gc->step_size = 13;
    gc->epoch = 1;
    gc->minor_multiplier = 20;
    gc->major_multiplier = 100;
    (void)np_mark_open(global);
    set_goal(global);
    set_idle_debt(global);
}

void np_gc_close(NpGlobal *global) {
    NpGc *gc = &global->gc;
    NpMem *mem = &global->heap.mem;
    (void)np_waiting_free(global, true);
    gc->gray_count = 0;
    (void)np_mark_trim(global, true);
    NpObjList *lists[] = {&gc->gray, &gc->weak, &gc->threads, &gc->again, &gc->finalizable, &gc->to_finalize, &gc->waiting.blocks};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        np_list_close(mem, (void **)&lists[i]->items, &lists[i]->capacity, sizeof(NpObj *));
        lists[i]->count = 0;
    }
}
