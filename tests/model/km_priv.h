/* km_priv.h: what the files of the kernel model share: the table of rules, the shadow, the host.
 *
 * Does not: concern users of the model, who include km.h.
 */
#ifndef KM_PRIV_H
#define KM_PRIV_H

#include "tests/model/km.h"

/* ---- the table (km_profile.c) ---- */

typedef enum KmEffect {
    KM_HINT,      /* contents and access stay */
    KM_DISCARD,   /* private pages are zero from now on */
    KM_FREE,      /* zero or as before, until written again */
    KM_FREE_ANY,  /* as KM_FREE, but nothing is said of what is found until then */
    KM_REUSABLE,  /* contents undefined, not to be touched until KM_REUSE */
    KM_REUSE,
    KM_INERT      /* succeeds and does nothing, though it says otherwise */
} KmEffect;

typedef struct KmAdvice {
    int number;
    const char *name;
    KmEffect effect;
} KmAdvice;

/* What becomes of a range with pages that are not mapped. */
typedef enum KmHole {
    KM_HOLE_PASS,  /* they are passed over, the call succeeds */
    KM_HOLE_FIRST, /* looked at before anything is done */
    KM_HOLE_STOP,  /* what lies before the first has been done */
    KM_HOLE_REST   /* all that is mapped has been done */
} KmHole;

/* In `unaligned`: no error, the call works on all pages that the range touches. */
#define KM_OUTWARD (-1)

typedef struct KmRange {
    int unaligned; /* errno */
    int empty;     /* errno for length 0; 0: nothing is done */
    int wrap;      /* errno for a range beyond the address space */
    int hole;      /* errno */
    KmHole manner;
    const char *source;
} KmRange;

enum { KM_ERRNOS = 6 };

typedef enum KmOffset { KM_OFFSET_ALIGNED, KM_OFFSET_ZERO, KM_OFFSET_IGNORED } KmOffset;

typedef struct KmRules {
    const char *name;
    int anon, fixed, noreserve; /* flags; noreserve 0: there is none */
    int eagain, enotsup;        /* the errno numbers that differ */
    int sc_pagesize, sc_phys_pages;
    const KmAdvice *advice;     /* ends with a NULL name */
    KmRange range[KM_FORK];     /* by kind; for KM_MMAP only unaligned, empty, wrap */
    int documented[KM_ANY][KM_ERRNOS]; /* errno numbers, likeliest first, 0 after the last */
    KmOffset offset;            /* of anonymous memory */
    bool any_fd;                /* anonymous memory ignores fd, else it must be -1 */
    bool any_flags;             /* unknown flags are ignored, else EINVAL */
    bool keeps_fixed;           /* MAP_FIXED over a mapping fails and leaves it (else replaces) */
    bool charges;               /* writable private pages are charged to swap */
    bool fails_in_part;         /* a failed fixed mmap or mprotect may have done a part */
    bool silent_mprotect;       /* mprotect may report success and do nothing */
    bool write_is_read;         /* PROT_WRITE gives PROT_READ as well */
    int write_exec;             /* errno for PROT_WRITE with PROT_EXEC; 0: allowed */
} KmRules;

extern const KmRules km_rules[KM_PROFILES];

const KmAdvice *km_find_advice(const KmRules *rules, int number);
bool km_is_documented(const KmRules *rules, KmKind kind, int error);

/* ---- the shadow ---- */

enum { KM_MAPPED = 1, KM_CHARGED = 2, KM_NORESERVE = 4, KM_SHARED = 8, KM_SUMMED = 16, KM_UNDEF = 32 };

typedef struct KmPage {
    uint8_t flags;
    uint8_t prot;
    uint8_t advice; /* number of the FREE or REUSABLE in force, else 0 */
    uint8_t effect; /* its KmEffect */
    uint32_t sum;   /* with KM_SUMMED: of its bytes when it was freed and kept */
} KmPage;

typedef struct KmWindow {
    char *base;
    KmPage *pages; /* one for each page of the window */
    size_t count, page;
    size_t high; /* pages from here on have never been mapped */
    const KmRules *rules;
    KmProfile profile;
    unsigned adversary;
} KmWindow;

extern KmWindow km_window;

/* ---- the host (km_host.c): real memory behind the window ---- */

/* Takes the window and the shadow; returns false when the host refuses. */
bool km_host_open(size_t bytes, size_t page);
void km_host_close(void);
/* Fresh zero pages; shared or private. */
void km_host_map(size_t first, size_t count, int prot, bool shared);
void km_host_unmap(size_t first, size_t count);
/* Gives the pages the access that the shadow says. */
void km_host_protect(size_t first, size_t count);
/* Contents of private pages become zero; shared ones keep theirs. */
void km_host_discard(size_t first, size_t count);
void km_host_junk(size_t page, uint64_t seed);
uint32_t km_host_sum(size_t page);
bool km_host_zero(size_t page);
/* Whether any host page of this one is resident. */
bool km_host_resident(size_t page);
void km_host_verify(void);

/* ---- the record of calls (km_trace.c) ---- */

typedef struct KmCall {
    KmKind kind;
    uintptr_t addr;
    size_t len;
    int prot_or_advice, flags, fd;
    int64_t offset;
    int64_t result; /* address, or 0, or -1 */
    int error;
    bool injected;
} KmCall;

void km_record(const KmCall *call);
void km_forget_calls(void);
/* Prints what was wrong and the last calls, and ends the process. */
void km_broken(const KmCall *call, const char *rule, const char *source) __attribute__((noreturn));

#endif
