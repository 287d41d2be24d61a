/* errmsg.c: the wording of runtime errors, and the formatter behind lua_pushfstring.
 *
 * Owns: every message the runtime itself raises about values and operators (libraries word their own),
 *       and the short form of chunk names.
 * Does not: unwind (err.c) or find names (naming.c).
 *
 * Messages are made in a local buffer when short, else straight in the string object: two passes over the
 * format, the first only counting. */
#include <stdio.h>

#include "runtime/debuginfo.h"
#include "runtime/err.h"
#include "runtime/meta.h"
#include "runtime/number.h"
#include "runtime/strings.h"

/* ---- formatting ---- */

/* Where formatted bytes go: the first `capacity` are kept, all are counted. */
typedef struct Sink {
    char *out;
    size_t capacity, length;
} Sink;

static void put(Sink *sink, const char *text, size_t length) {
    if (sink->length < sink->capacity) {
        size_t room = sink->capacity - sink->length;
        memcpy(sink->out + sink->length, text, length < room ? length : room);
    }
    sink->length += length;
}

static void put_number(Sink *sink, const NpValue *number) {
    char text[NP_NUMBER_TEXT];
    put(sink, text, np_number_format(number, text));
}

/* UTF-8 as extended by Lua: up to 31 bits in six bytes. */
static void put_utf8(Sink *sink, unsigned long code) {
    char bytes[8];
    int at = sizeof bytes;
    if (code < 0x80) {
        bytes[--at] = (char)code;
    } else {
        unsigned long first_max = 0x3f; /* what still fits the first byte */
        do {
            bytes[--at] = (char)(0x80 | (code & 0x3f));
            code >>= 6;
            first_max >>= 1;
        } while (code > first_max);
        bytes[--at] = (char)((~first_max << 1) | code);
    }
    put(sink, bytes + at, sizeof bytes - (size_t)at);
}

static void put_pointer(Sink *sink, const void *pointer) {
    char text[40];
    int length = snprintf(text, sizeof text, "%p", (void *)(uintptr_t)pointer);
    put(sink, text, (size_t)length);
}

/* Writes one conversion, whose arguments come from the list; 0, or the letter when there is none such. */
static char put_conversion(Sink *sink, char conversion, va_list *arguments) {
    NpValue number;
    switch (conversion) {
    case 's': {
        const char *text = va_arg(*arguments, const char *);
        if (!text) text = "(null)";
        put(sink, text, strlen(text));
        return 0;
    }
    case 'c': {
        char byte = (char)va_arg(*arguments, int);
        put(sink, &byte, 1);
        return 0;
    }
    case 'd': np_set_int(&number, va_arg(*arguments, int)); break;
    case 'I': np_set_int(&number, va_arg(*arguments, LUAI_UACINT)); break;
    case 'f': np_set_flt(&number, va_arg(*arguments, LUAI_UACNUMBER)); break;
    case 'p': put_pointer(sink, va_arg(*arguments, const void *)); return 0;
    case 'U': put_utf8(sink, va_arg(*arguments, unsigned long)); return 0;
    case '%': put(sink, "%", 1); return 0;
    default: return conversion ? conversion : '%';
    }
    put_number(sink, &number);
    return 0;
}

static char put_formatted(Sink *sink, const char *format, va_list arguments) {
    va_list mine;
    va_copy(mine, arguments);
    char wrong = 0;
    for (const char *mark; !wrong && (mark = strchr(format, '%')) != NULL; format = mark + 2) {
        put(sink, format, (size_t)(mark - format));
        wrong = put_conversion(sink, mark[1], &mine);
    }
    va_end(mine);
    if (!wrong) put(sink, format, strlen(format));
    return wrong;
}

const char *np_err_vformat(lua_State *L, const char *format, va_list arguments) {
    char small[512];
    Sink sink = {small, sizeof small, 0};
    char wrong = put_formatted(&sink, format, arguments);
    if (NP_UNLIKELY(wrong)) np_err_run(L, "invalid option '%%%c' to 'lua_pushfstring'", wrong);
    NpString *string;
    if (sink.length <= sizeof small) {
        string = np_string_new(L, small, sink.length);
    } else {
        string = np_string_new_long(L, sink.length);
        sink = (Sink){string->text, sink.length, 0};
        put_formatted(&sink, format, arguments);
    }
    np_set_obj(L->top, string, NP_STR);
    L->top++;
    return string->text;
}

const char *np_err_format(lua_State *L, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *text = np_err_vformat(L, format, arguments);
    va_end(arguments);
    return text;
}

/* ---- chunk names ---- */

/* Copies as much of the text as leaves room for the tail and the NUL; marks a cut with the tail "...". */
void np_err_chunk_id(char *out, const char *source, size_t length) {
    static const char cut[] = "...", open[] = "[string \"", shut[] = "\"]";
    if (*source == '=' || *source == '@') {
        const char *name = source + 1;
        length--;
        if (length < LUA_IDSIZE) {
            memcpy(out, name, length + 1);
        } else if (*source == '=') { /* the beginning says most */
            memcpy(out, name, LUA_IDSIZE - 1);
            out[LUA_IDSIZE - 1] = '\0';
        } else { /* of a path the end says most */
            size_t keep = LUA_IDSIZE - sizeof cut;
            memcpy(out, cut, sizeof cut - 1);
            memcpy(out + sizeof cut - 1, name + length - keep, keep + 1);
        }
        return;
    }
    const char *newline = memchr(source, '\n', length);
    size_t room = LUA_IDSIZE - (sizeof open - 1) - (sizeof cut - 1) - (sizeof shut - 1) - 1;
    char *at = out;
    memcpy(at, open, sizeof open - 1), at += sizeof open - 1;
    if (!newline && length <= room) {
        memcpy(at, source, length), at += length;
    } else {
        if (newline) length = (size_t)(newline - source);
        if (length > room) length = room;
        memcpy(at, source, length), at += length;
        memcpy(at, cut, sizeof cut - 1), at += sizeof cut - 1;
    }
    memcpy(at, shut, sizeof shut);
}

/* ---- raising ---- */

/* In the middle of a Lua instruction top need not be past the live registers. */
static void settle_top(lua_State *L) {
    if (np_frame_is_lua(L->frame)) L->top = L->frame->top;
}

void np_err_run(lua_State *L, const char *format, ...) {
    va_list arguments;
    settle_top(L);
    va_start(arguments, format);
    const char *message = np_err_vformat(L, format, arguments);
    va_end(arguments);
    if (np_frame_is_lua(L->frame)) {
        const NpString *source = np_frame_closure(L->frame)->proto->source;
        char name[LUA_IDSIZE] = "?";
        if (source) np_err_chunk_id(name, source->text, source->length);
        np_err_format(L, "%s:%d: %s", name, np_debug_line(L->frame), message);
        np_copy(L->top - 2, L->top - 1); /* in place of the bare message */
        L->top--;
    }
    np_err_message(L);
}

/* Pushes " (local 'x')" or an empty text and returns it. */
static const char *describe(lua_State *L, NpDebugName name) {
    return name.kind ? np_err_format(L, " (%s '%s')", name.kind, name.name) : "";
}

NP_NORETURN NP_COLD static void complain(lua_State *L, const NpValue *value, const char *what, NpDebugName name) {
    const char *type = np_meta_type_name(L, value);
    settle_top(L);
    np_err_run(L, "attempt to %s a %s value%s", what, type, describe(L, name));
}

void np_err_type(lua_State *L, const NpValue *value, const char *what) {
    complain(L, value, what, np_debug_value_name(L, value));
}

void np_err_call(lua_State *L, const NpValue *value) {
    NpDebugName name = np_debug_call_name(L, L->frame);
    if (!name.kind) name = np_debug_value_name(L, value);
    complain(L, value, "call", name);
}

void np_err_for(lua_State *L, const NpValue *value, const char *what) {
    np_err_run(L, "bad 'for' %s (number expected, got %s)", what, np_meta_type_name(L, value));
}

void np_err_concat(lua_State *L, const NpValue *a, const NpValue *b) {
    np_err_type(L, np_is_str(a) || np_is_number(a) ? b : a, "concatenate");
}

void np_err_arith(lua_State *L, const NpValue *a, const NpValue *b, const char *what) {
    np_err_type(L, np_is_number(a) ? b : a, what);
}

void np_err_to_int(lua_State *L, const NpValue *a, const NpValue *b) {
    int64_t integer;
    const NpValue *culprit = np_number_to_int_no_string(a, &integer, NP_ROUND_EXACT) ? b : a;
    NpDebugName name = np_debug_value_name(L, culprit);
    settle_top(L);
    np_err_run(L, "number%s has no integer representation", describe(L, name));
}

void np_err_compare(lua_State *L, const NpValue *a, const NpValue *b) {
    const char *left = np_meta_type_name(L, a), *right = np_meta_type_name(L, b);
    if (strcmp(left, right) == 0) np_err_run(L, "attempt to compare two %s values", left);
    np_err_run(L, "attempt to compare %s with %s", left, right);
}
