/* threads.c: the collector's view of stacks: scanning in slices, what may have changed since, unused parts.
 *
 * Owns: gc.threads, gc.again, the gc_ fields of lua_State and NP_FRAME_SCANNED.
 * Does not: know what a value refers to (mark.c).
 *
 * A thread is scanned from the bottom up, in slices. Slots below gc_slot are as they were scanned for as long as
 * the frame gc_frame, a Lua frame that begins at or above gc_slot and is flagged SCANNED, has not returned: all frames that
 * own slots below are waiting for a call to come back. Its return, and any other way of losing frames, ends in
 * np_barrier_lower, which moves the mark some frames further down, so that unwinding a deep stack costs little.
 * When the top is reached the thread is CLEAN. What runs it or pushes to it says so first (barrier.h): then
 * it is not CLEAN any more but on the list `again`, and scanned anew, but only from gc_slot up.
 *
 * While marking is being finished a coroutine that yields is scanned at once, if there is little to scan, so that
 * the list shrinks however many coroutines take turns.
 *
 * K1. What lies above the top is dead and not scanned, but a later frame begins with whatever its registers hold. So
 * STACKS, when marks are complete and before anything is swept, goes over every thread that has run since it was
 * last there and clears what is not marked. Nothing not marked gets onto a stack after MARK. */
#include "runtime/call.h"
#include "runtime/gc/barrier.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/mark.h"

enum { SLICE = 4096, LOWER = 32, AT_ONCE = 1024, CLEAR_SLICE = 16384 };

enum { CLEAN = 1, LISTED = 2 }; /* bits of lua_State.gc_state; LISTED: in gc.again */

static NpFrame *lua_frame_at_or_below(lua_State *L, NpFrame *frame) {
    while (frame > L->frames && !np_frame_is_lua(frame)) frame--;
    return frame;
}

/* Slots below `slot` are scanned; `frame` is the one to be flagged. The lowest frame is never left: no mark. */
static void set_mark(lua_State *L, NpFrame *frame, const NpValue *slot) {
    if (L->gc_frame > 0 && L->gc_frame <= L->frame - L->frames) L->frames[L->gc_frame].flags &= (uint16_t)~NP_FRAME_SCANNED;
    L->gc_frame = (int32_t)(frame - L->frames);
    L->gc_slot = L->gc_frame > 0 ? (uint32_t)(slot - L->stack) : 0;
    if (L->gc_frame > 0) frame->flags |= NP_FRAME_SCANNED;
}

void np_barrier_lower(lua_State *L) {
    NpFrame *frame = L->frame;
    frame = frame - L->frames > LOWER ? frame - LOWER : L->frames;
    frame = lua_frame_at_or_below(L, frame);
    set_mark(L, frame, frame->func < L->stack + L->gc_slot ? frame->func : L->stack + L->gc_slot);
}

NP_RARE void np_barrier_touch(lua_State *L) {
    NpGlobal *global = L->global;
    NpGc *gc = &global->gc;
    L->gc_used = true;
    L->attention = NP_ATTENTION_TOUCHED;
    if (gc->phase != NP_GC_MARK) return;
    if (L->gc_epoch != gc->epoch) {
        np_barrier_shade(global, (NpObj *)np_state_thread(L));
    } else if (L->gc_state & CLEAN) {
        L->gc_state &= (uint8_t)~CLEAN;
        if (L->gc_state & LISTED) return;
        if (np_list_push(global, &gc->again, (NpObj *)np_state_thread(L))) L->gc_state |= LISTED;
        else gc->threads_lost = true;
    }
}

static void begin_thread(NpGlobal *global, lua_State *L) {
    /* In an emergency the running code keeps pointers into stacks. */
    if (!global->gc.unrooted) np_stack_shrink(L);
    set_mark(L, L->frames, L->stack);
    L->gc_epoch = global->gc.epoch;
    L->gc_state = 0;
    np_mark_set(L->stack);
    np_mark_set(L->frames);
    if (!np_list_push(global, &global->gc.threads, (NpObj *)np_state_thread(L))) global->gc.threads_lost = true;
}

/* Slots up to `to` have been scanned, but not all: where the mark can be. NULL: nowhere, the rest has to follow at once. */
static NpFrame *frame_above(lua_State *L, const NpValue *to) {
    NpFrame *frame = L->frames + L->gc_frame;
    while (frame > L->frames && frame->func >= to) frame--;
    while (frame < L->frame && frame[1].func < to) frame++;
    do frame++;
    while (frame <= L->frame && !np_frame_is_lua(frame));
    return frame <= L->frame ? frame : NULL;
}

size_t np_threads_scan(NpGlobal *global, lua_State *L, bool *clean) {
    const NpValue *slot, *to;
    NpFrame *above = NULL;
    size_t done;
    *clean = true;
    if (!L->frames) { /* a thread in the making */
        if (L->stack) np_mark_set(L->stack);
        return sizeof(lua_State);
    }
    if (L->gc_epoch != global->gc.epoch) begin_thread(global, L);
    if (L->open_upvalues) np_mark_shade(global, (NpObj *)L->open_upvalues, NP_UPVAL);
    slot = L->stack + L->gc_slot;
    to = L->top - slot > SLICE ? slot + SLICE : L->top;
    if (to < L->top) above = frame_above(L, to);
    if (!above) to = L->top;
    done = sizeof(lua_State) + (slot < to ? (size_t)(to - slot) * sizeof *slot : 0);
    for (; slot < to; slot++) np_mark_payload(global, slot->v, slot->tag);
    if (above) {
        set_mark(L, above, to);
        L->gc_state &= (uint8_t)~CLEAN;
        *clean = false;
        return done;
    }
    above = lua_frame_at_or_below(L, L->frame);
    set_mark(L, above, above->func);
    L->gc_state |= CLEAN;
    L->attention = NP_ATTENTION_SCANNED;
    return done;
}

bool np_threads_again(NpGlobal *global, size_t *done) {
    NpObjList *again = &global->gc.again;
    while (again->count > 0 && *done < SLICE * sizeof(NpValue)) {
        lua_State *L = np_thread_state((NpThread *)again->items[again->count - 1]);
        bool clean = true;
        if (L->gc_state & CLEAN) *done += sizeof(lua_State);
        else *done += np_threads_scan(global, L, &clean);
        if (!clean) continue;
        L->gc_state &= (uint8_t)~LISTED;
        again->count--;
    }
    return again->count == 0;
}

void np_gc_yielded(lua_State *L) {
    NpGlobal *global = L->global;
    bool clean;
    if (!global->gc.finishing) return;
    if (L->gc_epoch == global->gc.epoch && !(L->gc_state & CLEAN) && L->top - (L->stack + L->gc_slot) < AT_ONCE) np_threads_scan(global, L, &clean);
}

/* ---- STACKS ---- */

/* Clears slots from position `from` on, at most `most`; where it stopped, 0 at the end. What lives may stay above the top of a
 * thread that runs; it may be dead the next time, so the thread is then looked at again even if it has not run. */
static size_t clear_unused(lua_State *L, size_t from, size_t most) {
    NpValue *end, *slot;
    bool waits, left;
    if (!L->frames || (!L->gc_used && L->top - L->stack >= (ptrdiff_t)L->gc_top)) return 0;
    waits = L != L->global->running && !np_frame_is_lua(L->frame); /* in a C function, whose top is the end of all it has */
    end = L->stack_last + NP_STACK_EXTRA;
    left = from > L->gc_slot; /* what earlier slices left, and the program since, is not known */
    if (from < L->gc_slot) from = L->gc_slot;
    slot = L->stack + from;
    if (end - slot > (ptrdiff_t)most) end = slot + most;
    for (; slot < end; slot++) {
        if (!(slot->tag & NP_TAG_COLLECTABLE)) continue;
        if (!np_mark_test(slot->v.obj) || (waits && slot >= L->top)) np_set_nil(slot);
        else if (slot >= L->top) left = true;
    }
    if (slot < L->stack_last + NP_STACK_EXTRA) return (size_t)(slot - L->stack);
    L->gc_used = left;
    L->gc_top = (uint32_t)(L->top - L->stack);
    L->attention = NP_ATTENTION_SCANNED;
    return 0;
}

static void clear_visit(void *ctx, NpSpan *span, void *slot) {
    (void)ctx;
    if (span->kind == NP_SPAN_OBJ && ((NpObj *)slot)->kind == NP_THREAD && np_mark_test(slot))
        (void)clear_unused(np_thread_state(slot), 0, SIZE_MAX / sizeof(NpValue) / 2);
}

bool np_threads_clear(NpGlobal *global) {
    NpGc *gc = &global->gc;
    size_t most = CLEAR_SLICE;
    if (gc->threads_lost) {
        np_heap_walk(&global->heap, false, clear_visit, NULL);
        gc->threads_lost = false;
        gc->threads.count = 0;
    }
    for (; gc->threads_at < gc->threads.count; gc->threads_at++) {
        lua_State *L = np_thread_state((NpThread *)gc->threads.items[gc->threads_at]);
        size_t from = gc->threads_slot > L->gc_slot ? gc->threads_slot : L->gc_slot;
        if (most == 0) return false;
        gc->threads_slot = clear_unused(L, gc->threads_slot, most);
        if (gc->threads_slot) return false;
        from = L->stack ? (size_t)(L->stack_last - L->stack) - from : 0; /* what was looked at */
        most -= from + 16 < most ? from + 16 : most;
    }
    np_list_clear(global, &gc->threads);
    np_list_clear(global, &gc->again);
    return true;
}
