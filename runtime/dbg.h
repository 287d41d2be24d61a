/* dbg.h: the debug switches (environment variable NEAPDEBUG) and printing that never allocates.
 *
 * Owns: np_dbg, the switches of dbg.def by name; np_dbg_print.
 * Does not: decide what a switch does; the file that owns the behaviour reads its field.
 */
#ifndef NP_DBG_H
#define NP_DBG_H

#include "runtime/base.h"

/* A field is NP_DBG_UNSET until named in NEAPDEBUG, except in the test `np_dbg_on`. */
#define NP_DBG_UNSET (-1)

typedef struct NpDbg {
#define SWITCH(name, value, meaning) long name;
#include "runtime/dbg.def"
#undef SWITCH
} NpDbg;

extern NpDbg np_dbg;

/* True when the switch was named with a value other than 0. */
#define np_dbg_on(name) NP_UNLIKELY(np_dbg.name > 0)

/* [-] Reads NEAPDEBUG once; later calls do nothing. One warning on stderr names what is unknown. */
void np_dbg_init(void);
/* [-] Sets the switches that `text` names (the syntax of NEAPDEBUG); false if a part of it is
 * unknown, whose beginning is then in *wrong. */
bool np_dbg_parse(const char *text, const char **wrong);
/* [-] A line to stderr, by write(2): no allocation, no stdio. Cut after 1,023 bytes. */
void np_dbg_print(const char *format, ...) NP_PRINTF(1, 2);

#endif
