/* edit.h - reading a line from the terminal, with editing where that can be had. */
#ifndef NP_EDIT_H
#define NP_EDIT_H

#include <stdbool.h>
#include <stddef.h>

typedef enum NpEditResult { NP_EDIT_LINE, NP_EDIT_DROPPED, NP_EDIT_END } NpEditResult;

/* What np_edit_open calls back while a line is being typed. */
typedef struct NpEditUser {
    /* The user wants the name before `cursor` completed; `text` is the line up to there. Calls np_edit_candidate for
     * each name that would do. Returns the length of what is typed of the name. */
    size_t (*complete)(const char *text, size_t len);
} NpEditUser;

/* Opens the line editor, with the history. Without it (no terminal, a dumb one, no library) np_edit_line still
 * works, by the terminal's own means. Does nothing the second time. */
void np_edit_open(const char *program, const NpEditUser *user);

/* Prints the prompt and reads a line; *text is without its end, owned by this file and good until the next call.
 * DROPPED: Ctrl-C. END: end of the input. */
NpEditResult np_edit_line(const char *prompt, char **text, size_t *len);

/* Adds an entry to the history. */
void np_edit_remember(const char *entry, size_t len);

/* For `complete`: a name that would do. Copied. */
void np_edit_candidate(const char *name, size_t len);

#endif
