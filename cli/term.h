/* term.h - what the terminal can do: colours and width. */
#ifndef NP_TERM_H
#define NP_TERM_H

#include <stdbool.h>
#include <stdio.h>

typedef enum NpColour {
    NP_COLOUR_NONE, /* back to how it was */
    NP_COLOUR_ERROR,
    NP_COLOUR_HINT,
    NP_COLOUR_FAINT,
    NP_COLOUR_STRING,
    NP_COLOUR_NUMBER,
    NP_COLOUR_WORD, /* nil, true, false */
    NP_COLOUR_OBJECT, /* functions, userdata, threads */
    NP_COLOUR_COUNT
} NpColour;

/* Whether `out` is a terminal. */
bool np_term_is(FILE *out);

/* Whether the terminal can move its cursor: TERM is set and not "dumb". */
bool np_term_moves(void);

/* Whether to write colours to `out`: a terminal that can, and no NO_COLOR in the environment. */
bool np_term_colours(FILE *out);

/* The sequence that switches to the colour; "" unless `enabled`. */
const char *np_term_colour(bool enabled, NpColour colour);

/* Columns of the terminal behind `out`; 80 when that cannot be known. */
int np_term_width(FILE *out);

#endif
