/* vm_make.h: the bodies of the instructions that make tables and functions. A part of vm_ops.h, which see for the words used.
 *
 * Owns: what can be made by taking slots from the heap's runs at hand. Does not: refill runs, collect, throw: COLD does. */

/* Where nothing but taking from the heap's runs is to be done, it is done here; COLD collects when that is due. */
HANDLER(NEWTABLE) {
    NpHeap *heap = &L->global->heap;
    const uint32_t elements = pc[0];
    if (NP_LIKELY(np_b(insn) == 0 && elements - 1 < NP_ELEMENTS_SMALL && heap->debt <= 0)) {
        const unsigned class = NP_CLASS_OF(elements * NP_ELEMENT_BYTES);
        if (NP_LIKELY(np_heap_has(heap, NP_TABLE_CLASS, NP_SPAN_OBJ) && np_heap_has(heap, class, NP_SPAN_BUF))) {
            NpTable *table = np_table_take(heap);
            table->array = np_heap_take(heap, class, NP_SPAN_BUF);
            table->array_size = elements; /* exactly: it may never grow */
            np_table_clear_tags(np_array_tags(table), elements);
            np_set_obj(RA, table, NP_TABLE);
            pc++;
            NEXT;
        }
    }
    COLD(new_table);
}
HANDLER(NEWTABLE_AS) {
    NpGlobal *global = L->global;
    NpHeap *heap = &global->heap;
    const unsigned fields = np_b(insn), class = fields ? NP_CLASS_OF(fields * NP_ELEMENT_BYTES) : 0;
    if (NP_LIKELY(heap->debt <= 0 && np_shape_is_touched(global, pc[0]) && np_heap_has(heap, NP_TABLE_CLASS, NP_SPAN_OBJ))) {
        if (NP_UNLIKELY(class != 0 && !np_heap_has(heap, class, NP_SPAN_BUF))) COLD(new_table);
        NpTable *table = np_table_take(heap);
        if (class != 0) {
            table->slots = np_heap_take(heap, class, NP_SPAN_BUF);
            table->slot_capacity = (uint8_t)(np_class_bytes[class] / NP_ELEMENT_BYTES);
            np_table_clear_tags(np_slot_tags(table), fields);
        }
        table->shape = pc[0];
        np_set_obj(RA, table, NP_TABLE);
        pc++;
        NEXT;
    }
    COLD(new_table);
}
HANDLER(SETLIST) {
    const NpValue *from = RA;
    NpTable *table = np_tab(from);
    uint32_t offset = pc[0], count = np_b(insn) ? np_b(insn) : (uint32_t)(L->top - from) - 1;
    /* How many will come was not known, so there is no array yet. */
    if (!table->array && !np_table_is_dict(table) && count - 1 < NP_ELEMENTS_SMALL) {
        unsigned class = NP_CLASS_OF(count * NP_ELEMENT_BYTES);
        if (NP_UNLIKELY(!np_heap_has(&L->global->heap, class, NP_SPAN_BUF))) COLD(set_list);
        table->array = np_heap_take(&L->global->heap, class, NP_SPAN_BUF);
        table->array_size = count;
        np_table_clear_tags(np_array_tags(table), count);
    }
    if (NP_LIKELY(offset + count <= table->array_size && !L->global->gc.barrier_on)) {
        NpPayload *values = table->array;
        uint8_t *tags = np_array_tags(table);
        for (uint32_t i = offset; i < offset + count; i++) {
            from++;
            values[i] = from->v;
            tags[i] = from->tag;
        }
        pc++;
        NEXT;
    }
    COLD(set_list);
}

/* What has been made when a run is used up is complete: a function that nobody has, and upvalues that COLD finds. */
HANDLER(CLOSURE) {
    NpHeap *heap = &L->global->heap;
    const NpLClosure *enclosing = np_lcl(base - 1);
    NpProto *proto = enclosing->proto->protos[np_d(insn)];
    unsigned count = proto->nupvalues, i = 0;
    const unsigned class = NP_CLASS_OF(sizeof(NpLClosure) + count * sizeof(NpUpval *));
    if (NP_UNLIKELY(heap->debt > 0 || L->global->gc.barrier_on || !np_heap_has(heap, class, NP_SPAN_OBJ))) COLD(closure);
    NpLClosure *closure = np_heap_take(heap, class, NP_SPAN_OBJ);
    closure->kind = NP_LCLOSURE;
    closure->flags = 0;
    closure->proto = proto;
    for (; i < count; i++) {
        const NpUpvalDesc *desc = &proto->upvalues[i];
        NpUpval *upval;
        if (desc->from_stack) {
            upval = np_func_find_or_take_upval(L, base + desc->index);
            if (NP_UNLIKELY(!upval)) break;
        } else {
            upval = enclosing->upvalue[desc->index];
        }
        closure->upvalue[i] = upval;
    }
    closure->nupvalues = (uint8_t)i;
    if (NP_UNLIKELY(i < count)) COLD(closure);
    np_set_obj(RA, closure, NP_LCLOSURE);
    NEXT;
}

/* A return out of a scope that functions have captured variables of, without variables to be closed. */
EXTRA(return_closing) {
    NpFrame *frame = L->frame;
    if (PLAIN_RETURN(frame) && L->tbc < base && !L->global->gc.barrier_on) {
        NpValue *to = RESULTS_AT(frame);
        const NpValue *from = RA;
        int count = np_b(insn) ? (int)np_b(insn) - 1 : (int)(L->top - from);
        int wanted = frame->nresults < 0 ? count : frame->nresults;
        np_func_close_plainly(L, base);
        for (; wanted > 0 && count > 0; wanted--, count--) np_copy(to++, from++);
        for (; wanted > 0; wanted--) np_set_nil(to++);
        L->top = to;
        RESUME_CALLER;
    }
    COLD_RETURN;
}
