/* meter.c: what the collector has cost.
 *
 * Owns: the counts of stops, the times of a cycle's parts, the lines of --gc-trace and NEAPDEBUG=gctrace.
 * Does not: know phases (gc.c says which account a step goes to).
 *
 * A stop is what the program waits for in one piece: a slice, a whole collection, a step asked for. The stop in which
 * a cycle ends is not over when its line is printed, but counted in it.
 *
 * Each is measured by two clocks. What the machine did for others in between is in its time, not in its CPU time. */
#include "runtime/gc/meter.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "runtime/dbg.h"

static double seconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

double np_meter_now(void) { return seconds(CLOCK_MONOTONIC); }
double np_meter_cpu(void) { return seconds(CLOCK_THREAD_CPUTIME_ID); }

void np_meter_init(NpMeter *meter) {
    memset(meter, 0, sizeof *meter);
    meter->started = meter->at = np_meter_now();
    meter->trace = np_dbg_on(gctrace) ? NP_TRACE_TEXT : NP_TRACE_NONE;
    meter->kind = "sliced";
}

double np_meter_begin(NpMeter *meter) {
    meter->cpu_began = meter->step_cpu = np_meter_cpu();
    meter->steps = 0;
    meter->step_longest = 0;
    meter->told = 0;
    meter->busy = true;
    return meter->at = np_meter_now();
}

static unsigned bucket_of(double seconds) {
    double microseconds = seconds * 1e6;
    unsigned bucket = 0;
    for (double most = 1; microseconds >= most && bucket < NP_STOP_BUCKETS - 1; most *= 2) bucket++;
    return bucket;
}

static NP_COLD void tell_of_stop(const NpMeter *meter, double stop, double cpu) {
    if (cpu * 1e6 < (double)np_dbg.stoptrace) return;
    fprintf(stderr, "stop %zu: %.3f ms, CPU %.3f ms; %u steps, the longest %.3f ms in %s (%s)\n", meter->stops, stop * 1e3,
            cpu * 1e3, meter->steps, meter->step_longest * 1e3, meter->steps ? meter->step_phase : "none", meter->kind);
}

void np_meter_end(NpMeter *meter, double began) {
    double stop = np_meter_now() - began - meter->told, cpu = np_meter_cpu() - meter->cpu_began;
    meter->busy = false;
    meter->stops++;
    meter->buckets[bucket_of(stop)]++;
    meter->total += stop;
    if (stop > meter->longest) meter->longest = stop;
    if (cpu > meter->longest_cpu) meter->longest_cpu = cpu;
    meter->cycle_stops++;
    if (stop > meter->cycle_longest) meter->cycle_longest = stop;
    if (cpu > meter->cycle_longest_cpu) meter->cycle_longest_cpu = cpu;
    if (NP_UNLIKELY(np_dbg_on(stoptrace))) tell_of_stop(meter, stop, cpu);
}

static NP_COLD void trace_step(NpMeter *meter, const char *phase) {
    double cpu = np_meter_cpu();
    if (meter->steps++ == 0 || cpu - meter->step_cpu > meter->step_longest) {
        meter->step_longest = cpu - meter->step_cpu;
        meter->step_phase = phase;
    }
    meter->step_cpu = cpu;
}

double np_meter_step(NpMeter *meter, double *account, const char *phase) {
    double time = np_meter_now();
    if (NP_UNLIKELY(np_dbg_on(stoptrace))) trace_step(meter, phase);
    *account += time - meter->at;
    return meter->at = time;
}

/* The listener's time is its own: both clocks are set as if it had taken none. */
void np_meter_tell(NpMeter *meter, int moment, double longest_stop) {
    double began, cpu;
    if (!meter->tell) return;
    began = np_meter_now();
    cpu = np_meter_cpu();
    meter->tell(meter->whom, moment, longest_stop);
    cpu = np_meter_cpu() - cpu;
    meter->cpu_began += cpu;
    meter->step_cpu += cpu;
    began = np_meter_now() - began;
    meter->at += began;
    meter->told += began;
}

void np_meter_cycle(NpMeter *meter, size_t in_use, size_t released) {
    meter->mark = meter->sweep = meter->release = 0;
    meter->cycle_stops = 0;
    meter->cycle_longest = meter->cycle_longest_cpu = 0;
    meter->before = in_use;
    meter->released = released;
    np_meter_tell(meter, NP_MOMENT_BEGIN, 0);
}

static double mib(size_t bytes) { return (double)bytes / (1 << 20); }

void np_meter_report(NpMeter *meter, unsigned cycle, size_t in_use, size_t goal, size_t released) {
    double at = meter->at - meter->started, share = at > 0 ? meter->total / at : 0;
    double busy = meter->mark + meter->sweep + meter->release;
    size_t gone = released - meter->released, stops = meter->cycle_stops;
    double longest = meter->cycle_longest, longest_cpu = meter->cycle_longest_cpu;
    /* The stop that has not been counted yet is the only one of a cycle made at once. */
    if (stops++ == 0) {
        longest = busy;
        longest_cpu = np_meter_cpu() - meter->cpu_began;
    }
    if (meter->trace == NP_TRACE_TEXT)
        fprintf(stderr,
                "gc %u @%.3fs %.0f%%: mark %.2f, sweep %.2f, release %.2f ms; %.1f -> %.1f MiB, goal %.1f MiB; "
                "released %.1f MiB; stops %zu, longest %.2f ms, %.2f of CPU (%s)\n",
                cycle, at, share * 100, meter->mark * 1e3, meter->sweep * 1e3, meter->release * 1e3, mib(meter->before),
                mib(in_use), mib(goal), mib(gone), stops, longest * 1e3, longest_cpu * 1e3, meter->kind);
    else if (meter->trace == NP_TRACE_JSON)
        fprintf(stderr,
                "{\"cycle\":%u,\"at\":%.6f,\"cpu\":%.4f,\"mark\":%.6f,\"sweep\":%.6f,\"release\":%.6f,\"before\":%zu,"
                "\"after\":%zu,\"goal\":%zu,\"released\":%zu,\"stops\":%zu,\"longest_stop\":%.6f,\"longest_stop_cpu\":%.6f,\"kind\":\"%s\"}\n",
                cycle, at, share, meter->mark, meter->sweep, meter->release, meter->before, in_use, goal, gone, stops,
                longest, longest_cpu, meter->kind);
    np_meter_tell(meter, NP_MOMENT_END, longest);
    meter->kind = "sliced";
}
