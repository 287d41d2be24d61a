/* scope_test.c: what names and labels mean, and what the scopes complain about. */
#include "tests/unit/compiler/front.h"

TEST(locals_begin_after_their_statement) {
    EXPECT_TREE("local x = x", "(local (x) :x)");
    EXPECT_TREE("local x; local x = x", "(local (x)) (local (x) x)");
    EXPECT_TREE("local f = function() return f end", "(local (f) (function () [_ENV^0] (return :f)))");
    EXPECT_TREE("local function f() return f end", "(localfunction (f!) (function () [f] (return f^0)))");
    EXPECT_TREE("do local x; x = 1 end x = 2", "(do (local (x=)) (set x = 1)) (set :x = 2)");
    EXPECT_TREE("for x = x, x do f(x) end f(x)", "(for (x) :x :x (call :f x)) (call :f :x)");
    EXPECT_TREE("for x in x do f(x) end f(x)", "(forin (x) :x (call :f x)) (call :f :x)");
    EXPECT_TREE("repeat local x until x", "(repeat x (local (x)))");
    EXPECT_TREE("if x then local x; f(x) else f(x) end",
                "(if (:x (local (x)) (call :f x)) (else (call :f :x)))");
    EXPECT_TREE("local a, a = 1, 2; return a", "(local (a a) 1 2) (return a)");
    EXPECT_PTR(front_parse.main->body->last->u.ret.exprs->u.local,
               front_parse.main->body->first->u.local.names->next);
}

TEST(shadowed_names_come_back) {
    EXPECT_TREE("local x; do local x; do local x end x() end x()",
                "(local (x)) (do (local (x)) (do (local (x))) (call x)) (call x)");
    {
        const NpStat *first = front_parse.main->body->first, *block = first->next;
        const NpStat *inner = block->u.block->first;
        EXPECT_PTR(block->next->u.call->u.call.callee->u.local, first->u.local.names);
        EXPECT_PTR(block->u.block->last->u.call->u.call.callee->u.local, inner->u.local.names);
    }
}

TEST(upvalues_pass_through_every_function) {
    EXPECT_TREE("local a, b return function() return function() return b, a, b end, a end",
                "(local (a! b!)) (return (function () [b a] (return (function () [b^0 a^1] "
                "(return b^0 a^1 b^0)) a^1)))");
    EXPECT_TREE("local a function f() a = 1 end",
                "(local (a!=)) (deffunction :f (function () [a] (set a^0 = 1)))");
    EXPECT_TREE("local a; a = 1 function f() return a end",
                "(local (a!=)) (set a = 1) (deffunction :f (function () [a] (return a^0)))");
    EXPECT_TREE("local function f(a, ...) a = ... return function() return a end end",
                "(localfunction (f) (function... (a!=) (set a = ...) "
                "(return (function () [a] (return a^0)))))");
}

TEST(the_environment_is_an_upvalue_or_a_local) {
    const NpFunc *inner;
    EXPECT_TREE("return _ENV, x", "(return _ENV^0 :x)");
    EXPECT_TREE("local _ENV = {}; x = 1", "(local (_ENV) (table)) (set _ENV.x = 1)");
    EXPECT_TREE("local function f(_ENV) return x end",
                "(localfunction (f) (function (_ENV) (return _ENV.x)))");
    EXPECT_TREE("local _ENV = {}; function f() return x end",
                "(local (_ENV!) (table)) (deffunction _ENV.f (function () [_ENV] (return :x)))");
    EXPECT_TREE("local _ENV <const> = 5; x = 1", "(local (_ENV<const 5>) 5) (set (index 5 \"x\") = 1)");
    EXPECT_TREE("function f() return x end", "(deffunction :f (function () [_ENV^0] (return :x)))");
    inner = front_parse.main->body->first->u.function.func;
    EXPECT_PTR(inner->parent, front_parse.main);
    EXPECT_PTR(inner->upvalues[0].local, front_parse.main->upvalues[0].local);
    EXPECT(front_parse.main->upvalues[0].from_stack);
    EXPECT_FALSE(inner->upvalues[0].from_stack);
}

TEST(constants_of_compile_time) {
    EXPECT_TREE("local x <const> = 5; return x, x + 1", "(local (x<const 5>) 5) (return 5 6)");
    EXPECT_TREE("local x <const> = 'a'; return x .. x", "(local (x<const \"a\">) \"a\") (return (.. \"a\" \"a\"))");
    EXPECT_TREE("local x <const> = nil; return function() return x end",
                "(local (x<const nil>) nil) (return (function () (return nil)))");
    EXPECT_TREE("local a <const> = 2; local b <const> = -a ^ 2; return b",
                "(local (a<const 2>) 2) (local (b<const -4.0>) -4.0) (return -4.0)");
    EXPECT_TREE("local a <const> = true; local b <const> = not a; return b",
                "(local (a<const true>) true) (local (b<const false>) false) (return false)");
    EXPECT_TREE("local a <const>, b <const> = 1, 2; return a, b",
                "(local (a<const> b<const 2>) 1 2) (return a 2)");
    EXPECT_TREE("local a <const> = 1, 2; return a", "(local (a<const>) 1 2) (return a)");
    EXPECT_TREE("local a <const> = f(); return a", "(local (a<const>) (call :f)) (return a)");
    EXPECT_TREE("local a <const> = {}; a.x = 1", "(local (a<const>) (table)) (set (index a \"x\") = 1)");
    EXPECT_TREE("local a <const> = 's'; return a.x, a:y(), #a",
                "(local (a<const \"s\">) \"s\") (return (index \"s\" \"x\") (method \"s\" y) (# \"s\"))");
    EXPECT_TREE("local a <close> = x", "(local (a<close>) :x)");
    EXPECT(front_parse.main->has_close);
}

TEST(constants_cannot_be_assigned) {
    EXPECT_MESSAGE("local x <const> = 1; x = 2", "1: attempt to assign to const variable 'x'");
    EXPECT_MESSAGE("local x <const> = f(); x = 2", "1: attempt to assign to const variable 'x'");
    EXPECT_MESSAGE("local x <close> = nil; x = 2", "1: attempt to assign to const variable 'x'");
    EXPECT_MESSAGE("local x <const> = f()\nreturn function()\ny, x\n= 2 end",
                   "4: attempt to assign to const variable 'x'");
    EXPECT_MESSAGE("local x <const> = f()\nfunction x() end",
                   "2: attempt to assign to const variable 'x'");
    EXPECT_MESSAGE("local x <foo> = 1", "1: unknown attribute 'foo'");
    EXPECT_MESSAGE("local x <close>, y <close> = 1", "1: multiple to-be-closed variables in local list");
    EXPECT_TREE("local x <const> = {}; function x.f() end",
                "(local (x<const>) (table)) (deffunction (index x \"f\") (function ()))");
}

TEST(gotos_find_labels) {
    EXPECT_TREE("goto a\n::a::", "(goto a@2) (label a last)");
    EXPECT_TREE("::a::\ngoto a", "(label a) (goto a@1)");
    EXPECT_TREE("do goto a end\n::a:: f()", "(do (goto a@2)) (label a) (call :f)");
    EXPECT_TREE("do goto a; local x; ::a:: ; ::b:: end", "(do (goto a@1) (local (x)) (label a last) (label b last))");
    EXPECT_TREE("repeat goto a; ::a:: until x", "(repeat :x (goto a@1) (label a))");
    EXPECT_TREE("do ::a:: end do ::a:: end", "(do (label a last)) (do (label a last))");
    EXPECT_TREE("::a:: function f() ::a:: end", "(label a) (deffunction :f (function () (label a last)))");
    EXPECT_TREE("::a::\ndo goto a\n do goto a end end\n::b::",
                "(label a) (do (goto a@1) (do (goto a@1))) (label b last)");
    EXPECT_TREE("if x then goto a end\nlocal y\n::a::", "(if (:x (goto a@3))) (local (y)) (label a last)");
}

TEST(gotos_that_go_nowhere) {
    EXPECT_MESSAGE("goto a", "1: no visible label 'a' for <goto> at line 1");
    EXPECT_MESSAGE("do ::a:: end\ngoto a", "2: no visible label 'a' for <goto> at line 2");
    EXPECT_MESSAGE("::a:: function f()\ngoto a end", "2: no visible label 'a' for <goto> at line 2");
    EXPECT_MESSAGE("goto a local x ::a:: f()", "1: <goto a> at line 1 jumps into the scope of local 'x'");
    EXPECT_MESSAGE("repeat goto a; local x; ::a:: until x",
                   "1: <goto a> at line 1 jumps into the scope of local 'x'");
    EXPECT_MESSAGE("::a::\n::a::", "2: label 'a' already defined on line 2");
    EXPECT_MESSAGE("::a:: f()\ndo ::a:: f() end", "2: label 'a' already defined on line 1");
    EXPECT_MESSAGE("break", "1: break outside loop at line 1");
    EXPECT_MESSAGE("while x do function f()\nbreak end end", "2: break outside loop at line 2");
    EXPECT_MESSAGE("break goto a", "1: break outside loop at line 1");
    EXPECT_MESSAGE("goto a break", "1: no visible label 'a' for <goto> at line 1");
}

static const char *variables(const char *head, int count, const char *tail) {
    static char text[1 << 14];
    char *at = stpcpy(text, head);
    for (int i = 0; i < count; i++) at += sprintf(at, "local v%d\n", i);
    stpcpy(at, tail);
    return text;
}

static const char *message(const char *source) { return front_error(source, strlen(source)); }

TEST(at_most_200_locals) {
    EXPECT_STR(message(variables("", 200, "")), "no error");
    EXPECT_STR(message(variables("", 201, "")),
               "c:202: too many local variables (limit is 200) in main function near <eof>");
    EXPECT_STR(message(variables("\nfunction f()\n", 201, "end")),
               "c:204: too many local variables (limit is 200) in function at line 2 near 'end'");
    EXPECT_STR(message(variables("", 196, "for i = 1, 2 do end")), "no error");
    EXPECT_STR(message(variables("", 197, "for i = 1, 2 do end")),
               "c:198: too many local variables (limit is 200) in main function near '='");
    EXPECT_STR(message(variables("", 196, "for k in f do end")),
               "c:197: too many local variables (limit is 200) in main function near 'in'");
    EXPECT_STR(message(variables("", 200, "function f(a) local b end")), "no error");
    EXPECT_STR(message(variables("do ", 200, "end local x")), "no error");
}

TEST(at_most_255_upvalues) {
    static char text[1 << 14];
    for (int extra = 0; extra < 2; extra++) {
        char *at = text;
        for (int i = 0; i < 150; i++) at += sprintf(at, "local a%d\n", i);
        at = stpcpy(at, "function f()\n");
        for (int i = 0; i < 105 + extra; i++) at += sprintf(at, "local b%d\n", i);
        at = stpcpy(at, "return function() return nil");
        for (int i = 0; i < 150; i++) at += sprintf(at, ", a%d", i);
        for (int i = 0; i < 105 + extra; i++) at += sprintf(at, ", b%d", i);
        stpcpy(at, " end end");
        EXPECT_STR(message(text),
                   extra ? "c:258: too many upvalues (limit is 255) in function at line 258 near 'end'"
                         : "no error");
    }
}

UNIT_MAIN
