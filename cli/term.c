/*
 * term.c - what the terminal can do: colours and width.
 *
 * Owns: when colours are used (https://no-color.org) and which. Does not: read from it (edit.c).
 */
#include "cli/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { USUAL_WIDTH = 80 };

bool np_term_is(FILE *out) { return isatty(fileno(out)); }

bool np_term_moves(void) {
    const char *term = getenv("TERM");
    return term != NULL && *term != '\0' && strcmp(term, "dumb") != 0;
}

bool np_term_colours(FILE *out) {
    const char *refused = getenv("NO_COLOR");
    return (refused == NULL || *refused == '\0') && np_term_moves() && np_term_is(out);
}

const char *np_term_colour(bool enabled, NpColour colour) {
    static const char *const sequences[NP_COLOUR_COUNT] = {
        [NP_COLOUR_NONE] = "\033[0m",    [NP_COLOUR_ERROR] = "\033[1;31m", [NP_COLOUR_HINT] = "\033[1;36m",
        [NP_COLOUR_FAINT] = "\033[2m",   [NP_COLOUR_STRING] = "\033[32m",  [NP_COLOUR_NUMBER] = "\033[33m",
        [NP_COLOUR_WORD] = "\033[35m",   [NP_COLOUR_OBJECT] = "\033[36m",
    };
    return enabled ? sequences[colour] : "";
}

int np_term_width(FILE *out) {
#ifdef TIOCGWINSZ
    struct winsize size;
    if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
#endif
    return USUAL_WIDTH;
}
