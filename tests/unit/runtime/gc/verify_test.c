/* verify_test.c: the verifier passes what is whole and notices what is broken on purpose. */
#include "runtime/gc/span.h"
#include "tests/unit/runtime/gc/lua_state.h"

static void start(void) {
    open_state();
    RUN("t = {{1}, x = {2}}; f = function() return t end; co = coroutine.create(f); s = 'a string'");
    collect();
    np_gc_verify(L);
}

TEST(a_freed_object_that_is_referred_to) {
    start();
    NpObj *obj = object("t");
    EXPECT_DEATH((np_bits_clear(np_arena_of(obj)->alloc, np_granule_of(obj)), np_gc_verify(L)), "is a free slot");
    np_gc_verify(L);
    close_state();
}

TEST(an_unmarked_object_after_marking) {
    start();
    advance_to(NP_GC_STRINGS);
    np_gc_verify(L);
    NpObj *obj = object("co");
    EXPECT_DEATH((np_bits_clear(np_arena_of(obj)->mark, np_granule_of(obj)), np_gc_verify(L)), "is not marked");
    close_state();
}

TEST(a_wrong_kind_a_wrong_owner_a_wrong_size) {
    start();
    NpTable *table = (NpTable *)object("t");
    EXPECT_DEATH((table->kind = NP_UDATA, np_gc_verify(L)), "is of another kind");
    EXPECT_DEATH((table->array_size = 100000, np_gc_verify(L)), "is shorter than its owner says");
    EXPECT_DEATH((table->slots = table->array, np_gc_verify(L)), "has another owner");
    EXPECT_DEATH((table->shape = 100000, np_gc_verify(L)), "");
    lua_newtable(L);
    void *stray = (void *)(uintptr_t)lua_topointer(L, -1); /* reached by nothing once it is popped */
    lua_pop(L, 1);
    EXPECT_DEATH((table->array = stray, np_gc_verify(L)), "is in the wrong kind of span");
    np_gc_verify(L);
    close_state();
}

UNIT_MAIN
