/* km_linux_test.c: the model itself is held against a real kernel: the same random calls, legal and
 * illegal, are made on the model with the profile linux and on Linux, and result, errno, access and
 * contents of every page are compared after each.
 *
 * KM_FUZZ_STEPS and KM_FUZZ_SEED in the environment: a longer walk, another one.
 */
#include "tests/model/km.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "tests/unit/unit.h"

enum { PAGE = 4096, PAGES = 24, BYTES = PAGES * PAGE };

typedef struct Side {
    char *base;
    bool real;
} Side;

/* Two copies of the same PAGES pages, of which any may be unmapped at times. */
typedef struct Walk {
    Side model, real;
    uint64_t seed;
    int mem;                     /* /proc/self/mem reads pages whatever their access */
    unsigned char value[PAGES];  /* every byte of the page, where it is mapped */
    long step;
    long legal, illegal;
} Walk;

/* Far below where the kernel puts what is mapped without a wish: a hole there stays ours. */
#define REAL_BASE ((char *)0x200000000000)

static uint64_t number(Walk *walk, uint64_t below) { return unit_random(&walk->seed) % below; }

/* ---- one call on one side ---- */

typedef struct Call {
    KmKind kind;
    ptrdiff_t at; /* from the base; with `nowhere` no address */
    bool nowhere;
    size_t len;
    int word, flags, fd; /* word: prot or advice */
    off_t offset;
} Call;

typedef struct Answer {
    long result; /* of mmap: the distance from the base, or 0 where it was not fixed */
    int error;
    void *got;
} Answer;

static Answer make(const Call *call, const Side *side) {
    void *at = call->nowhere ? NULL : side->base + call->at;
    char vec[PAGES + 4];
    Answer answer = {0, 0, NULL};
    errno = 0;
    switch (call->kind) {
        case KM_MMAP:
            answer.got = side->real ? mmap(at, call->len, call->word, call->flags, call->fd, call->offset)
                                    : km_mmap(at, call->len, call->word, call->flags, call->fd, call->offset);
            if (answer.got == MAP_FAILED) answer.result = -1;
            else if (call->flags & MAP_FIXED) answer.result = (char *)answer.got - side->base;
            break;
        case KM_MUNMAP:
            answer.result = side->real ? munmap(at, call->len) : km_munmap(at, call->len);
            break;
        case KM_MPROTECT:
            answer.result = side->real ? mprotect(at, call->len, call->word) : km_mprotect(at, call->len, call->word);
            break;
        case KM_MADVISE:
            answer.result = side->real ? madvise(at, call->len, call->word) : km_madvise(at, call->len, call->word);
            break;
        default:
            answer.result = side->real ? mincore(at, call->len, (unsigned char *)vec) : km_mincore(at, call->len, vec);
    }
    answer.error = errno;
    return answer;
}

/* ---- what the kernel says of our pages ---- */

typedef struct Access {
    bool mapped[PAGES];
    int prot[PAGES];
} Access;

/* Lengths that the address space cannot hold. Those below SIZE_MAX - BYTES wrap round for no address;
 * mprotect and madvise would begin with the pages there are, which the model does not follow. */
static size_t huge_length(Walk *walk, KmKind kind) {
    static const size_t lengths[] = {SIZE_MAX, SIZE_MAX - PAGE + 1, SIZE_MAX - PAGE, SIZE_MAX - 3 * PAGE + 1,
                                     (size_t)1 << 63, (size_t)1 << 62};
    bool any = kind == KM_MMAP || kind == KM_MUNMAP;
    return lengths[number(walk, any ? 6 : 4)];
}

static void note_line(const char *line, const char *base, Access *access) {
    unsigned long from, to;
    char bits[5];
    if (sscanf(line, "%lx-%lx %4s", &from, &to, bits) != 3) return;
    for (int i = 0; i < PAGES; i++) {
        unsigned long at = (unsigned long)base + (unsigned long)i * PAGE;
        if (at < from || at >= to) continue;
        access->mapped[i] = true;
        access->prot[i] = (bits[0] == 'r') | (bits[1] == 'w') << 1 | (bits[2] == 'x') << 2;
    }
}

static void look(const Walk *walk, Access *model, Access *real) {
    static char text[1 << 16];
    size_t used = 0;
    ssize_t got;
    int fd = open("/proc/self/maps", O_RDONLY);
    REQUIRE(fd >= 0);
    while ((got = read(fd, text + used, sizeof text - 1 - used)) > 0) used += (size_t)got;
    close(fd);
    REQUIRE(used < sizeof text - 1);
    text[used] = '\0';
    memset(model, 0, sizeof *model);
    memset(real, 0, sizeof *real);
    for (char *line = text; line && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        note_line(line, walk->model.base, model);
        note_line(line, walk->real.base, real);
    }
}

static bool filled_with(const Walk *walk, const Side *side, int page, unsigned char value) {
    static unsigned char bytes[PAGE];
    uintptr_t at = (uintptr_t)side->base + (uintptr_t)page * PAGE;
    REQUIRE_EQ(pread(walk->mem, bytes, PAGE, (off_t)at), PAGE);
    return bytes[0] == value && memcmp(bytes, bytes + 1, PAGE - 1) == 0;
}

static void compare_access(const Walk *walk) {
    Access model, real;
    look(walk, &model, &real);
    for (int i = 0; i < PAGES; i++) {
        KmState state = km_state_of(walk->model.base + i * PAGE);
        EXPECT_EQ(state.mapped, real.mapped[i]);
        if (real.mapped[i]) EXPECT_EQ(state.prot, real.prot[i]);
        EXPECT_EQ(model.prot[i], real.mapped[i] ? real.prot[i] : 0);
    }
}

static void compare_contents(const Walk *walk) {
    for (int i = 0; i < PAGES; i++) {
        KmState state = km_state_of(walk->model.base + i * PAGE);
        if (!state.mapped) continue;
        EXPECT(filled_with(walk, &walk->real, i, walk->value[i]));
        EXPECT(filled_with(walk, &walk->model, i, walk->value[i]));
        EXPECT_EQ(state.contents, walk->value[i] ? KM_LIVE : KM_ZERO);
    }
}

/* ---- what a call does to `value`, and to what is undefined after MADV_FREE ---- */

static void fill(Walk *walk, int page, unsigned char value) {
    memset(walk->model.base + page * PAGE, value, PAGE);
    memset(walk->real.base + page * PAGE, value, PAGE);
    walk->value[page] = value;
}

static void make_both(const Walk *walk, const Call *call) {
    REQUIRE_EQ(make(call, &walk->model).error, 0);
    REQUIRE_EQ(make(call, &walk->real).error, 0);
}

/* Zero or old, on either side; then the same again on both. */
static void settle(Walk *walk, int page) {
    KmState state = km_state_of(walk->model.base + page * PAGE);
    Call discard = {.kind = KM_MADVISE, .at = page * PAGE, .len = PAGE, .word = MADV_DONTNEED};
    if (state.contents != KM_UNDEFINED) return;
    EXPECT_EQ(state.advice, MADV_FREE);
    EXPECT_TRUE(filled_with(walk, &walk->real, page, walk->value[page]) || filled_with(walk, &walk->real, page, 0));
    EXPECT_TRUE(filled_with(walk, &walk->model, page, walk->value[page]) || filled_with(walk, &walk->model, page, 0));
    make_both(walk, &discard);
    walk->value[page] = 0;
}

/* Which pages are zero after a call is told by the real kernel; that the model has the same is then
 * compared. Only FREE needs care. */
static void follow(Walk *walk, const Call *call) {
    for (int i = 0; i < PAGES; i++) {
        KmState state = km_state_of(walk->model.base + i * PAGE);
        if (!state.mapped) continue;
        if (call->kind == KM_MADVISE && call->word == MADV_FREE) settle(walk, i);
        else if (!filled_with(walk, &walk->real, i, walk->value[i])) {
            EXPECT(filled_with(walk, &walk->real, i, 0));
            walk->value[i] = 0;
        }
    }
}

/* ---- choosing calls ---- */

static void choose_range(Walk *walk, Call *call) {
    call->at = (ptrdiff_t)number(walk, PAGES) * PAGE;
    call->len = (1 + number(walk, 6)) * PAGE;
    if (call->at + (ptrdiff_t)call->len > BYTES) call->len = (size_t)(BYTES - call->at);
    switch (number(walk, 24)) {
        case 0: call->at += 1 + (ptrdiff_t)number(walk, PAGE - 1); break; /* never to the page before */
        case 1: call->len -= number(walk, PAGE); break;                   /* a part of a page */
        case 2: call->len = 0; break;
        case 3: call->len = huge_length(walk, call->kind); break;
        default: break;
    }
    /* An unaligned start may lead over the end where the kernel rounds the end. */
    if (call->len <= BYTES && call->at + (ptrdiff_t)call->len > BYTES) call->len -= PAGE;
}

static int some_prot(Walk *walk) {
    static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE,
                                PROT_READ | PROT_EXEC, PROT_WRITE, PROT_READ | PROT_WRITE | PROT_EXEC};
    return prots[number(walk, 7)];
}

static void choose_mmap(Walk *walk, Call *call) {
    call->word = some_prot(walk);
    call->flags = MAP_ANONYMOUS | MAP_FIXED | (number(walk, 6) ? MAP_PRIVATE : MAP_SHARED);
    call->fd = -1;
    switch (number(walk, 20)) {
        case 0: call->flags = (call->flags & ~3) | (number(walk, 2) ? 3 : 0); break; /* no type, or both */
        case 1: call->flags &= ~MAP_FIXED; call->nowhere = number(walk, 2); break;
        case 2: call->offset = 1 + (off_t)number(walk, PAGE - 1); break;
        case 3: call->offset = PAGE; break;
        case 4: call->fd = 1000; break; /* Linux does not look at it */
        case 5: call->flags |= MAP_NORESERVE; break;
        case 6: call->flags &= ~MAP_ANONYMOUS; call->fd = -1; break;
        default: break;
    }
}

static void choose_advice(Walk *walk, Call *call) {
    static const int advices[] = {MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED,
                                  MADV_DONTNEED, MADV_DONTNEED, MADV_FREE, MADV_FREE, MADV_DONTDUMP,
                                  MADV_DODUMP, 20 /* COLD */, 5, 7, 99, -1, 1 << 20};
    call->word = advices[number(walk, sizeof advices / sizeof advices[0])];
}

static void choose_call(Walk *walk, Call *call) {
    static const KmKind kinds[] = {KM_MMAP, KM_MMAP, KM_MMAP, KM_MUNMAP, KM_MPROTECT, KM_MPROTECT,
                                   KM_MADVISE, KM_MADVISE, KM_MADVISE, KM_MINCORE};
    memset(call, 0, sizeof *call);
    call->kind = kinds[number(walk, sizeof kinds / sizeof kinds[0])];
    choose_range(walk, call);
    if (call->kind == KM_MMAP) choose_mmap(walk, call);
    else if (call->kind == KM_MADVISE) choose_advice(walk, call);
    else if (call->kind == KM_MPROTECT) {
        call->word = some_prot(walk);
        if (number(walk, 16) == 0) call->word |= 0x40; /* no such access */
    }
}

/* ---- the walk ---- */

/* Unfixed mappings lie elsewhere on each side: they are looked at and go. */
static void drop_unfixed(const Call *call, Answer answer, bool real) {
    KmState state = km_state_of(answer.got);
    EXPECT_EQ((uintptr_t)answer.got % PAGE, 0);
    if (!real) {
        EXPECT_TRUE(state.mapped);
        EXPECT_EQ(state.prot, call->word);
        EXPECT_EQ(state.contents, KM_ZERO);
    }
    EXPECT_EQ(real ? munmap(answer.got, call->len) : km_munmap(answer.got, call->len), 0);
}

static void write_somewhere(Walk *walk) {
    int page = (int)number(walk, PAGES);
    KmState state = km_state_of(walk->model.base + page * PAGE);
    if (state.mapped && (state.prot & PROT_WRITE)) fill(walk, page, (unsigned char)(1 + number(walk, 255)));
}

static void step(Walk *walk) {
    Call call;
    Answer model, real;
    write_somewhere(walk);
    choose_call(walk, &call);
    model = make(&call, &walk->model);
    real = make(&call, &walk->real);
    EXPECT_EQ(model.error, real.error);
    EXPECT_EQ(model.result, real.result);
    if (real.error) walk->illegal++;
    else walk->legal++;
    if (call.kind == KM_MMAP && !(call.flags & MAP_FIXED) && !real.error) {
        drop_unfixed(&call, model, false);
        drop_unfixed(&call, real, true);
    }
    compare_access(walk);
    follow(walk, &call);
    compare_contents(walk);
    if (unit.failed) km_trace(2);
}

static void begin(Walk *walk, uint64_t seed) {
    KmConfig config = {.profile = KM_LINUX, .seed = seed, .lenient = true, .window = (size_t)64 << 20};
    memset(walk, 0, sizeof *walk);
    walk->seed = seed;
    km_start(&config);
    walk->mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    REQUIRE(walk->mem >= 0);
    walk->model.base = km_mmap(NULL, BYTES, PROT_NONE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
    walk->real.base = mmap(REAL_BASE, BYTES, PROT_NONE, MAP_ANONYMOUS | MAP_PRIVATE | MAP_FIXED_NOREPLACE, -1, 0);
    walk->real.real = true;
    REQUIRE(walk->model.base != MAP_FAILED);
    REQUIRE(walk->real.base == REAL_BASE);
}

static void finish(Walk *walk) {
    km_verify();
    munmap(walk->real.base, BYTES);
    close(walk->mem);
    km_stop();
}

static long setting(const char *name, long usual) {
    const char *text = getenv(name);
    return text ? atol(text) : usual;
}

TEST(the_same_calls_have_the_same_outcome_on_linux) {
    static Walk walk;
    long steps = setting("KM_FUZZ_STEPS", 20000);
    begin(&walk, (uint64_t)setting("KM_FUZZ_SEED", 1));
    for (walk.step = 0; walk.step < steps && !unit.failed; walk.step++) step(&walk);
    finish(&walk);
    printf("# %ld calls succeeded, %ld failed alike\n", walk.legal, walk.illegal);
    EXPECT_GE(walk.legal, steps / 4); /* the walk is not all errors, nor all successes */
    EXPECT_GE(walk.illegal, steps / 10);
}

UNIT_MAIN
