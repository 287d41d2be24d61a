/* dbg.c: np_fatal, np_dbg_print and the parser of NEAPDEBUG. See dbg.h. */
#include "runtime/dbg.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

NpDbg np_dbg = {
#define SWITCH(name, value, meaning) .name = NP_DBG_UNSET,
#include "runtime/dbg.def"
#undef SWITCH
};

static const struct {
    const char *name;
    size_t offset;
    long value;
} switches[] = {
#define SWITCH(name, value, meaning) {#name, offsetof(NpDbg, name), value},
#include "runtime/dbg.def"
#undef SWITCH
};

static void write_all(const char *text, size_t size) {
    while (size > 0) {
        ssize_t done = write(STDERR_FILENO, text, size);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) return;
        text += done;
        size -= (size_t)done;
    }
}

/* Formats into a buffer on the stack: glibc's vsnprintf allocates only for conversions that
 * nobody uses here (huge precisions, wide strings). */
static void print_line(const char *head, const char *format, va_list args) {
    char line[1024];
    size_t used = strlen(head);
    int more;
    memcpy(line, head, used);
    more = vsnprintf(line + used, sizeof line - used, format, args);
    if (more > 0) used += (size_t)more;
    if (used > sizeof line - 1) used = sizeof line - 1;
    line[used++] = '\n';
    write_all(line, used);
}

void np_fatal(const char *format, ...) {
    va_list args;
    va_start(args, format);
    print_line("neap: fatal: ", format, args);
    va_end(args);
    abort();
}

void np_dbg_print(const char *format, ...) {
    int saved = errno;
    va_list args;
    va_start(args, format);
    print_line("", format, args);
    va_end(args);
    errno = saved;
}

static bool set_switch(const char *text, size_t size) {
    const char *equals = memchr(text, '=', size);
    size_t length = equals ? (size_t)(equals - text) : size;
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        long value = switches[i].value;
        if (strlen(switches[i].name) != length || memcmp(switches[i].name, text, length) != 0)
            continue;
        if (equals) {
            char *end;
            value = strtol(equals + 1, &end, 0);
            if (end != text + size || end == equals + 1 || value < 0) return false;
        }
        memcpy((char *)&np_dbg + switches[i].offset, &value, sizeof value);
        return true;
    }
    return false;
}

bool np_dbg_parse(const char *text, const char **wrong) {
    bool fine = true;
    while (*text) {
        size_t size = strcspn(text, ", ");
        if (size > 0 && !set_switch(text, size)) {
            if (fine) *wrong = text;
            fine = false;
        }
        text += size;
        text += strspn(text, ", ");
    }
    return fine;
}

void np_dbg_init(void) {
    static bool done;
    const char *text, *wrong;
    if (__atomic_exchange_n(&done, true, __ATOMIC_RELAXED)) return;
    text = getenv("NEAPDEBUG");
    if (text && !np_dbg_parse(text, &wrong))
        np_dbg_print("neap: NEAPDEBUG: ignored what I do not know: '%.*s'", (int)strcspn(wrong, ", "),
                     wrong);
}
