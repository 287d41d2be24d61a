/* parse_test.c: the tree of every construct, lines, sizes without limit, and memory that runs out. */
#include "tests/unit/compiler/front.h"

#include "runtime/mem/mem_os.h"

TEST(precedence) {
    EXPECT_TREE("return a or b and c", "(return (or :a (and :b :c)))");
    EXPECT_TREE("return a and b or c", "(return (or (and :a :b) :c))");
    EXPECT_TREE("return a < b == c", "(return (== (< :a :b) :c))");
    EXPECT_TREE("return a | b ~ c & d << e .. f + g * h ^ i",
                "(return (| :a (~ :b (& :c (<< :d (.. :e (+ :f (* :g (^ :h :i)))))))))");
    EXPECT_TREE("return a ^ b * c + d .. e << f & g ~ h | i",
                "(return (| (~ (& (<< (.. (+ (* (^ :a :b) :c) :d) :e) :f) :g) :h) :i))");
    EXPECT_TREE("return a .. b .. c", "(return (.. :a (.. :b :c)))");
    EXPECT_TREE("return a ^ b ^ c", "(return (^ :a (^ :b :c)))");
    EXPECT_TREE("return a - b - c", "(return (- (- :a :b) :c))");
    EXPECT_TREE("return -a ^ -b ^ c", "(return (- (^ :a (- (^ :b :c)))))");
    EXPECT_TREE("return not a == b", "(return (== (not :a) :b))");
    EXPECT_TREE("return -a .. b", "(return (.. (- :a) :b))");
    EXPECT_TREE("return #a // ~b % - - c", "(return (% (// (# :a) (~ :b)) (- (- :c))))");
    EXPECT_TREE("return a - (b - c)", "(return (- :a (- :b :c)))");
    EXPECT_TREE("return 2 ^ - x * y", "(return (* (^ 2 (- :x)) :y))");
}

TEST(calls_and_indices) {
    EXPECT_TREE("f()", "(call :f)");
    EXPECT_TREE("f'x'{1}(2)", "(call (call (call :f \"x\") (table 1)) 2)");
    EXPECT_TREE("a.b[c]:d(1, ...)", "(method (index (index :a \"b\") :c) d 1 ...)");
    EXPECT_TREE("a:b'x'", "(method :a b \"x\")");
    EXPECT_TREE("(f)()", "(call :f)");
    EXPECT_TREE("('x'):rep(3)", "(method \"x\" rep 3)");
    EXPECT_TREE("return (f()), (...), (a), ((g()))",
                "(return (paren (call :f)) (paren ...) :a (paren (call :g)))");
}

TEST(a_parenthesis_on_the_next_line_is_a_call) {
    EXPECT_TREE("a = b\n(f)()", "(set :a = (call (call :b :f)))");
    EXPECT_TREE("a = b;(f)()", "(set :a = :b) (call :f)");
    EXPECT_TREE("f\n(g)\n()", "(call (call :f :g))");
    EXPECT_TREE("local x\n(f)()", "(local (x)) (call :f)");
    EXPECT_TREE("repeat until a\n(f)()", "(repeat (call (call :a :f)))");
}

TEST(tables) {
    EXPECT_TREE("return {}", "(return (table))");
    EXPECT_TREE("return {1, x = 2; [3] = 4, y, f()}",
                "(return (table 1 .\"x\"=2 [3]=4 :y (call :f)))");
    EXPECT_TREE("return {x == 1, {x, }, x;}", "(return (table (== :x 1) (table :x) :x))");
    EXPECT_EQ(front_parse.main->body->first->u.ret.exprs->u.table.npositional, 3);
    EXPECT_TREE("return {a = function() end}", "(return (table .\"a\"=(function ())))");
}

TEST(statements) {
    EXPECT_TREE("", "");
    EXPECT_TREE(";;;", "");
    EXPECT_TREE("a = 1", "(set :a = 1)");
    EXPECT_TREE("a, b.c, d[1] = f()", "(set :a (index :b \"c\") (index :d 1) = (call :f))");
    EXPECT_TREE("local a, b = 1", "(local (a b) 1)");
    EXPECT_TREE("local a", "(local (a))");
    EXPECT_TREE("do end do ; end", "(do) (do)");
    EXPECT_TREE("while a do break end", "(while :a (break))");
    EXPECT_TREE("repeat f() until a", "(repeat :a (call :f))");
    EXPECT_TREE("if a then elseif b then f() elseif c then else g() end",
                "(if (:a) (:b (call :f)) (:c) (else (call :g)))");
    EXPECT_TREE("for i = 1, 2 do end", "(for (i) 1 2)");
    EXPECT_TREE("for i = 1, 2, 3 do f(i) end", "(for (i) 1 2 3 (call :f i))");
    EXPECT_TREE("for k, v, w in f, g do h(v) end", "(forin (k v w) :f :g (call :h v))");
    EXPECT_TREE("for k in f do end", "(forin (k) :f)");
    EXPECT_TREE("return", "(return)");
    EXPECT_TREE("return;", "(return)");
    EXPECT_TREE("do return 1, 2; end f()", "(do (return 1 2)) (call :f)");
}

TEST(functions) {
    EXPECT_TREE("function f() end", "(deffunction :f (function ()))");
    EXPECT_TREE("function a.b.c(x, y) return x end",
                "(deffunction (index (index :a \"b\") \"c\") (function (x y) (return x)))");
    EXPECT_TREE("function a.b:c(...) return self, ... end",
                "(deffunction (index (index :a \"b\") \"c\") (function... (self) (return self ...)))");
    EXPECT_TREE("local function f(a, ...) return f end",
                "(localfunction (f!) (function... (a) [f] (return f^0)))");
    EXPECT_TREE("return function(a) end", "(return (function (a)))");
}

TEST(lines) {
    const NpStat *stat;
    const NpFunc *func;
    front_dump("local a = b\n+\nc\nf\n(\n1)\nreturn function\n(x)\nend\n\n");
    stat = front_parse.main->body->first;
    EXPECT_EQ(stat->line, 1);
    EXPECT_EQ(stat->end_line, 3);
    EXPECT_EQ(stat->u.local.exprs->line, 2); /* the operator's */
    stat = stat->next;
    EXPECT_EQ(stat->line, 4);
    EXPECT_EQ(stat->end_line, 6);
    EXPECT_EQ(stat->u.call->line, 5); /* the parenthesis' */
    stat = stat->next;
    func = stat->u.ret.exprs->u.func;
    EXPECT_EQ(func->line, 8); /* the parenthesis', as in C Lua */
    EXPECT_EQ(func->end_line, 9);
    EXPECT_EQ(front_parse.main->line, 0);
    EXPECT_EQ(front_parse.main->end_line, 11);
    front_dump("\nfunction f\n()\nend\nif a\nthen\nelse\nend");
    stat = front_parse.main->body->first;
    EXPECT_EQ(stat->u.function.func->line, 2); /* the statement's */
    stat = stat->next;
    EXPECT_EQ(stat->u.arms->block->end_line, 7);
    EXPECT_EQ(stat->u.arms->next->line, 7);
    EXPECT_EQ(stat->u.arms->next->block->end_line, 8);
    EXPECT_EQ(stat->end_line, 8);
}

static void expect_size(const char *head, const char *text, int times, const char *middle,
                        const char *closing, const char *tail, bool ok) {
    char *source = front_repeat(head, text, times, middle, closing, tail);
    EXPECT_EQ(front_run(source, strlen(source), true), ok);
    if (!ok) EXPECT_STR(front_parse.error, "C stack overflow");
    free(source);
}

TEST(lists_and_chains_have_no_limit) {
    if (!front_scratch.mem) np_scratch_init(&front_scratch);
    expect_size("return {", "1,", 1000000, "", "", "}", true);
    expect_size("return {", "a=1,", 100000, "", "", "}", true);
    expect_size("", "a = 1;", 100000, "", "", "", true);
    expect_size("return a", "+a", 100000, "", "", "", true);
    expect_size("return a", " and a", 100000, "", "", "", true);
    expect_size("return a", ".b", 100000, "", "", "", true);
    expect_size("return a", "()", 100000, "", "", "", true);
    expect_size("if a then ", "elseif a then ", 100000, "", "", "end", true);
    expect_size("return f(a", ",a", 100000, "", "", ")", true);
    expect_size("", ";", 100000, "", "", "", true);
    expect_size("", "do end ", 100000, "", "", "", true);
}

/* The numbers are those of C Lua 5.4 when load is called by a main chunk. */
TEST(nesting_is_limited) {
    static const struct { const char *head, *text, *middle, *closing; int most; } cases[] = {
        {"return ", "(", "1", ")", 195},
        {"return ", "{", "", "}", 196},
        {"return ", "- ", "a", "", 195},
        {"return ", "a..", "a", "", 195},
        {"return ", "a^", "a", "", 195},
        {"return ", "f(", "a", ")", 195},
        {"return ", "a[", "a", "]", 195},
        {"a", ",a", "=1", "", 195},
        {"", "do ", "", "end ", 197},
        {"", "while a do ", "", "end ", 196},
        {"", "repeat ", "", "until a ", 196},
        {"", "if a then ", "", "end ", 196},
        {"", "function f() ", "", "end ", 197},
        {"return ", "function() return ", "1", " end", 97},
    };
    if (!front_scratch.mem) np_scratch_init(&front_scratch);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *head = cases[i].head, *text = cases[i].text, *closing = cases[i].closing;
        int most = cases[i].most;
        expect_size(head, text, most, cases[i].middle, closing, "", true);
        expect_size(head, text, most + 1, cases[i].middle, closing, "", false);
        expect_size(head, text, 500, "", "", "", false);
        expect_size(head, text, 100000, cases[i].middle, closing, "", false);
    }
}

TEST(a_source_need_not_be_terminated) {
    char *exact = malloc(8);
    if (!front_scratch.mem) np_scratch_init(&front_scratch);
    memcpy(exact, "return 1", 8);
    EXPECT(front_run(exact, 8, false));
    EXPECT_FALSE(front_run(exact, 4, false));
    EXPECT_STR(front_parse.error, "c:1: syntax error near <eof>");
    EXPECT(front_run(NULL, 0, false));
    free(exact);
}

TEST(memory_that_runs_out_is_reported_and_nothing_else) {
    static const char source[] =
        "local a <const>, b <close> = 1, {x = 1, [2] = 3; 4, f'a'}\n"
        "local s = 'a\\nb' .. [[c\r\nd]]\n"
        "function t.a:b(c, ...) local d = c; ::l:: if d then goto l elseif a then return end\n"
        "  return function() return a, b, c, d, s, g, self.x:y(1)(2)[3] end end\n"
        "for i = 1, 2, 3 do while i do repeat local z = -i until z break end end\n"
        "for k, v in pairs(t) do k, v.x = v, not k or k and (f()) end goto e ::e:: ::f::\n"
        "x0=1 x1=1 x2=1 x3=1 x4=1 x5=1 x6=1 x7=1 x8=1 x9=1 y0=1 y1=1 y2=1 y3=1 y4=1 y5=1 y6=1\n"
        "y7=1 y8=1 y9=1 z0=1 z1=1 z2=1 z3=1 z4=1 z5=1 z6=1 z7=1 z8=1 z9=1 return ...\n";
    enum { ROOM = 64 << 10 };
    uint64_t *room = malloc(ROOM);
    size_t limit = np_mem_process.limit, size, failures = 0;
    bool done = false;
    np_scratch_trim();
    for (size = 0; size < ROOM && !done; size += 8) {
        NpScratch scratch;
        NpParse parse;
        np_scratch_init(&scratch);
        scratch.cur = (char *)room;
        scratch.end = scratch.cur + size;
        np_mem_process.limit = 1; /* no chunk beyond the room */
        memset(&parse, 0, sizeof parse);
        parse.scratch = &scratch;
        parse.source = source;
        parse.length = sizeof source - 1;
        parse.terminated = true;
        done = np_parse(&parse);
        np_mem_process.limit = limit;
        if (done) break;
        failures++;
        EXPECT(parse.out_of_memory);
        EXPECT_NULL(parse.error);
        EXPECT_NULL(parse.main);
    }
    EXPECT(done);
    EXPECT_GT(failures, 500);
    free(room);
}

TEST(memory_that_runs_out_while_wording_an_error) {
    static const char *const sources[] = {
        "local abc = 'a\\65b' 'x\\tz'", "return {{{", "x = 'a\\qb'", "local a <const> = 1; a = 2",
        "goto nowhere", "for i = 1 do", "x = [==[", "x = 3x",
    };
    size_t limit = np_mem_process.limit;
    uint64_t *room = malloc(16 << 10);
    np_scratch_trim();
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        bool worded = false;
        for (size_t size = 0; size < 16 << 10 && !worded; size += 8) {
            NpScratch scratch;
            NpParse parse;
            np_scratch_init(&scratch);
            scratch.cur = (char *)room;
            scratch.end = scratch.cur + size;
            np_mem_process.limit = 1;
            memset(&parse, 0, sizeof parse);
            parse.scratch = &scratch;
            parse.source = sources[i];
            parse.length = strlen(sources[i]);
            EXPECT_FALSE(np_parse(&parse));
            np_mem_process.limit = limit;
            EXPECT(parse.out_of_memory == (parse.error == NULL));
            worded = parse.error != NULL;
        }
        EXPECT(worded);
    }
    free(room);
}

UNIT_MAIN
