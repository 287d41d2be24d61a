/* limit.c: memory is short: collecting inside an allocation, making room, heap.onlimit, the reserve.
 *
 * Owns: the hard and the soft limit, what happens when one is near, the share of CPU spent on it. The limit of a group
 *       (heapgroup.c) is met in the same way, but for heap.onlimit and the reserve.
 * Does not: refuse (mem.c does, and the system), collect (gc.c), raise errors (err.c).
 *
 * A request that is refused, by the limit or by the system, ends in one of two places.
 *   np_gc_make_room   where a C function or an instruction is about to ask for much, at a safe point: a whole
 *                     collection, then heap.onlimit's function and another one.
 *   np_gc_emergency   inside every allocation (np_mem_*): a collection of which the running code sees nothing. No Lua
 *                     code runs and nothing moves. Objects that are not anchored yet, as is allowed between safe
 *                     points, survive: all registers of the running function are marked, short strings and shapes do not
 *                     die, and code that allocates twice holds the first object (np_gc_hold). Where that cannot be had,
 *                     in the compiler, no_collect forbids it, and np_load compiles again after a collection.
 * Only when the request is refused once more the error is raised; until then nothing has changed.
 *
 * Near a limit the collector has more and more to do for less and less. From NP_FORCED_FROM on whole collections are forced,
 * but the program gets at least as much CPU as they do: NpBucket. What the bucket forbids is not collected, so a program
 * that would crawl ends with an error instead. After an error the next safe point always collects.
 *
 * The reserve is a buffer of the heap that nobody uses. It is freed when an error is raised, so that the message
 * handler, a traceback and whoever catches have some room, and set aside again after the next collection.
 *
 * Invariants L1 to L3: docs/INVARIANTS.md.
 */
#include "runtime/call.h"
#include "runtime/dbg.h"
#include "runtime/err.h"
#include "runtime/gc/gc.h"
#include "runtime/gc/mark.h"
#include "runtime/mem/mem_os.h"

#define PRESSING(limit) ((limit) / 16 * 15)  /* when a forced collection leaves so much, heap.onlimit is asked */
#define BETWEEN_FORCED(limit) ((limit) / 32) /* allocated between two forced collections */
#define BETWEEN_CALLS(limit) ((limit) / 64)  /* allocated before another approach can begin */
#define BETWEEN_COLLECTIONS(bytes) ((bytes) / 128)
#define RESERVE_MOST ((size_t)256 << 10)
#define RESERVE_LEAST ((size_t)5 * NP_PAGE_BYTES) /* a large object: pages of its own */
#define POOR_MOST 4
#define BUCKET_SECONDS 1.0
#define BUCKET_MOST 10.0 /* one collection may take longer than what is left */

/* What a state has besides its heap. */
#define APART (NP_ALIGN_UP(sizeof(NpGlobal), 4096) + ((size_t)16 << 10))

/* ---- the collector's share ---- */

void np_bucket_drain(NpBucket *bucket, double now) {
    bucket->level -= now - bucket->last;
    if (bucket->level < 0) bucket->level = 0;
    bucket->last = now;
}

void np_bucket_fill(NpBucket *bucket, double now) {
    bucket->level += now - bucket->last;
    if (bucket->level > BUCKET_MOST) bucket->level = BUCKET_MOST;
    bucket->last = now;
}

bool np_bucket_full(const NpBucket *bucket) { return bucket->level >= BUCKET_SECONDS; }

static bool may_collect(NpGlobal *global) {
    if (np_dbg_on(gcverify)) return true; /* most of the time is the verifier's */
    np_bucket_drain(&global->limit.bucket, np_meter_cpu());
    return !np_bucket_full(&global->limit.bucket);
}

void np_limit_collecting(NpGlobal *global, bool begins) {
    NpBucket *bucket = &global->limit.bucket;
    if (begins) np_bucket_drain(bucket, np_meter_cpu());
    else np_bucket_fill(bucket, np_meter_cpu());
}

/* ---- the limits ---- */

size_t np_limit_least(const NpGlobal *global) {
    size_t hard = global->heap.mem.limit, soft = global->limit.soft;
    return soft && (!hard || soft < hard) ? soft : hard;
}

static size_t reserve_size(const NpGlobal *global) {
    size_t hard = global->heap.mem.limit, size = NP_ALIGN_DOWN(hard / 32, NP_PAGE_BYTES);
    if (!hard || size > RESERVE_MOST) return RESERVE_MOST;
    return size < RESERVE_LEAST ? RESERVE_LEAST : size;
}

void np_limit_set_aside(NpGlobal *global) {
    if (global->limit.handling) return;
    np_heap_reserve(&global->heap, reserve_size(global));
    np_heap_groups_shut(&global->heap);
}

int np_limit_set(lua_State *L, size_t hard, size_t soft) {
    NpGlobal *global = L->global;
    const NpMem *mem = &global->heap.mem;
    size_t allowed = hard > APART ? hard - APART : 1, old = mem->limit;
    if (hard && soft > hard) return NP_LIMIT_SOFT_ABOVE;
    if (hard) {
        np_heap_open_reserve(&global->heap);
        np_heap_set_limit(&global->heap, 0); /* the collection may need some for itself */
        if (mem->ready > allowed) np_gc_full(L, true);
        while (mem->ready > allowed && np_heap_release(&global->heap, SIZE_MAX / NP_PAGE_BYTES, 0) > 0) continue;
        if (mem->ready > allowed) {
            np_heap_set_limit(&global->heap, old);
            np_limit_set_aside(global);
            return NP_LIMIT_IN_USE;
        }
    }
    global->limit.hard = hard;
    global->limit.soft = soft;
    np_heap_set_limit(&global->heap, hard ? allowed : 0);
    global->limit.approached = false;
    np_limit_set_aside(global);
    np_gc_set_debt(global);
    return NP_LIMIT_OK;
}

/* ---- inside an allocation ---- */

/* Collections that gain too little for the program to get on are followed by an error, and an error, raised or caught,
 * always by a collection.
 * A few of them are made because the program may be letting go of its data, as it unwinds, between small requests. */
static bool may_collect_for_request(NpGlobal *global) {
    NpLimit *limit = &global->limit;
    const NpHeap *heap = &global->heap;
    size_t bounded = heap->group->limit && heap->group->limit < heap->in_use ? heap->group->limit : heap->in_use;
    bool full = !may_collect(global);
    if (limit->hits != limit->collected_hits || limit->caught) {
        limit->caught = false;
        limit->poor = 0;
        return true;
    }
    if (heap->claimed_total - limit->collected_at > BETWEEN_COLLECTIONS(bounded)) limit->poor = 0;
    else if (++limit->poor > POOR_MOST) limit->poor = POOR_MOST + 1;
    return !full && limit->poor <= POOR_MOST;
}

/* Unused rests of runs are returned by a collection and count no more. */
static void has_collected(NpGlobal *global) {
    global->limit.collected_at = global->heap.claimed_total;
    global->limit.collected_hits = global->limit.hits;
    np_limit_collecting(global, false);
}

/* Would not fit even if the group had nothing else. */
static bool is_beyond(const NpHeapGroup *group, size_t bytes) { return group->limit && bytes > group->limit; }

bool np_gc_emergency(lua_State *L, size_t size) {
    NpGlobal *global = L->global;
    NpLimit *limit = &global->limit;
    size_t most = global->heap.mem.limit;
    if (limit->no_collect > 0 || (most && size > most) || is_beyond(global->heap.group, size)) return false;
    if (!np_dbg_on(emergency) && !may_collect_for_request(global)) return false;
    limit->emergencies++;
    limit->thread = L;
    np_gc_unrooted(L);
    limit->thread = NULL;
    has_collected(global);
    global->heap.starved = false; /* what it asked for has been done */
    global->heap.refused_by = NULL;
    return true;
}

/* ---- heap.onlimit ---- */

static void call_it(lua_State *L, void *arg) {
    (void)arg;
    np_call_no_yield(L, L->top - 2, 0);
}

/* Calls the function with "hard" or "soft", once for an approach. true: it may have freed something. */
static bool call_on_limit(lua_State *L, bool hard) {
    NpLimit *limit = &L->global->limit;
    uint8_t allow_hook = L->allow_hook;
    ptrdiff_t old_top;
    unsigned group;
    int status;
    if (limit->on_limit.tag == NP_NIL || limit->approached || limit->calling || limit->no_collect > 0) return false;
    limit->approached = limit->calling = true;
    limit->called_at = L->global->heap.claimed_total;
    /* Two of the extra slots that every stack has beyond its end are enough. */
    old_top = np_stack_save(L, L->top);
    L->allow_hook = 0;
    np_copy(L->top++, &limit->on_limit);
    np_set_obj(L->top, hard ? limit->word_hard : limit->word_soft, NP_STR);
    L->top++;
    group = np_heap_group_switch(&L->global->heap, 0); /* it is the state's */
    status = np_call_protected(L, call_it, NULL, old_top, 0);
    np_heap_group_switch(&L->global->heap, group);
    L->allow_hook = allow_hook;
    limit->calling = false;
    if (status != LUA_OK) np_final_warn(L, "heap.onlimit");
    return true;
}

/* An approach is over when memory is back below NP_NEAR_LIMIT, and the program has gone on for a while. */
static void look_back(NpGlobal *global, size_t least) {
    NpLimit *limit = &global->limit;
    const NpHeap *heap = &global->heap;
    if (limit->approached && np_heap_used(heap) < NP_NEAR_LIMIT(least) && heap->claimed_total - limit->called_at > BETWEEN_CALLS(least))
        limit->approached = false;
}

/* ---- at safe points ---- */

bool np_limit_due(NpGlobal *global) {
    NpHeap *heap = &global->heap;
    size_t least = np_limit_least(global);
    bool pressed = heap->pressed;
    heap->pressed = false;
    if (pressed && may_collect(global)) return true;
    if (!least) return false;
    look_back(global, least);
    return np_heap_used(heap) > NP_FORCED_FROM(least) && heap->claimed_total - global->gc.forced_at > BETWEEN_FORCED(least) &&
           may_collect(global);
}

void np_limit_check(lua_State *L) {
    NpGlobal *global = L->global;
    size_t least = np_limit_least(global);
    if (least && np_heap_used(&global->heap) > PRESSING(least) && call_on_limit(L, least == global->heap.mem.limit))
        np_gc_full(L, true);
}

static bool fits(const NpHeap *heap, size_t bytes) { return !np_mem_over_limit(&heap->mem, bytes); }

/* Free pages that are still Ready count as room. */
static bool fits_after_release(NpHeap *heap, size_t bytes) {
    while (!fits(heap, bytes) && np_heap_release(heap, SIZE_MAX / NP_PAGE_BYTES, 0) > 0) continue;
    return fits(heap, bytes);
}

static bool collect_for_request(lua_State *L) {
    if (!may_collect_for_request(L->global)) return false;
    np_gc_full(L, true);
    has_collected(L->global);
    return true;
}

static bool fits_after_collection(lua_State *L, size_t bytes) {
    return collect_for_request(L) && fits_after_release(&L->global->heap, bytes);
}

void np_gc_room_slow(lua_State *L, size_t bytes) {
    NpGlobal *global = L->global;
    NpHeap *heap = &global->heap;
    size_t most = heap->mem.limit;
    if (NP_UNLIKELY(!np_heap_group_fits(heap->group, bytes)) && !is_beyond(heap->group, bytes) && global->limit.no_collect == 0)
        (void)collect_for_request(L);
    if (!most || bytes > most || global->limit.no_collect > 0) return;
    if (fits(heap, bytes) || fits_after_release(heap, bytes) || fits_after_collection(L, bytes)) return;
    look_back(global, most);
    if (!call_on_limit(L, true)) return;
    global->limit.poor = 0; /* the function may have let go of anything */
    (void)fits_after_collection(L, bytes);
}

/* ---- the error ---- */

NpString *np_limit_text(const NpGlobal *global) {
    const NpHeapGroup *group = global->heap.refused_by;
    return group && group->message ? group->message : global->memory_error;
}

void np_limit_tell(lua_State *L) {
    NpLimit *limit = &L->global->limit;
    if (!limit->on_error || limit->telling || limit->no_collect > 0) return;
    limit->telling = true;
    limit->on_error(L, limit->on_error_data);
    limit->telling = false;
}

void np_limit_refused(lua_State *L) {
    NpLimit *limit = &L->global->limit;
    NpHeapGroup *group = L->global->heap.refused_by;
    limit->hits++;
    L->global->heap.refused_by = NULL;
    if (group) {
        group->hits++;
        np_heap_group_open(group);
        return;
    }
    np_limit_tell(L);
    np_heap_open_reserve(&L->global->heap);
    (void)call_on_limit(L, true);
}
