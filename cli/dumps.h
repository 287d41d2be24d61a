/* dumps.h - snapshots of the heap that the command line asks for (dumps.c). */
#ifndef NP_DUMPS_H
#define NP_DUMPS_H

#include <stdbool.h>

#include "lua.h"

#include "cli/options.h"

/* [-] Makes ready what --heap-snapshot-signal and --heap-snapshot-on-oom ask for; true. */
bool np_dumps_begin(lua_State *L, const NpOptions *options);

/* [-] Ends that, and writes the snapshot of --heap-snapshot. */
void np_dumps_end(lua_State *L, const NpOptions *options);

#endif
