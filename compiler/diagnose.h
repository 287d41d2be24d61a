/* diagnose.h: the words of syntax errors (diagnose.c). */
#ifndef NP_DIAGNOSE_H
#define NP_DIAGNOSE_H

#include "compiler/parse.h"

/* [-] Sets parse->error to "chunk:line: message" and, with near, " near 'text'". */
void np_diagnose_fail(NpParse *parse, int line, const NpNear *near, const char *format, ...)
    NP_PRINTF(4, 5);
/* [-] Re-reads the source as a recursive-descent parser does, up to token number `stop` (0: to the
 *     end), and sets parse->error to the first thing that parser would complain about. True if it
 *     did. */
bool np_diagnose(NpParse *parse, size_t stop);

#endif
