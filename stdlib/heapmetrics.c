/*
 * heapmetrics.c - heap.metrics: the heap's figures as text that Prometheus reads.
 *
 * Owns: the names of the metrics, which are not to change, and the text format (version 0.0.4): for each metric a HELP and a
 *       TYPE line, then its samples.
 * Does not: measure anything (neap_stats and neap_group_next do), or serve it: that takes a web server.
 */
#define LUA_LIB

#include "stdlib/heaplib.h"

#include <stdio.h>

#include "lua.h"

#include "lauxlib.h"
#include "neap.h"

/* What is one number of neap_Stats, in bytes or a count. */
static const struct {
    const char *name, *type, *help;
    size_t offset;
} plain[] = {
#define FIELD(name) offsetof(neap_Stats, name)
    {"neap_heap_live_bytes", "gauge", "Bytes of objects and buffers that are in use, as far as the last sweep knows.", FIELD(live)},
    {"neap_heap_allocated_bytes_total", "counter", "Bytes handed out since the state was opened.", FIELD(allocated_total)},
    {"neap_heap_reserved_bytes", "gauge", "Address space set aside.", FIELD(reserved)},
    {"neap_heap_mapped_bytes", "gauge", "Of that, bytes that the system has made available.", FIELD(mapped)},
    {"neap_heap_ready_bytes", "gauge", "Of that, bytes usable without asking the system.", FIELD(ready)},
    {"neap_heap_released_bytes", "gauge", "Mapped bytes that are given back to the system.", FIELD(released)},
    {"neap_process_resident_bytes", "gauge", "Resident memory of the process; 0 where the system does not say.", FIELD(resident)},
    {"neap_process_peak_resident_bytes", "gauge", "The most that has been.", FIELD(peak_resident)},
    {"neap_heap_limit_hits_total", "counter", "Errors \"not enough memory\" raised.", FIELD(limit_hits)},
    {"neap_heap_limit_collections_total", "counter", "Collections made inside an allocation that was refused at first.",
     FIELD(limit_collections)},
    {"neap_gc_cycles_total", "counter", "Collection cycles completed.", FIELD(collections)},
#undef FIELD
};

static void head(luaL_Buffer *out, const char *name, const char *type, const char *help) {
    lua_pushfstring(out->L, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
    luaL_addvalue(out);
}

static void add_count(luaL_Buffer *out, size_t value) {
    char text[32];
    snprintf(text, sizeof text, " %zu\n", value);
    luaL_addstring(out, text);
}

static void add_seconds(luaL_Buffer *out, double value) {
    char text[40];
    snprintf(text, sizeof text, " %.9g\n", value);
    luaL_addstring(out, text);
}

/* Without a limit a ratio to it is 0. */
static void add_limit(luaL_Buffer *out, size_t value) {
    if (value)
        add_count(out, value);
    else
        luaL_addstring(out, " +Inf\n");
}

/* Bytes of the UTF-8 sequence at `text`, 0 when it is none. */
static int utf8_bytes(const unsigned char *text) {
    static const struct { unsigned char first, last, low, high, more; } forms[] = {
        {0x01, 0x7f, 0, 0, 0},       {0xc2, 0xdf, 0x80, 0xbf, 1}, {0xe0, 0xe0, 0xa0, 0xbf, 2}, {0xe1, 0xec, 0x80, 0xbf, 2},
        {0xed, 0xed, 0x80, 0x9f, 2}, {0xee, 0xef, 0x80, 0xbf, 2}, {0xf0, 0xf0, 0x90, 0xbf, 3}, {0xf1, 0xf3, 0x80, 0xbf, 3},
        {0xf4, 0xf4, 0x80, 0x8f, 3}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (text[0] < forms[i].first || text[0] > forms[i].last)
            continue;
        if (forms[i].more > 0 && (text[1] < forms[i].low || text[1] > forms[i].high))
            return 0;
        for (int j = 2; j <= forms[i].more; j++)
            if (text[j] < 0x80 || text[j] > 0xbf)
                return 0;
        return 1 + forms[i].more;
    }
    return 0;
}

/* A label's value must be UTF-8: a byte that is not becomes a question mark. */
static void add_label(luaL_Buffer *out, const char *value) {
    const unsigned char *at = (const unsigned char *)value;
    while (*at) {
        int bytes = utf8_bytes(at);
        if (*at == '\n')
            luaL_addstring(out, "\\n");
        else if (*at == '\\' || *at == '"')
            luaL_addchar(out, '\\'), luaL_addchar(out, (char)*at);
        else if (bytes == 0)
            luaL_addchar(out, '?');
        else
            luaL_addlstring(out, (const char *)at, (size_t)bytes);
        at += bytes ? bytes : 1;
    }
}

/* name{label="value" */
static void open_labels(luaL_Buffer *out, const char *name, const char *label, const char *value) {
    luaL_addstring(out, name);
    luaL_addchar(out, '{');
    luaL_addstring(out, label);
    luaL_addstring(out, "=\"");
    add_label(out, value);
    luaL_addchar(out, '"');
}

static void labelled(luaL_Buffer *out, const char *name, const char *label, const char *value) {
    open_labels(out, name, label, value);
    luaL_addchar(out, '}');
}

static void add_plain(luaL_Buffer *out, const neap_Stats *stats) {
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        head(out, plain[i].name, plain[i].type, plain[i].help);
        luaL_addstring(out, plain[i].name);
        add_count(out, *(const size_t *)((const char *)stats + plain[i].offset));
    }
}

/* The buckets hold stops of less than their bound; whether one of exactly so long is in it or in the next makes no difference. */
static void add_stops(luaL_Buffer *out, const neap_Stats *stats) {
    size_t count = 0;
    head(out, "neap_gc_stop_seconds", "histogram", "Stretches of collector work that the program has waited for.");
    for (int i = 0; i < NEAP_STOP_BUCKETS; i++) {
        char bound[32];
        count += stats->stop_buckets[i];
        if (i < NEAP_STOP_BUCKETS - 1)
            snprintf(bound, sizeof bound, "%.9g", (double)(1L << i) * 1e-6);
        else
            snprintf(bound, sizeof bound, "+Inf");
        labelled(out, "neap_gc_stop_seconds_bucket", "le", bound);
        add_count(out, count);
    }
    luaL_addstring(out, "neap_gc_stop_seconds_sum");
    add_seconds(out, stats->total_stop);
    luaL_addstring(out, "neap_gc_stop_seconds_count");
    add_count(out, count);
    head(out, "neap_gc_longest_stop_seconds", "gauge", "The longest of them.");
    luaL_addstring(out, "neap_gc_longest_stop_seconds");
    add_seconds(out, stats->longest_stop);
}

static void add_types(luaL_Buffer *out, const neap_Stats *stats) {
    head(out, "neap_heap_objects", "gauge", "Objects in the heap by type, as of the last sweep.");
    for (int i = 0; i < stats->ntypes; i++) {
        labelled(out, "neap_heap_objects", "type", stats->types[i].name);
        add_count(out, stats->types[i].objects);
    }
    head(out, "neap_heap_object_bytes", "gauge", "Bytes of objects, with their buffers, by type.");
    for (int i = 0; i < stats->ntypes; i++) {
        labelled(out, "neap_heap_object_bytes", "type", stats->types[i].name);
        add_count(out, stats->types[i].bytes);
    }
}

static void add_limits(luaL_Buffer *out, const neap_Stats *stats) {
    head(out, "neap_heap_limit_bytes", "gauge", "The limits of the heap; infinite when there is none.");
    labelled(out, "neap_heap_limit_bytes", "kind", "hard");
    add_limit(out, stats->limit);
    labelled(out, "neap_heap_limit_bytes", "kind", "soft");
    add_limit(out, stats->soft_limit);
}

enum { BYTES, PEAK, OBJECTS, LIMIT, HITS, GROUP_METRICS };

static void add_group_value(luaL_Buffer *out, int which, const neap_GroupStats *stats) {
    switch (which) {
    case BYTES: add_count(out, stats->bytes); break;
    case PEAK: add_count(out, stats->peak); break;
    case OBJECTS: add_count(out, stats->objects); break;
    case LIMIT: add_limit(out, stats->limit); break;
    default: add_count(out, stats->limit_hits);
    }
}

/* Names of groups need not differ, so each has its number too. */
static void add_groups(luaL_Buffer *out) {
    static const struct { const char *name, *type, *help; } metrics[GROUP_METRICS] = {
        [BYTES] = {"neap_group_bytes", "gauge", "Bytes charged to a group."},
        [PEAK] = {"neap_group_peak_bytes", "gauge", "The most that has been."},
        [OBJECTS] = {"neap_group_objects", "gauge", "Objects charged to a group."},
        [LIMIT] = {"neap_group_limit_bytes", "gauge", "The limit of a group; infinite when there is none."},
        [HITS] = {"neap_group_limit_hits_total", "counter", "Errors \"not enough memory\" raised for its limit."},
    };
    neap_GroupStats stats;
    if (neap_group_next(out->L, 0, &stats) == 0)
        return;
    for (int which = 0; which < GROUP_METRICS; which++) {
        head(out, metrics[which].name, metrics[which].type, metrics[which].help);
        for (int id = 0; (id = neap_group_next(out->L, id, &stats)) != 0;) {
            char number[16];
            snprintf(number, sizeof number, "%d", id);
            open_labels(out, metrics[which].name, "group", stats.name);
            luaL_addstring(out, ",id=\"");
            luaL_addstring(out, number);
            luaL_addstring(out, "\"}");
            add_group_value(out, which, &stats);
        }
    }
}

static void add_build(luaL_Buffer *out, const neap_Stats *stats) {
    head(out, "neap_build_info", "gauge", "Always 1; what runs here.");
    open_labels(out, "neap_build_info", "version", NEAP_VERSION);
    luaL_addstring(out, ",system=\"");
    add_label(out, stats->system);
    luaL_addstring(out, "\"}");
    add_count(out, 1);
}

/* heap.metrics() -> text */
static int heap_metrics(lua_State *L) {
    neap_Stats stats;
    luaL_Buffer out;
    neap_stats(L, &stats);
    luaL_buffinit(L, &out);
    add_build(&out, &stats);
    add_plain(&out, &stats);
    add_limits(&out, &stats);
    add_stops(&out, &stats);
    add_types(&out, &stats);
    add_groups(&out);
    luaL_pushresult(&out);
    return 1;
}

const luaL_Reg np_heapmetrics_functions[] = {
    {"metrics", heap_metrics},
    {NULL, NULL},
};
