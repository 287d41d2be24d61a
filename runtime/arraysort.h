/* arraysort.h: sorting arrays of one basic kind (arraysort.c). */
#ifndef NP_ARRAYSORT_H
#define NP_ARRAYSORT_H

#include "runtime/table.h"

/* [-] Sorts the values of the keys 1 .. count by <, raw. false: they are not all integers, all floats or all strings of the
 * array part, and nothing has been done. */
bool np_arraysort_sort(NpGlobal *global, NpTable *table, uint64_t count);

#endif
