/* report.h - what `neap --heap-stats` and `neap --version -v` print. */
#ifndef NP_REPORT_H
#define NP_REPORT_H

#include <stdio.h>

#include "neap.h"

/* Writes the statistics as a table for people, sizes in B, KiB, MiB or GiB, times in us, ms or s. */
void np_report_heap(FILE *out, const neap_Stats *stats);

/* Writes what this build is, one line for each fact. */
void np_report_build(FILE *out, const neap_Build *build);

#endif
