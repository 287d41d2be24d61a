/* setjmp.h for wasm32-wasi, whose C library has none. The compiler turns the calls into WebAssembly
 * exceptions (-mllvm -wasm-enable-sjlj) with the help of runtime/wasi/setjmp.c. */
#ifndef NP_WASI_SETJMP_H
#define NP_WASI_SETJMP_H

/* Which call of which function is to be continued (see runtime/wasi/setjmp.c), and what longjmp throws. */
typedef struct {
    void *invocation;
    unsigned label;
    struct {
        void *buf;
        int value;
    } thrown;
} jmp_buf[1];

int setjmp(jmp_buf buf) __attribute__((returns_twice));
void longjmp(jmp_buf buf, int value) __attribute__((noreturn));

#endif
