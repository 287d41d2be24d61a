/* dict.c: the dictionary part of a table: chained scatter table with Brent's variation.
 * Owns: node placement and search. Does not: resize, or shade what is stored or moves (table.c). */
#include "runtime/dict.h"
#include "runtime/strings.h"

NpDict *np_dict_new(lua_State *L, uint32_t size) {
    NpDict *dict = np_mem_buf(L, np_dict_bytes(size));
    dict->metatable = NULL;
    dict->size = size;
    dict->last_free = size;
    memset(dict->nodes, 0, (size_t)size * sizeof(NpDictNode));
    return dict;
}

static NpDictNode *main_position(lua_State *L, NpDict *dict, NpPayload key, uint8_t tag) {
    uint32_t position;
    switch (tag) {
    case NP_INT: position = np_dict_position((uint64_t)key.i, dict->size); break;
    case NP_STR: {
        NpString *string = (NpString *)key.p;
        position = string->is_short ? np_dict_string_position(string, dict->size) : np_string_hash(L, string) & (dict->size - 1);
        break;
    }
    case NP_FALSE: position = 1 & (dict->size - 1); break;
    case NP_TRUE: position = 2 & (dict->size - 1); break;
    case NP_FLT: position = np_dict_hash_word(key.bits) & (dict->size - 1); break;
    case NP_CFUNC: position = np_dict_hash_word((uintptr_t)key.f) & (dict->size - 1); break;
    default: position = np_dict_position((uintptr_t)key.p >> NP_GRANULE_SHIFT, dict->size); break;
    }
    return &dict->nodes[position];
}

NpDictNode *np_dict_find_int(NpDict *dict, int64_t key) { return np_dict_find_int_inline(dict, key); }

/* Of keys that are equal only when identical, a dead one is the same too, by its address. An equal long string may
 * come after a dead one at whose address the string asked for lies now, so a dead string never is. */
static bool same_key(const NpDictNode *node, const NpValue *key) {
    if (node->key_tag != key->tag) return false;
    switch (key->tag) {
    case NP_FALSE: case NP_TRUE: return true;
    case NP_FLT: return node->key.n == key->v.n;
    case NP_INT: return node->key.i == key->v.i;
    case NP_STR: return !node->dead_key && np_string_equal((NpString *)node->key.p, np_str(key));
    default: return node->key.bits == key->v.bits;
    }
}

NpDictNode *np_dict_find(lua_State *L, NpDict *dict, const NpValue *key) {
    if (key->tag == NP_NIL) return NULL;
    NpDictNode *node = main_position(L, dict, key->v, key->tag);
    for (;;) {
        if (same_key(node, key)) return node;
        if (node->next == 0) return NULL;
        node += node->next;
    }
}

NpDictNode *np_dict_find_word(NpDict *dict, const NpValue *key) {
    if (key->tag == NP_NIL) return NULL;
    NpDictNode *node = main_position(NULL, dict, key->v, key->tag);
    bool by_tag = key->tag <= NP_TRUE; /* which has no payload */
    for (;;) {
        if (node->key_tag == key->tag && (by_tag || node->key.bits == key->v.bits) && !node->dead_key) return node;
        if (node->next == 0) return NULL;
        node += node->next;
    }
}

static NpDictNode *find_dead(lua_State *L, NpDict *dict, const NpValue *key) {
    NpDictNode *node = main_position(L, dict, key->v, key->tag);
    for (;;) {
        if (node->dead_key && node->key_tag == key->tag && node->key.bits == key->v.bits) return node;
        if (node->next == 0) return NULL;
        node += node->next;
    }
}

NpDictNode *np_dict_find_even_dead(lua_State *L, NpDict *dict, const NpValue *key) {
    /* While `next` is asked about a dead key, that is alive all the same (it is on a stack), so nothing else has come
     * to lie at its address. */
    NpDictNode *node = np_dict_find(L, dict, key);
    return node || !(key->tag & NP_TAG_COLLECTABLE) ? node : find_dead(L, dict, key);
}

void np_dict_forget_dead(lua_State *L, NpDict *dict, const NpValue *key) {
    NpDictNode *node;
    while ((node = find_dead(L, dict, key)) != NULL) node->key.bits = 0;
}

NpDictNode *np_dict_home(lua_State *L, NpDict *dict, const NpValue *key) { return main_position(L, dict, key->v, key->tag); }

static NpDictNode *take_free(NpDict *dict) {
    while (dict->last_free > 0) {
        NpDictNode *node = &dict->nodes[--dict->last_free];
        if (node->key_tag == NP_NIL) return node;
    }
    return NULL;
}

static void set_key(NpDictNode *node, const NpValue *key) {
    node->key = key->v;
    node->key_tag = key->tag;
    node->value_tag = NP_NIL;
    node->dead_key = 0;
}

NpDictNode *np_dict_insert(lua_State *L, NpDict *dict, const NpValue *key) {
    NpDictNode *home = main_position(L, dict, key->v, key->tag);
    if (home->key_tag == NP_NIL || home->value_tag == NP_NIL) {
        /* Free, or deleted: taken over in place; it stays in whatever chain runs through it. */
        set_key(home, key);
        return home;
    }
    NpDictNode *free_node = take_free(dict);
    if (!free_node) return NULL;
    NpDictNode *other = main_position(L, dict, home->key, home->key_tag);
    if (other != home) {
        /* The occupant is not in its own main position: it moves, its chain is mended. */
        while (other + other->next != home) other += other->next;
        other->next = (int32_t)(free_node - other);
        *free_node = *home;
        if (home->next != 0) {
            free_node->next += (int32_t)(home - free_node);
            home->next = 0;
        }
        set_key(home, key);
        return home;
    }
    set_key(free_node, key);
    free_node->next = home->next != 0 ? (int32_t)((home + home->next) - free_node) : 0;
    home->next = (int32_t)(free_node - home);
    return free_node;
}
