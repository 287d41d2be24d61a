/* sites.c: see sites.h.
 *
 * A function of Lua is known by its source's text and its first and last line, so that it stays the same when its
 * prototype dies and is compiled again; a C function by its address. A Lua function is named after the first call with a
 * name that is seen of it, a C function as in package.loaded, or else as it is called.
 *
 * All this happens inside allocations, so nothing here allocates from the heap, throws, or runs Lua code.
 */
#include "runtime/inspect/sites.h"

#include <stdio.h>

#include "runtime/debuginfo.h"
#include "runtime/err.h"
#include "runtime/func.h"
#include "runtime/gc/list.h"
#include "runtime/inspect/profile.h"
#include "runtime/table.h"

enum { TEXTS_MOST = 1 << 16, FUNCTIONS_MOST = 1 << 16, LOCATIONS_MOST = 1 << 18, STACKS_MOST = 1 << 18, NOTES_MOST = 1 << 22 };
enum { TEXT_BYTES_MOST = 16 << 20, HEADS_FIRST = 256, NOTES_FIRST = 4096 };

/* ---- sets ---- */

static void set_init(NpSiteSet *set, size_t size, size_t most) {
    memset(set, 0, sizeof *set);
    set->size = size;
    set->most = most;
}

static NpSiteLink *link_at(const NpSiteSet *set, uint32_t at) {
    return (NpSiteLink *)(void *)((char *)set->items + at * set->size);
}

static uint32_t chain(const NpSiteSet *set, uint32_t hash) { return set->heads ? set->heads[hash & set->mask] : 0; }

static void set_chain(NpSiteSet *set, uint32_t at, uint32_t hash) {
    NpSiteLink *link = link_at(set, at);
    link->hash = hash;
    link->next = set->heads[hash & set->mask];
    set->heads[hash & set->mask] = at;
}

static void chain_all(NpSiteSet *set) {
    memset(set->heads, 0, (set->mask + 1) * sizeof *set->heads);
    for (uint32_t at = 1; at <= set->count; at++) set_chain(set, at, link_at(set, at)->hash);
}

/* A new entry, zero but for its link; 0: the set is full, or there is no memory. */
static uint32_t set_add(NpSites *sites, NpSiteSet *set, uint32_t hash) {
    NpMem *mem = &sites->global->heap.mem;
    uint32_t at = (uint32_t)set->count + 1;
    if (set->count >= set->most ||
        !np_list_reserve(mem, &set->items, &set->capacity, set->count + 1, set->size, set->count + 2))
        return 0;
    if (!set->heads || set->count > set->mask) {
        size_t wanted = set->heads ? (set->mask + 1) * 2 : HEADS_FIRST;
        if (!np_list_reserve(mem, (void **)&set->heads, &set->head_capacity, 0, sizeof *set->heads, wanted)) return 0;
        set->mask = wanted - 1;
        chain_all(set);
    }
    memset(link_at(set, at), 0, set->size);
    set->count = at;
    set_chain(set, at, hash);
    return at;
}

static void set_close(NpSites *sites, NpSiteSet *set) {
    NpMem *mem = &sites->global->heap.mem;
    np_list_close(mem, &set->items, &set->capacity, set->size);
    np_list_close(mem, (void **)&set->heads, &set->head_capacity, sizeof *set->heads);
}

static size_t set_bytes(const NpSiteSet *set) { return set->capacity * set->size + set->head_capacity * sizeof *set->heads; }

static uint32_t mix(uint32_t hash, uint32_t word) {
    hash = (hash ^ word) * 0x9e3779b1u;
    return hash ^ hash >> 15;
}

/* ---- texts ---- */

const char *np_sites_text(const NpSites *sites, uint32_t at) {
    return at ? ((const NpSiteText *)sites->texts.items)[at].text : "";
}

static uint32_t intern(NpSites *sites, const char *text, size_t length) {
    NpSiteText *entry;
    char *copy;
    uint32_t hash = 1, at;
    for (size_t i = 0; i < length; i++) hash = mix(hash, (unsigned char)text[i]);
    for (at = chain(&sites->texts, hash); at; at = entry->link.next) {
        entry = (NpSiteText *)sites->texts.items + at;
        if (entry->link.hash == hash && entry->length == length && memcmp(entry->text, text, length) == 0)
            return at;
    }
    if (sites->bytes.used + length >= TEXT_BYTES_MOST || !(copy = np_scratch_alloc(&sites->bytes, length + 1)) ||
        !(at = set_add(sites, &sites->texts, hash)))
        return 0;
    memcpy(copy, text, length);
    copy[length] = '\0';
    entry = (NpSiteText *)sites->texts.items + at;
    entry->length = (uint32_t)length;
    entry->text = copy;
    return at;
}

/* ---- functions ---- */

static uint32_t find_function(NpSites *sites, uint32_t file, int32_t line, int32_t last_line, lua_CFunction function) {
    uint32_t hash = mix(mix(mix(mix(2, file), (uint32_t)line), (uint32_t)last_line), (uint32_t)(uintptr_t)function >> 2), at;
    NpSiteFunction *entry;
    for (at = chain(&sites->functions, hash); at; at = entry->link.next) {
        entry = np_sites_function(sites, at);
        if (entry->file == file && entry->line == line && entry->last_line == last_line && entry->function == function)
            return at;
    }
    at = set_add(sites, &sites->functions, hash);
    if (!at) return 0;
    entry = np_sites_function(sites, at);
    entry->file = file;
    entry->line = line;
    entry->last_line = last_line;
    entry->function = function;
    return at;
}

/* How the frame below calls it; 0: it has no name there. */
static uint32_t call_name(NpSites *sites, lua_State *L, const NpFrame *frame) {
    NpDebugName name = {NULL, NULL};
    char text[NP_SITES_NAME];
    if (frame > L->frames && !(frame->flags & NP_FRAME_TAIL)) name = np_debug_call_name(L, frame - 1);
    if (!name.kind || strcmp(name.name, "?") == 0) return 0;
    if (strcmp(name.kind, "metamethod") == 0) snprintf(text, sizeof text, "__%s", name.name + (strncmp(name.name, "__", 2) ? 0 : 2));
    else if (strcmp(name.kind, "for iterator") == 0) snprintf(text, sizeof text, "(%s)", name.kind);
    else snprintf(text, sizeof text, "%s", name.name);
    return intern(sites, text, strlen(text));
}

static bool is_function(const NpValue *value, lua_CFunction function) {
    return (value->tag == NP_CFUNC && value->v.f == function) ||
           (value->tag == NP_CCLOSURE && np_ccl(value)->function == function);
}

/* The value of a string key, by its text. */
static bool field_of(lua_State *L, NpTable *table, const char *text, NpValue *value) {
    NpValue key;
    uint32_t cursor = 0;
    while (np_table_walk(L, table, &cursor, &key, value))
        if (np_is_str(&key) && strcmp(np_str(&key)->text, text) == 0) return true;
    return false;
}

/* "string.rep", as traces name it: the field of a loaded module that holds it, "_G." left out. 0: there is none. */
static uint32_t loaded_name(NpSites *sites, lua_State *L, lua_CFunction function) {
    NpValue loaded, key, module, name, value;
    uint32_t cursor = 0;
    if (sites->global->registry.tag != NP_TABLE ||
        !field_of(L, np_tab(&sites->global->registry), "_LOADED", &loaded) || !np_is_table(&loaded))
        return 0;
    while (np_table_walk(L, np_tab(&loaded), &cursor, &key, &module)) {
        uint32_t at = 0;
        if (!np_is_str(&key) || !np_is_table(&module)) continue;
        while (np_table_walk(L, np_tab(&module), &at, &name, &value)) {
            char text[NP_SITES_NAME];
            if (!is_function(&value, function) || !np_is_str(&name)) continue;
            if (strcmp(np_str(&key)->text, "_G") == 0) snprintf(text, sizeof text, "%s", np_str(&name)->text);
            else snprintf(text, sizeof text, "%s.%s", np_str(&key)->text, np_str(&name)->text);
            return intern(sites, text, strlen(text));
        }
    }
    return 0;
}

static uint32_t c_function(NpSites *sites, lua_State *L, const NpFrame *frame) {
    const NpValue *func = frame->func;
    lua_CFunction function = func->tag == NP_CCLOSURE ? np_ccl(func)->function : func->tag == NP_CFUNC ? func->v.f : NULL;
    uint32_t at, name;
    size_t before = sites->functions.count;
    if (!function) return 0;
    at = find_function(sites, intern(sites, "[C]", 3), 0, 0, function);
    if (!at || sites->functions.count == before) return at;
    name = loaded_name(sites, L, function);
    if (!name) name = call_name(sites, L, frame);
    np_sites_function(sites, at)->name = name;
    return at;
}

static uint32_t lua_function(NpSites *sites, lua_State *L, const NpFrame *frame, const NpProto *proto) {
    const NpString *source = proto->source;
    char name[LUA_IDSIZE];
    uint32_t file, at;
    if (source && source->text[0] == '@') {
        file = intern(sites, source->text + 1, source->length - 1);
    } else {
        np_err_chunk_id(name, source ? source->text : "=?", source ? source->length : 2);
        file = intern(sites, name, strlen(name));
    }
    at = file ? find_function(sites, file, proto->line, proto->last_line, NULL) : 0;
    if (at && !np_sites_function(sites, at)->name) {
        uint32_t called = proto->line == 0 ? intern(sites, "main chunk", 10) : call_name(sites, L, frame);
        np_sites_function(sites, at)->name = called;
    }
    return at;
}

const char *np_sites_name(const NpSites *sites, const NpSiteFunction *function, char out[NP_SITES_NAME]) {
    if (function->name) return np_sites_text(sites, function->name);
    if (function->function) return "(C function)";
    snprintf(out, NP_SITES_NAME, "<%s:%d>", np_sites_text(sites, function->file), function->line);
    return out;
}

/* ---- locations and stacks ---- */

static uint32_t find_location(NpSites *sites, uint32_t function, int32_t line) {
    uint32_t hash = mix(mix(3, function), (uint32_t)line), at;
    NpSiteLocation *entry;
    if (!function) return 0;
    for (at = chain(&sites->locations, hash); at; at = entry->link.next) {
        entry = np_sites_location(sites, at);
        if (entry->function == function && entry->line == line) return at;
    }
    at = set_add(sites, &sites->locations, hash);
    if (!at) return 0;
    entry = np_sites_location(sites, at);
    entry->function = function;
    entry->line = line;
    return at;
}

static uint32_t find_stack(NpSites *sites, uint32_t parent, uint32_t location) {
    uint32_t hash = mix(mix(4, parent), location), at;
    NpSiteStack *entry;
    if (!location) return sites->other;
    for (at = chain(&sites->stacks, hash); at; at = entry->link.next) {
        entry = np_sites_stack_at(sites, at);
        if (entry->parent == parent && entry->location == location) return at;
    }
    at = set_add(sites, &sites->stacks, hash);
    if (!at) return sites->other;
    entry = np_sites_stack_at(sites, at);
    entry->parent = parent;
    entry->location = location;
    return at;
}

/* A frame that is no function of the program, or of which nothing better is known. */
static uint32_t special_location(NpSites *sites, const char *text) {
    uint32_t name = intern(sites, text, strlen(text)), at = find_function(sites, name, 0, -1, NULL);
    if (at) np_sites_function(sites, at)->name = name;
    return find_location(sites, at, 0);
}

static uint32_t location_of(NpSites *sites, lua_State *L, const NpFrame *frame) {
    const NpProto *proto;
    NpSiteCached *cached;
    int pc, line;
    uint32_t at;
    if (!np_frame_is_lua(frame)) {
        at = find_location(sites, c_function(sites, L, frame), 0);
        return at ? at : special_location(sites, "(other)");
    }
    proto = np_frame_closure(frame)->proto;
    pc = np_debug_pc(frame);
    cached = &sites->cache[((uint32_t)((uintptr_t)proto >> 4) * 31 + (uint32_t)pc) % NP_SITES_CACHE];
    if (NP_LIKELY(cached->proto == proto && cached->pc == (uint32_t)pc)) return cached->location;
    line = np_func_line(proto, pc);
    at = find_location(sites, lua_function(sites, L, frame, proto), line > 0 ? line : 0);
    if (at) *cached = (NpSiteCached){proto, (uint32_t)pc, at};
    return at;
}

lua_State *np_sites_running(const NpGlobal *global) {
    /* A host may call functions on a thread that it has not resumed. */
    return global->jump ? global->jump->L : global->running;
}

static bool is_nameless(const NpSites *sites, uint32_t location) {
    const NpSiteFunction *function = location ? np_sites_function(sites, np_sites_location(sites, location)->function) : NULL;
    return function && function->function && !function->name;
}

uint32_t np_sites_stack(NpSites *sites, lua_State *L, const char *special) {
    uint32_t locations[NP_SITES_DEPTH], count = 0, at = 0;
    bool truncated = false;
    if (special) locations[count++] = special_location(sites, special);
    for (; L && !truncated; L = L->resumer) {
        for (const NpFrame *frame = L->frame; frame && frame > L->frames && !truncated; frame--) {
            if (count == NP_SITES_DEPTH) truncated = true;
            else locations[count++] = location_of(sites, L, frame);
        }
    }
    while (count > 1 && is_nameless(sites, locations[count - 1])) count--; /* the host's own */
    if (truncated) at = find_stack(sites, 0, special_location(sites, "(truncated)"));
    else if (count == 0) at = find_stack(sites, 0, special_location(sites, "(runtime)"));
    while (count > 0) {
        at = find_stack(sites, at, locations[--count]);
        if (at == sites->other) break;
    }
    return at;
}

uint32_t np_sites_line(NpSites *sites, lua_State *L) {
    for (; L; L = L->resumer)
        for (const NpFrame *frame = L->frame; frame && frame > L->frames; frame--)
            if (np_frame_is_lua(frame)) return location_of(sites, L, frame);
    return special_location(sites, "[C]");
}

/* ---- notes ---- */

static uint32_t mark_used(void *ctx, uint32_t note) {
    np_sites_note_at(ctx, note)->renamed = 1;
    return note;
}
static uint32_t new_name(void *ctx, uint32_t note) { return np_sites_note_at(ctx, note)->renamed; }

/* Drops the notes that no slot has any more. */
static void compact_notes(NpSites *sites) {
    NpHeap *heap = &sites->global->heap;
    NpSiteNote *notes = sites->notes.items;
    uint32_t kept = 0;
    np_notes_each(heap, mark_used, sites);
    for (uint32_t at = 1; at <= sites->notes.count; at++)
        if (notes[at].renamed) notes[at].renamed = ++kept;
    np_notes_each(heap, new_name, sites);
    for (uint32_t at = 1; at <= sites->notes.count; at++) {
        uint32_t to = notes[at].renamed;
        notes[at].renamed = 0;
        if (to) notes[to] = notes[at];
    }
    sites->notes.count = kept;
    chain_all(&sites->notes);
    for (uint32_t at = 1; at <= sites->locations.count; at++) np_sites_location(sites, at)->note_generation = 0;
}

uint32_t np_sites_note(NpSites *sites, uint32_t location, uint32_t generation, uint32_t stack) {
    NpSiteSet *set = &sites->notes;
    uint32_t hash = mix(mix(mix(5, location), generation), stack), at;
    NpSiteNote *entry;
    for (at = chain(set, hash); at; at = entry->link.next) {
        entry = np_sites_note_at(sites, at);
        if (entry->location == location && entry->generation == generation && entry->stack == stack) return at;
    }
    if (set->count >= set->most && set->most < NOTES_MOST) {
        compact_notes(sites);
        if (set->count > set->most / 2) set->most *= 2;
    }
    at = set_add(sites, set, hash);
    if (!at) return 0;
    entry = np_sites_note_at(sites, at);
    entry->location = location;
    entry->generation = generation;
    entry->stack = stack;
    return at;
}

/* ---- what the heap tells ---- */

static uint32_t slot_taken(void *ctx, size_t bytes, bool sampled) {
    NpSites *sites = ctx;
    lua_State *L = np_sites_running(sites->global);
    uint32_t at = 0, stack = 0, note;
    NpSiteLocation *location;
    if (sites->mark_count > 0) {
        at = np_sites_line(sites, L);
        if (!sampled && at) {
            location = np_sites_location(sites, at);
            if (NP_LIKELY(location->note_generation == sites->generation)) return location->note;
            note = np_sites_note(sites, at, sites->generation, 0);
            location->note = note;
            location->note_generation = note ? sites->generation : 0;
            return note;
        }
    }
    if (sampled) {
        stack = np_sites_stack(sites, L, NULL);
        np_profile_taken(sites, stack, bytes);
    }
    note = at || stack ? np_sites_note(sites, at, at ? sites->generation : 0, stack) : 0;
    if (stack && !note) np_profile_gone(sites, stack, bytes); /* it cannot be followed */
    return note;
}

static void slot_gone(void *ctx, uint32_t note, size_t bytes) {
    NpSites *sites = ctx;
    uint32_t stack = np_sites_note_at(sites, note)->stack;
    if (stack) np_profile_gone(sites, stack, bytes);
}

static void slot_cut(void *ctx, uint32_t note, size_t old_bytes, size_t new_bytes) {
    NpSites *sites = ctx;
    uint32_t stack = np_sites_note_at(sites, note)->stack;
    if (stack) np_profile_cut(sites, stack, old_bytes, new_bytes);
}

static void cycle_marked(void *ctx) { memset(((NpSites *)ctx)->cache, 0, sizeof ((NpSites *)ctx)->cache); }

/* ---- life ---- */

static size_t block_bytes(void) { return NP_ALIGN_UP(sizeof(NpSites), np_os_page_size()); }

NpSites *np_sites_get(NpGlobal *global) {
    NpSites *sites = global->sites;
    void *memory;
    if (sites) return sites;
    if (sysAlloc(&global->heap.mem, block_bytes(), &memory) != 0) return NULL;
    global->sites = sites = memory;
    sites->global = global;
    np_scratch_init_in(&sites->bytes, &global->heap.mem);
    set_init(&sites->texts, sizeof(NpSiteText), TEXTS_MOST);
    set_init(&sites->functions, sizeof(NpSiteFunction), FUNCTIONS_MOST);
    set_init(&sites->locations, sizeof(NpSiteLocation), LOCATIONS_MOST);
    set_init(&sites->stacks, sizeof(NpSiteStack), STACKS_MOST);
    set_init(&sites->notes, sizeof(NpSiteNote), NOTES_FIRST);
    sites->other = find_stack(sites, 0, special_location(sites, "(other)"));
    if (sites->other) return sites;
    np_sites_close(global);
    return NULL;
}

bool np_sites_settle(NpGlobal *global) {
    NpSites *sites = global->sites;
    NpNoteTaker taker = {slot_taken, slot_gone, slot_cut, cycle_marked, sites};
    if (!sites) return true;
    if (sites->profiling || sites->mark_count > 0)
        return np_notes_open(&global->heap, &taker, sites->mark_count > 0, sites->profiling ? sites->rate : 0);
    np_notes_close(&global->heap);
    if (!sites->timing && sites->results == 0) np_sites_close(global);
    return true;
}

void np_sites_close(NpGlobal *global) {
    NpSites *sites = global->sites;
    NpMem *mem = &global->heap.mem;
    if (!sites) return;
    np_notes_close(&global->heap);
    set_close(sites, &sites->texts);
    set_close(sites, &sites->functions);
    set_close(sites, &sites->locations);
    set_close(sites, &sites->stacks);
    set_close(sites, &sites->notes);
    np_scratch_free(&sites->bytes);
    np_list_close(mem, (void **)&sites->marks, &sites->mark_capacity, sizeof *sites->marks);
    np_mem_discard_ready(mem, sites, block_bytes());
    global->sites = NULL;
}

size_t np_sites_bytes(const NpGlobal *global) {
    const NpSites *sites = global->sites;
    if (!sites) return 0;
    return block_bytes() + np_notes_bytes(&global->heap) + set_bytes(&sites->texts) + set_bytes(&sites->functions) +
           set_bytes(&sites->locations) + set_bytes(&sites->stacks) + set_bytes(&sites->notes) + sites->bytes.used;
}
