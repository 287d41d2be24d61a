/* km_host.c: the memory of this process behind the model: what the shadow says is done to real
 * pages, so that a touch which the modelled system would refuse faults here too.
 *
 * Owns: the window and the array of the shadow. In the window nothing is ever unmapped on the host:
 * a page that the model calls unmapped is PROT_NONE, so that no other part of the process can come
 * to lie there.
 * Does not: know rules.
 *
 * A page of the model may be several of the host's; the host's own calls never see a part of one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/model/km_priv.h"

KmWindow km_window;

static const size_t host_page = 4096;
enum { ANON = MAP_ANONYMOUS | MAP_NORESERVE };

/* The host did not do what the model decided: nothing sensible can follow. */
static void must(bool worked, const char *what) {
    if (worked) return;
    perror(what);
    km_broken(NULL, "the host refused", what);
}

static char *address(size_t page) { return km_window.base + page * km_window.page; }

bool km_host_open(size_t bytes, size_t page) {
    size_t count = bytes / page, align = (size_t)1 << 21;
    char *whole = mmap(NULL, bytes + align, PROT_NONE, ANON | MAP_PRIVATE, -1, 0);
    KmPage *pages = mmap(NULL, count * sizeof(KmPage), PROT_READ | PROT_WRITE, ANON | MAP_PRIVATE, -1, 0);
    size_t skip;
    if (whole == MAP_FAILED || pages == MAP_FAILED) return false;
    skip = (align - (uintptr_t)whole % align) % align;
    if (skip > 0) munmap(whole, skip);
    munmap(whole + skip + bytes, align - skip);
    km_window.base = whole + skip;
    km_window.pages = pages;
    km_window.count = count;
    km_window.page = page;
    km_window.high = 0;
    return true;
}

void km_host_close(void) {
    munmap(km_window.base, km_window.count * km_window.page);
    munmap(km_window.pages, km_window.count * sizeof(KmPage));
    km_window.base = NULL;
}

static int host_prot(const KmPage *page) {
    if (!(page->flags & KM_MAPPED)) return PROT_NONE;
    if (page->effect == KM_REUSABLE && (km_window.adversary & KM_STRICT_REUSE)) return PROT_NONE;
    return page->prot;
}

void km_host_map(size_t first, size_t count, int prot, bool shared) {
    void *got = mmap(address(first), count * km_window.page, prot,
                     ANON | MAP_FIXED | (shared ? MAP_SHARED : MAP_PRIVATE), -1, 0);
    must(got == address(first), "mmap");
}

void km_host_unmap(size_t first, size_t count) { km_host_map(first, count, PROT_NONE, false); }

/* Runs of pages with the same access are changed with one call. */
void km_host_protect(size_t first, size_t count) {
    size_t end = first + count;
    while (first < end) {
        size_t next = first + 1;
        int prot = host_prot(&km_window.pages[first]);
        while (next < end && host_prot(&km_window.pages[next]) == prot) next++;
        must(mprotect(address(first), (next - first) * km_window.page, prot) == 0, "mprotect");
        first = next;
    }
}

void km_host_discard(size_t first, size_t count) {
    must(madvise(address(first), count * km_window.page, MADV_DONTNEED) == 0, "madvise");
}

/* Opens a page to the model itself, for looking or writing; `close_page` restores its access. */
static void open_page(size_t page, int prot) {
    must(mprotect(address(page), km_window.page, prot) == 0, "mprotect");
}

static void close_page(size_t page) { km_host_protect(page, 1); }

void km_host_junk(size_t page, uint64_t seed) {
    unsigned char *bytes = (unsigned char *)address(page);
    open_page(page, PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < km_window.page; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        bytes[i] = (unsigned char)(seed >> 56) | 1; /* never 0, which could pass for a fresh page */
    }
    close_page(page);
}

/* Bytes of the model may be poisoned for a sanitizer: it is not the program that reads here. */
__attribute__((no_sanitize("address"))) static uint32_t sum_of(const uint64_t *words, size_t count) {
    uint64_t sum = count;
    for (size_t i = 0; i < count; i++) sum = (sum ^ words[i]) * 0x9E3779B97F4A7C15u ^ sum >> 29;
    return (uint32_t)(sum >> 32);
}

__attribute__((no_sanitize("address"))) static bool all_zero(const uint64_t *words, size_t count) {
    uint64_t any = 0;
    for (size_t i = 0; i < count; i++) any |= words[i];
    return any == 0;
}

static bool readable(size_t page) { return host_prot(&km_window.pages[page]) & PROT_READ; }

uint32_t km_host_sum(size_t page) {
    bool closed = !readable(page);
    uint32_t sum;
    if (closed) open_page(page, PROT_READ);
    sum = sum_of((const uint64_t *)address(page), km_window.page / sizeof(uint64_t));
    if (closed) close_page(page);
    return sum;
}

bool km_host_zero(size_t page) {
    bool closed = !readable(page), zero;
    if (closed) open_page(page, PROT_READ);
    zero = all_zero((const uint64_t *)address(page), km_window.page / sizeof(uint64_t));
    if (closed) close_page(page);
    return zero;
}

bool km_host_resident(size_t page) {
    unsigned char resident[16], any = 0;
    must(mincore(address(page), km_window.page, resident) == 0, "mincore");
    for (size_t i = 0; i < km_window.page / host_page; i++) any |= resident[i];
    return any & 1;
}

/* ---- comparing with what the host says ---- */

/* One line of /proc/self/maps: "from-to rwxp ...". */
static void verify_line(const char *line) {
    unsigned long from, to, base = (unsigned long)km_window.base;
    unsigned long end = base + km_window.high * km_window.page;
    char access[5];
    int prot;
    if (sscanf(line, "%lx-%lx %4s", &from, &to, access) != 3 || to <= base || from >= end) return;
    if (from < base) from = base;
    if (to > end) to = end;
    prot = (access[0] == 'r' ? PROT_READ : 0) | (access[1] == 'w' ? PROT_WRITE : 0) |
           (access[2] == 'x' ? PROT_EXEC : 0);
    if ((from - base) % km_window.page || (to - base) % km_window.page)
        km_broken(NULL, "the host divides a page of the model", line);
    for (size_t page = (from - base) / km_window.page; page < (to - base) / km_window.page; page++)
        if (host_prot(&km_window.pages[page]) != prot)
            km_broken(NULL, "the host's access differs from the shadow's", line);
}

/* Reads without stdio: its buffers come from malloc, which may map memory meanwhile. */
void km_host_verify(void) {
    static char text[8192];
    size_t used = 0;
    ssize_t got;
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    must(fd >= 0, "/proc/self/maps");
    while ((got = read(fd, text + used, sizeof text - 1 - used)) > 0) {
        char *line = text, *end;
        used += (size_t)got;
        text[used] = '\0';
        while ((end = strchr(line, '\n')) != NULL) {
            *end = '\0';
            verify_line(line);
            line = end + 1;
        }
        used -= (size_t)(line - text);
        memmove(text, line, used);
    }
    close(fd);
}
