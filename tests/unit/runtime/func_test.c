/* Tests of runtime/func.c: upvalues open and closed, prototypes, look-ups of names and lines. */
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

static int open_count(lua_State *L) {
    int count = 0;
    for (NpUpval *upval = L->open_upvalues; upval; upval = upval->u.open.next) {
        REQUIRE(!upval->u.open.next || upval->at > upval->u.open.next->at); /* highest first */
        REQUIRE_PTR(upval->u.open.owner, L);
        count++;
    }
    return count;
}

static NpValue *push_integers(lua_State *L, int count) {
    np_stack_need(L, count);
    for (int i = 0; i < count; i++) np_set_int(L->top++, i);
    return L->top - count;
}

TEST(a_slot_has_one_open_upvalue) {
    lua_State *L = open_state();
    NpValue *base = push_integers(L, 5);
    static const int order[] = {2, 0, 4, 1, 3, 2, 4, 0};
    NpUpval *of[5] = {NULL};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        NpUpval *upval = np_func_find_upval(L, base + order[i]);
        if (of[order[i]]) EXPECT_PTR(upval, of[order[i]]);
        of[order[i]] = upval;
        EXPECT_PTR(upval->at, base + order[i]);
    }
    EXPECT_EQ(open_count(L), 5);
    np_set_int(of[3]->at, 33);
    EXPECT_EQ(base[3].v.i, 33);
    lua_close(L);
}

TEST(closing_takes_the_value_along) {
    lua_State *L = open_state();
    NpValue *base = push_integers(L, 6);
    NpUpval *of[6];
    for (int i = 0; i < 6; i++) of[i] = np_func_find_upval(L, base + i);
    np_func_close_upvals(L, base + 3);
    EXPECT_EQ(open_count(L), 3);
    for (int i = 3; i < 6; i++) {
        EXPECT_PTR(of[i]->at, &of[i]->u.closed);
        EXPECT_EQ(of[i]->at->v.i, i);
        np_set_int(base + i, 100); /* the slot is another variable's now */
        EXPECT_EQ(of[i]->at->v.i, i);
    }
    NpUpval *fresh = np_func_find_upval(L, base + 4);
    EXPECT(fresh != of[4]);
    EXPECT_EQ(fresh->at->v.i, 100);
    np_func_close_upvals(L, base);
    EXPECT_EQ(open_count(L), 0);
    EXPECT_EQ(of[0]->at->v.i, 0);
    np_func_close_upvals(L, base);
    lua_close(L);
}

TEST(open_upvalues_follow_a_growing_stack) {
    lua_State *L = open_state();
    NpValue *base = push_integers(L, 4);
    NpUpval *upval = np_func_find_upval(L, base + 2);
    const NpValue *old = L->stack;
    np_stack_need(L, 5000);
    REQUIRE(L->stack != old);
    EXPECT_PTR(upval->at, L->top - 2);
    EXPECT_EQ(upval->at->v.i, 2);
    np_set_int(L->top - 2, 42);
    np_func_close_upvals(L, L->top - 2);
    EXPECT_EQ(upval->at->v.i, 42);
    lua_close(L);
}

static void make_proto(lua_State *L, void *arg) {
    NpInstr code[3] = {np_make_abc(NP_OP_LOADNIL, 0, 0, 0), np_make_abc(NP_OP_RETURN1, 0, 0, 0), np_make_abc(NP_OP_RETURN0, 0, 0, 0)};
    NpValue constants[2];
    np_set_int(&constants[0], 7);
    np_set_obj(&constants[1], np_string_from(L, "constant"), NP_STR);
    NpUpvalDesc upvalues[2] = {{np_string_from(L, "one"), 1, 3, 0}, {np_string_from(L, "two"), 0, 1, 0}};
    NpLineRun lines[3] = {{0, 10}, {1, 12}, {2, 11}};
    NpLocVar locvars[3] = {{np_string_from(L, "a"), 0, 3}, {np_string_from(L, "b"), 1, 2}, {np_string_from(L, "c"), 2, 3}};
    NpProtoParts parts = {.nparams = 1, .is_vararg = 1, .max_stack = 5, .line = 9, .last_line = 13,
        .source = np_string_from(L, "=test"), .code = code, .ncode = 3, .constants = constants, .nconstants = 2,
        .upvalues = upvalues, .nupvalues = 2, .lines = lines, .nlines = 3, .locvars = locvars, .nlocvars = 3};
    NpProto *inner = np_func_new_proto(L, &parts);
    NpProto *const protos[1] = {inner};
    parts.protos = protos;
    parts.nprotos = 1;
    *(NpProto **)arg = np_func_new_proto(L, &parts);
    memset(code, 0, sizeof code); /* everything was copied */
    memset(constants, 0, sizeof constants);
    memset(lines, 0, sizeof lines);
}

TEST(prototypes_copy_what_they_are_given) {
    lua_State *L = open_state();
    NpProto *proto;
    make_proto(L, &proto);
    EXPECT_EQ(proto->kind, NP_PROTO);
    EXPECT_EQ(proto->ncode, 3);
    EXPECT_EQ(np_op(proto->code[1]), NP_OP_RETURN1);
    EXPECT_EQ(proto->constants[0].v.i, 7);
    EXPECT_STR(np_str(&proto->constants[1])->text, "constant");
    EXPECT_EQ(proto->nprotos, 1);
    EXPECT_EQ(proto->protos[0]->nupvalues, 2);
    EXPECT_EQ(proto->upvalues[0].index, 3);
    EXPECT_EQ(proto->nchains, 0);
    EXPECT_EQ(proto->max_stack, 5);
    EXPECT_EQ(proto->last_line, 13);
    lua_close(L);
}

TEST(lines_and_names) {
    lua_State *L = open_state();
    NpProto *proto;
    make_proto(L, &proto);
    EXPECT_EQ(np_func_line(proto, 0), 10);
    EXPECT_EQ(np_func_line(proto, 1), 12);
    EXPECT_EQ(np_func_line(proto, 2), 11);
    EXPECT_STR(np_func_local_name(proto, 1, 0), "a");
    EXPECT_NULL(np_func_local_name(proto, 2, 0));
    EXPECT_STR(np_func_local_name(proto, 2, 1), "b");
    EXPECT_STR(np_func_local_name(proto, 2, 2), "c"); /* b is over */
    EXPECT_NULL(np_func_local_name(proto, 1, 3));
    proto->lines = NULL;
    EXPECT_EQ(np_func_line(proto, 1), -1);
    lua_close(L);
}

TEST(prototypes_survive_a_failed_allocation) {
    lua_State *L = open_state();
    NpProto *proto = NULL;
    long nth = 1;
    for (;; nth++) {
        np_heap_fail_at(&L->global->heap, nth);
        int status = np_err_protect(L, make_proto, &proto);
        np_heap_fail_at(&L->global->heap, 0);
        if (status == LUA_OK) break;
        REQUIRE_EQ(status, LUA_ERRMEM);
        lua_gc(L, LUA_GCCOLLECT); /* half-made ones are garbage the collector must bear */
    }
    EXPECT_GT(nth, 10);
    EXPECT_EQ(proto->ncode, 3);
    lua_close(L);
}

static int answer(lua_State *L) {
    lua_pushinteger(L, 42);
    return 1;
}

TEST(closures) {
    lua_State *L = open_state();
    NpProto *proto;
    make_proto(L, &proto);
    NpLClosure *closure = np_func_new_lua(L, proto);
    EXPECT_EQ(closure->nupvalues, 2);
    EXPECT_NULL(closure->upvalue[0]);
    NpValue *base = push_integers(L, 1);
    closure->upvalue[1] = np_func_find_upval(L, base);
    np_func_init_upvalues(L, closure);
    EXPECT(closure->upvalue[0]->at == &closure->upvalue[0]->u.closed);
    EXPECT_EQ(closure->upvalue[0]->at->tag, NP_NIL);
    EXPECT_PTR(closure->upvalue[1]->at, base); /* those that were there stay */
    NpCClosure *native = np_func_new_c(L, answer, 3);
    EXPECT(native->function == answer);
    for (int i = 0; i < 3; i++) EXPECT_EQ(native->upvalue[i].tag, NP_NIL);
    lua_close(L);
}

TEST(an_upvalue_made_while_marking_keeps_its_variable) {
    lua_State *L = open_state();
    L->global->gc.stopped = 0;
    lua_gc(L, LUA_GCSTEP, 0); /* begins a cycle: marking goes on from here in steps */
    lua_State *co = lua_newthread(L);
    lua_newtable(co);
    lua_pushstring(co, "held by the upvalue alone");
    NpCClosure *keeper = np_func_new_c(L, answer, 1);
    np_set_obj(L->top, keeper, NP_CCLOSURE);
    L->top++;
    NpUpval *upval = np_func_find_upval(co, co->top - 1);
    NpLClosure *closure;
    NpProto *proto;
    make_proto(L, &proto);
    closure = np_func_new_lua(L, proto);
    np_set_obj(L->top, closure, NP_LCLOSURE);
    L->top++;
    closure->upvalue[0] = upval;
    closure->upvalue[1] = upval;
    lua_remove(L, -3); /* the thread */
    for (int i = 0; i < 3; i++) lua_gc(L, LUA_GCCOLLECT);
    EXPECT_STR(np_str(closure->upvalue[0]->at)->text, "held by the upvalue alone");
    lua_close(L);
}

UNIT_MAIN
