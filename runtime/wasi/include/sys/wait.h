/* sys/wait.h for wasm32-wasi: there are no processes, so what a status looks like is our choice. */
#ifndef NP_WASI_WAIT_H
#define NP_WASI_WAIT_H

#define WIFEXITED(status) ((void)(status), 1)
#define WEXITSTATUS(status) (status)
#define WIFSIGNALED(status) ((void)(status), 0)
#define WTERMSIG(status) ((void)(status), 0)

#endif
