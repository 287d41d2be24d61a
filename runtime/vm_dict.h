/* vm_dict.h: computed keys in dictionaries. A part of vm_ops.h, which see for the words used.
 *
 * Owns: what GETINDEX and SETINDEX leave where the key is none of the array. Does not: add keys, heed metamethods: COLD does. */

/* R[B] is a dictionary, and R[C] no key of its array. Strings apart from the rest, where they need no call. */
EXTRA(get_index_dict) {
    const NpValue *key = RC;
    if (key->tag != NP_STR) TO(get_index_word);
    if (NP_LIKELY(np_str(key)->is_short)) {
        const NpDictNode *node = np_dict_find_short(np_tab(RB)->slots, np_str(key));
        if (node && node->value_tag != NP_NIL) {
            NpValue *to = RA;
            to->v = node->value;
            to->tag = node->value_tag;
            NEXT;
        }
    }
    COLD(get_index);
}
/* Any key but a string in a table of whatever form; of a float with an integer value np_table_get knows. */
EXTRA(get_index_word) {
    NpTable *table = np_tab(RB);
    const NpValue *key = RC;
    NpPayload payload;
    uint8_t tag = NP_NIL;
    if (key->tag == NP_FLT && key->v.n > -0x1p31 && key->v.n < 0x1p31 && key->v.n == (double)(int32_t)key->v.n) {
        NpValue found;
        (void)np_table_get_int(table, (int32_t)key->v.n, &found);
        payload = found.v, tag = found.tag;
    } else if (np_table_is_dict(table)) {
        const NpDictNode *node = key->tag == NP_INT ? np_dict_find_int(table->slots, key->v.i) : np_dict_find_word(table->slots, key);
        if (node) payload = node->value, tag = node->value_tag;
    }
    if (NP_LIKELY(tag != NP_NIL)) {
        NpValue *to = RA;
        to->v = payload;
        to->tag = tag;
        NEXT;
    }
    COLD(get_index);
}
EXTRA(set_index_dict) {
    NpTable *table = np_tab(RA);
    const NpValue *key = RB;
    if (key->tag != NP_STR) TO(set_index_word);
    if (NP_LIKELY(np_str(key)->is_short && !(table->flags & (NP_FLAG_META | NP_FLAG_HOLDER)))) {
        NpDictNode *node = np_dict_find_short(table->slots, np_str(key));
        if (node && node->value_tag != NP_NIL) {
            node->value = RC->v;
            node->value_tag = RC->tag;
            NEXT;
        }
    }
    COLD(set_index);
}
EXTRA(set_index_word) {
    NpTable *table = np_tab(RA);
    const NpValue *key = RB;
    NpDictNode *node = key->tag == NP_INT ? np_dict_find_int(table->slots, key->v.i) : np_dict_find_word(table->slots, key);
    if (node && node->value_tag != NP_NIL) {
        node->value = RC->v;
        node->value_tag = RC->tag;
        NEXT;
    }
    COLD(set_index);
}
