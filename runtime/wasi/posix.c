/* posix.c: functions of C and POSIX that wasi-libc leaves out, because WASI has no processes, no
 * signals from outside, no loading of code and no folder for temporary files by convention.
 *
 * Those that cannot be done fail as POSIX wants it, with errno ENOSYS. Temporary files are made in /tmp,
 * which exists where whoever runs the program has opened it for it.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* WASI has no working folder. Whoever runs the program opens / for it and says in PWD which it is. */
__attribute__((constructor)) static void enter_folder(void) {
    const char *folder = getenv("PWD");
    if (folder && chdir(folder) != 0) errno = 0; /* it is not open to us: names are taken as from / */
}

FILE *popen(const char *command, const char *mode) {
    errno = ENOSYS;
    return NULL;
}

int pclose(FILE *stream) {
    errno = ENOSYS;
    return -1;
}

/* Asked whether there is a command processor, it says no. */
int system(const char *command) {
    if (!command) return 0;
    errno = ENOSYS;
    return -1;
}

char *realpath(const char *path, char *resolved) {
    errno = ENOSYS;
    return NULL;
}

int fchmod(int fd, mode_t mode) {
    errno = ENOSYS;
    return -1;
}

int flock(int fd, int operation) {
    errno = ENOSYS;
    return -1;
}

int mkstemp(char *name) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    char *tail = name + strlen(name) - 6;
    for (int tries = 0; tries < 100; tries++) {
        uint32_t random;
        int fd;
        if (getentropy(&random, sizeof random) != 0) return -1;
        for (int i = 0; i < 6; i++) tail[i] = letters[random >> (5 * i) & 31];
        fd = open(name, O_RDWR | O_CREAT | O_EXCL, 0600);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

FILE *tmpfile(void) {
    char name[] = "/tmp/neap_XXXXXX";
    int fd = mkstemp(name);
    FILE *file;
    if (fd < 0) return NULL;
    unlink(name); /* it lives until it is closed */
    file = fdopen(fd, "w+");
    if (!file) close(fd);
    return file;
}

void *dlopen(const char *path, int mode) { return NULL; }
void *dlsym(void *handle, const char *name) { return NULL; }
int dlclose(void *handle) { return -1; }
char *dlerror(void) { return "dynamic libraries not enabled; this build cannot load code"; }
