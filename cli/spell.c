/*
 * spell.c - "did you mean ...?": the nearest of some names by the number of slips between them.
 *
 * Owns: what counts as one slip (a letter too many, too few, another one, in the wrong case, or two letters swapped)
 * and how many are still a slip. Does not: know where names come from.
 */
#include "cli/spell.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

enum { LONGEST = 40 }; /* longer names are not looked at: nobody slips in them without being able to see it */

static unsigned smaller(unsigned left, unsigned right) { return left < right ? left : right; }

/* One slip, and another one for every five letters: two in four letters would make any short name of any other. */
static unsigned allowed(size_t len) { return 1 + (unsigned)len / 5; }

/* Weighted in halves: another case is half a slip, so that `Print` is nearer to `print` than to `Paint`. */
enum { SLIP = 2, CASE = 1 };

static unsigned letter_cost(char left, char right) {
    if (left == right)
        return 0;
    return tolower((unsigned char)left) == tolower((unsigned char)right) ? CASE : SLIP;
}

/* The least number of half slips that make one name of the other, by rows of the usual table. */
static unsigned edits_between(const char *left, size_t left_len, const char *right, size_t right_len) {
    unsigned rows[3][LONGEST + 1]; /* the row being made and the two before it, in turn */
    for (unsigned at = 0; at <= right_len; at++)
        rows[0][at] = at * SLIP;
    for (unsigned i = 1; i <= left_len; i++) {
        unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *second = rows[(i + 1) % 3];
        row[0] = i * SLIP;
        for (unsigned j = 1; j <= right_len; j++) {
            unsigned least = above[j - 1] + letter_cost(left[i - 1], right[j - 1]);
            least = smaller(least, smaller(above[j], row[j - 1]) + SLIP);
            if (i > 1 && j > 1 && left[i - 1] == right[j - 2] && left[i - 2] == right[j - 1])
                least = smaller(least, second[j - 2] + SLIP);
            row[j] = least;
        }
    }
    return rows[left_len % 3][right_len];
}

NpSpell np_spell_begin(const char *typed) {
    /* one more than is allowed, so that what is found is within */
    return (NpSpell){.typed = typed, .best_edits = allowed(strlen(typed)) * SLIP + 1};
}

bool np_spell_try(NpSpell *spell, const char *name) {
    size_t typed_len = strlen(spell->typed), len = strlen(name);
    if (len == 0 || len > LONGEST || typed_len > LONGEST)
        return false;
    unsigned edits = edits_between(spell->typed, typed_len, name, len);
    size_t shorter = typed_len < len ? typed_len : len;
    if (edits == 0 || edits >= spell->best_edits || edits >= shorter * SLIP) /* nothing in common is no slip */
        return false;
    spell->best = name;
    spell->best_edits = edits;
    return true;
}
