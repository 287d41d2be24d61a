/* sbrk_wasm.c: the memory of a WebAssembly module as the host of mem_sbrk.c. It grows by 64 KiB at its
 * end and never shrinks. malloc of wasi-libc grows it too; there are no threads. */
#include "runtime/mem/mem_os.h"
#include "runtime/mem/mem_sbrk.h"

#define WASM_PAGE ((uintptr_t)65536)
/* The end of the last page would be address 0. */
#define LAST_PAGE 65535

static uintptr_t pages(void) { return __builtin_wasm_memory_size(0); }

uintptr_t np_sbrk_break(void) { return pages() * WASM_PAGE; }

uintptr_t np_sbrk_extend(uintptr_t from, uintptr_t to) {
    uintptr_t now = pages(), more = (to - from - 1) / WASM_PAGE + 1;
    if (from != now * WASM_PAGE || more > LAST_PAGE - now) return 0;
    return __builtin_wasm_memory_grow(0, more) == now ? (now + more) * WASM_PAGE : 0;
}

size_t np_os_resident_bytes(void) { return np_sbrk_break(); }
size_t np_os_group_limit(void) { return 0; }
size_t np_os_maxrss_unit(void) { return 0; }
