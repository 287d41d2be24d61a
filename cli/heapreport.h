/* heapreport.h - what `neap --heap-report=FILE` writes: the run of a heap as one page for a browser. */
#ifndef NP_HEAPREPORT_H
#define NP_HEAPREPORT_H

#include <stdbool.h>

#include "lua.h"

/* Records from now on. The file is replaced when the report is whole. `program`, the name at its head, must live until the
 * end. One report a process. NULL, or what is wrong, as text that continues a sentence about the file. */
const char *np_heapreport_begin(lua_State *L, const char *file, const char *program);

/* Ends the record and writes the report, unless none was begun or this is a forked child. The state must still be open.
 * NULL, or what is wrong, as above. */
const char *np_heapreport_end(lua_State *L);

/* From a signal handler: the process ends without a report. */
void np_heapreport_abandon(void);

#endif
