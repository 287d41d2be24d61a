/* profile.c: sums of samples: what stacks have allocated and hold, and the CPU time they took.
 *
 * Owns: what a sample stands for. Does not: choose the samples (gc/notes.c, timer.c), name frames (sites.c).
 *
 * A CPU sample stands for the thread's CPU time since the one before: ticks that came while the program was inside a long C
 * function, or that the system merged, are not lost. Of that time the collector gets the part of its ticks.
 */
#include "runtime/inspect/profile.h"

#include "runtime/gc/meter.h"

static double last_cpu; /* seconds of CPU at the last sample; there is one CPU profile at a time */
static double began;    /* seconds of the clock when it was started */
static uint64_t period;

/* ---- heap ---- */

void np_profile_taken(NpSites *sites, uint32_t stack, size_t bytes) {
    NpSiteCounts *counts = &np_sites_stack_at(sites, stack)->counts;
    double weight = np_notes_weight(bytes, sites->rate);
    counts->allocated_count += weight;
    counts->allocated_bytes += weight * (double)bytes;
    counts->count += weight;
    counts->bytes += weight * (double)bytes;
}

void np_profile_gone(NpSites *sites, uint32_t stack, size_t bytes) {
    NpSiteCounts *counts = &np_sites_stack_at(sites, stack)->counts;
    double weight = np_notes_weight(bytes, sites->rate);
    counts->count -= weight;
    counts->bytes -= weight * (double)bytes;
}

void np_profile_cut(NpSites *sites, uint32_t stack, size_t old_bytes, size_t new_bytes) {
    NpSiteCounts *counts = &np_sites_stack_at(sites, stack)->counts;
    double weight = np_notes_weight(new_bytes, sites->rate); /* what it will be when it is gone */
    np_profile_gone(sites, stack, old_bytes);
    counts->count += weight;
    counts->bytes += weight * (double)new_bytes;
}

/* Notes of slots that were sampled say no more than where they were allocated. */
static void drop_samples(NpSites *sites) {
    for (uint32_t at = 1; at <= sites->notes.count; at++) np_sites_note_at(sites, at)->stack = 0;
    for (uint32_t at = 1; at <= sites->stacks.count; at++) {
        NpSiteCounts *counts = &np_sites_stack_at(sites, at)->counts;
        counts->allocated_count = counts->allocated_bytes = counts->count = counts->bytes = 0;
    }
}

bool np_profile_heap(NpGlobal *global, NpProfileOwner owner, size_t rate) {
    NpSites *sites = rate ? np_sites_get(global) : global->sites;
    bool done;
    if (!sites) return rate == 0;
    sites->owners = rate ? sites->owners | owner : sites->owners & ~(unsigned)owner;
    if (rate ? owner == NP_PROFILE_PROGRAM && (sites->owners & NP_PROFILE_HOST) : sites->owners != 0) return true;
    drop_samples(sites);
    sites->profiling = rate > 0;
    sites->rate = rate;
    done = np_sites_settle(global);
    if (done) return true;
    sites->profiling = false;
    sites->owners = 0;
    (void)np_sites_settle(global);
    return false;
}

/* ---- CPU ---- */

static void add_time(NpSites *sites, uint32_t stack, unsigned ticks, double seconds) {
    NpSiteCounts *counts = &np_sites_stack_at(sites, stack)->counts;
    counts->samples += ticks;
    counts->nanoseconds += (uint64_t)(seconds * 1e9);
}

/* NpGlobal.sample. */
static void take_sample(lua_State *L) {
    NpSites *sites = L->global->sites;
    NpTicks ticks = np_timer_take();
    double now = np_meter_cpu(), seconds = now - last_cpu, share;
    last_cpu = now;
    if (!sites || !sites->timing || ticks.program + ticks.collector == 0) return;
    share = seconds / (ticks.program + ticks.collector);
    if (ticks.program) add_time(sites, np_sites_stack(sites, L, NULL), ticks.program, share * ticks.program);
    if (ticks.collector) add_time(sites, np_sites_stack(sites, L, "(collector)"), ticks.collector, share * ticks.collector);
}

static void drop_times(NpSites *sites) {
    for (uint32_t at = 1; at <= sites->stacks.count; at++) {
        NpSiteCounts *counts = &np_sites_stack_at(sites, at)->counts;
        counts->samples = counts->nanoseconds = 0;
    }
}

uint64_t np_profile_period(void) { return period; }
uint64_t np_profile_duration(void) { return (uint64_t)((np_meter_now() - began) * 1e9); }

void np_profile_flush(NpGlobal *global) {
    if (global->sites && global->sites->timing) take_sample(np_sites_running(global));
}

static void stop_timing(NpGlobal *global) {
    if (np_timer_runs(global)) np_timer_stop(global);
    global->sample = NULL;
    if (!global->sites) return;
    global->sites->timing = false;
    drop_times(global->sites);
}

int np_profile_cpu(NpGlobal *global, int hertz) {
    NpSites *sites;
    int error;
    stop_timing(global);
    if (hertz > 0) {
        sites = np_sites_get(global);
        if (!sites) return NP_PROFILE_NO_MEMORY;
        global->sample = take_sample;
        sites->timing = true;
        last_cpu = np_meter_cpu();
        began = np_meter_now();
        period = 1000000000u / (unsigned)hertz;
        error = np_timer_start(global, hertz);
        if (error == NP_PROFILE_OK) return NP_PROFILE_OK;
        stop_timing(global);
        (void)np_sites_settle(global);
        return error;
    }
    (void)np_sites_settle(global);
    return NP_PROFILE_OK;
}

void np_profile_close(NpGlobal *global) {
    stop_timing(global);
    np_sites_close(global);
}
