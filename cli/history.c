/*
 * history.c - the file in which the lines typed into the REPL are kept.
 *
 * Owns: where it is, its form, and that it does not grow for ever. Does not: know the editor.
 *
 * NEAP_HISTORY names the file, and keeps no history when it is empty; else it is $XDG_STATE_HOME/neap/history,
 * or ~/.neap_history. An entry is a line; \n stands for a line's end within it, and \\ for a backslash.
 * Sessions at the same time do not lose each other's entries: who appends or shortens has a lock on the file. What a
 * symbolic link names is shortened, and the link stays.
 */
#include "cli/history.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "stdlib/outfile.h"

#include "cli/run.h"

enum { KEPT = 1000, MOST = 2 * KEPT, LONGEST = 64 * 1024 }; /* entries; bytes of an entry that is kept */

static char *path; /* NULL: no history is kept */

static char *join(const char *folder, const char *name) {
    size_t size = strlen(folder) + strlen(name) + 1;
    char *joined = malloc(size);
    if (joined != NULL)
        snprintf(joined, size, "%s%s", folder, name);
    return joined;
}

static char *find_path(void) {
    const char *set = getenv("NEAP_HISTORY"), *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (set != NULL)
        return *set != '\0' ? strdup(set) : NULL;
    if (state != NULL && *state == '/') {
        char *folder = join(state, "/neap");
        if (folder != NULL && (mkdir(folder, 0700) == 0 || errno == EEXIST)) {
            char *found = join(folder, "/history");
            free(folder);
            return found;
        }
        free(folder);
    }
    return home != NULL && *home != '\0' ? join(home, "/.neap_history") : NULL;
}

/* Says why no more history is kept, and keeps none. */
static void give_up(const char *what) {
    np_run_complain("cannot %s the history %s: %s", what, path, strerror(errno));
    free(path);
    path = NULL;
}

/* Turns the escapes of a line into what they stand for, in place. */
static void unescape(char *line) {
    char *to = line;
    for (const char *from = line; *from != '\0'; from++) {
        if (from[0] == '\\' && (from[1] == 'n' || from[1] == '\\'))
            *to++ = *++from == 'n' ? '\n' : '\\';
        else
            *to++ = *from;
    }
    *to = '\0';
}

/* Opens what is at `name` and locks it until it is closed; -1 with errno. Where there are no locks it is not locked. */
static int open_locked(const char *name, int flags) {
    for (;;) {
        struct stat ours, present;
        int fd = open(name, O_CLOEXEC | flags, 0600), got;
        if (fd < 0)
            return -1;
        while ((got = flock(fd, LOCK_EX)) != 0 && errno == EINTR)
            continue;
        if (got != 0 || fstat(fd, &ours) != 0 ||
            (stat(name, &present) == 0 && ours.st_dev == present.st_dev && ours.st_ino == present.st_ino))
            return fd;
        close(fd); /* another session has put a shorter one in its place meanwhile */
    }
}

static size_t count_lines(FILE *file) {
    size_t count = 0;
    for (int byte; (byte = getc(file)) != EOF;)
        count += byte == '\n';
    return count;
}

/* Writes what is behind the first `skipped` lines of `file` to a new file in place of `name`. */
static void write_rest(const char *name, FILE *file, size_t skipped) {
    struct stat about;
    NpOutFile out;
    bool whole = fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode);
    if (!whole || np_outfile_open(&out, name) != NULL)
        return;
    whole = fchmod(fileno(out.out), about.st_mode & 07777) == 0;
    rewind(file);
    for (int byte; whole && (byte = getc(file)) != EOF;) {
        if (skipped > 0)
            skipped -= byte == '\n';
        else
            whole = putc(byte, out.out) != EOF;
    }
    np_outfile_close(&out, whole && !ferror(file));
}

/* Leaves the last KEPT lines in the file. That it cannot be done does no harm. */
static void shorten(void) {
    char *name = realpath(path, NULL);
    int fd = name != NULL ? open_locked(name, O_RDWR) : -1;
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (file != NULL) {
        size_t nlines = count_lines(file);
        if (nlines > MOST && !ferror(file))
            write_rest(name, file, nlines - KEPT);
        fclose(file);
    } else if (fd >= 0) {
        close(fd);
    }
    free(name);
}

void np_history_open(void (*remember)(void *ctx, const char *entry), void *ctx) {
    char *line = NULL;
    size_t size = 0, nlines = 0;
    path = find_path();
    if (path == NULL)
        return;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        if (errno != ENOENT)
            give_up("read");
        return;
    }
    errno = 0;
    for (ssize_t len; (len = getline(&line, &size, file)) > 0; nlines++) {
        if (line[len - 1] == '\n')
            line[len - 1] = '\0';
        unescape(line);
        if (*line != '\0')
            remember(ctx, line);
    }
    if (ferror(file))
        give_up("read");
    else if (nlines > MOST)
        shorten();
    free(line);
    fclose(file);
}

void np_history_add(const char *entry, size_t len) {
    if (path == NULL || len == 0 || len > LONGEST)
        return;
    char *line = malloc(2 * len + 1);
    size_t used = 0;
    if (line == NULL)
        return;
    for (size_t i = 0; i < len; i++) {
        if (entry[i] == '\n' || entry[i] == '\\')
            line[used++] = '\\';
        line[used++] = entry[i] == '\n' ? 'n' : entry[i];
    }
    line[used++] = '\n';
    int fd = open_locked(path, O_WRONLY | O_APPEND | O_CREAT);
    errno = fd >= 0 ? ENOSPC : errno; /* for what was written in part */
    bool written = fd >= 0 && write(fd, line, used) == (ssize_t)used;
    if (!written)
        give_up("write");
    if (fd >= 0)
        close(fd);
    free(line);
}
