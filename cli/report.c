/*
 * report.c - statistics of the heap, and what this build is, as tables for people.
 *
 * Owns: the layout and the units. Does not: gather anything (neap_stats does), allocate.
 */
#include "cli/report.h"

#include <stddef.h>

enum { TEXT = 24 }; /* bytes of a formatted size or time */

static const char *size_text(char text[TEXT], size_t bytes) {
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    if (bytes < 1024) {
        snprintf(text, TEXT, "%zu B  ", bytes); /* the unit as wide as the others */
        return text;
    }
    double value = (double)bytes / 1024;
    int unit = 0;
    while (value >= 1024 && unit < 3) {
        value /= 1024;
        unit++;
    }
    snprintf(text, TEXT, "%.1f %s", value, units[unit]);
    return text;
}

static const char *time_text(char text[TEXT], double seconds) {
    if (seconds < 1e-3)
        snprintf(text, TEXT, "%.1f us", seconds * 1e6);
    else if (seconds < 1)
        snprintf(text, TEXT, "%.2f ms", seconds * 1e3);
    else
        snprintf(text, TEXT, "%.2f s", seconds);
    return text;
}

static void print_size(FILE *out, const char *name, size_t bytes, const char *remark) {
    char text[TEXT];
    fprintf(out, "  %-10s %12s   %s\n", name, size_text(text, bytes), remark);
}

static void print_types(FILE *out, const neap_Stats *stats) {
    char text[TEXT];
    if (stats->ntypes == 0)
        return;
    fprintf(out, "  %-10s %12s %12s\n", "objects", "count", "bytes  ");
    for (int i = 0; i < stats->ntypes; i++)
        fprintf(out, "    %-10s %10zu %12s\n", stats->types[i].name, stats->types[i].objects,
                size_text(text, stats->types[i].bytes));
}

static void print_kinds(FILE *out, const neap_Stats *stats) {
    char ready[TEXT], live[TEXT];
    fprintf(out, "  %-10s %12s %12s\n", "pages of", "ready  ", "live  ");
    for (int i = 0; i < 3; i++)
        fprintf(out, "    %-8s %12s %12s\n", stats->kinds[i].name, size_text(ready, stats->kinds[i].ready),
                size_text(live, stats->kinds[i].live));
}

static void print_classes(FILE *out, const neap_Stats *stats) {
    if (stats->nclasses == 0)
        return;
    char ready[TEXT];
    fprintf(out, "  %-10s %8s %10s %10s %6s %12s\n", "slot size", "spans", "slots", "live", "full", "ready  ");
    for (int i = 0; i < stats->nclasses; i++) {
        char name[TEXT] = "large";
        if (stats->classes[i].spans == 0)
            continue;
        size_t slots = stats->classes[i].slots, live = stats->classes[i].live_slots;
        if (stats->classes[i].slot_bytes != 0)
            snprintf(name, TEXT, "%zu B", stats->classes[i].slot_bytes);
        fprintf(out, "    %-8s %8zu %10zu %10zu %5.0f%% %12s\n", name, stats->classes[i].spans, slots,
                live, slots == 0 ? 0.0 : 100.0 * (double)live / (double)slots, size_text(ready, stats->classes[i].ready));
    }
}

void np_report_heap(FILE *out, const neap_Stats *stats) {
    char longest[TEXT], longest_cpu[TEXT], total[TEXT];
    fprintf(out, "heap statistics (%s)\n", stats->system != NULL ? stats->system : "?");
    print_size(out, "live", stats->live, "in occupied slots");
    print_size(out, "allocated", stats->allocated_total, "since the start");
    print_size(out, "reserved", stats->reserved, "address space set aside");
    print_size(out, "mapped", stats->mapped, "of it available");
    print_size(out, "ready", stats->ready, "of it in use or kept for use");
    print_size(out, "released", stats->released, "of it given back to the system");
    print_size(out, "resident", stats->resident, "whole process, now");
    print_size(out, "peak", stats->peak_resident, "whole process, at most");
    fprintf(out, "  %-10s %12zu   times; %zu stops, longest %s (%s of CPU), together %s\n", "collected", stats->collections,
            stats->stops, time_text(longest, stats->longest_stop),
            time_text(longest_cpu, stats->longest_stop_cpu), time_text(total, stats->total_stop));
    print_types(out, stats);
    print_kinds(out, stats);
    print_classes(out, stats);
}

void np_report_build(FILE *out, const neap_Build *build) {
    char size[TEXT];
    fprintf(out, "memory system  %s%s\n", build->system, build->releases ? "" : " (takes back no memory before the end)");
    fprintf(out, "page size      %s\n", size_text(size, build->page_bytes));
    if (build->huge_page_bytes != 0)
        fprintf(out, "huge pages     %s, %s\n", size_text(size, build->huge_page_bytes), build->huge_pages);
    else
        fprintf(out, "huge pages     none\n");
    fprintf(out, "waits          %s\n", build->sees_waits ? "seen" : "those that are announced");
    fprintf(out, "compiler       %s\n", build->compiler);
    fprintf(out, "dispatch       %s\n", build->dispatch);
    fprintf(out, "checks         %d\n", build->check);
}
