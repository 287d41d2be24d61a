/* dict.h: the dictionary part of a table (dict.c).
 * Does not: know arrays or shapes; table.c decides which part a key belongs to.
 *
 * Chained scatter table: every key's chain starts at its main position; colliding keys take free nodes
 * from the end, and a key that sits in another's main position makes way (R. P. Brent 1973). It works at a load of 100 %.
 * A deleted key stays with a nil value until the next rebuild, so that `next` can go on from it. */
#ifndef NP_DICT_H
#define NP_DICT_H

#include "runtime/state.h"

#define NP_DICT_SMALL 1024    /* nodes: 24 KiB */
#define NP_DICT_PAGE_SHIFT 9  /* pages of 8 KiB, counted in granules */

NP_INLINE size_t np_dict_bytes(uint32_t size) { return sizeof(NpDict) + (size_t)size * sizeof(NpDictNode); }

/* Position of an integer, or of anything turned into one: the remainder modulo size - 1, found by adding up its digits in
 * base `size`. Neighbouring keys get neighbouring positions, so that walks over them stay within few pages; small sizes, for
 * which that does not matter, take a multiplicative hash. */
NP_INLINE uint32_t np_dict_position(uint64_t word, uint32_t size) {
    uint64_t mask = size - 1;
    if (size <= 64) return (uint32_t)((word * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (uint32_t)mask;
    unsigned bits = (unsigned)__builtin_ctz(size);
    while (word > mask) word = (word & mask) + (word >> bits);
    return (uint32_t)word;
}
/* Folded first: the product's middle bits know nothing of the word's high ones, which is all a short float has. */
NP_INLINE uint32_t np_dict_hash_word(uint64_t word) {
    word ^= word >> 32;
    word *= UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(word >> 32);
}
/* Position of a short string. In a large dictionary it follows from the address, so that strings made one after the other, which lie
 * side by side, have nodes side by side too: a program that goes through them in that order finds the next node in the cache.
 * Pages are scattered; otherwise strings at regular distances would meet in few nodes. Small dictionaries are in the cache anyway. */
NP_INLINE uint32_t np_dict_string_position(const NpString *key, uint32_t size) {
    if (size <= NP_DICT_SMALL) return key->hash & (size - 1);
    uint64_t granule = (uintptr_t)key >> NP_GRANULE_SHIFT;
    uint64_t page = granule >> NP_DICT_PAGE_SHIFT;
    return ((uint32_t)granule + (uint32_t)((page * UINT64_C(0x9e3779b97f4a7c15)) >> 32)) & (size - 1);
}
/* [gc-free, err] An empty dictionary of `size` nodes (a power of two). */
NpDict *np_dict_new(lua_State *L, uint32_t size);
/* [-] The node of a key, or NULL; its value may be nil. The key is normalised: no float with an integer value. */
NpDictNode *np_dict_find(lua_State *L, NpDict *dict, const NpValue *key);
NpDictNode *np_dict_find_int(NpDict *dict, int64_t key);
/* [-] As np_dict_find for any key but strings and integers; also of floats with an integer value, which are not there. */
NpDictNode *np_dict_find_word(NpDict *dict, const NpValue *key);
/* [-] The node a `next` key stands in, dead keys included, or NULL. */
NpDictNode *np_dict_find_even_dead(lua_State *L, NpDict *dict, const NpValue *key);
/* [-] Makes dead keys at this key's address match nothing any more: before the key is put in. Such a node may be in a
 * chain that is not the key's own. */
void np_dict_forget_dead(lua_State *L, NpDict *dict, const NpValue *key);
/* [-] The node in which the chain of a key begins; np_dict_insert may move what is there to make way. */
NpDictNode *np_dict_home(lua_State *L, NpDict *dict, const NpValue *key);
/* [-] A node for a key that is not there, its value nil; NULL when the dictionary is full. */
NpDictNode *np_dict_insert(lua_State *L, NpDict *dict, const NpValue *key);

/* As np_dict_find_int and np_dict_find_word, for where a call would be most of it. The float has no integer value. */
NP_INLINE NpDictNode *np_dict_find_int_inline(NpDict *dict, int64_t key) {
    NpDictNode *node = &dict->nodes[np_dict_position((uint64_t)key, dict->size)];
    for (;;) {
        if (node->key.i == key && node->key_tag == NP_INT) return node;
        if (node->next == 0) return NULL;
        node += node->next;
    }
}
NP_INLINE NpDictNode *np_dict_find_flt(NpDict *dict, double key) {
    NpPayload payload;
    payload.n = key;
    NpDictNode *node = &dict->nodes[np_dict_hash_word(payload.bits) & (dict->size - 1)];
    for (;;) {
        if (node->key.bits == payload.bits && node->key_tag == NP_FLT) return node;
        if (node->next == 0) return NULL;
        node += node->next;
    }
}
NP_INLINE NpDictNode *np_dict_find_short(NpDict *dict, const NpString *key) {
    NpDictNode *node = &dict->nodes[np_dict_string_position(key, dict->size)];
    for (;;) {
        if (node->key.p == key && node->key_tag == NP_STR) return node;
        if (node->next == 0) return NULL;
        node += node->next;
    }
}

#endif
