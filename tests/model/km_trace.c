/* km_trace.c: the last calls on the model, as text, and the end of a process that broke a rule.
 *
 * Does not: lock; km.c calls it with the model's lock held, but for km_trace and km_call_text.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/model/km_priv.h"

enum { KEPT = 48, LINE = 320 };

static KmCall kept[KEPT];
static long recorded;

void km_record(const KmCall *call) { kept[recorded++ % KEPT] = *call; }

void km_forget_calls(void) { recorded = 0; }

static const char *error_name(const KmRules *rules, int error, char *room, size_t size) {
    static const struct {
        int number;
        const char *name;
    } same[] = {{EPERM, "EPERM"},   {ENOMEM, "ENOMEM"}, {EACCES, "EACCES"}, {EFAULT, "EFAULT"},
                {EINVAL, "EINVAL"}, {EMFILE, "EMFILE"}, {EBADF, "EBADF"}};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++)
        if (same[i].number == error) return same[i].name;
    if (error == rules->eagain) return "EAGAIN";
    if (error == rules->enotsup) return "ENOTSUP";
    snprintf(room, size, "errno %d", error);
    return room;
}

static void add(char *text, const char *what) {
    size_t used = strlen(text);
    snprintf(text + used, LINE - used, "%s", what);
}

static void add_prot(char *text, int prot) {
    char rest[24];
    if (prot == 0) add(text, "PROT_NONE");
    if (prot & 1) add(text, "PROT_READ");
    if (prot & 2) add(text, prot & 1 ? "|PROT_WRITE" : "PROT_WRITE");
    if (prot & 4) add(text, prot & 3 ? "|PROT_EXEC" : "PROT_EXEC");
    if (prot & ~7) {
        snprintf(rest, sizeof rest, "%s0x%x", prot & 7 ? "|" : "", (unsigned)prot & ~7u);
        add(text, rest);
    }
}

static void add_flags(char *text, const KmRules *rules, int flags) {
    const struct {
        int bit;
        const char *name;
    } known[] = {{rules->anon, "MAP_ANON|"},
                 {2, "MAP_PRIVATE|"},
                 {1, "MAP_SHARED|"},
                 {rules->fixed, "MAP_FIXED|"},
                 {rules->noreserve, "MAP_NORESERVE|"}};
    char rest[24];
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].bit == 0 || (flags & known[i].bit) == 0) continue;
        add(text, known[i].name);
        flags &= ~known[i].bit;
    }
    snprintf(rest, sizeof rest, "0x%x", (unsigned)flags);
    if (flags) add(text, rest);
    else if (text[strlen(text) - 1] == '|') text[strlen(text) - 1] = '\0';
    else add(text, "0");
}

static void add_arguments(char *text, const KmCall *call) {
    const KmRules *rules = km_window.rules;
    const KmAdvice *advice;
    char number[80];
    if (call->kind == KM_FORK) return;
    snprintf(number, sizeof number, "%#lx, %zu", (unsigned long)call->addr, call->len);
    add(text, number);
    if (call->kind == KM_MMAP) {
        add(text, ", ");
        add_prot(text, call->prot_or_advice);
        add(text, ", ");
        add_flags(text, rules, call->flags);
        snprintf(number, sizeof number, ", %d, %lld", call->fd, (long long)call->offset);
        add(text, number);
    } else if (call->kind == KM_MPROTECT) {
        add(text, ", ");
        add_prot(text, call->prot_or_advice);
    } else if (call->kind == KM_MADVISE) {
        advice = km_find_advice(rules, call->prot_or_advice);
        snprintf(number, sizeof number, ", %d", call->prot_or_advice);
        if (advice) {
            add(text, ", ");
            add(text, advice->name);
        } else add(text, number);
    }
}

static void call_as_text(const KmCall *call, bool with_result, char *text) {
    static const char *const names[KM_KINDS] = {"mmap", "munmap",  "mprotect", "madvise",
                                                "mincore", "fork", "any"};
    char room[24];
    snprintf(text, LINE, "%s(", names[call->kind]);
    add_arguments(text, call);
    add(text, ")");
    if (!with_result) return;
    if (call->error) {
        add(text, " = -1 ");
        add(text, error_name(km_window.rules, call->error, room, sizeof room));
        if (call->injected) add(text, " (made to fail)");
    } else {
        snprintf(room, sizeof room, call->kind == KM_MMAP ? " = %#llx" : " = %lld",
                 (long long)call->result);
        add(text, room);
    }
}

const char *km_call_text(int back) {
    static char text[LINE];
    if (back < 0 || back >= KEPT || back >= recorded) return NULL;
    call_as_text(&kept[(recorded - 1 - back) % KEPT], true, text);
    return text;
}

static void print(int fd, const char *text) {
    size_t left = strlen(text);
    while (left > 0) {
        ssize_t done = write(fd, text, left);
        if (done <= 0) return;
        text += done;
        left -= (size_t)done;
    }
}

void km_trace(int fd) {
    char text[LINE];
    for (int back = KEPT - 1; back >= 0; back--) {
        if (back >= recorded) continue;
        call_as_text(&kept[(recorded - 1 - back) % KEPT], true, text);
        print(fd, "    ");
        print(fd, text);
        print(fd, "\n");
    }
}

void km_broken(const KmCall *call, const char *rule, const char *source) {
    char text[LINE];
    print(2, "km: ");
    print(2, km_window.rules ? km_window.rules->name : "not started");
    print(2, ": ");
    print(2, rule);
    if (source) {
        print(2, " [");
        print(2, source);
        print(2, "]");
    }
    print(2, "\n");
    if (call) {
        call_as_text(call, false, text);
        print(2, "km: in ");
        print(2, text);
        print(2, "\n");
    }
    if (recorded > 0) {
        print(2, "km: the calls before, oldest first:\n");
        km_trace(2);
    }
    abort();
}
