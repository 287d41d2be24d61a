/* outfile.h - a file that is written whole or not at all (outfile.c). */
#ifndef NP_OUTFILE_H
#define NP_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct NpOutFile {
    FILE *out;       /* to write to; NULL: not open */
    char *path;      /* absolute */
    char *temporary; /* where it is written first; NULL: directly to path, which is no regular file */
} NpOutFile;

/* Begins to write the file at `path`: what was there stays until np_outfile_close, wherever the process has gone
 * meanwhile. NULL, or what is wrong, as text that continues a sentence about the file; it is then not open. */
const char *np_outfile_open(NpOutFile *file, const char *path);

/* With `keep`, puts what was written in place; without, or when something of it was lost, leaves what was there as it
 * was. NULL, or what is wrong: what errno says if a write failed before, so that errno is best 0 when writing begins. */
const char *np_outfile_close(NpOutFile *file, bool keep);

#endif
