/*
 * measure: run one command and say what it cost.
 *
 *     measure [-t SECONDS] COMMAND [ARGUMENT...]
 *
 * The command inherits standard input, output and error. When it has ended, one line follows on
 * standard output, after everything the command wrote:
 *
 *     @measure CPU RSS STATUS
 *
 * CPU is user plus system time in seconds with six decimals, RSS the peak resident size in KiB,
 * STATUS the exit status as a shell would give it (128 + N when signal N ended the command, 124
 * when the time given with -t ran out). Children of the command that it waited for are included.
 *
 * This program stays small on purpose: the kernel counts what the new process held before exec
 * as part of its peak, and that is this program's own size. It interprets nothing it runs, and
 * its own exit status is 0 whenever the line was printed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_TIMEOUT = 124, STATUS_NOT_RUN = 126, STATUS_NOT_FOUND = 127, STATUS_USAGE = 2 };

/* The process to end when the time is up; 0 while there is none. */
static volatile sig_atomic_t running;
static volatile sig_atomic_t timed_out;

static void on_alarm(int number) {
    (void)number;
    timed_out = 1;
    if (running > 0) {
        kill((pid_t)running, SIGKILL);
    }
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

/* Does not return. The message goes to standard error, where the driver shows it. */
static void become(char **command) {
    execvp(command[0], command);
    int reason = errno;
    fprintf(stderr, "measure: cannot run '%s': %s\n", command[0], strerror(reason));
    _exit(reason == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

static int wait_for(pid_t child, struct rusage *usage) {
    int status = 0;
    while (wait4(child, &status, 0, usage) < 0) {
        if (errno != EINTR) {
            fprintf(stderr, "measure: cannot wait for the command: %s\n", strerror(errno));
            return STATUS_NOT_RUN;
        }
    }
    if (timed_out) {
        return STATUS_TIMEOUT;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int main(int argc, char **argv) {
    int first = 1;
    unsigned limit = 0;
    if (argc > 2 && strcmp(argv[1], "-t") == 0) {
        limit = (unsigned)strtoul(argv[2], NULL, 10);
        first = 3;
    }
    if (first >= argc || argv[first][0] == '-') {
        fputs("usage: measure [-t SECONDS] COMMAND [ARGUMENT...]\n", stderr);
        return STATUS_USAGE;
    }
    pid_t child = fork();
    if (child < 0) {
        fprintf(stderr, "measure: cannot start a process: %s\n", strerror(errno));
        return STATUS_NOT_RUN;
    }
    if (child == 0) {
        become(argv + first);
    }
    running = child;
    if (limit > 0) {
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = on_alarm;
        sigaction(SIGALRM, &action, NULL);
        alarm(limit);
    }
    struct rusage usage;
    memset(&usage, 0, sizeof usage);
    int status = wait_for(child, &usage);
    printf("@measure %.6f %ld %d\n", seconds(usage.ru_utime) + seconds(usage.ru_stime),
           usage.ru_maxrss, status);
    return 0;
}
