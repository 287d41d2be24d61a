/* pprof.h: profiles as files (pprof.c). */
#ifndef NP_PPROF_H
#define NP_PPROF_H

#include "runtime/inspect/sites.h"

typedef enum { NP_PROFILE_HEAP, NP_PROFILE_CPU } NpProfileKind;
typedef enum { NP_FORM_PPROF, NP_FORM_FOLDED, NP_FORM_FOLDED_ALL } NpProfileForm;

/* Takes the next bytes; anything but 0 ends the writing. */
typedef int (*NpProfileWrite)(void *ctx, const void *data, size_t bytes);

/* [-] Writes the samples of one kind. 0, or what `write` returned. Takes no memory but the C stack's. */
int np_pprof_write(const NpSites *sites, NpProfileKind kind, NpProfileForm form, NpProfileWrite write, void *ctx);
/* [-] A stack as a line of the folded form has it, without the number; at most `room` bytes with the NUL, cut at the end. */
void np_pprof_fold(const NpSites *sites, uint32_t stack, char *out, size_t room);

#endif
