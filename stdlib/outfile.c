/*
 * outfile.c - a file that is written whole or not at all: to a name of its own beside the one that is wanted, which it is
 * given when it is complete.
 *
 * Owns: the temporary name, and what is not to be replaced: a device, a pipe and a symbolic link are written to directly.
 * Does not: buffer beyond stdio, or sync to the disk.
 */
#include "stdlib/outfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *reason(int error) { return error != 0 ? strerror(error) : "write error"; }

static void forget(NpOutFile *file) {
    free(file->path);
    free(file->temporary);
    *file = (NpOutFile){0};
}

/* From malloc, NULL with errno. */
static char *absolute(const char *path) {
    char *folder = *path == '/' ? strdup("") : getcwd(NULL, 0);
    if (folder == NULL)
        return NULL;
    size_t size = strlen(folder) + strlen(path) + 2;
    char *joined = malloc(size);
    if (joined != NULL)
        snprintf(joined, size, "%s%s%s", folder, *path == '/' ? "" : "/", path);
    free(folder);
    return joined;
}

static char *beside(const char *path) {
    size_t size = strlen(path) + 32;
    char *name = malloc(size);
    if (name != NULL)
        snprintf(name, size, "%s.%ld.tmp", path, (long)getpid());
    return name;
}

const char *np_outfile_open(NpOutFile *file, const char *path) {
    struct stat about;
    *file = (NpOutFile){.path = absolute(path)};
    if (file->path == NULL)
        return reason(errno);
    bool there = lstat(file->path, &about) == 0;
    if (there && S_ISDIR(about.st_mode)) {
        forget(file);
        return reason(EISDIR);
    }
    if (!there || S_ISREG(about.st_mode)) {
        file->temporary = beside(file->path);
        if (file->temporary == NULL) {
            forget(file);
            return reason(ENOMEM);
        }
    }
    file->out = fopen(file->temporary != NULL ? file->temporary : file->path, "we");
    if (file->out != NULL)
        return NULL;
    int error = errno;
    forget(file);
    return reason(error);
}

const char *np_outfile_close(NpOutFile *file, bool keep) {
    bool whole = keep && !ferror(file->out) && fflush(file->out) == 0;
    int error = errno;
    if (fclose(file->out) != 0 && whole) {
        whole = false;
        error = errno;
    }
    if (whole && file->temporary != NULL && rename(file->temporary, file->path) != 0) {
        whole = false;
        error = errno;
    }
    if (!whole && file->temporary != NULL)
        remove(file->temporary);
    forget(file);
    return whole || !keep ? NULL : reason(error);
}
