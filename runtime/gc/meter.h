/* meter.h: what the collector has cost: stops, and a line for every cycle (meter.c). */
#ifndef NP_GC_METER_H
#define NP_GC_METER_H

#include "runtime/base.h"

enum { NP_STOP_BUCKETS = 24 };
enum { NP_MOMENT_BEGIN, NP_MOMENT_END, NP_MOMENT_RELEASE };
enum { NP_TRACE_NONE, NP_TRACE_TEXT, NP_TRACE_JSON };

/* Seconds: of the monotonic clock, or CPU time of the thread where that is said. */
typedef struct NpMeter {
    size_t stops;
    size_t buckets[NP_STOP_BUCKETS]; /* stops of less than 2^i microseconds, and not of the bucket before; the last: all others */
    double longest, total;
    double longest_cpu;      /* the longest stop by CPU time: less than `longest` when the machine was busy with others */
    double started;          /* when the state was opened */
    double at;               /* when the present step began */
    double cpu_began;        /* CPU time when the present stop began */
    uint8_t trace;           /* NP_TRACE_* */
    volatile bool busy;      /* the collector works: from np_meter_begin to np_meter_end */
    /* of the cycle in progress */
    double mark, sweep, release;
    size_t cycle_stops;
    double cycle_longest, cycle_longest_cpu;
    size_t before, released; /* bytes in use, and released in all, when it began */
    const char *kind;        /* static: "sliced" or why it was made at once */
    void (*tell)(void *whom, int moment, double longest_stop); /* of NP_MOMENT_*; NULL: nobody wants to know */
    void *whom;
    double told;             /* seconds that this took within the present stop */
    /* of the stop in progress, under NEAPDEBUG=stoptrace */
    unsigned steps;
    double step_cpu, step_longest; /* CPU time when the present step began; the longest step */
    const char *step_phase;        /* static: the phase of that one */
} NpMeter;

/* [-] */
double np_meter_now(void);
/* [-] CPU time of this thread, in seconds. */
double np_meter_cpu(void);
void np_meter_init(NpMeter *meter);
/* [-] A stop begins now; returns the time. */
double np_meter_begin(NpMeter *meter);
void np_meter_end(NpMeter *meter, double began);
/* [-] What has passed since the last step goes to the account (mark, sweep or release of the meter); the time. `phase` is
 * its name, static. */
double np_meter_step(NpMeter *meter, double *account, const char *phase);
/* [-] Tells whoever wants to know. */
void np_meter_tell(NpMeter *meter, int moment, double longest_stop);
/* [-] A cycle begins. */
void np_meter_cycle(NpMeter *meter, size_t in_use, size_t released);
/* [-] It is over: prints its line, if they are wanted. */
void np_meter_report(NpMeter *meter, unsigned cycle, size_t in_use, size_t goal, size_t released);

#endif
