/* marks.h: what has been allocated since a mark and is still there (marks.c).
 * Does not: show it (neap_profile.c). */
#ifndef NP_MARKS_H
#define NP_MARKS_H

#include "runtime/inspect/sites.h"

/* [-] A mark, a number greater than 0; from now on, until the last mark is dropped, the line of every allocation is
 * remembered. 0: no memory. */
uint32_t np_marks_set(NpGlobal *global);
/* [-] Drops a mark; one that is not set is ignored. */
void np_marks_drop(NpGlobal *global, uint32_t mark);
/* [-] Is it set? */
bool np_marks_has(const NpGlobal *global, uint32_t mark);
/* [-] Adds to `rows`, which has none, what was allocated since the mark and has not been found dead, by falling bytes. Finishes
 * a sweep that is under way. false: no memory; the rows there are are the caller's to close all the same. */
bool np_marks_since(NpGlobal *global, uint32_t mark, NpSiteRows *rows);

/* [-] An empty row at the end; NULL: no memory. Rows move. */
NpSiteRow *np_marks_add_row(NpSiteRows *rows);
/* [-] By falling bytes. */
void np_marks_sort_rows(NpSiteRows *rows);
/* [-] Gives their memory back. */
void np_marks_close_rows(NpSiteRows *rows);

#endif
