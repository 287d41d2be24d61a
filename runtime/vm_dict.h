/* vm_dict.h: computed keys in dictionaries. A part of vm_ops.h, which see for the words used.
 *
 * Owns: what GETINDEX and SETINDEX leave where the key is none of the array. Does not: add keys, heed metamethods: COLD does. */

#define HAS_INT32(n) ((n) > -0x1p31 && (n) < 0x1p31 && (n) == (double)(int32_t)(n))
/* The instruction is complete if the key was found with a value. */
#define GET_NODE(node)                                                                             \
    if (NP_LIKELY((node) && (node)->value_tag != NP_NIL)) {                                        \
        NpValue *to = RA;                                                                          \
        to->v = (node)->value;                                                                     \
        to->tag = (node)->value_tag;                                                               \
        NEXT;                                                                                      \
    }
#define SET_NODE(node)                                                                             \
    if (NP_LIKELY((node) && (node)->value_tag != NP_NIL)) {                                        \
        (node)->value = RC->v;                                                                     \
        (node)->value_tag = RC->tag;                                                               \
        NEXT;                                                                                      \
    }
/* R[B] is a dictionary, and R[C] no key of its array. Strings apart from the rest, where they need no call. */
EXTRA(get_index_dict) {
    const NpValue *key = RC;
    if (key->tag != NP_STR) TO(get_index_word);
    if (NP_LIKELY(np_str(key)->is_short)) {
        const NpDictNode *node = np_dict_find_short(np_tab(RB)->slots, np_str(key));
        GET_NODE(node)
    }
    COLD(get_index);
}
/* Any key but a string in a table of whatever form. */
EXTRA(get_index_word) {
    NpTable *table = np_tab(RB);
    const NpValue *key = RC;
    const NpDictNode *node = NULL;
    if (key->tag == NP_INT) {
        if (np_table_is_dict(table)) node = np_dict_find_int_inline(table->slots, key->v.i);
    } else if (key->tag == NP_FLT) {
        if (HAS_INT32(key->v.n)) TO(get_index_whole);
        if (np_table_is_dict(table)) node = np_dict_find_flt(table->slots, key->v.n);
    } else if (np_table_is_dict(table)) {
        TO(get_index_object);
    }
    GET_NODE(node)
    COLD(get_index);
}
EXTRA(get_index_whole) {
    const NpTable *table = np_tab(RB);
    const int32_t key = (int32_t)RC->v.n;
    if ((uint32_t)key - 1 < table->array_size) {
        uint8_t tag = np_array_tags(table)[key - 1];
        if (NP_LIKELY(tag != NP_NIL)) {
            NpValue *to = RA;
            to->v = table->array[key - 1];
            to->tag = tag;
            NEXT;
        }
    } else if (np_table_is_dict(table)) {
        const NpDictNode *node = np_dict_find_int_inline(table->slots, key);
        GET_NODE(node)
    }
    COLD(get_index);
}
EXTRA(get_index_object) {
    const NpDictNode *node = np_dict_find_word(np_tab(RB)->slots, RC);
    GET_NODE(node)
    COLD(get_index);
}
EXTRA(set_index_dict) {
    NpTable *table = np_tab(RA);
    const NpValue *key = RB;
    if (key->tag != NP_STR) TO(set_index_word);
    if (NP_LIKELY(np_str(key)->is_short && !(table->flags & (NP_FLAG_META | NP_FLAG_HOLDER)))) {
        NpDictNode *node = np_dict_find_short(table->slots, np_str(key));
        SET_NODE(node)
    }
    COLD(set_index);
}
EXTRA(set_index_word) {
    const NpTable *table = np_tab(RA);
    const NpValue *key = RB;
    NpDictNode *node;
    if (key->tag == NP_INT) node = np_dict_find_int_inline(table->slots, key->v.i);
    else if (key->tag == NP_FLT) node = np_dict_find_flt(table->slots, key->v.n); /* none, if it has an integer value */
    else TO(set_index_object);
    SET_NODE(node)
    COLD(set_index);
}
EXTRA(set_index_object) {
    NpDictNode *node = np_dict_find_word(np_tab(RA)->slots, RB);
    SET_NODE(node)
    COLD(set_index);
}
#undef HAS_INT32
#undef GET_NODE
#undef SET_NODE
