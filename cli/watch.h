/* watch.h - the options that steer or look at the heap. */
#ifndef NP_WATCH_H
#define NP_WATCH_H

#include <stdbool.h>

#include "lua.h"

#include "cli/options.h"

/* [-] Begins what `options` ask of a state without libraries; they must stay until np_watch_end. false, with a message,
 * when that cannot be: the program is then not to be run. */
bool np_watch_begin(lua_State *L, const NpOptions *options);

/* [gc, err] To be called before the program may make objects with finalizers: lets np_watch_end happen, after
 * all of those, when the program closes the state by itself (os.exit(code, true)). */
void np_watch_closing(lua_State *L);

/* Ends what was begun: reports and files are written. On every way out, before the state is gone; only the
 * first call does something, and that only in the process that began. */
void np_watch_end(void);

#endif
