/* cells.h - characters as a terminal shows them (cells.c). */
#ifndef NP_CELLS_H
#define NP_CELLS_H

#include <stdbool.h>
#include <stddef.h>

typedef struct NpCells {
    size_t bytes;   /* 1 to 4 */
    size_t columns; /* 0 to 2; 1 for what may not be shown, in whose place the caller puts something */
    bool shows;     /* false: a control character or no UTF-8, not to be sent to a terminal as it is */
} NpCells;

/* The character at `text`, of which `left` bytes are there, at least one. */
NpCells np_cells_read(const char *text, size_t left);

/* Columns that the text takes on one line. */
size_t np_cells_columns(const char *text, size_t len);

#endif
