/* signal.h for the modelled systems: the host's. What is modelled is memory; a fault is a real one. */
#ifndef SHIM_SIGNAL_H
#define SHIM_SIGNAL_H

#include <stddef.h>

#define SIGBUS 7
#define SIGSEGV 11
#define SA_SIGINFO 4
#define SA_ONSTACK 0x08000000
#define SS_DISABLE 2

typedef struct {
    unsigned long words[16];
} sigset_t;

typedef struct {
    int si_signo, si_errno, si_code, si_unused;
    void *si_addr;
    long si_rest[13];
} siginfo_t;

struct sigaction {
    void (*sa_sigaction)(int number, siginfo_t *info, void *context);
    sigset_t sa_mask;
    int sa_flags;
    void (*sa_restorer)(void);
};

typedef struct {
    void *ss_sp;
    int ss_flags;
    size_t ss_size;
} stack_t;

int sigaction(int number, const struct sigaction *to, struct sigaction *was);
int sigaltstack(const stack_t *to, stack_t *was);
int sigemptyset(sigset_t *set);
int raise(int number);

#endif
