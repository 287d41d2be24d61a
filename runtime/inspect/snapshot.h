/* snapshot.h: the heap as a file that Chrome DevTools and its like read (snapshot.c). */
#ifndef NP_INSPECT_SNAPSHOT_H
#define NP_INSPECT_SNAPSHOT_H

#include "runtime/state.h"

enum { NP_SNAPSHOT_OK, NP_SNAPSHOT_MEMORY, NP_SNAPSHOT_WRITE };

/* [-] Settles the heap and writes a .heapsnapshot through `writer` in pieces, which must not touch the heap. MEMORY: there is
 * none for the numbers of nodes, and nothing was written. WRITE: writer returned something other than 0 and was not
 * called again. */
int np_snapshot_write(lua_State *L, lua_Writer writer, void *data);

#endif
