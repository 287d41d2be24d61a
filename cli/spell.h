/* spell.h - which of some names was probably meant by a misspelt one. */
#ifndef NP_SPELL_H
#define NP_SPELL_H

#include <stdbool.h>

typedef struct NpSpell {
    const char *typed;
    const char *best;     /* the name that is nearest to it so far, NULL for none; the caller's string */
    unsigned best_edits;
} NpSpell;

/* Begins a search for what `typed` may have been meant to be. */
NpSpell np_spell_begin(const char *typed);

/* Considers one name. Names that are too different to be a slip are ignored, and so is `typed` itself. Of names
 * equally near the first one stays. true when it is the best so far. */
bool np_spell_try(NpSpell *spell, const char *name);

#endif
