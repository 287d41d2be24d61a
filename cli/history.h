/* history.h - the file in which the lines typed into the REPL are kept. */
#ifndef NP_HISTORY_H
#define NP_HISTORY_H

#include <stddef.h>

/* Opens the history and calls `remember` with each entry, oldest first. What is wrong with the file is said once, on
 * stderr, and the session goes on without it. A file that is not there yet is not wrong. */
void np_history_open(void (*remember)(void *ctx, const char *entry), void *ctx);

/* Appends an entry, which may have several lines, to the file at once, so that it outlives whatever happens. */
void np_history_add(const char *entry, size_t len);

#endif
