/* Tests of compiler/cg_stat.c: statements, loops, scopes, returns. */
#include "tests/unit/compiler/code.h"

TEST(assignments) {
    EXPECT_CODE("local t t.x, t.y = 1, 2",
                "LOADNIL 0 0 0; LOADI 1 1; LOADI 2 2; SETFIELD 0 2 0 0 1 0; SETFIELD 0 1 0 0 0 0");
    EXPECT_CODE("local a, t a, t[a] = 1, 2",
                "LOADNIL 0 1 0; LOADI 2 1; LOADI 3 2; SETINDEX 1 0 3; MOVE 0 2 0");
    EXPECT_CODE("local a, t t[a], a = 1, 2",
                "LOADNIL 0 1 0; MOVE 2 0 0; LOADI 3 1; LOADI 0 2; SETINDEX 1 2 3");
    EXPECT_CODE("local i, a i, a[i] = i+1, 20",
                "LOADNIL 0 1 0; ADDK 2 0 0; LOADI 3 20; SETINDEX 1 0 3; MOVE 0 2 0");
    EXPECT_CODE("local a, b a, b = b, a", "LOADNIL 0 1 0; MOVE 2 1 0; MOVE 1 0 0; MOVE 0 2 0");
}

TEST(conflicting_assignments) {
    EXPECT_RUN("local i, a = 3, {} i, a[i] = i + 1, 20 return a[3]", "20");
    EXPECT_RUN("local a = {} local b = a a.x, a = 1, 2 return b.x .. a", "12");
    EXPECT_RUN("local a = {} local b = a a, a.x = 1, 2 return b.x .. a", "21");
    EXPECT_RUN("local a = {} local b = a local function f() a.x, a = 1, 2 end f() return b.x .. a", "12");
    EXPECT_RUN("local i = 1 local t = {} t[i], i, t[i + 1] = 'a', 5, 'b' return t[1] .. t[2] .. i", "ab5");
    EXPECT_RUN("local a, b, c = 1 a, b, c = 1, 2 return c", "nil");
    EXPECT_RUN("local a, b = 1 a, b = 5, 6, error and 7 return a + b", "11");
}

TEST(if_and_dead_code) {
    EXPECT_CODE("if nil then f() end", "JMP 0"); /* for its line */
    EXPECT_CODE("while a do if false then break end end", "GETTABUP 0 0 0 0 0; TEST 0 0 0 1; LOOP -6");
    EXPECT_CODE("local x if nil then f = function() return x end return 's', 1.5 end return 'k', 2.5",
                "LOADNIL 0 0 0; JMP 0; LOADK 1 0; LOADK 2 1; RETURN 1 3 1");
    EXPECT_CODE("if a then f() elseif true then g() elseif b then h() else i() end",
                "GETTABUP 0 0 0 0 0; TEST 0 0 0 5; GETTABUP 0 0 0 0 1; CALL 0 1 1; JMP 4; "
                "GETTABUP 0 0 0 0 2; CALL 0 1 1");
    EXPECT_RUN("goto a if nil then ::b:: goto a end do return 1 end ::a:: return 2", "2");
    EXPECT_RUN("for i = 1, 3 do if nil then break elseif i == 2 then goto out end end do return 1 end ::out:: return 2", "2");
    EXPECT_CODE("if true then f() else g() end", "GETTABUP 0 0 0 0 0; CALL 0 1 1");
}

TEST(while_and_repeat) {
    EXPECT_CODE("while true do f() end", "GETTABUP 0 0 0 0 0; CALL 0 1 1; LOOP -5");
    EXPECT_CODE("while f() do g() end",
                "GETTABUP 0 0 0 0 0; CALL 0 1 2; TEST 0 0 0 5; GETTABUP 0 0 0 0 1; CALL 0 1 1; "
                "LOOP -11");
    EXPECT_CODE("while false do g() end", "JMP 5; GETTABUP 0 0 0 0 0; CALL 0 1 1; LOOP -6");
    EXPECT_CODE("local a while a do if f() then break end g() end",
                "LOADNIL 0 0 0; TEST 0 0 0 11; GETTABUP 1 0 0 0 0; CALL 1 1 2; TEST 1 0 1 5; "
                "GETTABUP 1 0 0 0 1; CALL 1 1 1; LOOP -13");
    EXPECT_CODE("local a repeat local x = a a = x until x",
                "LOADNIL 0 0 0; MOVE 1 0 0; MOVE 0 1 0; TEST 1 0 1 1; LOOP -5");
    EXPECT_CODE("repeat local x = f() g = function() return x end until x",
                "GETTABUP 0 0 0 0 0; CALL 0 1 2; CLOSURE 1 0; SETTABUP 1 0 0 0 1 0; "
                "TEST 0 0 1 2; CLOSE 0 0 0; LOOP -13; CLOSE 0 0 0");
    EXPECT_CODE("repeat f() until true", "GETTABUP 0 0 0 0 0; CALL 0 1 1");
    EXPECT_CODE("repeat f() until false", "GETTABUP 0 0 0 0 0; CALL 0 1 1; LOOP -5");
}

TEST(numeric_for) {
    EXPECT_CODE("for i = 1, 10 do f(i) end",
                "LOADI 0 1; LOADI 1 10; LOADI 2 1; FORPREP 0 0 0 7; GETTABUP 4 0 0 0 0; "
                "MOVE 5 3 0; CALL 4 2 1; FORLOOP 0 0 0 -7");
    EXPECT_CODE("for i = a, b, -1 do if i then break end end",
                "GETTABUP 0 0 0 0 0; GETTABUP 1 0 0 0 1; LOADI 2 -1; FORPREP 0 0 0 4; "
                "TEST 3 0 1 2; FORLOOP 0 0 0 -4");
    EXPECT_CODE("for i = 1, 3 do g = function() return i end end",
                "LOADI 0 1; LOADI 1 3; LOADI 2 1; FORPREP 0 0 0 8; CLOSURE 4 0; "
                "SETTABUP 4 0 0 0 0 0; CLOSE 3 0 0; FORLOOP 0 0 0 -8");
}

TEST(generic_for) {
    EXPECT_CODE("for k, v in pairs(t) do f(k) end",
                "GETTABUP 0 0 0 0 0; GETTABUP 1 0 0 0 1; CALL 0 2 5; TFORPREP 0 0 0 5; "
                "GETTABUP 6 0 0 0 2; MOVE 7 4 0; CALL 6 2 1; TFORCALL 0 0 2; TFORLOOP 0 0 0 -8; "
                "CLOSE 3 0 0");
    EXPECT_CODE("for k in f do if k then break end g = function() return k end end",
                "GETTABUP 0 0 0 0 0; LOADNIL 1 2 0; TFORPREP 0 0 0 8; TEST 4 0 1 9; CLOSURE 5 0; "
                "SETTABUP 5 0 0 0 1 0; CLOSE 4 0 0; TFORCALL 0 0 1; TFORLOOP 0 0 0 -11; "
                "CLOSE 3 0 0");
}

TEST(scopes_close_what_was_captured) {
    EXPECT_CODE("do local x f = function() return x end end",
                "LOADNIL 0 0 0; CLOSURE 1 0; SETTABUP 1 0 0 0 0 0; CLOSE 0 0 0");
    EXPECT_CODE("while f() do local x g = function() return x end if x then break end end",
                "GETTABUP 0 0 0 0 0; CALL 0 1 2; TEST 0 0 0 12; LOADNIL 0 0 0; CLOSURE 1 0; "
                "SETTABUP 1 0 0 0 1 0; TEST 0 0 0 2; CLOSE 0 0 0; JMP 2; CLOSE 0 0 0; LOOP -18");
    EXPECT_CODE("for i = 1, 3 do if f() then goto continue end g() ::continue:: end",
                "LOADI 0 1; LOADI 1 3; LOADI 2 1; FORPREP 0 0 0 12; GETTABUP 4 0 0 0 0; "
                "CALL 4 1 2; TEST 4 0 1 4; GETTABUP 4 0 0 0 1; CALL 4 1 1; FORLOOP 0 0 0 -12");
    EXPECT_CODE("do ::top:: local x f = function() return x end goto top end",
                "LOADNIL 0 0 0; CLOSURE 1 0; SETTABUP 1 0 0 0 0 0; CLOSE 0 0 0; LOOP -8; "
                "CLOSE 0 0 0");
    EXPECT_CODE("do local x <close> = f() g() end",
                "GETTABUP 0 0 0 0 0; CALL 0 1 2; TBC 0 0 0; GETTABUP 1 0 0 0 1; CALL 1 1 1; "
                "CLOSE 0 0 0");
}

TEST(returns) {
    EXPECT_CODE("local o o:m(1, ...)",
                "LOADNIL 0 0 0; SELF 1 0 0 0 0; LOADI 3 1; VARARG 4 0 0; CALL 1 0 1");
    EXPECT_CODE("local o o.x:m(f())",
                "LOADNIL 0 0 0; GETFIELD 1 0 0 0 0; SELF 1 1 0 0 1; GETTABUP 3 0 0 0 2; "
                "CALL 3 1 0; CALL 1 0 1");
    EXPECT_CODE("return f(...)", "GETTABUP 0 0 0 0 0; VARARG 1 0 0; TAILCALL 0 0 0; RETURN 0 0 0");
    EXPECT_CODE("return (f(...))", "GETTABUP 0 0 0 0 0; VARARG 1 0 0; CALL 0 0 2; RETURN1 0 0 0");
    EXPECT_CODE("local x <close> = f() return g()",
                "GETTABUP 0 0 0 0 0; CALL 0 1 2; TBC 0 0 0; GETTABUP 1 0 0 0 1; CALL 1 1 0; "
                "RETURN 1 0 1");
    EXPECT_CODE("local x f = function() return x end return x",
                "LOADNIL 0 0 0; CLOSURE 1 0; SETTABUP 1 0 0 0 0 0; RETURN 0 2 1");
    EXPECT_CODE("local x f = function() return x end return g(x)",
                "LOADNIL 0 0 0; CLOSURE 1 0; SETTABUP 1 0 0 0 0 0; GETTABUP 1 0 0 0 1; "
                "MOVE 2 0 0; TAILCALL 1 2 1; RETURN 1 0 0");
    EXPECT_CODE("for k in f do return g() end",
                "GETTABUP 0 0 0 0 0; LOADNIL 1 2 0; TFORPREP 0 0 0 5; GETTABUP 5 0 0 0 1; "
                "CALL 5 1 0; RETURN 5 0 1; TFORCALL 0 0 1; TFORLOOP 0 0 0 -8; CLOSE 3 0 0");
}

/* What captures a variable stands behind the return, break or goto that leaves its scope. */
TEST(captures_behind_jumps) {
    EXPECT_CODE("local x if x then return end if x then return x end if x then return f() end f = function() return x end",
                "LOADNIL 0 0 0; TEST 0 0 0 1; RETURN 0 1 1; TEST 0 0 0 1; RETURN 0 2 1; TEST 0 0 0 5; "
                "GETTABUP 1 0 0 0 0; TAILCALL 1 1 1; RETURN 1 0 0; CLOSURE 1 0; SETTABUP 1 0 0 0 0 0");
    EXPECT_CODE("local a do local x if a then return a end f = function() return x end end if a then return end",
                "LOADNIL 0 1 0; TEST 0 0 0 1; RETURN 0 2 1; CLOSURE 2 0; SETTABUP 2 0 0 0 0 0; CLOSE 1 0 0; "
                "TEST 0 0 0 1; RETURN0 0 0 0");
    EXPECT_CODE("while f do local x if x then break end f = function() return x end end",
                "GETTABUP 0 0 0 0 0; TEST 0 0 0 10; LOADNIL 0 0 0; TEST 0 0 1 7; CLOSURE 1 0; SETTABUP 1 0 0 0 0 0; CLOSE 0 0 0; "
                "LOOP -15");
    /* the second time round x may be open */
    EXPECT_CODE("while f do local x ::top:: if x then break end f = function() return x end goto top end",
                "GETTABUP 0 0 0 0 0; TEST 0 0 0 13; LOADNIL 0 0 0; TEST 0 0 0 2; CLOSE 0 0 0; JMP 8; CLOSURE 1 0; "
                "SETTABUP 1 0 0 0 0 0; LOOP -10; CLOSE 0 0 0; LOOP -18");
    EXPECT_CODE("do local x if x then goto out end f = function() return x end end ::out::",
                "LOADNIL 0 0 0; TEST 0 0 1 7; CLOSURE 1 0; SETTABUP 1 0 0 0 0 0; CLOSE 0 0 0; JMP 2; CLOSE 0 0 0; JMP 0");
    EXPECT_RUN("local t, n = {}, 0 while true do local x = n ::top:: if n == 3 then break end n = n + 1 "
               "t[n] = function() x = x + 1 return x end if n < 3 then goto top end end "
               "local y = 50 return t[1]() .. t[2]() .. t[3]() .. y", "12350");
    EXPECT_RUN("local t = {} ::again:: do local x = #t while true do if #t == 2 then goto done end "
               "if #t % 2 == 1 and x == 0 then goto again end t[#t + 1] = function() x = x + 10 return x end end end "
               "::done:: local a, b, c = 1, 2, 3 return t[1]() .. ' ' .. t[2]() .. ' ' .. t[1]()", "10 11 20");
    EXPECT_RUN("local f for i = 1, 2 do for j = 1, 2 do local x = i * 10 + j if j == 2 then goto next end "
               "f = f or function() x = x + 1 return x end end ::next:: end local z = 5 return f() .. f() .. z", "12135");
}

TEST(a_jump_after_then) {
    EXPECT_CODE("while a do if b then break; ; end end", "GETTABUP 0 0 0 0 0; TEST 0 0 0 6; GETTABUP 0 0 0 0 1; TEST 0 0 1 1; LOOP -11");
    EXPECT_CODE("while a do if b then break f() end end",
                "GETTABUP 0 0 0 0 0; TEST 0 0 0 11; GETTABUP 0 0 0 0 1; TEST 0 0 0 5; JMP 5; GETTABUP 0 0 0 0 2; CALL 0 1 1; LOOP -16");
    EXPECT_RUN("local n = 0 if n == 0 then goto a; ::b:: n = n + 1 ::a:: n = n + 10 end return n", "10");
    EXPECT_RUN("local n = 0 if n == 0 then goto a ::a:: end return n", "0");
    EXPECT_RUN("local n = 1 while true do if n > 5 then break function f() end end n = n + 1 end return n", "6");
    EXPECT_RUN("local n = 0 ::top:: n = n + 1 if n < 4 then goto top elseif n == 4 then goto top else n = n * 2 end return n", "10");
}

TEST(functions) {
    EXPECT_CODE("return 1, f()", "LOADI 0 1; GETTABUP 1 0 0 0 0; CALL 1 1 0; RETURN 0 0 0");
    EXPECT_CODE("return", "RETURN0 0 0 0");
    EXPECT_CODE("local function f(n) return f(n - 1) end", "CLOSURE 0 0");
}

TEST(goto_leaves_and_enters_scopes) {
    EXPECT_RUN("local t = {} for i = 1, 3 do local x = i t[i] = function() return x end if i == 2 then goto c end "
               "x = x * 10 ::c:: end return t[1]() .. t[2]() .. t[3]()", "10230");
    EXPECT_RUN("local t, i = {}, 0 ::top:: do local x = i t[#t + 1] = function() x = x + 1 return x end i = i + 1 "
               "if i < 3 then goto top end end return t[1]() + t[1]() + t[3]()", "6");
    EXPECT_RUN("do goto out local a ::out:: end return 1", "1");
    EXPECT_RUN("for i = 1, 3 do for j = 1, 3 do if j == 2 then goto out end end end ::out:: return 5", "5");
    EXPECT_RUN("local n = 0 repeat local x = n n = n + 1 if x == 1 then goto c end ::c:: until n > 3 return n", "4");
}

TEST(to_be_closed_variables) {
    static const char head[] = "local s = '' local function c(n) return setmetatable({}, {__close = function() s = s .. n end}) end ";
    char source[400];
    static const char *const cases[][2] = {
        {"do local a <close> = c('a') local b <close> = c('b') end return s", "ba"},
        {"for i = 1, 2 do local a <close> = c(i) if i == 2 then break end end return s", "12"},
        {"local function f() local a <close> = c('a') return s end return f() .. s", "a"},
        {"for _ in function(_, x) return not x or nil end, nil, nil, c('z') do s = s .. '-' end return s", "-z"},
        {"for _ in function(_, x) return 1 end, nil, nil, c('z') do break end return s", "z"},
        {"local i = 0 ::top:: do local a <close> = c(i) i = i + 1 if i < 3 then goto top end end return s", "012"},
        {"local i = 0 repeat local a <close> = c(i) i = i + 1 until i == 2 return s", "01"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(source, sizeof source, "%s %s", head, cases[i][0]);
        EXPECT_RUN(source, cases[i][1]);
    }
}

TEST(variables_are_described) {
    const NpProto *proto = code_compile("local a local b = 1\nfor i = 1, 2 do local c end\nlocal function f() end");
    static const char *const names[] = {"a", "b", "(for state)", "(for state)", "(for state)", "i", "c", "f"};
    REQUIRE_NOT_NULL(proto);
    REQUIRE_EQ(proto->nlocvars, 8);
    for (int i = 0; i < 8; i++) {
        EXPECT_STR(proto->locvars[i].name->text, names[i]);
        EXPECT_LE(proto->locvars[i].start_pc, proto->locvars[i].end_pc);
    }
    EXPECT_EQ(proto->locvars[7].end_pc, proto->ncode);
    EXPECT_EQ(proto->line, 0);
    EXPECT_EQ(proto->last_line, 0);
    EXPECT_EQ(proto->protos[0]->line, 3);
}

/* Where Lua 5.4.8 says that an error happens. */
TEST(lines_of_errors) {
    static const struct { const char *source; int line; } cases[] = {
        {"a = \na\n+\n{}", 3},
        {"a = \n3\n+\n(\n4\n/\nprint)", 6},
        {"a = \nprint\n+\n(\n4\n/\n7)", 3},
        {"a\n=\n-\n\nprint\n;", 3},
        {"a\n(\n23)", 2},
        {"local a = {x = 13}\na\n.\nx\n(\n23\n)", 5},
        {"local a = {x = 13}\na\n.\nx\n(\n23 + a\n)", 6},
        {"\n\n for k,v in \n 3 \n do \n print(k) \n end", 4},
        {"local a\n for i=1,'a' do \n print(i) \n end", 2},
        {"function a.x.y ()\na=a+1\nend", 1},
        {"local t\nlocal x =\nt\n[\n1\n]", 6},
        {"local a = 1\nreturn a <\n{}", 3},
        {"local a, b = 1, 2\nlocal c = {}\nreturn a ..\nb ..\nc ..\na", 5},
    };
    char want[40];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(want, sizeof want, "c:%d: ", cases[i].line);
        EXPECT_CONTAINS(code_run(cases[i].source), want);
    }
}

UNIT_MAIN
