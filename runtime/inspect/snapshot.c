/* snapshot.c: see snapshot.h. The format is V8's: a JSON object with
 *     snapshot   what the numbers below mean (meta), and how many nodes and edges there are
 *     nodes      for each: type, name, id, self_size, edge_count, detachedness
 *     edges      those of the first node, then of the second, ...: type, name or index, place of the target in `nodes`
 *     strings    which names are numbers of
 *
 * The file is written as the heap is walked, and no table of nodes, edges or strings is made: a heap that is looked at
 * because memory is short has no room for one. The walk is made once to count edges and to find names for functions, and
 * once for each of the three arrays. All walks see the same, since nothing changes meanwhile, and everything has a number
 * that can be computed:
 *     nodes      a few that stand for the state (SYNTHETIC), then objects, then strings, by address: survey.h
 *     strings    fixed words, one for each shape and two for each prototype, then the heap's own strings in the order
 *                of their nodes, then the names of edges that have to be put together, in the order of the edges
 * What is kept besides: the survey (1/2048 of the arenas), 16 bytes for a prototype, up to 12 for a shape, a buffer.
 *
 * An id is made of the address: an object has the same one in every snapshot of a run, as Chrome's comparison needs.
 * Two classes of objects must not have the same name under different numbers, or Chrome shows only one of them: shapes
 * that read alike use one of their numbers.
 * The value of an entry with a weak key is shown as held by the table alone; what keeps it is the table and the key. */
#include "runtime/inspect/snapshot.h"

#include <stdio.h>

#include "include/lauxlib.h"
#include "runtime/inspect/names.h"
#include "runtime/inspect/reach.h"
#include "runtime/mem/mem_os.h"
#include "runtime/table.h"

enum { BUFFER_BYTES = 64 << 10, STRING_MOST = 1024, NAME_MOST = 256, NODE_FIELDS = 6, NUMBERED = 16 };

/* Places in the array `node_types` of the meta data. */
enum { TYPE_STRING = 2, TYPE_OBJECT = 3, TYPE_CODE = 4, TYPE_CLOSURE = 5, TYPE_NATIVE = 8, TYPE_SYNTHETIC = 9, TYPE_SHAPE = 14 };
/* And in `edge_types`. */
enum { CHROME_CONTEXT, CHROME_ELEMENT, CHROME_PROPERTY, CHROME_INTERNAL, CHROME_HIDDEN, CHROME_SHORTCUT, CHROME_WEAK };

static const uint8_t chrome_type[NP_EDGE_KINDS] = {
#define EDGE(name, chrome, text) [NP_EDGE_##name] = CHROME_##chrome,
#include "runtime/inspect/edgekinds.def"
#undef EDGE
};

static const char meta[] =
    "{\"snapshot\":{\"meta\":{"
    "\"node_fields\":[\"type\",\"name\",\"id\",\"self_size\",\"edge_count\",\"detachedness\"],"
    "\"node_types\":[[\"hidden\",\"array\",\"string\",\"object\",\"code\",\"closure\",\"regexp\",\"number\",\"native\","
    "\"synthetic\",\"concatenated string\",\"sliced string\",\"symbol\",\"bigint\",\"object shape\"],"
    "\"string\",\"number\",\"number\",\"number\",\"number\"],"
    "\"edge_fields\":[\"type\",\"name_or_index\",\"to_node\"],"
    "\"edge_types\":[[\"context\",\"element\",\"property\",\"internal\",\"hidden\",\"shortcut\",\"weak\"],"
    "\"string_or_number\",\"node\"]},";

/* Nodes that stand for no object. The root's own edges are what a reader begins with; Chrome finds "(GC roots)" by name. */
enum { NODE_ROOT, NODE_GC_ROOTS, NODE_STRING_TABLE, NODE_SHAPE_TABLE, NODE_SYNTHETIC };

/* Fixed words. After them the texts of kinds of edges, then those with the numbers 1 to NUMBERED: upvalues and user values. */
enum {
    WORD_NONE, WORD_GC_ROOTS, WORD_STRING_TABLE, WORD_SHAPE_TABLE, WORD_GLOBALS, WORD_LOADED, WORD_REGISTRY, WORD_MAIN,
    WORD_ARRAY, WORD_DICT, WORD_EMPTY, WORD_USERDATA, WORD_COROUTINE, WORD_C_FUNCTION, WORD_UPVALUE, WORD_SHAPE,
    WORD_BY_TABLE, WORD_BY_FUNCTION, WORD_BY_USERDATA, WORD_BY_THREAD, WORD_BY_POINTER, WORD_BY_TRUE, WORD_BY_FALSE, WORD_COUNT
};
static const char *const words[WORD_COUNT] = {
    "", "(GC roots)", "(table of strings)", "(table of shapes)", "globals", "package.loaded", "registry", "main thread",
    "Table (array)", "Table (dictionary)", "Table (empty)", "Userdata", "Coroutine", "C function", "Upvalue", "Shape",
    "[table]", "[function]", "[userdata]", "[thread]", "[light userdata]", "[true]", "[false]"};

typedef struct Function { /* a prototype, in the order of their numbers */
    const NpString *name; /* or NULL */
    uint32_t node;
    bool of_field;        /* the name is a field's, which goes before others */
} Function;

/* What the walk over the edges does. */
typedef enum { NAME_FUNCTIONS, COUNT, WRITE_EDGES, WRITE_NAMES } Pass;

typedef struct Snapshot {
    lua_State *L;
    NpGlobal *global;
    lua_Writer writer;
    void *data;
    bool failed;        /* the writer's */
    NpSurvey survey;
    char *buffer;
    size_t used;
    Function *functions;
    size_t nfunctions, functions_bytes;
    uint32_t *alike;    /* by id of a shape: the first that reads like it */
    size_t alike_bytes;
    size_t first_shape, first_function, first_string, first_made; /* numbers of strings */
    Pass pass;
    size_t edges;       /* counted in a walk */
    size_t made;        /* names of edges put together in it */
    bool begun;         /* an array has its first element */
} Snapshot;

/* ---- writing ---- */

static void flush(Snapshot *snapshot) {
    if (!snapshot->failed && snapshot->used > 0 &&
        snapshot->writer(snapshot->L, snapshot->buffer, snapshot->used, snapshot->data) != 0)
        snapshot->failed = true;
    snapshot->used = 0;
}

static void put(Snapshot *snapshot, const char *bytes, size_t count) {
    if (snapshot->used + count > BUFFER_BYTES) flush(snapshot);
    memcpy(snapshot->buffer + snapshot->used, bytes, count);
    snapshot->used += count;
}

static void put_text(Snapshot *snapshot, const char *text) { put(snapshot, text, strlen(text)); }

static void put_number(Snapshot *snapshot, uint64_t number) {
    char digits[20], *at = digits + sizeof digits;
    do *--at = (char)('0' + number % 10);
    while (number /= 10);
    put(snapshot, at, (size_t)(digits + sizeof digits - at));
}

static void begin_array(Snapshot *snapshot, const char *text) {
    put_text(snapshot, text);
    snapshot->begun = false;
}

static void separate(Snapshot *snapshot) {
    if (snapshot->begun) put(snapshot, ",\n", 2);
    snapshot->begun = true;
}

/* Bytes of the UTF-8 sequence at `text`, 0 when there is none. */
static size_t sequence(const unsigned char *text, size_t left) {
    unsigned first = text[0];
    size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 : first >= 0xe0 && first < 0xf0 ? 3
                    : first >= 0xf0 && first < 0xf5 ? 4 : 0;
    if (length == 0 || length > left) return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xc0) != 0x80) return 0;
    if (first == 0xe0 && text[1] < 0xa0) return 0;                        /* longer than need be */
    if (first == 0xed && text[1] >= 0xa0) return 0;                       /* half of a surrogate pair */
    if ((first == 0xf0 && text[1] < 0x90) || (first == 0xf4 && text[1] >= 0x90)) return 0;
    return length;
}

/* The next element of `strings`. Bytes that are no UTF-8 are shown as the characters of their numbers. */
static void put_string(Snapshot *snapshot, const char *text, size_t length) {
    const unsigned char *at = (const unsigned char *)text;
    size_t left = length < STRING_MOST ? length : STRING_MOST;
    separate(snapshot);
    put(snapshot, "\"", 1);
    while (left > 0) {
        size_t bytes = sequence(at, left);
        if (bytes == 0 || *at < ' ') {
            char escape[8];
            if (bytes == 0 && length > STRING_MOST && left < 4) break; /* cut in the midst of a character */
            snprintf(escape, sizeof escape, "\\u%04x", *at);
            put(snapshot, escape, 6);
            bytes = 1;
        } else {
            if (*at == '"' || *at == '\\') put(snapshot, "\\", 1);
            put(snapshot, (const char *)at, bytes);
        }
        at += bytes;
        left -= bytes;
    }
    if (length > STRING_MOST) put(snapshot, "...", 3);
    put(snapshot, "\"", 1);
}

/* ---- numbers ---- */

static size_t node_of(const Snapshot *snapshot, const NpObj *obj) {
    size_t number = np_survey_number(&snapshot->survey, obj);
    return NODE_SYNTHETIC + (obj->kind == NP_STR ? snapshot->survey.count[NP_SPAN_OBJ] : 0) + number;
}

static size_t string_number(const Snapshot *snapshot, const NpString *string) {
    return snapshot->first_string + np_survey_number(&snapshot->survey, string);
}

static Function *function_of(const Snapshot *snapshot, const NpProto *proto) {
    uint32_t node = (uint32_t)np_survey_number(&snapshot->survey, proto);
    size_t low = 0, high = snapshot->nfunctions;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (snapshot->functions[middle].node <= node) low = middle;
        else high = middle;
    }
    return &snapshot->functions[low];
}

/* ---- names of nodes ---- */

static size_t word_of_kind(uint8_t kind) {
    switch (kind) {
        case NP_UDATA: return WORD_USERDATA;
        case NP_THREAD: return WORD_COROUTINE;
        case NP_UPVAL: return WORD_UPVALUE;
        case NP_KEYS: return WORD_SHAPE;
        default: return WORD_C_FUNCTION;
    }
}

static size_t name_of(const Snapshot *snapshot, const NpObj *obj) {
    NpClass class;
    if (obj->kind == NP_STR) return string_number(snapshot, (const NpString *)obj);
    if (obj == (const NpObj *)np_state_thread(snapshot->global->main_thread)) return WORD_MAIN;
    class = np_names_class(snapshot->global, obj);
    switch (class.form) {
        case NP_CLASS_NAMED: return string_number(snapshot, class.what);
        case NP_CLASS_SHAPE: return snapshot->first_shape + snapshot->alike[(uintptr_t)class.what];
        case NP_CLASS_ARRAY: return WORD_ARRAY;
        case NP_CLASS_DICT: return WORD_DICT;
        case NP_CLASS_EMPTY: return WORD_EMPTY;
        case NP_CLASS_PROTO:
            if (!class.what) return WORD_C_FUNCTION; /* in the making */
            return snapshot->first_function + 2 * (size_t)(function_of(snapshot, class.what) - snapshot->functions) +
                   (obj->kind == NP_PROTO);
        default: return word_of_kind(obj->kind);
    }
}

static unsigned type_of(const NpObj *obj) {
    switch (obj->kind) {
        case NP_STR: return TYPE_STRING;
        case NP_LCLOSURE: case NP_CCLOSURE: return TYPE_CLOSURE;
        case NP_PROTO: return TYPE_CODE;
        case NP_UDATA: return TYPE_NATIVE;
        case NP_KEYS: return TYPE_SHAPE;
        default: return TYPE_OBJECT;
    }
}

/* A function is called what the first field, variable or upvalue that has it is called. */
static void note_name(Snapshot *snapshot, const NpEdge *edge) {
    const NpObj *to = edge->to;
    const NpProto *proto;
    Function *function;
    bool of_field = edge->kind == NP_EDGE_FIELD;
    if (!edge->name) return;
    if (to->kind == NP_UPVAL && ((const NpUpval *)to)->at->tag == NP_LCLOSURE) to = ((const NpUpval *)to)->at->v.obj;
    if (to->kind != NP_LCLOSURE || !(proto = ((const NpLClosure *)to)->proto)) return;
    function = function_of(snapshot, proto);
    if (function->name && (!of_field || function->of_field)) return;
    function->name = edge->name;
    function->of_field = of_field;
}

/* ---- edges ---- */

/* The string of an edge's name; what has to be put together is `made`. */
static size_t edge_name(const Snapshot *snapshot, const NpEdge *edge, bool *made) {
    static const uint8_t by_key[] = {[NP_TABLE & 15] = WORD_BY_TABLE, [NP_LCLOSURE & 15] = WORD_BY_FUNCTION,
                                     [NP_CCLOSURE & 15] = WORD_BY_FUNCTION, [NP_UDATA & 15] = WORD_BY_USERDATA,
                                     [NP_THREAD & 15] = WORD_BY_THREAD};
    *made = false;
    switch (edge->kind) {
        case NP_EDGE_FIELD: return string_number(snapshot, edge->name);
        case NP_EDGE_ENTRY:
            if (np_is_collectable(&edge->key)) return by_key[edge->key.tag & 15];
            if (edge->key.tag == NP_LIGHTUD) return WORD_BY_POINTER;
            if (edge->key.tag == NP_CFUNC) return WORD_BY_FUNCTION;
            if (edge->key.tag <= NP_TRUE) return edge->key.tag == NP_TRUE ? WORD_BY_TRUE : WORD_BY_FALSE;
            break;
        case NP_EDGE_UPVALUE: case NP_EDGE_USERVALUE:
            if (edge->name) return string_number(snapshot, edge->name);
            if (edge->index <= NUMBERED)
                return WORD_COUNT + NP_EDGE_KINDS + (edge->kind == NP_EDGE_USERVALUE ? NUMBERED : 0) + (size_t)edge->index - 1;
            break;
        case NP_EDGE_INDEX: case NP_EDGE_ROOT: case NP_EDGE_LOCAL: case NP_EDGE_TEMPORARY: case NP_EDGE_ARGUMENT:
        case NP_EDGE_RUNNING: break;
        default: return WORD_COUNT + edge->kind;
    }
    *made = true;
    return snapshot->first_made + snapshot->made;
}

static void put_edge(Snapshot *snapshot, unsigned type, size_t name, size_t node) {
    separate(snapshot);
    put_number(snapshot, type);
    put(snapshot, ",", 1);
    put_number(snapshot, name);
    put(snapshot, ",", 1);
    put_number(snapshot, node * NODE_FIELDS);
}

static void put_made_name(Snapshot *snapshot, const NpEdge *edge) {
    char name[NAME_MOST];
    NpText text = np_text_in(name, sizeof name);
    np_names_write_edge(&text, edge);
    put_string(snapshot, name, (size_t)(text.at - name));
}

static bool on_edge(void *ctx, const NpEdge *edge) {
    Snapshot *snapshot = ctx;
    unsigned type = edge->strength == NP_EDGE_WEAK ? CHROME_WEAK : chrome_type[edge->kind];
    size_t name;
    bool made = false;
    snapshot->edges++;
    if (snapshot->pass == NAME_FUNCTIONS) note_name(snapshot, edge);
    if (snapshot->pass <= COUNT) return true;
    if (type == CHROME_ELEMENT && edge->index >= 0 && edge->index <= INT32_MAX) name = (size_t)edge->index;
    else name = edge_name(snapshot, edge, &made);
    if (made) {
        if (type == CHROME_ELEMENT) type = CHROME_PROPERTY;
        if (snapshot->pass == WRITE_NAMES) put_made_name(snapshot, edge);
        snapshot->made++;
    }
    if (snapshot->pass == WRITE_EDGES) put_edge(snapshot, type, name, node_of(snapshot, edge->to));
    return !snapshot->failed;
}

static bool walk_object(void *ctx, void *slot) {
    Snapshot *snapshot = ctx;
    (void)np_edges_of(snapshot->global, slot, on_edge, snapshot);
    return !snapshot->failed;
}

/* The globals and the loaded modules are put beside the registry, which has them. */
static bool on_registry_edge(void *ctx, const NpEdge *edge) {
    Snapshot *snapshot = ctx;
    size_t name = WORD_NONE;
    if (edge->kind == NP_EDGE_INDEX && edge->index == LUA_RIDX_GLOBALS) name = WORD_GLOBALS;
    if (edge->kind == NP_EDGE_FIELD && strcmp(edge->name->text, LUA_LOADED_TABLE) == 0) name = WORD_LOADED;
    if (name == WORD_NONE) return true;
    snapshot->edges++;
    if (snapshot->pass == WRITE_EDGES) put_edge(snapshot, CHROME_SHORTCUT, name, node_of(snapshot, edge->to));
    return true;
}

static void plain_edge(Snapshot *snapshot, unsigned type, size_t name, size_t node) {
    snapshot->edges++;
    if (snapshot->pass == WRITE_EDGES) put_edge(snapshot, type, name, node);
}

static void root_edges(Snapshot *snapshot) {
    NpGlobal *global = snapshot->global;
    plain_edge(snapshot, CHROME_ELEMENT, 1, NODE_GC_ROOTS);
    (void)np_edges_of(global, global->registry.v.obj, on_registry_edge, snapshot);
    plain_edge(snapshot, CHROME_SHORTCUT, WORD_REGISTRY, node_of(snapshot, global->registry.v.obj));
    plain_edge(snapshot, CHROME_SHORTCUT, WORD_MAIN, node_of(snapshot, (NpObj *)np_state_thread(global->main_thread)));
}

static void gc_root_edges(Snapshot *snapshot) {
    plain_edge(snapshot, CHROME_ELEMENT, 1, NODE_STRING_TABLE);
    plain_edge(snapshot, CHROME_ELEMENT, 2, NODE_SHAPE_TABLE);
    (void)np_edges_roots(snapshot->L, on_edge, snapshot);
}

static void walk(Snapshot *snapshot, Pass pass) {
    snapshot->pass = pass;
    snapshot->edges = snapshot->made = 0;
    root_edges(snapshot);
    gc_root_edges(snapshot);
    np_survey_each(&snapshot->survey, NP_SPAN_OBJ, walk_object, snapshot);
}

/* ---- nodes ---- */

static void put_node(Snapshot *snapshot, unsigned type, size_t name, uint64_t id, size_t size, size_t edges) {
    uint64_t fields[NODE_FIELDS] = {type, name, id, size, edges, 0};
    separate(snapshot);
    for (int i = 0; i < NODE_FIELDS; i++) {
        if (i > 0) put(snapshot, ",", 1);
        put_number(snapshot, fields[i]);
    }
}

static bool write_node(void *ctx, void *slot) {
    Snapshot *snapshot = ctx;
    const NpObj *obj = slot;
    snapshot->edges = 0;
    (void)np_edges_of(snapshot->global, slot, on_edge, snapshot);
    put_node(snapshot, type_of(obj), name_of(snapshot, obj), (uintptr_t)obj >> NP_GRANULE_SHIFT & UINT32_MAX,
             np_edges_size(obj), snapshot->edges);
    return !snapshot->failed;
}

static size_t slot_bytes(const void *buffer) { return buffer ? np_heap_slot_bytes(buffer) : 0; }

static void write_nodes(Snapshot *snapshot) {
    NpGlobal *global = snapshot->global;
    snapshot->pass = COUNT;
    begin_array(snapshot, "\"nodes\":[");
    snapshot->edges = 0;
    root_edges(snapshot);
    put_node(snapshot, TYPE_SYNTHETIC, WORD_NONE, 1, 0, snapshot->edges);
    snapshot->edges = 0;
    gc_root_edges(snapshot);
    put_node(snapshot, TYPE_SYNTHETIC, WORD_GC_ROOTS, 2, 0, snapshot->edges);
    put_node(snapshot, TYPE_SYNTHETIC, WORD_STRING_TABLE, 3, slot_bytes(global->strings.slots), 0);
    put_node(snapshot, TYPE_SYNTHETIC, WORD_SHAPE_TABLE, 4, slot_bytes(global->shape_table.transitions), 0);
    np_survey_each(&snapshot->survey, NP_SPAN_OBJ, write_node, snapshot);
    np_survey_each(&snapshot->survey, NP_SPAN_LEAF, write_node, snapshot);
}

/* ---- strings ---- */

static bool write_own_string(void *ctx, void *slot) {
    Snapshot *snapshot = ctx;
    const NpString *string = slot;
    put_string(snapshot, string->text, string->length);
    return !snapshot->failed;
}

static size_t class_text(const Snapshot *snapshot, const NpClass *class, const NpString *function, char text[NAME_MOST]) {
    NpText into = np_text_in(text, NAME_MOST);
    np_names_write_class(&into, snapshot->global, class, function);
    return (size_t)(into.at - text);
}

static void write_words(Snapshot *snapshot) {
    for (int i = 0; i < WORD_COUNT; i++) put_string(snapshot, words[i], strlen(words[i]));
    for (int i = 0; i < NP_EDGE_KINDS; i++) put_string(snapshot, np_edge_text[i], strlen(np_edge_text[i]));
    for (int i = 0; i < 2 * NUMBERED; i++)
        put_made_name(snapshot, &(NpEdge){.kind = i < NUMBERED ? NP_EDGE_UPVALUE : NP_EDGE_USERVALUE, .index = i % NUMBERED + 1});
}

static void write_shapes(Snapshot *snapshot) {
    char text[NAME_MOST];
    for (uint32_t id = 0; id < snapshot->global->shape_table.used; id++) {
        NpClass class = {NP_TABLE, NP_CLASS_SHAPE, (void *)(uintptr_t)id};
        bool own = id >= NP_SHAPE_ROOT && snapshot->alike[id] == id && snapshot->global->shape_table.shapes[id].count > 0;
        put_string(snapshot, text, own ? class_text(snapshot, &class, NULL, text) : 0);
    }
}

/* What function_of leads to, in the order of the prototypes. */
static bool write_function(void *ctx, void *slot) {
    Snapshot *snapshot = ctx;
    char text[NAME_MOST];
    const NpProto *proto = slot;
    const NpString *name;
    NpClass class = {NP_LCLOSURE, NP_CLASS_PROTO, proto};
    if (proto->kind != NP_PROTO) return true;
    name = function_of(snapshot, proto)->name;
    put_string(snapshot, text, class_text(snapshot, &class, name, text));
    class.kind = NP_PROTO;
    put_string(snapshot, text, class_text(snapshot, &class, name, text));
    return !snapshot->failed;
}

static void write_strings(Snapshot *snapshot) {
    begin_array(snapshot, "],\n\"strings\":[");
    write_words(snapshot);
    write_shapes(snapshot);
    np_survey_each(&snapshot->survey, NP_SPAN_OBJ, write_function, snapshot);
    np_survey_each(&snapshot->survey, NP_SPAN_LEAF, write_own_string, snapshot);
    walk(snapshot, WRITE_NAMES);
    put_text(snapshot, "]}\n");
}

/* ---- preparations ---- */

static bool add_function(void *ctx, void *slot) {
    Snapshot *snapshot = ctx;
    if (((const NpObj *)slot)->kind != NP_PROTO) return true;
    if (snapshot->functions) snapshot->functions[snapshot->nfunctions].node = (uint32_t)np_survey_number(&snapshot->survey, slot);
    snapshot->nfunctions++;
    return true;
}

static void *take(size_t bytes, size_t *taken) {
    void *memory;
    *taken = NP_ALIGN_UP(bytes + 1, np_os_page_size());
    return sysAlloc(&np_mem_process, *taken, &memory) == 0 ? memory : NULL;
}

static bool list_functions(Snapshot *snapshot) {
    np_survey_each(&snapshot->survey, NP_SPAN_OBJ, add_function, snapshot);
    snapshot->functions = take(snapshot->nfunctions * sizeof(Function), &snapshot->functions_bytes);
    if (!snapshot->functions) return false;
    snapshot->nfunctions = 0;
    np_survey_each(&snapshot->survey, NP_SPAN_OBJ, add_function, snapshot);
    return true;
}

static uint32_t hash_text(const char *text, size_t length) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 16777619u;
    return hash;
}

/* Open addressing; gone when the shapes have been gone through. */
static bool match_shapes(Snapshot *snapshot) {
    const NpShapeTable *shapes = &snapshot->global->shape_table;
    size_t slots = 64, bytes;
    uint32_t *table;
    while (slots < (size_t)shapes->used + shapes->used / 2) slots *= 2;
    snapshot->alike = take(shapes->used * sizeof *snapshot->alike, &snapshot->alike_bytes);
    table = take(slots * sizeof *table, &bytes);
    for (uint32_t id = NP_SHAPE_ROOT; table && snapshot->alike && id < shapes->used; id++) {
        char text[NAME_MOST], other[NAME_MOST];
        NpClass class = {NP_TABLE, NP_CLASS_SHAPE, (void *)(uintptr_t)id};
        size_t length, at;
        if (shapes->shapes[id].state != NP_SHAPE_LIVE) continue;
        length = class_text(snapshot, &class, NULL, text);
        for (at = hash_text(text, length) & (slots - 1); table[at]; at = (at + 1) & (slots - 1)) {
            class.what = (void *)(uintptr_t)table[at];
            if (class_text(snapshot, &class, NULL, other) == length && memcmp(text, other, length) == 0) break;
        }
        if (!table[at]) table[at] = id;
        snapshot->alike[id] = table[at];
    }
    if (table) np_mem_discard_ready(&np_mem_process, table, bytes);
    return table && snapshot->alike;
}

static bool prepare(Snapshot *snapshot) {
    size_t buffer;
    if (!np_survey_open(&snapshot->survey, &snapshot->global->heap)) return false;
    snapshot->buffer = take(BUFFER_BYTES, &buffer);
    if (!snapshot->buffer || !list_functions(snapshot) || !match_shapes(snapshot)) return false;
    snapshot->first_shape = WORD_COUNT + NP_EDGE_KINDS + 2 * NUMBERED;
    snapshot->first_function = snapshot->first_shape + snapshot->global->shape_table.used;
    snapshot->first_string = snapshot->first_function + 2 * snapshot->nfunctions;
    snapshot->first_made = snapshot->first_string + snapshot->survey.count[NP_SPAN_LEAF];
    return true;
}

static void give_back(Snapshot *snapshot) {
    if (snapshot->buffer)
        np_mem_discard_ready(&np_mem_process, snapshot->buffer, NP_ALIGN_UP(BUFFER_BYTES + 1, np_os_page_size()));
    if (snapshot->functions) np_mem_discard_ready(&np_mem_process, snapshot->functions, snapshot->functions_bytes);
    if (snapshot->alike) np_mem_discard_ready(&np_mem_process, snapshot->alike, snapshot->alike_bytes);
    np_survey_close(&snapshot->survey);
}

/* ---- all of it ---- */

static void write_all(Snapshot *snapshot) {
    walk(snapshot, NAME_FUNCTIONS);
    put_text(snapshot, meta);
    put_text(snapshot, "\"node_count\":");
    put_number(snapshot, NODE_SYNTHETIC + snapshot->survey.count[NP_SPAN_OBJ] + snapshot->survey.count[NP_SPAN_LEAF]);
    put_text(snapshot, ",\"edge_count\":");
    put_number(snapshot, snapshot->edges);
    put_text(snapshot, ",\"trace_function_count\":0},\n");
    write_nodes(snapshot);
    begin_array(snapshot, "],\n\"edges\":[");
    walk(snapshot, WRITE_EDGES);
    write_strings(snapshot);
    flush(snapshot);
}

int np_snapshot_write(lua_State *L, lua_Writer writer, void *data) {
    Snapshot snapshot = {.L = L, .global = L->global, .writer = writer, .data = data};
    bool prepared;
    np_inspect_settle(L);
    prepared = prepare(&snapshot);
    if (prepared) write_all(&snapshot);
    give_back(&snapshot);
    return !prepared ? NP_SNAPSHOT_MEMORY : snapshot.failed ? NP_SNAPSHOT_WRITE : NP_SNAPSHOT_OK;
}
