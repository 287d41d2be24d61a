/* stack.c: the value stack and the frame array of a thread.
 * Owns: their growth, shrinking and the mending of every pointer into them.
 * Does not: decide what a frame means (call.c).
 *
 * Invariant K1: slots from top to stack_last + NP_STACK_EXTRA hold nil or a value that was alive at the end of the last
 * marking or later; the collector clears the others (gc/threads.c), and fresh slots are nil. */
#include "runtime/call.h"
#include "runtime/err.h"

#define STACK_MAX LUAI_MAXSTACK
#define STACK_ERROR (STACK_MAX + 200) /* room for the handler of a stack overflow */
#define FRAMES_SHRINK 64
#define FRAMES_LOOKED_AT 16384 /* the stack of a thread with more is left as it is */

static size_t stack_bytes(size_t slots) { return (slots + NP_STACK_EXTRA) * sizeof(NpValue); }

static size_t stack_slots(const lua_State *L) { return (size_t)(L->stack_last - L->stack); }

static void mend_pointers(lua_State *L, NpValue *old, NpValue *fresh) {
    ptrdiff_t distance = (char *)fresh - (char *)old;
#define MEND(pointer) ((pointer) = (NpValue *)((char *)(pointer) + distance))
    MEND(L->top);
    MEND(L->tbc);
    for (NpUpval *upval = L->open_upvalues; upval; upval = upval->u.open.next) MEND(upval->at);
    for (NpFrame *frame = L->frames; frame <= L->frame; frame++) {
        MEND(frame->func);
        MEND(frame->top);
    }
#undef MEND
}

/* A buffer of the group that the thread itself is in; NULL: no memory, and nobody has been told. What grows is charged to
 * who runs, what has become shorter to who owns it. */
static void *alloc_at_home(lua_State *L, size_t bytes) {
    NpHeap *heap = &L->global->heap;
    unsigned group = np_heap_group_switch(heap, np_heap_group_of(np_state_thread(L)));
    bool starved = heap->starved;
    int64_t debt = heap->debt;
    void *fresh = np_heap_alloc(heap, bytes, NP_SPAN_BUF);
    if (!fresh) { /* nobody waits for it: no reason to collect */
        heap->refused_by = NULL;
        heap->starved = starved;
        heap->debt = debt;
    }
    np_heap_group_switch(heap, group);
    return fresh;
}

/* The collector makes stacks smaller: nothing it does here may take longer the larger they are. */
static bool resize(lua_State *L, size_t slots) {
    NpHeap *heap = &L->global->heap;
    NpValue *old = L->stack, *fresh;
    size_t old_slots = stack_slots(L);
    size_t all = slots + NP_STACK_EXTRA, old_all = old_slots + NP_STACK_EXTRA;
    if (slots < old_slots && np_heap_cut_buf(heap, old, stack_bytes(old_slots), stack_bytes(slots))) {
        L->stack_last = old + slots;
        return true;
    }
    if (slots < old_slots && stack_bytes(slots) > NP_SMALL_MAX) return false;
    fresh = slots > old_slots ? np_mem_try_buf(L, stack_bytes(slots)) : alloc_at_home(L, stack_bytes(slots));
    if (!fresh) return false;
    size_t kept = all < old_all ? all : old_all;
    memcpy(fresh, old, kept * sizeof(NpValue));
    for (size_t i = kept; i < all; i++) np_set_nil(&fresh[i]);
    L->stack = fresh;
    L->stack_last = fresh + slots;
    mend_pointers(L, old, fresh);
    if (slots < old_slots) np_heap_leave_buf(heap, old, stack_bytes(old_slots));
    else np_mem_free(L, old, stack_bytes(old_slots));
    return true;
}

static bool grow(lua_State *L, int n, bool throwing) {
    size_t size = stack_slots(L);
    if (NP_STACK_MOVES && L->stack_last - L->top > n) {
        (void)resize(L, size);
        return true;
    }
    if (size > STACK_MAX) {
        /* Already in the room kept for handling an overflow. */
        if (throwing) np_err_throw(L, LUA_ERRERR);
        return false;
    }
    if (n < STACK_MAX) {
        size_t needed = (size_t)(L->top - L->stack) + (size_t)n;
        size_t wanted = size * 2;
        if (wanted > STACK_MAX) wanted = STACK_MAX;
        if (wanted < needed) wanted = needed;
        if (wanted <= STACK_MAX) {
            if (resize(L, wanted)) return true;
            if (throwing) np_err_memory(L);
            return false;
        }
    }
    if (!throwing) return false;
    if (!resize(L, STACK_ERROR)) np_err_memory(L);
    np_err_run(L, "stack overflow");
}

void np_stack_grow(lua_State *L, int n) { (void)grow(L, n, true); }
bool np_stack_try_grow(lua_State *L, int n) { return grow(L, n, false); }

static size_t slots_in_use(const lua_State *L) {
    const NpValue *limit = L->top;
    for (const NpFrame *frame = L->frames; frame <= L->frame; frame++)
        if (limit < frame->top) limit = frame->top;
    size_t used = (size_t)(limit - L->stack) + 1;
    return used < LUA_MINSTACK ? LUA_MINSTACK : used;
}

/* Room for so many frames, at most what there was; not, if there is no memory for it. */
static void move_frames(lua_State *L, size_t frames) {
    size_t old = (size_t)(L->frames_end - L->frames), used = (size_t)(L->frame - L->frames) + 1;
    NpFrame *fresh = alloc_at_home(L, frames * sizeof(NpFrame));
    if (!fresh) return;
    memcpy(fresh, L->frames, used * sizeof(NpFrame));
    np_heap_leave_buf(&L->global->heap, L->frames, old * sizeof(NpFrame));
    L->frames = fresh;
    L->frames_end = fresh + frames;
    L->frame = fresh + used - 1;
}

static void shrink_frames(lua_State *L, size_t fewer) {
    size_t old = (size_t)(L->frames_end - L->frames);
    if (np_heap_cut_buf(&L->global->heap, L->frames, old * sizeof(NpFrame), fewer * sizeof(NpFrame))) L->frames_end = L->frames + fewer;
    else if (fewer * sizeof(NpFrame) <= NP_SMALL_MAX) move_frames(L, fewer);
}

void np_stack_shrink(lua_State *L) {
    /* At least so much is in use: most calls end here, without a look at every frame. */
    size_t least = (size_t)(L->top - L->stack);
    size_t slots = stack_slots(L);
    size_t frames = (size_t)(L->frames_end - L->frames), frames_used = (size_t)(L->frame - L->frames) + 1;
    if (slots > NP_STACK_FIRST && (slots > least * 3 || slots > STACK_MAX) && frames_used <= FRAMES_LOOKED_AT) {
        size_t used = slots_in_use(L);
        size_t most = used > STACK_MAX / 3 ? STACK_MAX : used * 3;
        if (used <= STACK_MAX && slots > most) (void)resize(L, used > STACK_MAX / 2 ? STACK_MAX : used * 2);
    }
    if (frames > FRAMES_SHRINK && frames_used < frames / 4) shrink_frames(L, frames_used * 2);
}

void np_stack_go_home(lua_State *L) {
    unsigned home = np_heap_group_of(np_state_thread(L));
    if (np_heap_group_of(L->stack) != home) (void)resize(L, stack_slots(L));
    if (np_heap_group_of(L->frames) != home) move_frames(L, (size_t)(L->frames_end - L->frames));
}

void np_stack_grow_frames(lua_State *L) {
    size_t frames = (size_t)(L->frames_end - L->frames), used = (size_t)(L->frame + 1 - L->frames);
    size_t more = used < frames ? frames : frames * 2; /* as many: only to move them (NP_STACK_MOVES) */
    NpFrame *fresh = np_mem_regrow(L, L->frames, frames * sizeof(NpFrame), more * sizeof(NpFrame));
    L->frames = fresh;
    L->frames_end = fresh + more;
    L->frame = fresh + used - 1;
}

void np_stack_init(lua_State *L, lua_State *from) {
    NpValue *stack = np_mem_buf(from, stack_bytes(NP_STACK_FIRST));
    for (size_t i = 0; i < NP_STACK_FIRST + NP_STACK_EXTRA; i++) np_set_nil(&stack[i]);
    L->stack = L->top = L->tbc = stack;
    L->stack_last = stack + NP_STACK_FIRST;
    L->frames = np_mem_buf(from, NP_FRAMES_FIRST * sizeof(NpFrame));
    L->frames_end = L->frames + NP_FRAMES_FIRST;
    L->frame = L->frames;
    memset(L->frame, 0, sizeof(NpFrame));
    L->frame->func = L->top;
    L->frame->flags = NP_FRAME_C;
    np_set_nil(L->top++);
    L->frame->top = L->top + LUA_MINSTACK;
    if (L->frame->top > L->stack_last) L->frame->top = L->stack_last;
}
