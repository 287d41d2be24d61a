/*
 * heapreport.c - the run of a heap as one HTML page: memory, stops and releases over time, the pages of every arena, the
 * types and allocation sites at the peak and at the end.
 *
 * Owns: the record of the run (figures, pictures of the pages), of bounded size however long the run is; the JSON that
 * the page (heapreport.html) reads; the file. Does not: draw anything, which the page does with Chart.js, or measure
 * (neap.h does).
 *
 * The record is made by the heap's watch, from within the collector: nothing here touches the Lua state but through the
 * functions that neap.h allows there. What memory it takes is malloc's; where there is none the record is the coarser.
 */
#include "cli/heapreport.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "neap.h"

#include "stdlib/outfile.h"

extern const char np_heapreport_page[], np_heapreport_chart[]; /* made by tools/mkasset.c */
extern const size_t np_heapreport_chart_size;

enum {
    MOST_SAMPLES = 1024, /* of either, before every second one goes */
    MOST_MAPS = 64,
    CELL_BYTES = 16 << 10,
    CELLS_MOST = 1 << 18, /* of one picture: beyond that its cells are larger */
    MOST_SITES = 40,      /* shown */
    SAMPLE_RATE = 512 << 10 /* bytes, of the allocation sites */
};
#define LEAST_INTERVAL 1e-3 /* seconds between two samples; it grows with the run */
#define MAP_FACTOR 10       /* a picture costs more than a sample */
#define PEAK_FACTOR 1.1     /* so much higher than the last peak before the types are counted again: the heap is walked */

typedef struct Sample {
    double time, stop;
    size_t live, ready, resident, given_back;
} Sample;

typedef struct Map {
    double time;
    size_t live, cell_bytes;
    char *arenas; /* JSON, from malloc */
} Map;

typedef struct Site {
    char *place; /* from malloc */
    size_t objects, bytes;
} Site;

/* What the heap held at one moment. */
typedef struct Census {
    double time;
    neap_Stats stats;
    Site sites[MOST_SITES]; /* by the lines that allocated it, largest stack first */
    int site_count;
} Census;

static struct {
    const char *program;
    NpOutFile file;
    time_t began;
    double interval;
    Sample samples[MOST_SAMPLES];
    Map maps[MOST_MAPS];
    int sample_count, map_count;
    double stop; /* longest since the last sample */
    Census peak, end;
} record;

/* ---- recording ---- */

typedef struct MapText {
    FILE *out;
    int arenas;
} MapText;

/* Runs of cells: how many, if it is not one, and a letter. */
static void write_cells(FILE *out, const unsigned char *cells, size_t count) {
    static const char letters[] = "rkabcdefgh"; /* by NEAP_CELL_* */
    for (size_t at = 0, run; at < count; at += run) {
        for (run = 1; at + run < count && cells[at + run] == cells[at]; run++) continue;
        if (run > 1)
            fprintf(out, "%zu", run);
        putc(letters[cells[at]], out);
    }
}

static void write_arena(void *data, const neap_MapArena *arena) {
    MapText *text = data;
    fprintf(text->out, "%s{\"base\":\"0x%jx\",\"bytes\":%zu,\"ready\":%zu,\"huge\":%s,\"cells\":\"",
            text->arenas++ ? "," : "", (uintmax_t)(uintptr_t)arena->base, arena->bytes, arena->ready,
            arena->huge ? "true" : "false");
    write_cells(text->out, arena->cells, arena->ncells);
    fputs("\"}", text->out);
}

static void thin_maps(void) {
    int kept = 0;
    for (int i = 0; i < record.map_count; i += 2, kept++) {
        int best = i + 1 < record.map_count && record.maps[i + 1].live > record.maps[i].live ? i + 1 : i;
        int other = best == i ? i + 1 : i;
        if (other < record.map_count)
            free(record.maps[other].arenas);
        record.maps[kept] = record.maps[best];
    }
    record.map_count = kept;
}

/* Without memory for it there is one picture less. */
static void take_map(lua_State *L, const neap_Moment *moment) {
    Map map = {moment->time, moment->live, CELL_BYTES, NULL};
    size_t size;
    MapText text = {open_memstream(&map.arenas, &size), 0};
    if (text.out == NULL)
        return;
    if (record.map_count == MOST_MAPS)
        thin_maps();
    while (moment->ready / map.cell_bytes > CELLS_MOST)
        map.cell_bytes *= 2;
    neap_map(L, map.cell_bytes, write_arena, &text);
    bool failed = ferror(text.out) != 0;
    if (fclose(text.out) != 0 || failed || map.arenas == NULL)
        free(map.arenas);
    else
        record.maps[record.map_count++] = map;
}

/* Two become one: the higher of them, with the longer stop. What was given back is a sum already. */
static void thin_samples(void) {
    int kept = 0;
    for (int i = 0; i + 1 < record.sample_count; i += 2, kept++) {
        const Sample *pair = &record.samples[i];
        Sample merged = pair[pair[1].live > pair[0].live];
        merged.stop = pair[0].stop > pair[1].stop ? pair[0].stop : pair[1].stop;
        record.samples[kept] = merged;
    }
    record.sample_count = kept;
    record.interval *= 2;
}

static void take_sample(const neap_Moment *moment) {
    if (record.sample_count == MOST_SAMPLES)
        thin_samples();
    record.samples[record.sample_count++] =
        (Sample){moment->time, record.stop, moment->live, moment->ready, moment->resident, moment->given_back};
    record.stop = 0;
}

static void forget_sites(Census *census) {
    while (census->site_count > 0)
        free(census->sites[--census->site_count].place);
}

static void add_site(Census *census, const neap_Site *row) {
    char place[512];
    int at = 0;
    if (row->line > 0)
        snprintf(place, sizeof place, "%s:%d", row->source, row->line);
    else
        snprintf(place, sizeof place, "%s", row->source);
    while (at < census->site_count && strcmp(census->sites[at].place, place) != 0)
        at++;
    if (at == MOST_SITES)
        return;
    if (at == census->site_count) {
        census->sites[at] = (Site){strdup(place), 0, 0};
        if (census->sites[at].place == NULL)
            return;
        census->site_count++;
    }
    census->sites[at].objects += row->count;
    census->sites[at].bytes += row->bytes;
}

static void take_census(lua_State *L, double now, Census *into) {
    neap_Sites *found;
    neap_Site row;
    into->time = now;
    neap_stats(L, &into->stats);
    forget_sites(into);
    if (neap_heapsites(L, &found) > 0)
        for (int i = 0; neap_site(found, i, &row); i++)
            add_site(into, &row);
    neap_sites_free(found);
}

static void watch(void *data, lua_State *L, const neap_Moment *moment) {
    (void)data;
    double since = record.sample_count ? moment->time - record.samples[record.sample_count - 1].time : 1;
    if (moment->longest_stop > record.stop)
        record.stop = moment->longest_stop;
    if ((double)moment->live > PEAK_FACTOR * (double)record.peak.stats.live)
        take_census(L, moment->time, &record.peak);
    if (since < record.interval)
        return;
    take_sample(moment);
    if (record.map_count == 0 ||
        moment->time - record.maps[record.map_count - 1].time >= record.interval * MAP_FACTOR)
        take_map(L, moment);
}

/* ---- the page ---- */

/* A JSON string that may stand in a script element. */
static void write_string(FILE *out, const char *text) {
    putc('"', out);
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
        if (*at == '"' || *at == '\\')
            fprintf(out, "\\%c", *at);
        else if (*at < ' ' || *at == '<')
            fprintf(out, "\\u%04x", *at);
        else
            putc(*at, out);
    }
    putc('"', out);
}

static double time_of(const Sample *sample) { return sample->time; }
static double stop_of(const Sample *sample) { return sample->stop; }
static double live_of(const Sample *sample) { return (double)sample->live; }
static double ready_of(const Sample *sample) { return (double)sample->ready; }
static double resident_of(const Sample *sample) { return (double)sample->resident; }

/* Since the sample before. */
static double given_back_of(const Sample *sample) {
    return (double)(sample->given_back - (sample > record.samples ? sample[-1].given_back : 0));
}

static void write_samples(FILE *out) {
    static const struct {
        const char *name;
        double (*get)(const Sample *sample);
    } series[] = {{"time", time_of}, {"stop", stop_of}, {"live", live_of}, {"ready", ready_of},
                  {"resident", resident_of}, {"given_back", given_back_of}};
    fputs("\"samples\":{", out);
    for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
        fprintf(out, "%s\n\"%s\":[", i ? "," : "", series[i].name);
        for (int j = 0; j < record.sample_count; j++)
            fprintf(out, "%s%.9g", j ? "," : "", series[i].get(&record.samples[j]));
        putc(']', out);
    }
    fputs("},\n", out);
}

static void write_maps(FILE *out) {
    fputs("\"maps\":[", out);
    for (int i = 0; i < record.map_count; i++)
        fprintf(out, "%s\n{\"time\":%.6f,\"live\":%zu,\"cell_bytes\":%zu,\"arenas\":[%s]}", i ? "," : "",
                record.maps[i].time, record.maps[i].live, record.maps[i].cell_bytes, record.maps[i].arenas);
    fputs("],\n", out);
}

static void write_census(FILE *out, const char *name, const Census *census) {
    fprintf(out, "\"%s\":{\"time\":%.6f,\"live\":%zu,\"types\":[", name, census->time, census->stats.live);
    for (int i = 0, rows = 0; i < census->stats.ntypes; i++)
        if (census->stats.types[i].objects > 0)
            fprintf(out, "%s[\"%s\",%zu,%zu]", rows++ ? "," : "", census->stats.types[i].name,
                    census->stats.types[i].objects, census->stats.types[i].bytes);
    fputs("],\n\"sites\":[", out);
    for (int i = 0; i < census->site_count; i++) {
        fputs(i ? ",[" : "[", out);
        write_string(out, census->sites[i].place);
        fprintf(out, ",%zu,%zu]", census->sites[i].objects, census->sites[i].bytes);
    }
    fputs("]}", out);
}

static void write_data(FILE *out) {
    const neap_Stats *stats = &record.end.stats;
    char date[64];
    if (strftime(date, sizeof date, "%Y-%m-%d %H:%M:%S", localtime(&record.began)) == 0)
        date[0] = '\0';
    fputs("{\"program\":", out);
    write_string(out, record.program);
    fprintf(out, ",\"version\":\"" NEAP_VERSION "\",\"system\":\"%s\",\"started\":\"%s\",\"seconds\":%.6f,\n",
            stats->system, date, record.end.time);
    fprintf(out, "\"allocated\":%zu,\"given_back\":%zu,\"collections\":%zu,\"stops\":%zu,\"longest_stop\":%.9f,\n",
            stats->allocated_total, record.samples[record.sample_count - 1].given_back, stats->collections, stats->stops,
            stats->longest_stop);
    fprintf(out, "\"peak_resident\":%zu,\"limit\":%zu,\n", stats->peak_resident, stats->limit);
    write_samples(out);
    write_maps(out);
    write_census(out, "peak", record.peak.stats.live > record.end.stats.live ? &record.peak : &record.end);
    fputs(",\n", out);
    write_census(out, "end", &record.end);
    putc('}', out);
}

/* The page up to the line that is only `mark`; where it goes on behind it. */
static const char *write_until(FILE *out, const char *page, const char *mark) {
    const char *line = strstr(page, mark);
    fwrite(page, 1, (size_t)(line - page), out);
    return line + strlen(mark);
}

static void write_page(FILE *out) {
    const char *rest = write_until(out, np_heapreport_page, "@CHART@");
    fwrite(np_heapreport_chart, 1, np_heapreport_chart_size, out);
    rest = write_until(out, rest, "@DATA@");
    write_data(out);
    fputs(rest, out);
}

/* ---- from the beginning to the end ---- */

static void take_both(lua_State *L, neap_Moment *now) {
    neap_moment(L, now);
    take_sample(now);
    take_map(L, now);
}

const char *np_heapreport_begin(lua_State *L, const char *file, const char *program) {
    const char *wrong = np_outfile_open(&record.file, file);
    neap_Moment now;
    if (wrong != NULL)
        return wrong;
    record.program = program;
    record.began = time(NULL);
    record.interval = LEAST_INTERVAL;
    neap_heapprofile(L, SAMPLE_RATE); /* without memory for it the page has no sites */
    take_both(L, &now);
    neap_watch(L, watch, NULL);
    return NULL;
}

const char *np_heapreport_end(lua_State *L) {
    neap_Moment now;
    if (record.file.out == NULL)
        return NULL;
    neap_watch(L, NULL, NULL);
    take_both(L, &now);
    take_census(L, now.time, &record.end);
    errno = 0;
    write_page(record.file.out);
    while (record.map_count > 0)
        free(record.maps[--record.map_count].arenas);
    forget_sites(&record.peak);
    forget_sites(&record.end);
    return np_outfile_close(&record.file, true);
}

void np_heapreport_abandon(void) { np_outfile_abandon(&record.file); }
