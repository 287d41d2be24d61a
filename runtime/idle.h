/* idle.h: the helper thread that collects while the program waits (idle_unix.c; idle_wasi.c where there are none; neap.h has what hosts call). */
#ifndef NP_IDLE_H
#define NP_IDLE_H

#include "runtime/state.h"

typedef struct NpIdle NpIdle;

/* [-] Ends the thread, if there is one. Not between neap_enter_blocking and neap_leave_blocking. */
void np_idle_stop(NpGlobal *global);
/* [-] Is the program, if it does not run, at a place where its heap may be collected? Not amid anything of Neap's own. */
bool np_idle_is_at_rest(const NpGlobal *global);

#endif
