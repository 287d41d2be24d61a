/* setjmp.c: what code compiled with -wasm-enable-sjlj calls for setjmp and longjmp.
 *
 * The compiler gives every call of a function that contains setjmp an address of its own (a slot of
 * its stack frame) and every setjmp in it a number, from 1. longjmp throws; each such function
 * catches, asks whether the buffer was filled by this call of it, and goes on behind that setjmp, or
 * throws on.
 */
#include <setjmp.h>

/* The number of the WebAssembly tag that the compiler takes for longjmp (LLVM: WebAssembly::C_LONGJMP). */
enum { LONGJMP_TAG = 1 };

void __wasm_setjmp(jmp_buf buf, unsigned label, void *invocation);
unsigned __wasm_setjmp_test(jmp_buf buf, void *invocation);
void __wasm_longjmp(jmp_buf buf, int value) __attribute__((noreturn));

void __wasm_setjmp(jmp_buf buf, unsigned label, void *invocation) {
    buf->invocation = invocation;
    buf->label = label;
}

/* The number of the setjmp to continue, 0 when it is none of this call's. */
unsigned __wasm_setjmp_test(jmp_buf buf, void *invocation) {
    return buf->invocation == invocation ? buf->label : 0;
}

void __wasm_longjmp(jmp_buf buf, int value) {
    buf->thrown.buf = buf;
    buf->thrown.value = value != 0 ? value : 1;
    __builtin_wasm_throw(LONGJMP_TAG, &buf->thrown);
}
