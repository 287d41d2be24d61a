/* idle.h: the helper thread that collects while the program waits (idle.c; neap.h has what hosts call). */
#ifndef NP_IDLE_H
#define NP_IDLE_H

#include "runtime/state.h"

typedef struct NpIdle NpIdle;

/* [-] Ends the thread, if there is one. Not between neap_enter_blocking and neap_leave_blocking. */
void np_idle_stop(NpGlobal *global);

#endif
