/*
 * outfile.c - a file that is written whole or not at all: to a name of its own beside the one that is wanted, which it is
 * given when it is complete.
 *
 * Owns: the temporary name; where a symbolic link leads, beside which the temporary is; what is not to be replaced, but
 * written to directly: devices, pipes, and files that the process was started with (/dev/stdout).
 * Does not: buffer beyond stdio, or sync to the disk.
 */
#include "stdlib/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LINKS_MOST = 40,
    TARGET_MOST = 4096,
    NAMES_MOST = 10000 /* temporary names that are tried */
};

static const char *reason(int error) { return error != 0 ? strerror(error) : "write error"; }

/* Before each is freed it is out of a signal handler's sight. */
static void forget(NpOutFile *file) {
    char *path = file->path, *temporary = file->temporary;
    *file = (NpOutFile){0};
    free(path);
    free(temporary);
}

char *np_outfile_absolute(const char *path) {
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

/* ---- What there is ---- */

/* Links there lead to what is open, not to a name: what other writers have put there must stay. */
static bool is_descriptor(const char *path) {
    return strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/dev/fd/", 8) == 0;
}

/* The path, absolute, that the link at *path names takes its place; 0 or errno. */
static int follow(char **path) {
    char target[TARGET_MOST];
    ssize_t len = readlink(*path, target, sizeof target);
    if (len < 0)
        return errno;
    if (len == (ssize_t)sizeof target)
        return ENAMETOOLONG;
    size_t folder = *target == '/' ? 0 : (size_t)(strrchr(*path, '/') - *path) + 1;
    char *joined = malloc(folder + (size_t)len + 1);
    if (joined == NULL)
        return ENOMEM;
    memcpy(joined, *path, folder);
    memcpy(joined + folder, target, (size_t)len);
    joined[folder + (size_t)len] = '\0';
    free(*path);
    *path = joined;
    return 0;
}

typedef enum Place { NEW, REPLACED, DIRECT } Place;

/* Finds out where the file is to be, and how it is to be written; 0 or errno. */
static int look(const char *path, char **final, Place *place, mode_t *mode) {
    struct stat about;
    *place = NEW;
    if (*path == '\0')
        return ENOENT;
    *final = np_outfile_absolute(path);
    if (*final == NULL)
        return errno;
    for (int links = 0; lstat(*final, &about) == 0; links++) {
        *place = S_ISREG(about.st_mode) ? REPLACED : DIRECT;
        *mode = about.st_mode & 0777;
        if (S_ISDIR(about.st_mode))
            return EISDIR;
        if (!S_ISLNK(about.st_mode) || is_descriptor(*final))
            return 0;
        *place = NEW; /* a link that leads nowhere yet */
        *mode = 0;
        int error = links < LINKS_MOST ? follow(final) : ELOOP;
        if (error != 0)
            return error;
    }
    return 0; /* why there is none, if not for ENOENT, whoever makes one is told too */
}

/* ---- Writing ---- */

/* A file that nobody else has, beside file->path, with the permissions `mode` if that is not 0; NULL with errno. */
static FILE *open_temporary(NpOutFile *file, mode_t mode) {
    size_t size = strlen(file->path) + 48;
    int descriptor = -1;
    file->temporary = malloc(size);
    for (int number = 0; file->temporary != NULL && descriptor < 0; number++) {
        snprintf(file->temporary, size, "%s.%ld.%d.tmp", file->path, (long)getpid(), number);
        descriptor = open(file->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (descriptor < 0 && (errno != EEXIST || number == NAMES_MOST))
            return NULL;
    }
    if (descriptor < 0)
        return NULL;
#ifndef __wasi__ /* which has no permissions */
    if (mode != 0)
        fchmod(descriptor, mode); /* a file system without permissions refuses: there is nothing to keep */
#else
    (void)mode;
#endif
    FILE *out = fdopen(descriptor, "w");
    if (out == NULL) {
        int error = errno;
        close(descriptor);
        remove(file->temporary);
        errno = error;
    }
    return out;
}

static FILE *open_direct(const char *path) {
    int descriptor = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    FILE *out = descriptor < 0 ? NULL : fdopen(descriptor, "a");
    if (out == NULL && descriptor >= 0)
        close(descriptor);
    return out;
}

const char *np_outfile_open(NpOutFile *file, const char *path) {
    Place place;
    mode_t mode = 0;
    *file = (NpOutFile){0};
    int error = look(path, &file->path, &place, &mode);
    if (error == 0) {
        file->out = place == DIRECT ? open_direct(file->path) : open_temporary(file, mode);
        if (file->out == NULL)
            error = errno;
    }
    if (error != 0) {
        forget(file);
        return reason(error);
    }
    errno = 0;
    return NULL;
}

const char *np_outfile_probe(const char *path) {
    NpOutFile file;
    Place place;
    mode_t mode = 0;
    char *final = NULL;
    int error = look(path, &final, &place, &mode);
    if (error == 0 && place == DIRECT && access(final, W_OK) != 0)
        error = errno;
    free(final);
    if (error != 0)
        return reason(error);
    if (place == DIRECT)
        return NULL;
    const char *wrong = np_outfile_open(&file, path);
    if (wrong == NULL)
        np_outfile_close(&file, false);
    return wrong;
}

/* Puts the temporary in place, unless something that must not be replaced has come there; 0 or errno. */
static int put_in_place(const NpOutFile *file) {
    struct stat about;
    if (lstat(file->path, &about) == 0 && !S_ISREG(about.st_mode))
        return S_ISDIR(about.st_mode) ? EISDIR : EEXIST;
    return rename(file->temporary, file->path) == 0 ? 0 : errno;
}

const char *np_outfile_close(NpOutFile *file, bool keep) {
    bool whole = keep && !ferror(file->out) && fflush(file->out) == 0;
    int error = errno;
    if (fclose(file->out) != 0 && whole) {
        whole = false;
        error = errno;
    }
    if (whole && file->temporary != NULL) {
        error = put_in_place(file);
        whole = error == 0;
    }
    if (!whole && file->temporary != NULL)
        remove(file->temporary);
    forget(file);
    return whole || !keep ? NULL : reason(error);
}

void np_outfile_abandon(const NpOutFile *file) {
    if (file->temporary != NULL)
        unlink(file->temporary);
}
