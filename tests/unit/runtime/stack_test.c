/* Tests of runtime/stack.c: growth mends every pointer, limits, shrinking, failed allocations. */
#include "tests/unit/unit.h"

#include "include/lua.h"
#include "runtime/call.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/strings.h"

static lua_State *open_state(void) {
    lua_State *L = lua_newstate(NULL, NULL);
    REQUIRE_NOT_NULL(L);
    L->global->gc.stopped = NP_GC_STOP_USER;
    return L;
}

static size_t slots(lua_State *L) { return (size_t)(L->stack_last - L->stack); }

TEST(growth_mends_what_points_into_the_stack) {
    lua_State *L = open_state();
    for (int i = 0; i < 10; i++) np_set_int(L->top++, i);
    NpUpval *low = np_func_find_upval(L, L->top - 9), *high = np_func_find_upval(L, L->top - 2);
    L->tbc = L->top - 3;
    (L->top - 3)->delta = 7;
    NpFrame *frame = np_stack_push_frame(L);
    memset(frame, 0, sizeof *frame);
    frame->func = L->top - 4;
    frame->top = L->top + 5;
    frame->flags = NP_FRAME_C;
    ptrdiff_t base_func = np_stack_save(L, L->frames[0].func);
    const NpValue *old = L->stack;
    ptrdiff_t top = np_stack_save(L, L->top);
    np_stack_need(L, 1000);
    REQUIRE(L->stack != old);
    EXPECT_EQ(np_stack_save(L, L->top), top);
    EXPECT_GE(L->stack_last - L->top, 1000);
    EXPECT_PTR(low->at, L->top - 9);
    EXPECT_PTR(high->at, L->top - 2);
    EXPECT_PTR(L->tbc, L->top - 3);
    EXPECT_EQ(L->tbc->delta, 7);
    EXPECT_PTR(L->frame->func, L->top - 4);
    EXPECT_PTR(L->frame->top, L->top + 5);
    EXPECT_EQ(np_stack_save(L, L->frames[0].func), base_func);
    for (int i = 0; i < 10; i++) EXPECT_EQ((L->top - 10 + i)->v.i, i);
    for (NpValue *slot = L->top; slot < L->stack_last + NP_STACK_EXTRA; slot++) REQUIRE_EQ(slot->tag, NP_NIL); /* K1 */
    L->tbc = L->stack;
    L->frame--;
    lua_close(L);
}

TEST(try_grow_says_no_and_changes_nothing) {
    lua_State *L = open_state();
    size_t before = slots(L);
    EXPECT_FALSE(np_stack_try_grow(L, LUAI_MAXSTACK));
    EXPECT_FALSE(np_stack_try_grow(L, INT32_MAX));
    EXPECT_EQ(slots(L), before);
    EXPECT(np_stack_try_grow(L, LUAI_MAXSTACK - 100));
    EXPECT_FALSE(np_stack_try_grow(L, LUAI_MAXSTACK));
    EXPECT_LE(slots(L), LUAI_MAXSTACK);
    np_stack_shrink(L);
    EXPECT_LT(slots(L), 1000);
    lua_close(L);
}

static void need_too_much(lua_State *L, void *arg) {
    for (;;) {
        np_stack_need(L, 100);
        for (int i = 0; i < 100; i++) np_set_int(L->top++, 1);
    }
}

static void need_even_more(lua_State *L, void *arg) { np_stack_need(L, (int)(L->stack_last - L->top) + 10); }

TEST(overflow_is_an_error_with_room_for_its_handler) {
    lua_State *L = open_state();
    ptrdiff_t top = np_stack_save(L, L->top);
    REQUIRE_EQ(np_err_protect(L, need_too_much, NULL), LUA_ERRRUN);
    EXPECT_STR(np_str(L->top - 1)->text, "stack overflow");
    EXPECT_GT(slots(L), LUAI_MAXSTACK);
    EXPECT_GT(L->stack_last - L->top, 50);
    /* More than that room is an error in error handling. */
    EXPECT_EQ(np_err_protect(L, need_even_more, NULL), LUA_ERRERR);
    EXPECT_FALSE(np_stack_try_grow(L, 1000));
    L->top = np_stack_at(L, top);
    np_stack_shrink(L);
    EXPECT_LE(slots(L), 100);
    /* And once more from the start. */
    REQUIRE_EQ(np_err_protect(L, need_too_much, NULL), LUA_ERRRUN);
    EXPECT_STR(np_str(L->top - 1)->text, "stack overflow");
    L->top = np_stack_at(L, top);
    np_stack_shrink(L);
    lua_close(L);
}

TEST(overflow_is_caught_by_a_protected_call) {
    lua_State *L = open_state();
    np_set_int(L->top++, 17);
    for (int round = 0; round < 3; round++) {
        ptrdiff_t top = np_stack_save(L, L->top);
        EXPECT_EQ(np_call_protected(L, need_too_much, NULL, top, 0), LUA_ERRRUN);
        EXPECT_EQ(np_stack_save(L, L->top), top + (ptrdiff_t)sizeof(NpValue));
        EXPECT_STR(np_str(L->top - 1)->text, "stack overflow");
        EXPECT_LT(slots(L), 1000); /* given back */
        L->top--;
    }
    EXPECT_EQ((L->top - 1)->v.i, 17);
    lua_close(L);
}

TEST(frames_grow_and_shrink) {
    lua_State *L = open_state();
    NpFrame *first = L->frame;
    NpFrame base = *first;
    for (int i = 1; i <= 5000; i++) {
        NpFrame *frame = np_stack_push_frame(L);
        REQUIRE_EQ(frame - L->frames, i);
        REQUIRE_PTR(frame, L->frame);
        memset(frame, 0, sizeof *frame);
        frame->func = L->stack;
        frame->top = L->top;
        frame->nresults = (int16_t)i;
        frame->flags = NP_FRAME_C;
    }
    for (int i = 1; i <= 5000; i++) REQUIRE_EQ(L->frames[i].nresults, i);
    EXPECT_PTR(L->frames[0].func, base.func);
    L->frame = L->frames + 10;
    np_stack_shrink(L);
    EXPECT_LT(L->frames_end - L->frames, 200);
    EXPECT_EQ(L->frame - L->frames, 10);
    for (int i = 1; i <= 10; i++) EXPECT_EQ(L->frames[i].nresults, i);
    L->frame = L->frames;
    lua_close(L);
}

struct Need { int slots, frames; };
static void need_both(lua_State *L, void *arg) {
    struct Need *need = arg;
    np_stack_need(L, need->slots);
    while (L->frame - L->frames < need->frames) {
        NpFrame *frame = np_stack_push_frame(L);
        memset(frame, 0, sizeof *frame);
        frame->func = L->stack;
        frame->top = L->top;
        frame->flags = NP_FRAME_C;
    }
}

TEST(a_large_stack_shrinks_where_it_is) {
    lua_State *L = open_state();
    NpHeap *heap = &L->global->heap;
    size_t in_use;
    NpValue *stack;
    np_stack_grow(L, 200000);
    for (int i = 0; i < 50000; i++) np_set_int(L->top++, i);
    stack = L->stack;
    in_use = heap->in_use;
    np_stack_shrink(L);
    EXPECT_PTR(L->stack, stack);
    EXPECT_LE(slots(L), 2 * 50000 + 1000);
    EXPECT_GE(slots(L), 50000);
    EXPECT_LE(heap->in_use, in_use - 50000 * sizeof(NpValue));
    EXPECT_EQ((L->top - 1)->v.i, 49999);
    L->top -= 49990;
    np_stack_shrink(L); /* to a small buffer, which is another one */
    EXPECT_LE(slots(L), 1000);
    EXPECT_EQ((L->top - 1)->v.i, 9);
    np_heap_verify(heap);
    lua_close(L);
}

TEST(a_failed_allocation_leaves_the_stack_as_it_was) {
    lua_State *L = open_state();
    int failures = 0;
    np_set_int(L->top++, 5);
    NpUpval *upval = np_func_find_upval(L, L->top - 1);
    for (int round = 1; round < 6; round++) {
        struct Need need = {round * 500, round * 20};
        for (long nth = 1;; nth++) {
            const NpValue *old = L->stack;
            np_heap_fail_at(&L->global->heap, nth);
            int status = np_err_protect(L, need_both, &need);
            np_heap_fail_at(&L->global->heap, 0);
            EXPECT_PTR(upval->at, L->top - 1);
            EXPECT_EQ(upval->at->v.i, 5);
            if (status == LUA_OK) break;
            REQUIRE_EQ(status, LUA_ERRMEM);
            if (nth == 1) EXPECT_PTR(L->stack, old);
            failures++;
        }
    }
    EXPECT_GT(failures, 5);
    L->frame = L->frames;
    np_heap_fail_at(&L->global->heap, 1);
    np_stack_shrink(L); /* has no right to fail: it keeps what it has */
    np_heap_fail_at(&L->global->heap, 0);
    EXPECT_EQ(upval->at->v.i, 5);
    lua_close(L);
}

TEST(fresh_threads_are_small) {
    lua_State *L = open_state();
    lua_State *co = lua_newthread(L);
    EXPECT_EQ(slots(co), NP_STACK_FIRST);
    EXPECT_GE(co->frame->top - co->top, LUA_MINSTACK);
    EXPECT_LE(co->frame->top, co->stack_last);
    EXPECT_EQ(co->frames_end - co->frames, NP_FRAMES_FIRST);
    lua_close(L);
}

UNIT_MAIN
