/* sampling.h - the options --heap-profile and --cpu-profile. */
#ifndef NP_SAMPLING_H
#define NP_SAMPLING_H

#include <stdbool.h>

#include "lua.h"

#include "cli/options.h"

/* [-] Begin and end of both (watch.h). Profiles that cannot be are complained about; the program runs all the same. */
bool np_sampling_begin(lua_State *L, const NpOptions *options);
void np_sampling_end(lua_State *L, const NpOptions *options);

/* From a signal handler: the process ends without profiles. */
void np_sampling_abandon(void);

#endif
