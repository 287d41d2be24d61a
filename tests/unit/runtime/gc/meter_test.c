/* meter_test.c: counts of stops, and the line of a cycle, in text and as JSON. */
#include "runtime/gc/meter.h"

#include <stdio.h>
#include <unistd.h>

#include "tests/unit/unit.h"

TEST(stops_are_counted_by_their_length) {
    NpMeter meter;
    size_t all = 0;
    np_meter_init(&meter);
    np_meter_end(&meter, np_meter_begin(&meter));
    np_meter_end(&meter, np_meter_now() - 0.0015);
    np_meter_end(&meter, np_meter_now() - 1e9);
    EXPECT_EQ(meter.stops, 3);
    for (int i = 0; i < NP_STOP_BUCKETS; i++) all += meter.buckets[i];
    EXPECT_EQ(all, 3);
    EXPECT_EQ(meter.buckets[NP_STOP_BUCKETS - 1], 1);
    EXPECT_EQ(meter.buckets[10], 0); /* less than 1.024 ms */
    EXPECT(meter.longest >= 1e9 && meter.total > meter.longest);
    EXPECT(meter.longest_cpu > 0 && meter.longest_cpu < 1e9); /* nothing was done in all that time */
}

static NpMeter meter;

static void a_cycle(uint8_t trace) {
    np_meter_init(&meter);
    meter.trace = trace;
    np_meter_cycle(&meter, (size_t)64 << 20, 1000);
    np_meter_end(&meter, np_meter_begin(&meter));
    np_meter_step(&meter, &meter.mark, "mark");
    meter.mark = 0.25;
    np_meter_report(&meter, 7, (size_t)32 << 20, (size_t)96 << 20, 1000 + ((size_t)2 << 20));
}

/* What is printed on stderr meanwhile. */
static const char *printed(uint8_t trace) {
    static char text[1024];
    FILE *file = tmpfile();
    int saved = dup(2);
    fflush(stderr);
    dup2(fileno(file), 2);
    a_cycle(trace);
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    return text;
}

TEST(lines) {
    const char *text = printed(NP_TRACE_TEXT);
    EXPECT(strncmp(text, "gc 7 @", 6) == 0);
    EXPECT_NOT_NULL(strstr(text, "mark 250.00, "));
    EXPECT_NOT_NULL(strstr(text, "; 64.0 -> 32.0 MiB, goal 96.0 MiB; released 2.0 MiB; stops 2, "));
    EXPECT_NOT_NULL(strstr(text, " of CPU (sliced)\n"));
    text = printed(NP_TRACE_JSON);
    EXPECT(strncmp(text, "{\"cycle\":7,\"at\":", 16) == 0);
    EXPECT_NOT_NULL(strstr(text, ",\"before\":67108864,\"after\":33554432,\"goal\":100663296,\"released\":2097152,\"stops\":2,"));
    EXPECT_EQ(printed(NP_TRACE_NONE)[0], 0);
}

static int told[8], told_count;
static double told_stops[8];

static void listen(void *whom, int moment, double longest_stop) {
    EXPECT_EQ(whom == told, 1);
    told_stops[told_count] = longest_stop;
    told[told_count++] = moment;
}

TEST(whoever_wants_to_know_is_told) {
    np_meter_init(&meter);
    meter.tell = listen;
    meter.whom = told;
    np_meter_cycle(&meter, 1000, 0);
    meter.mark = 0.5; /* the one stop, not yet counted */
    np_meter_report(&meter, 1, 500, 1000, 0);
    np_meter_tell(&meter, NP_MOMENT_RELEASE, 0);
    EXPECT_EQ(told_count, 3);
    EXPECT_EQ(told[0], NP_MOMENT_BEGIN);
    EXPECT_EQ(told[1], NP_MOMENT_END);
    EXPECT_EQ(told[2], NP_MOMENT_RELEASE);
    EXPECT(told_stops[0] == 0 && told_stops[1] == 0.5 && told_stops[2] == 0);
}

static void dawdle(void *whom, int moment, double longest_stop) {
    double began = np_meter_now();
    while (np_meter_now() - began < 0.02) continue;
}

TEST(the_listeners_time_is_its_own) {
    double began;
    np_meter_init(&meter);
    meter.tell = dawdle;
    began = np_meter_begin(&meter);
    np_meter_tell(&meter, NP_MOMENT_RELEASE, 0);
    np_meter_step(&meter, &meter.mark, "mark");
    np_meter_end(&meter, began);
    EXPECT_EQ(meter.stops, 1);
    EXPECT_EQ(meter.longest_cpu < 0.02, 1); /* of CPU: what the machine does for others is in the rest */
    EXPECT_EQ(meter.mark < np_meter_now() - began - 0.02 + 1e-6, 1);
}

UNIT_MAIN
