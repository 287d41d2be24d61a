/* pprof.c: profiles as pprof's protocol buffers, not compressed, and as folded stacks, a line each.
 *
 * Owns: the two forms. The first is described in profile.proto of github.com/google/pprof, the second is what flamegraph.pl,
 *       speedscope and inferno read: "outermost;...;innermost number".
 * Does not: open files.
 *
 * A pprof file is one message, the fields of which may come in any order: samples, the tables of locations and functions,
 * and the strings they name by number. Those are the texts of NpSites, after the words of the format.
 */
#include "runtime/inspect/pprof.h"

#include <stdio.h>
#include <time.h>

#include "runtime/inspect/profile.h"

/* Fields of profile.proto. */
enum {
    PROFILE_SAMPLE_TYPE = 1, PROFILE_SAMPLE = 2, PROFILE_MAPPING = 3, PROFILE_LOCATION = 4, PROFILE_FUNCTION = 5,
    PROFILE_STRING = 6, PROFILE_TIME = 9, PROFILE_DURATION = 10, PROFILE_PERIOD_TYPE = 11, PROFILE_PERIOD = 12,
    PROFILE_DEFAULT_TYPE = 14,
    VALUE_TYPE = 1, VALUE_UNIT = 2,
    SAMPLE_LOCATION = 1, SAMPLE_VALUE = 2,
    MAPPING_ID = 1, MAPPING_FILE = 5, MAPPING_HAS_FUNCTIONS = 7, MAPPING_HAS_FILES = 8, MAPPING_HAS_LINES = 9,
    LOCATION_ID = 1, LOCATION_MAPPING = 2, LOCATION_LINE = 4,
    LINE_FUNCTION = 1, LINE_NUMBER = 2,
    FUNCTION_ID = 1, FUNCTION_NAME = 2, FUNCTION_FILE = 4, FUNCTION_LINE = 5
};

/* The first strings; the texts follow, so that a text's string is WORDS - 1 + its number. */
#define WORDS_OF(X)                                                                                                     \
    X(NONE, "") X(ALLOC_OBJECTS, "alloc_objects") X(ALLOC_SPACE, "alloc_space") X(INUSE_OBJECTS, "inuse_objects")        \
    X(INUSE_SPACE, "inuse_space") X(COUNT, "count") X(BYTES, "bytes") X(SPACE, "space") X(SAMPLES, "samples")            \
    X(CPU, "cpu") X(NANOSECONDS, "nanoseconds") X(PROGRAM, "neap")
enum {
#define X(name, text) WORD_##name,
    WORDS_OF(X)
#undef X
    WORDS
};
static const char *const words[] = {
#define X(name, text) text,
    WORDS_OF(X)
#undef X
};

/* ---- output ---- */

typedef struct Sink {
    NpProfileWrite write;
    void *ctx;
    int error;
    size_t used;
    char bytes[4096];
} Sink;

static void flush(Sink *sink) {
    if (sink->used > 0 && sink->error == 0) sink->error = sink->write(sink->ctx, sink->bytes, sink->used);
    sink->used = 0;
}

static void put(Sink *sink, const void *data, size_t bytes) {
    const char *from = data;
    while (bytes > 0) {
        size_t part = sizeof sink->bytes - sink->used;
        if (part > bytes) part = bytes;
        memcpy(sink->bytes + sink->used, from, part);
        sink->used += part;
        from += part;
        bytes -= part;
        if (sink->used == sizeof sink->bytes) flush(sink);
    }
}

/* ---- protocol buffers ---- */

/* A message that is not complete: its length comes before it. The longest is a sample's. */
typedef struct Message {
    size_t used;
    unsigned char bytes[(NP_SITES_DEPTH + 8) * 10];
} Message;

static size_t varint(unsigned char *out, uint64_t value) {
    size_t used = 0;
    for (; value >= 0x80; value >>= 7) out[used++] = (unsigned char)(value | 0x80);
    out[used++] = (unsigned char)value;
    return used;
}

static void add_varint(Message *message, uint64_t value) {
    CHECK1("pprof", message->used + 10 <= sizeof message->bytes);
    message->used += varint(message->bytes + message->used, value);
}

static void add_number(Message *message, unsigned field, uint64_t value) {
    if (value == 0) return; /* the default */
    add_varint(message, field << 3);
    add_varint(message, value);
}

static void add_message(Message *message, unsigned field, const Message *inner) {
    add_varint(message, field << 3 | 2);
    add_varint(message, inner->used);
    CHECK1("pprof", message->used + inner->used <= sizeof message->bytes);
    memcpy(message->bytes + message->used, inner->bytes, inner->used);
    message->used += inner->used;
}

static void put_bytes(Sink *sink, unsigned field, const void *data, size_t bytes) {
    unsigned char head[20];
    size_t used = varint(head, field << 3 | 2);
    used += varint(head + used, bytes);
    put(sink, head, used);
    put(sink, data, bytes);
}

static void put_message(Sink *sink, unsigned field, const Message *message) {
    put_bytes(sink, field, message->bytes, message->used);
}

static void put_number(Sink *sink, unsigned field, uint64_t value) {
    Message number = {0};
    add_number(&number, field, value);
    put(sink, number.bytes, number.used);
}

static void put_type(Sink *sink, unsigned field, uint64_t type, uint64_t unit) {
    Message message = {0};
    add_number(&message, VALUE_TYPE, type);
    add_number(&message, VALUE_UNIT, unit);
    put_message(sink, field, &message);
}

/* ---- pprof ---- */

static uint64_t string_of(uint32_t text) { return text ? WORDS - 1 + text : 0; }

static uint64_t rounded(double value) { return value > 0.5 ? (uint64_t)(value + 0.5) : 0; }

/* The values of a stack in the order of the sample types; how many. All zero: it has no sample. */
static int values_of(const NpSiteCounts *counts, NpProfileKind kind, uint64_t values[4]) {
    if (kind == NP_PROFILE_CPU) {
        values[0] = counts->samples;
        values[1] = counts->nanoseconds;
        return 2;
    }
    values[0] = rounded(counts->allocated_count);
    values[1] = rounded(counts->allocated_bytes);
    values[2] = rounded(counts->count);
    values[3] = rounded(counts->bytes);
    return 4;
}

static void put_samples(Sink *sink, const NpSites *sites, NpProfileKind kind) {
    for (uint32_t at = 1; at <= sites->stacks.count && sink->error == 0; at++) {
        Message sample = {0}, list = {0};
        uint64_t values[4];
        int count = values_of(&np_sites_stack_at(sites, at)->counts, kind, values);
        if (values[0] == 0) continue;
        for (uint32_t frame = at; frame; frame = np_sites_stack_at(sites, frame)->parent)
            add_varint(&list, np_sites_stack_at(sites, frame)->location);
        add_message(&sample, SAMPLE_LOCATION, &list);
        list.used = 0;
        for (int i = 0; i < count; i++) add_varint(&list, values[i]);
        add_message(&sample, SAMPLE_VALUE, &list);
        put_message(sink, PROFILE_SAMPLE, &sample);
    }
}

static void put_locations(Sink *sink, const NpSites *sites) {
    for (uint32_t at = 1; at <= sites->locations.count && sink->error == 0; at++) {
        const NpSiteLocation *location = np_sites_location(sites, at);
        Message message = {0}, line = {0};
        add_number(&line, LINE_FUNCTION, location->function);
        add_number(&line, LINE_NUMBER, (uint64_t)location->line);
        add_number(&message, LOCATION_ID, at);
        add_number(&message, LOCATION_MAPPING, 1);
        add_message(&message, LOCATION_LINE, &line);
        put_message(sink, PROFILE_LOCATION, &message);
    }
}

/* Names that no text has are strings behind the texts, in the order of their functions. */
static void put_functions(Sink *sink, const NpSites *sites) {
    uint64_t made = WORDS + sites->texts.count;
    for (uint32_t at = 1; at <= sites->functions.count && sink->error == 0; at++) {
        const NpSiteFunction *function = np_sites_function(sites, at);
        Message message = {0};
        add_number(&message, FUNCTION_ID, at);
        add_number(&message, FUNCTION_NAME, function->name ? string_of(function->name) : made++);
        add_number(&message, FUNCTION_FILE, string_of(function->file));
        add_number(&message, FUNCTION_LINE, function->line > 0 ? (uint64_t)function->line : 0);
        put_message(sink, PROFILE_FUNCTION, &message);
    }
}

static void put_strings(Sink *sink, const NpSites *sites) {
    char name[NP_SITES_NAME];
    for (int i = 0; i < WORDS; i++) put_bytes(sink, PROFILE_STRING, words[i], strlen(words[i]));
    for (uint32_t at = 1; at <= sites->texts.count && sink->error == 0; at++)
        put_bytes(sink, PROFILE_STRING, np_sites_text(sites, at), ((const NpSiteText *)sites->texts.items)[at].length);
    for (uint32_t at = 1; at <= sites->functions.count; at++) {
        const NpSiteFunction *function = np_sites_function(sites, at);
        const char *text;
        if (function->name) continue;
        text = np_sites_name(sites, function, name);
        put_bytes(sink, PROFILE_STRING, text, strlen(text));
    }
}

/* So that pprof looks for no program to find names in. */
static void put_mapping(Sink *sink) {
    Message message = {0};
    add_number(&message, MAPPING_ID, 1);
    add_number(&message, MAPPING_FILE, WORD_PROGRAM);
    add_number(&message, MAPPING_HAS_FUNCTIONS, 1);
    add_number(&message, MAPPING_HAS_FILES, 1);
    add_number(&message, MAPPING_HAS_LINES, 1);
    put_message(sink, PROFILE_MAPPING, &message);
}

static void put_pprof(Sink *sink, const NpSites *sites, NpProfileKind kind) {
    struct timespec now = {0, 0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (kind == NP_PROFILE_CPU) {
        put_type(sink, PROFILE_SAMPLE_TYPE, WORD_SAMPLES, WORD_COUNT);
        put_type(sink, PROFILE_SAMPLE_TYPE, WORD_CPU, WORD_NANOSECONDS);
        put_type(sink, PROFILE_PERIOD_TYPE, WORD_CPU, WORD_NANOSECONDS);
        put_number(sink, PROFILE_PERIOD, np_profile_period());
        put_number(sink, PROFILE_DURATION, np_profile_duration());
    } else {
        put_type(sink, PROFILE_SAMPLE_TYPE, WORD_ALLOC_OBJECTS, WORD_COUNT);
        put_type(sink, PROFILE_SAMPLE_TYPE, WORD_ALLOC_SPACE, WORD_BYTES);
        put_type(sink, PROFILE_SAMPLE_TYPE, WORD_INUSE_OBJECTS, WORD_COUNT);
        put_type(sink, PROFILE_SAMPLE_TYPE, WORD_INUSE_SPACE, WORD_BYTES);
        put_type(sink, PROFILE_PERIOD_TYPE, WORD_SPACE, WORD_BYTES);
        put_number(sink, PROFILE_PERIOD, sites->rate);
        put_number(sink, PROFILE_DEFAULT_TYPE, WORD_INUSE_SPACE);
    }
    put_number(sink, PROFILE_TIME, (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
    put_mapping(sink);
    put_samples(sink, sites, kind);
    put_locations(sink, sites);
    put_functions(sink, sites);
    put_strings(sink, sites);
}

/* ---- folded stacks ---- */

/* A name without what separates frames and lines. */
static void put_name(Sink *sink, const char *name) {
    for (; *name; name++) {
        char c = *name == ';' ? ',' : (unsigned char)*name < ' ' ? ' ' : *name;
        put(sink, &c, 1);
    }
}

static void put_frame(Sink *sink, const NpSites *sites, uint32_t at) {
    const NpSiteLocation *location = np_sites_location(sites, at);
    const NpSiteFunction *function = np_sites_function(sites, location->function);
    char name[NP_SITES_NAME];
    put_name(sink, np_sites_name(sites, function, name));
    if (function->function || function->last_line < 0) return;
    put(sink, " (", 2);
    put_name(sink, np_sites_text(sites, function->file));
    if (location->line > 0) put(sink, name, (size_t)snprintf(name, sizeof name, ":%d", (int)location->line));
    put(sink, ")", 1);
}

/* From the outermost frame; stacks are no deeper than NP_SITES_DEPTH and two. */
static void put_stack(Sink *sink, const NpSites *sites, uint32_t stack) {
    uint32_t frames[NP_SITES_DEPTH + 2];
    unsigned count = 0;
    for (; stack && count < sizeof frames / sizeof *frames; stack = np_sites_stack_at(sites, stack)->parent)
        frames[count++] = np_sites_stack_at(sites, stack)->location;
    while (count > 0) {
        put_frame(sink, sites, frames[--count]);
        if (count > 0) put(sink, ";", 1);
    }
}

static void put_folded(Sink *sink, const NpSites *sites, NpProfileKind kind, unsigned which) {
    for (uint32_t at = 1; at <= sites->stacks.count && sink->error == 0; at++) {
        uint64_t values[4];
        char number[24];
        values_of(&np_sites_stack_at(sites, at)->counts, kind, values);
        if (values[which] == 0) continue;
        put_stack(sink, sites, at);
        put(sink, number, (size_t)snprintf(number, sizeof number, " %llu\n", (unsigned long long)values[which]));
    }
}

typedef struct Text { char *at; size_t room; } Text;

static int keep(void *ctx, const void *data, size_t bytes) {
    Text *text = ctx;
    if (bytes > text->room) bytes = text->room;
    memcpy(text->at, data, bytes);
    text->at += bytes;
    text->room -= bytes;
    return 0;
}

void np_pprof_fold(const NpSites *sites, uint32_t stack, char *out, size_t room) {
    Text text = {out, room - 1};
    Sink sink = {.write = keep, .ctx = &text};
    put_stack(&sink, sites, stack);
    flush(&sink);
    *text.at = '\0';
}

int np_pprof_write(const NpSites *sites, NpProfileKind kind, NpProfileForm form, NpProfileWrite write, void *ctx) {
    Sink sink = {.write = write, .ctx = ctx};
    if (form == NP_FORM_PPROF) put_pprof(&sink, sites, kind);
    else if (kind == NP_PROFILE_CPU) put_folded(&sink, sites, kind, 0);
    else put_folded(&sink, sites, kind, form == NP_FORM_FOLDED_ALL ? 1 : 3);
    flush(&sink);
    return sink.error;
}
