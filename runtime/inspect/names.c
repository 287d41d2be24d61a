/* names.c: see names.h. */
#include "runtime/inspect/names.h"

#include <stdio.h>

#include "runtime/debuginfo.h"
#include "runtime/dict.h"
#include "runtime/err.h"
#include "runtime/number.h"
#include "runtime/table.h"

enum { STRING_MOST = 60, SHAPE_MOST = 80 };

const char *const np_edge_text[NP_EDGE_KINDS] = {
#define EDGE(name, chrome, text) [NP_EDGE_##name] = text,
#include "runtime/inspect/edgekinds.def"
#undef EDGE
};

/* ---- texts ---- */

void np_text_put_n(NpText *text, const char *bytes, size_t count) {
    size_t room = (size_t)(text->end - text->at);
    if (count > room) count = room;
    memcpy(text->at, bytes, count);
    text->at += count;
    *text->at = '\0';
}

void np_text_put(NpText *text, const char *words) { np_text_put_n(text, words, strlen(words)); }

void np_text_int(NpText *text, int64_t value) {
    char digits[24];
    snprintf(digits, sizeof digits, "%lld", (long long)value);
    np_text_put(text, digits);
}

void np_text_string(NpText *text, const NpString *string) {
    size_t count = string->length < STRING_MOST ? string->length : STRING_MOST;
    for (size_t i = 0; i < count; i++) {
        char byte = string->text[i];
        if ((unsigned char)byte < ' ' || byte == 127) byte = '.';
        np_text_put_n(text, &byte, 1);
    }
    if (count < string->length) np_text_put(text, "...");
}

/* ---- classes ---- */

/* The metatable's __name, if it is a short string: one object for one name. */
static const NpString *name_in(NpGlobal *global, NpTable *metatable) {
    static const char key[] = "__name";
    const NpShape *shape;
    if (!metatable) return NULL;
    if (np_table_is_dict(metatable)) {
        const NpDict *dict = metatable->slots;
        for (uint32_t i = 0; i < dict->size; i++) {
            const NpDictNode *node = &dict->nodes[i];
            if (node->value_tag != NP_STR || node->key_tag != NP_STR || !((NpString *)node->value.p)->is_short) continue;
            if (strcmp(((NpString *)node->key.p)->text, key) == 0) return node->value.p;
        }
        return NULL;
    }
    shape = np_shape_of(global, metatable);
    for (int i = 0; i < shape->count; i++) {
        if (strcmp(shape->keys->key[i]->text, key) != 0) continue;
        if (np_slot_tags(metatable)[i] != NP_STR) return NULL;
        const NpString *name = np_slot_values(metatable)[i].p;
        return name->is_short ? name : NULL;
    }
    return NULL;
}

static NpClass table_class(NpGlobal *global, const NpTable *table) {
    NpClass class = {NP_TABLE, NP_CLASS_DICT, name_in(global, np_table_meta(global, table))};
    if (class.what) {
        class.form = NP_CLASS_NAMED;
    } else if (!np_table_is_dict(table)) {
        bool fields = np_shape_of(global, table)->count > 0;
        class.form = fields ? NP_CLASS_SHAPE : table->array_size > 0 ? NP_CLASS_ARRAY : NP_CLASS_EMPTY;
        if (fields) class.what = (void *)(uintptr_t)table->shape;
    }
    return class;
}

NpClass np_names_class(NpGlobal *global, const NpObj *obj) {
    switch (obj->kind) {
        case NP_TABLE: return table_class(global, (const NpTable *)obj);
        case NP_LCLOSURE: return (NpClass){NP_LCLOSURE, NP_CLASS_PROTO, ((const NpLClosure *)obj)->proto};
        case NP_PROTO: return (NpClass){NP_PROTO, NP_CLASS_PROTO, obj};
        case NP_UDATA: {
            const NpString *name = name_in(global, ((const NpUdata *)obj)->metatable);
            return (NpClass){NP_UDATA, name ? NP_CLASS_NAMED : NP_CLASS_KIND, name};
        }
        default: return (NpClass){obj->kind, NP_CLASS_KIND, NULL};
    }
}

void np_names_write_place(NpText *text, const NpProto *proto) {
    char source[LUA_IDSIZE];
    const NpString *name = proto->source;
    np_err_chunk_id(source, name ? name->text : "=?", name ? name->length : 2);
    np_text_put(text, source);
    if (proto->line == 0) return;
    np_text_put(text, ":");
    np_text_int(text, proto->line);
}

static void write_keys(NpText *text, const NpShape *shape) {
    char *limit = text->end - text->at > SHAPE_MOST ? text->at + SHAPE_MOST : text->end;
    for (int i = 0; i < shape->count; i++) {
        if (text->at >= limit) {
            np_text_put(text, ",...");
            np_text_int(text, shape->count);
            np_text_put(text, " keys");
            return;
        }
        if (i > 0) np_text_put(text, ",");
        np_text_string(text, shape->keys->key[i]);
    }
}

static void write_function(NpText *text, const NpClass *class, const NpString *name) {
    const NpProto *proto = class->what;
    if (class->kind == NP_PROTO) np_text_put(text, "code of ");
    np_text_put(text, proto && proto->line == 0 ? "main chunk" : "function");
    if (name) {
        np_text_put(text, " ");
        np_text_string(text, name);
    }
    if (!proto) return;
    np_text_put(text, " (");
    np_names_write_place(text, proto);
    np_text_put(text, ")");
}

static const char *kind_text(uint8_t kind) {
    switch (kind) {
        case NP_STR: return "string";
        case NP_CCLOSURE: return "C function";
        case NP_UDATA: return "Userdata";
        case NP_THREAD: return "Coroutine";
        case NP_UPVAL: return "Upvalue";
        case NP_KEYS: return "Shape";
        default: return "?";
    }
}

void np_names_write_class(NpText *text, NpGlobal *global, const NpClass *class, const NpString *function) {
    switch (class->form) {
        case NP_CLASS_NAMED: np_text_string(text, class->what); break;
        case NP_CLASS_SHAPE:
            np_text_put(text, "Table (shape: ");
            write_keys(text, &global->shape_table.shapes[(uintptr_t)class->what]);
            np_text_put(text, ")");
            break;
        case NP_CLASS_ARRAY: np_text_put(text, "Table (array)"); break;
        case NP_CLASS_DICT: np_text_put(text, "Table (dictionary)"); break;
        case NP_CLASS_EMPTY: np_text_put(text, "Table (empty)"); break;
        case NP_CLASS_PROTO: write_function(text, class, function); break;
        default: np_text_put(text, kind_text(class->kind)); break;
    }
}

/* ---- edges ---- */

static void write_frame(NpText *text, const NpEdge *edge) {
    const NpFrame *frame = edge->frame, *caller = frame - 1;
    const NpProto *proto = np_frame_is_lua(frame) ? np_frame_closure(frame)->proto : NULL;
    NpDebugName name = {NULL, NULL};
    if (frame == edge->thread->frames) {
        np_text_put(text, "the host");
        return;
    }
    if (!(frame->flags & NP_FRAME_TAIL) && caller > edge->thread->frames) name = np_debug_call_name(edge->thread, caller);
    np_text_put(text, name.name ? name.name : proto && proto->line == 0 ? "main chunk" : proto ? "function" : "C function");
    if (!proto) return;
    char source[LUA_IDSIZE];
    np_err_chunk_id(source, proto->source ? proto->source->text : "=?", proto->source ? proto->source->length : 2);
    np_text_put(text, " at ");
    np_text_put(text, source);
    np_text_put(text, ":");
    np_text_int(text, np_debug_line(frame));
}

static void write_key(NpText *text, const NpEdge *edge) {
    char digits[NP_NUMBER_TEXT];
    np_text_put(text, "[");
    if (edge->kind == NP_EDGE_INDEX) np_text_int(text, edge->index);
    else if (np_is_number(&edge->key)) np_text_put_n(text, digits, np_number_format(&edge->key, digits));
    else if (edge->key.tag <= NP_TRUE) np_text_put(text, edge->key.tag == NP_TRUE ? "true" : "false");
    else np_text_put(text, np_value_type_name(np_type_of(&edge->key)));
    np_text_put(text, "]");
}

void np_names_write_edge(NpText *text, const NpEdge *edge) {
    switch (edge->kind) {
        case NP_EDGE_FIELD: np_text_string(text, edge->name); return;
        case NP_EDGE_ROOT: np_text_put(text, edge->text); return;
        case NP_EDGE_INDEX: case NP_EDGE_ENTRY: write_key(text, edge); return;
        default: break;
    }
    np_text_put(text, np_edge_text[edge->kind]);
    if (edge->name) {
        np_text_put(text, " ");
        np_text_string(text, edge->name);
    } else if (edge->index > 0 && edge->kind != NP_EDGE_TEMPORARY) {
        np_text_put(text, " ");
        np_text_int(text, edge->index);
    }
    if (!edge->frame) return;
    np_text_put(text, edge->kind == NP_EDGE_ARGUMENT ? " of " : edge->kind == NP_EDGE_RUNNING ? " " : " in ");
    write_frame(text, edge);
}
