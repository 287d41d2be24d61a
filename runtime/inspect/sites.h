/* sites.h: where a program is: functions, lines and stacks as numbers, outside the heap (sites.c).
 *
 * Owns: the tables of texts, functions, locations and stacks, each entry there once; notes, which slots of a watched heap
 *       carry (gc/notes.h); when the heap is watched.
 * Does not: count (profile.c), compare (marks.c), write (pprof.c). Nothing here refers to an object of the heap, except
 *       the cache of locations, which is emptied whenever something may die.
 *
 * All of it is made when the first profile or mark is asked for, charged to the state's memory, and given back when the
 * last one has ended and no result refers to it. While it is there an entry keeps its number and a text its place. The tables are bounded: what does not fit is one function named "(other)".
 */
#ifndef NP_SITES_H
#define NP_SITES_H

#include "runtime/gc/notes.h"
#include "runtime/mem/scratch.h"
#include "runtime/state.h"

#define NP_SITES_DEPTH 200 /* frames of a stack; of a deeper one the innermost, below "(truncated)" */

/* Entries are numbered from 1; 0 is none. */
typedef struct NpSiteLink { uint32_t next, hash; } NpSiteLink; /* the head of every entry: chain of a hash table */
typedef struct NpSiteSet {
    void *items;        /* entry 0 is unused */
    uint32_t *heads;
    size_t capacity, count, size, most, head_capacity, mask;
} NpSiteSet;

typedef struct NpSiteText { NpSiteLink link; uint32_t length; const char *text; } NpSiteText; /* with a NUL */
typedef struct NpSiteFunction {
    NpSiteLink link;
    uint32_t name, file;     /* texts; name 0: none is known yet */
    int32_t line, last_line; /* of the definition; a C function has neither */
    lua_CFunction function;  /* or NULL */
} NpSiteFunction;
typedef struct NpSiteLocation {
    NpSiteLink link;
    uint32_t function;
    int32_t line;                /* 0: not known */
    uint32_t note, note_generation; /* the note of what is allocated here, in that generation of marks */
    uint32_t row;                /* marks.c: 1 + the first row of this location */
} NpSiteLocation;
/* Sums of samples. Heap: what they stand for. CPU: samples and nanoseconds. */
typedef struct NpSiteCounts {
    double allocated_count, allocated_bytes, count, bytes;
    uint64_t samples, nanoseconds;
} NpSiteCounts;
typedef struct NpSiteStack {
    NpSiteLink link;
    uint32_t parent;   /* the calling frame's, 0: none */
    uint32_t location;
    NpSiteCounts counts;
} NpSiteStack;
typedef struct NpSiteNote {
    NpSiteLink link;
    uint32_t location;   /* of the line that allocated; 0: no mark was set then */
    uint32_t generation; /* of marks, then */
    uint32_t stack;      /* of a sample, else 0 */
    uint32_t renamed;    /* while notes are gone through for those in use */
} NpSiteNote;

typedef struct NpSiteRow {
    uint8_t kind;      /* of marks: NpTag of the object, or of the buffer's owner */
    uint32_t location; /* of marks */
    uint32_t stack;    /* of profiles */
    uint32_t next;     /* of marks: 1 + the next row of the location */
    uint32_t file;     /* of the location: a text, */
    int32_t line;      /* and a line of it */
    NpSiteCounts counts;
} NpSiteRow;
typedef struct NpSiteRows { NpSiteRow *items; size_t count, capacity; } NpSiteRows; /* charged to the process */

typedef struct NpSiteCached { const NpProto *proto; uint32_t pc, location; } NpSiteCached;
#define NP_SITES_CACHE 1024

typedef struct NpSites {
    NpGlobal *global;
    NpSiteSet texts, functions, locations, stacks, notes;
    NpScratch bytes;                /* of the texts: they stay where they are */
    uint32_t other;                 /* the stack "(other)", always there */
    bool profiling;                 /* heap samples are taken, */
    size_t rate;                    /* one in so many bytes */
    bool timing;                    /* CPU samples are */
    uint32_t generation;            /* of the youngest mark */
    uint32_t *marks; size_t mark_count, mark_capacity; /* generations of those that have not been dropped */
    unsigned owners;                /* of the heap profile: NpProfileOwner */
    size_t results;                 /* of neap_since and neap_heapsites that have not been freed: they refer to these tables */
    NpSiteCached cache[NP_SITES_CACHE];
} NpSites;

/* [-] The state's, made if needed; NULL: no memory. */
NpSites *np_sites_get(NpGlobal *global);
/* [-] After a profile or mark has begun or ended: watches the heap for what is wanted now, or gives everything back when
 * nothing is. false: no memory. */
bool np_sites_settle(NpGlobal *global);
/* [-] Gives everything back; when a state is closed. */
void np_sites_close(NpGlobal *global);
/* [-] Bytes that all of it takes. */
size_t np_sites_bytes(const NpGlobal *global);

/* [-] The thread whose code runs. */
lua_State *np_sites_running(const NpGlobal *global);
/* [-] The stack of a thread with those of the threads that resumed it; `special`, a text or NULL, as its innermost frame.
 * Never 0. */
uint32_t np_sites_stack(NpSites *sites, lua_State *L, const char *special);
/* [-] The innermost line of Lua code that runs; a location of "[C]" when there is none. 0: no memory. */
uint32_t np_sites_line(NpSites *sites, lua_State *L);
/* [-] The note of a location, generation and stack; 0: no memory. */
uint32_t np_sites_note(NpSites *sites, uint32_t location, uint32_t generation, uint32_t stack);

/* [-] Entries by number. */
NP_INLINE NpSiteFunction *np_sites_function(const NpSites *sites, uint32_t at) { return (NpSiteFunction *)sites->functions.items + at; }
NP_INLINE NpSiteLocation *np_sites_location(const NpSites *sites, uint32_t at) { return (NpSiteLocation *)sites->locations.items + at; }
NP_INLINE NpSiteStack *np_sites_stack_at(const NpSites *sites, uint32_t at) { return (NpSiteStack *)sites->stacks.items + at; }
NP_INLINE NpSiteNote *np_sites_note_at(const NpSites *sites, uint32_t at) { return (NpSiteNote *)sites->notes.items + at; }
const char *np_sites_text(const NpSites *sites, uint32_t at);
/* [-] A function's name as people are shown it, in `out` when it has to be made. */
#define NP_SITES_NAME 128
const char *np_sites_name(const NpSites *sites, const NpSiteFunction *function, char out[NP_SITES_NAME]);

#endif
