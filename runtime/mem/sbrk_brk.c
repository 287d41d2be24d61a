/* sbrk_brk.c: brk(2) as the host of mem_sbrk.c.
 *
 * Owns: the system call, by way of the C library, which remembers the break for its own sbrk: malloc
 *       uses that, and a break moved behind the library's back would be put back beneath our memory.
 * Does not: lower the break: what malloc may have put on top is not ours.
 *
 * brk(2) sets the break and does not compare: between looking and setting, another thread inside
 * malloc can move it. A process with threads is better off with the system's own mem_<system>.c.
 */
#include <fcntl.h>
#include <unistd.h>

#include "runtime/mem/mem_os.h"
#include "runtime/mem/mem_sbrk.h"

uintptr_t np_sbrk_break(void) { return (uintptr_t)sbrk(0); }

uintptr_t np_sbrk_extend(uintptr_t from, uintptr_t to) {
    return np_sbrk_break() == from && brk((void *)to) == 0 ? to : 0;
}

/* The second number of /proc/self/statm, where there is one. */
size_t np_os_resident_bytes(void) {
    char text[128];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    size_t pages = 0;
    if (fd >= 0) close(fd);
    if (got <= 0) return 0;
    text[got] = '\0';
    for (const char *digit = strchr(text, ' '); digit && *++digit >= '0' && *digit <= '9';)
        pages = pages * 10 + (size_t)(*digit - '0');
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

/* Control groups are Linux's, not brk's: mem_linux.c knows them. */
size_t np_os_group_limit(void) { return 0; }

size_t np_os_maxrss_unit(void) { return 1024; }
