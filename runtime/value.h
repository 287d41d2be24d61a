/* value.h: tagged values.
 *
 * Owns: NpValue (a register or stack slot: 8 bytes of payload, a tag byte), the tag numbers, tests and
 *       moves. In tables a value is split: payloads and tag bytes in parallel runs (table.h).
 * Does not: know object layouts (object.h).
 *
 * Rule: a value is copied with np_copy (payload and tag apart), never by struct assignment: the tag is
 * written as a byte, and a 16-byte load after a byte store would miss the store buffer.
 */
#ifndef NP_VALUE_H
#define NP_VALUE_H

#include "include/lua.h"
#include "runtime/base.h"

typedef struct NpObj NpObj;

typedef union NpPayload {
    int64_t i;
    double n;
    void *p;
    NpObj *obj;
    lua_CFunction f;
    uint64_t bits;
} NpPayload;

typedef struct NpValue {
    NpPayload v;
    uint8_t tag;    /* NpTag */
    uint8_t spare[3];
    uint32_t delta; /* only in stack slots of to-be-closed variables: distance to the previous one (call.c) */
} NpValue;

_Static_assert(sizeof(NpValue) == 16, "a slot is 16 bytes");

typedef enum {
#define VAL(name, tag, luatype, text) NP_##name = tag,
#define OBJ(name, tag, luatype, structure, text) NP_##name = tag,
#include "runtime/objkinds.def"
#undef VAL
#undef OBJ
    NP_TAG_COLLECTABLE = 0x10, NP_TAG_NUMBER = 0x08
} NpTag;

_Static_assert(NP_NIL == 0 && NP_FALSE == 1 && NP_TRUE == 2, "false values are tags <= 1");
_Static_assert((NP_INT & NP_FLT & ~NP_THREAD & NP_TAG_NUMBER) != 0, "number bit");

/* LUA_T* of a tag (internal kinds: LUA_TNONE) and its name as type() gives it; value.c */
extern const int8_t np_lua_type[256];
NP_INLINE int np_type_of(const NpValue *value) { return np_lua_type[value->tag]; }
const char *np_value_kind_name(uint8_t tag); /* as objkinds.def has it, internal kinds too */
const char *np_value_type_name(int lua_type); /* "nil", "boolean", ...; "no value" for LUA_TNONE */

NP_INLINE bool np_is_false(const NpValue *value) { return value->tag <= NP_FALSE; }
NP_INLINE bool np_is_nil(const NpValue *value) { return value->tag == NP_NIL; }
NP_INLINE bool np_is_int(const NpValue *value) { return value->tag == NP_INT; }
NP_INLINE bool np_is_flt(const NpValue *value) { return value->tag == NP_FLT; }
NP_INLINE bool np_is_number(const NpValue *value) { return (value->tag & NP_TAG_NUMBER) != 0; }
NP_INLINE bool np_is_str(const NpValue *value) { return value->tag == NP_STR; }
NP_INLINE bool np_is_table(const NpValue *value) { return value->tag == NP_TABLE; }
NP_INLINE bool np_is_collectable(const NpValue *value) { return (value->tag & NP_TAG_COLLECTABLE) != 0; }

NP_INLINE void np_copy(NpValue *to, const NpValue *from) {
    NpPayload payload = from->v;
    uint8_t tag = from->tag;
    to->v = payload;
    to->tag = tag;
}
NP_INLINE void np_set_nil(NpValue *to) { to->tag = NP_NIL; }
NP_INLINE void np_set_bool(NpValue *to, bool b) { to->tag = b ? NP_TRUE : NP_FALSE; }
NP_INLINE void np_set_int(NpValue *to, int64_t i) { to->v.i = i; to->tag = NP_INT; }
NP_INLINE void np_set_flt(NpValue *to, double n) { to->v.n = n; to->tag = NP_FLT; }
/* All bits, whatever the size of a pointer: values are compared by them. */
NP_INLINE void np_set_obj(NpValue *to, void *obj, uint8_t tag) {
    to->v.bits = 0;
    to->v.p = obj;
    to->tag = tag;
}

#endif
