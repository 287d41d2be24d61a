#!/bin/sh
# libedit_test.sh: cli/libedit.h says what libedit's own header says.
# variants: release

cd "$(dirname "$0")/../.." || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cat >"$dir/same.c" <<'END_C'
#include <histedit.h>
#include <stddef.h>
#include "cli/libedit.h"

#define SAME_NUMBER(name, number) _Static_assert(name == number, #name);
NP_LIBEDIT_NUMBERS(SAME_NUMBER)
_Static_assert(sizeof(NpEditText) == sizeof(LineInfo) && offsetof(NpEditText, lastchar) == offsetof(LineInfo, lastchar) &&
               offsetof(NpEditText, cursor) == offsetof(LineInfo, cursor), "LineInfo");
_Static_assert(sizeof(NpEditEvent) == sizeof(HistEvent) && offsetof(NpEditEvent, str) == offsetof(HistEvent, str), "HistEvent");

/* The types, with its names for ours. */
#define NpEditLine EditLine
#define NpEditPast History
#define NpEditText LineInfo
#define NpEditEvent HistEvent
#define SAME_FUNCTION(type, name, parameters) type(*const same_##name) parameters = name;
NP_LIBEDIT_FUNCTIONS(SAME_FUNCTION)

int main(void) { return same_el_init == NULL; }
END_C
if clang-19 -std=gnu11 -Werror -I. "$dir/same.c" -ledit -o "$dir/same" 2>"$dir/err" && "$dir/same"; then
    echo "ok - cli/libedit.h and histedit.h"
else
    echo "not ok - cli/libedit.h and histedit.h: expected them to agree, got $(head -n 1 "$dir/err")"
    exit 1
fi
