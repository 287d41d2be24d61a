/* names.h: what objects and edges are called when people read of them.
 *
 * Owns: the words, into buffers of the caller; which objects are of one class.
 * Does not: allocate, look for objects (edges.h, reach.h).
 */
#ifndef NP_INSPECT_NAMES_H
#define NP_INSPECT_NAMES_H

#include "runtime/inspect/edges.h"

/* A text in a buffer; what does not fit is left out. */
typedef struct NpText {
    char *at, *end; /* one byte before `end` stays for a NUL */
} NpText;

NP_INLINE NpText np_text_in(char *buffer, size_t size) { return (NpText){buffer, buffer + size - 1}; }
/* [-] */
void np_text_put(NpText *text, const char *words);
void np_text_put_n(NpText *text, const char *bytes, size_t count);
void np_text_int(NpText *text, int64_t value);
/* [-] A string's content, cut off when it is long, on one line. */
void np_text_string(NpText *text, const NpString *string);

/* Objects of one class are one row of a census, and have one name. */
typedef struct NpClass {
    uint8_t kind;     /* of the object */
    uint8_t form;     /* NpClassForm */
    const void *what; /* by form */
} NpClass;
typedef enum {
    NP_CLASS_KIND,   /* all of the kind */
    NP_CLASS_NAMED,  /* what: the string __name of the metatable (a short one) */
    NP_CLASS_SHAPE,  /* tables; what: (void *)(uintptr_t) the shape's id */
    NP_CLASS_ARRAY,  /* tables without fields */
    NP_CLASS_DICT,   /* tables */
    NP_CLASS_EMPTY,  /* tables without anything */
    NP_CLASS_PROTO   /* functions and prototypes; what: the prototype */
} NpClassForm;

/* [-] */
NpClass np_names_class(NpGlobal *global, const NpObj *obj);
/* [-] "Table (shape: id,name)", "function (file.lua:12)", the metatable's __name. `function`: a function's name, or NULL. */
void np_names_write_class(NpText *text, NpGlobal *global, const NpClass *class, const NpString *function);
/* [-] "file.lua:12", "file.lua" for a main chunk. */
void np_names_write_place(NpText *text, const NpProto *proto);
/* [-] The name of an edge that has none that is a string of the program or a number: "local x in foo at file.lua:17". */
void np_names_write_edge(NpText *text, const NpEdge *edge);

/* The words for an edge's kind. */
extern const char *const np_edge_text[NP_EDGE_KINDS];

#endif
