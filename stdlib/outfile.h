/* outfile.h - a file that is written whole or not at all (outfile.c). */
#ifndef NP_OUTFILE_H
#define NP_OUTFILE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct NpOutFile {
    FILE *out;       /* to write to; NULL: not open */
    char *path;      /* absolute, and no symbolic link */
    char *temporary; /* where it is written first; NULL: directly to path, which is no regular file */
} NpOutFile;

/* Begins to write the file at `path`, or where the symbolic link there leads: what was there stays until
 * np_outfile_close, wherever the process has gone meanwhile, and its permissions stay for good. Any number may be open for
 * the same path: the one closed last counts. Sets errno to 0. NULL, or what is wrong, as text that continues a sentence
 * about the file; it is then not open. */
const char *np_outfile_open(NpOutFile *file, const char *path);

/* With `keep`, puts what was written in place; without, or when something of it was lost, leaves what was there as it
 * was. NULL, or what is wrong: what errno says if a write failed before, so errno must be 0 when writing begins. */
const char *np_outfile_close(NpOutFile *file, bool keep);

/* From a signal handler, before the process ends: leaves what was there as it was. */
void np_outfile_abandon(const NpOutFile *file);

/* What np_outfile_open would say of `path`; opens no device and no pipe, where that may wait or be noticed. */
const char *np_outfile_probe(const char *path);

/* The path as it is from the root, not followed; from malloc, NULL with errno. */
char *np_outfile_absolute(const char *path);

#endif
