/* bcio.h: the binary form of functions (bcio.c): what string.dump writes and load reads.
 * Does not: decide whether the code is sound (bcverify.c). */
#ifndef NP_BCIO_H
#define NP_BCIO_H

#include "runtime/state.h"

/* [gc err stk, as the writer] Writes the function; stops and returns what the writer returned when that is not 0.
 * With strip set, lines, names of variables and the source's name are left out. Quickened instructions are
 * written as their base, with empty caches. */
int np_dump(lua_State *L, const NpProto *proto, lua_Writer writer, void *data, bool strip);
/* [gc-free, err] Reads and checks a function; the result is not anchored. Throws LUA_ERRSYNTAX:
 * "<name>: bad binary format (<reason>)"; name as lua_load's chunk name. */
NpProto *np_undump(lua_State *L, const char *bytes, size_t size, const char *name);
/* [-] Writes instruction `pc` of the function as the code generator made it; returns its words (1 to 4). */
int np_bcio_base(const NpProto *proto, int32_t pc, NpInstr out[4]);

#endif
