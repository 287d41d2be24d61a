/*
 * complete.c - names that would complete what is being typed.
 *
 * Owns: what is being completed: a variable, a field or a method. Does not: find values (path.c), know the editor.
 */
#include "cli/complete.h"

#include <stdbool.h>
#include <string.h>

#include "cli/path.h"

static void offer(void *ctx, const char *name, size_t len) {
    NpComplete *job = ctx;
    if (len >= job->typed && memcmp(name, job->text + job->len - job->typed, job->typed) == 0)
        job->found(name, len);
}

int np_complete(lua_State *L) {
    NpComplete *job = lua_touserdata(L, 1);
    size_t start = np_path_name_start(job->text, job->len);
    job->typed = job->len - start;
    char separator = start > 0 ? job->text[start - 1] : '\0';
    bool concatenation = start > 1 && separator == '.' && job->text[start - 2] == '.';
    if ((separator == '.' || separator == ':') && !concatenation) {
        if (np_path_push(L, NULL, job->text, start - 1))
            np_path_each_key(L, -1, separator == ':', offer, job);
        return 0;
    }
    np_path_each_keyword(offer, job);
    np_path_each_variable(L, NULL, offer, job);
    return 0;
}
