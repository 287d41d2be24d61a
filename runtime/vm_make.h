/* vm_make.h: the bodies of the instructions that make tables and functions. A part of vm_ops.h, which see for the words used.
 *
 * Owns: what can be made by taking slots from the heap's runs at hand. Does not: refill runs, collect, throw: COLD does. */

/* Where nothing but taking from the heap's runs is to be done, it is done here; COLD collects when that is due. */
HANDLER(NEWTABLE) {
    NpHeap *heap = &L->global->heap;
    uint32_t elements = pc[0];
    if (np_b(insn) == 0 && elements - 1 < NP_ELEMENTS_SMALL && NP_LIKELY(heap->debt <= 0)) {
        NpPayload *array;
        unsigned fit;
        NpTable *table = np_table_take(heap, elements, &array, &fit);
        if (NP_LIKELY(table != NULL)) {
            table->array = array;
            table->array_size = elements; /* exactly: it may never grow */
            np_set_obj(RA, table, NP_TABLE);
            pc++;
            NEXT;
        }
    }
    COLD(new_table);
}
HANDLER(NEWTABLE_AS) {
    NpGlobal *global = L->global;
    if (NP_LIKELY(global->heap.debt <= 0 && np_shape_is_touched(global, pc[0]))) {
        NpPayload *slots;
        unsigned fit = 0;
        NpTable *table = np_table_take(&global->heap, np_b(insn), &slots, &fit);
        if (NP_LIKELY(table != NULL)) {
            table->slots = slots;
            table->slot_capacity = (uint8_t)fit;
            table->shape = pc[0];
            np_set_obj(RA, table, NP_TABLE);
            pc++;
            NEXT;
        }
    }
    COLD(new_table);
}
HANDLER(SETLIST) {
    const NpValue *from = RA;
    NpTable *table = np_tab(from);
    uint32_t offset = pc[0], count = np_b(insn) ? np_b(insn) : (uint32_t)(L->top - from) - 1;
    /* How many will come was not known, so there is no array yet. */
    if (!table->array && !np_table_is_dict(table) && count - 1 < NP_ELEMENTS_SMALL) {
        unsigned class = np_class_of_16[(count * NP_ELEMENT_BYTES + 15) >> 4];
        NpPayload *array = np_heap_take_buf(&L->global->heap, class);
        if (NP_UNLIKELY(!array)) COLD(set_list);
        table->array = array;
        table->array_size = count;
        np_table_clear_tags(np_array_tags(table), count);
    }
    if (NP_LIKELY(offset + count <= table->array_size && !L->global->gc.barrier_on)) {
        NpPayload *values = table->array + offset;
        uint8_t *tags = np_array_tags(table) + offset;
        for (uint32_t i = 0; i < count; i++) {
            from++;
            values[i] = from->v;
            tags[i] = from->tag;
        }
        pc++;
        NEXT;
    }
    COLD(set_list);
}

HANDLER(CLOSURE) { COLD(closure); }
