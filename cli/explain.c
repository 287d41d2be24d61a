/*
 * explain.c - the source line of an error, with carets under what is meant, and "did you mean ...?".
 *
 * Owns: finding the line again (the file, if it has not changed since the program began; or the text typed last, for
 * functions that were made of it) and laying it out. Does not: know which part of a line a message is about (mark.c) or what is alike (spell.c).
 */
#include "cli/explain.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/func.h"

#include "lauxlib.h"

#include "cli/cells.h"
#include "cli/mark.h"
#include "cli/path.h"
#include "cli/spell.h"
#include "cli/term.h"

enum {
    LONGEST_LINE = 2000, /* bytes; longer ones were not written by people */
    LARGEST_FILE = 16 * 1024 * 1024,
    TAB = 4, NARROWEST = 8,
    CELL = 13 /* bytes: a character, two accents, and the end */
};

static bool enabled, colours;
static time_t began;
static const char *text_name = ""; /* np_explain_text */
static char *text;
static size_t text_len;
static const char chunk_key; /* its address: where the registry has the function made of the text, nil for none */

void np_explain_begin(void) {
    enabled = np_term_is(stderr);
    colours = np_term_colours(stderr);
    began = time(NULL);
}

void np_explain_text(lua_State *L, const char *name, const char *new_text, size_t len) {
    if (!enabled)
        return;
    lua_pushnil(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &chunk_key);
    char *copy = realloc(text, len + 1);
    if (copy == NULL)
        return;
    memcpy(copy, new_text, len);
    copy[len] = '\0';
    text = copy;
    text_len = len;
    text_name = name;
}

void np_explain_chunk(lua_State *L) {
    if (!enabled)
        return;
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &chunk_key);
}

/* ---- The case at hand ---- */

typedef struct Case {
    const char *message; /* whole */
    const char *tail;    /* behind the position */
    char name[LUA_IDSIZE + 1]; /* of the chunk, as the message has it */
    int line;
    lua_Debug frame;     /* the activation that failed */
    bool has_frame;
    const char *chunk;   /* all of the source, a string on the stack */
    size_t chunk_len;
    const char *shown;   /* the line, in chunk */
    size_t shown_len;
    NpMark mark;
    char meant[64];      /* "" for no idea */
} Case;

/* "name:line: text", where the name may have colons. */
static bool read_position(Case *at, const char *message) {
    for (const char *colon = strchr(message, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
        char *end;
        long line = isdigit((unsigned char)colon[1]) ? strtol(colon + 1, &end, 10) : 0;
        if (line <= 0 || end[0] != ':' || end[1] != ' ')
            continue;
        size_t len = (size_t)(colon - message);
        if (len >= sizeof at->name || memchr(message, '\n', len) != NULL)
            return false;
        memcpy(at->name, message, len);
        at->name[len] = '\0';
        at->line = (int)line;
        at->tail = end + 2;
        return true;
    }
    return false;
}

/* The innermost Lua function that is where the message says. */
static void find_frame(lua_State *L, Case *at) {
    for (int level = 0; lua_getstack(L, level, &at->frame); level++) {
        lua_getinfo(L, "Sl", &at->frame);
        if (at->frame.currentline == at->line && strcmp(at->frame.short_src, at->name) == 0) {
            at->has_frame = true;
            return;
        }
    }
}

static bool is_within(const NpProto *outer, const NpProto *proto) {
    bool within = outer == proto;
    for (int32_t i = 0; !within && i < outer->nprotos; i++)
        within = is_within(outer->protos[i], proto);
    return within;
}

/* Whether the text at hand is what the message is about: other texts before it may have had the same name. While none of
 * its functions is there it is being compiled. */
static bool is_about_text(lua_State *L, Case *at) {
    if (strcmp(at->name, text_name) != 0)
        return false;
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &chunk_key) != LUA_TFUNCTION) {
        lua_pop(L, 1);
        return !at->has_frame;
    }
    const NpLClosure *chunk = lua_topointer(L, -1);
    lua_pop(L, 1);
    if (!at->has_frame)
        return false;
    lua_getinfo(L, "f", &at->frame);
    const NpLClosure *failed = lua_topointer(L, -1);
    lua_pop(L, 1);
    return is_within(chunk->proto, failed->proto);
}

/* [-0, +(0|1)] The text of the file, unless it has changed since the program began. */
static bool push_file(lua_State *L, const char *name) {
    struct stat state;
    bool done = false;
    int fd = open(name, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe without a writer would be waited for */
    if (fd < 0)
        return false;
    FILE *file = NULL;
    if (fstat(fd, &state) == 0 && S_ISREG(state.st_mode) && state.st_mtime <= began && state.st_size <= LARGEST_FILE)
        file = fdopen(fd, "r");
    if (file == NULL) {
        close(fd);
    } else {
        size_t size = (size_t)state.st_size;
        char *bytes = malloc(size + 1);
        if (bytes != NULL && fread(bytes, 1, size, file) == size) {
            lua_pushlstring(L, bytes, size);
            done = true;
        }
        free(bytes);
        fclose(file);
    }
    return done;
}

/* Finds the line in the source. */
static bool find_line_in(Case *at) {
    const char *start = at->chunk, *limit = at->chunk + at->chunk_len;
    for (int line = 1; line < at->line && start != NULL; line++) {
        start = memchr(start, '\n', (size_t)(limit - start));
        start = start != NULL ? start + 1 : NULL;
    }
    if (start == NULL)
        return false;
    const char *end = memchr(start, '\n', (size_t)(limit - start));
    at->shown = start;
    at->shown_len = (size_t)((end != NULL ? end : limit) - start);
    return at->shown_len <= LONGEST_LINE;
}

/* [-0, +(0|1)] Finds the source and the line in it. */
static bool find_line(lua_State *L, Case *at) {
    bool is_file = !at->has_frame || *at->frame.source == '@';
    if (is_about_text(L, at))
        lua_pushlstring(L, text, text_len);
    else if (!is_file || strcmp(at->name, text_name) == 0 || !push_file(L, at->has_frame ? at->frame.source + 1 : at->name))
        return false;
    at->chunk = lua_tolstring(L, -1, &at->chunk_len);
    return find_line_in(at);
}

/* ---- What may have been meant ---- */

typedef struct Search {
    NpSpell spell;
    Case *at;
} Search;

static void consider(void *ctx, const char *name, size_t len) {
    Search *search = ctx;
    if (len < sizeof search->at->meant && np_spell_try(&search->spell, name))
        memcpy(search->at->meant, name, len + 1);
}

/* A misspelt variable or field was nil. */
static void guess_name(lua_State *L, Case *at) {
    lua_Debug *frame = at->has_frame ? &at->frame : NULL;
    Search search = {np_spell_begin(at->mark.name), at};
    if (!at->mark.is_nil)
        return;
    if (at->mark.kind == NP_MARK_VARIABLE) {
        if (at->mark.is_global)
            np_path_each_variable(L, frame, consider, &search);
    } else if (at->mark.nspans == 1) {
        size_t separator = at->mark.spans[0].start;
        while (separator > 0 && isspace((unsigned char)at->shown[separator - 1]))
            separator--;
        if (separator > 0 && np_path_push(L, frame, at->shown, separator - 1)) {
            np_path_each_key(L, -1, at->mark.kind == NP_MARK_METHOD, consider, &search);
            lua_pop(L, 1);
        }
    }
}

/* A misspelt keyword is a name to the compiler, which complains about what follows it. */
static void guess_keyword(Case *at) {
    char word[16];
    size_t end = at->mark.spans[0].start;
    while (end > 0 && isspace((unsigned char)at->shown[end - 1]))
        end--;
    size_t start = np_path_name_start(at->shown, end);
    if (end - start < 4 || end - start >= sizeof word)
        return;
    memcpy(word, at->shown + start, end - start);
    word[end - start] = '\0';
    if (!np_path_is_name(word, end - start))
        return;
    Search search = {np_spell_begin(word), at};
    np_path_each_keyword(consider, &search);
}

/* ---- Syntax errors ---- */

/* Whether the compiler complains in the same way when the source ends behind byte `end`: then what stands there is what
 * it complains about. */
static bool fails_there(lua_State *L, const Case *at, size_t end) {
    char name[LUA_IDSIZE + 2];
    snprintf(name, sizeof name, "=%s", at->name);
    bool same = luaL_loadbufferx(L, at->chunk, end, name, "t") == LUA_ERRSYNTAX &&
                strstr(lua_tostring(L, -1), at->tail) != NULL;
    lua_pop(L, 1);
    return same;
}

/* The last place before `end` where there is more than blanks. */
static size_t end_of_text(const char *line, size_t end) {
    while (end > 0 && isspace((unsigned char)line[end - 1]))
        end--;
    return end;
}

/* Marks the token that the compiler had read last, whose text the message ends with. */
static void mark_near(lua_State *L, Case *at, const char *near, size_t len) {
    size_t from = 0, offset = (size_t)(at->shown - at->chunk);
    struct NpMarkSpan span, *kept = &at->mark.spans[0];
    while (np_mark_token(at->shown, at->shown_len, from, near, len, &span)) {
        if (at->mark.nspans == 0)
            *kept = span;
        at->mark.nspans = 1;
        if (fails_there(L, at, offset + span.start + span.len)) {
            *kept = span;
            break;
        }
        from = span.start + 1;
    }
    if (at->mark.nspans == 1)
        guess_keyword(at);
}

/* Marks the last token of the line with that text. */
static void mark_last(Case *at, const char *word, size_t len) {
    size_t from = 0;
    while (np_mark_token(at->shown, at->shown_len, from, word, len, &at->mark.spans[0])) {
        at->mark.nspans = 1;
        from = at->mark.spans[0].start + 1;
    }
}

static void mark_syntax(lua_State *L, Case *at) {
    const char *near = strstr(at->tail, " near '"), *other = strstr(at->tail, " at line "), *end = strrchr(at->tail, '\'');
    if (near != NULL && other == NULL && end > near + 7) {
        mark_near(L, at, near + 7, (size_t)(end - near - 7));
        return;
    }
    if (other != NULL && strtol(other + 9, NULL, 10) > 0) { /* "to close 'if' at line 3": that line tells more */
        at->line = (int)strtol(other + 9, NULL, 10);
        if (!find_line_in(at))
            return;
        for (end = NULL, near = at->tail; near < other; near++)
            end = *near == '\'' ? near : end;
    } else if (near == NULL && strstr(at->tail, " near <eof>") != NULL) {
        while (end_of_text(at->shown, at->shown_len) == 0 && at->line > 1) {
            at->line--;
            if (!find_line_in(at))
                return;
        }
        at->mark.nspans = 1;
        at->mark.spans[0] = (struct NpMarkSpan){end_of_text(at->shown, at->shown_len), 1};
        return;
    }
    const char *word = end;
    while (word != NULL && word > at->tail && word[-1] != '\'')
        word--;
    if (word != NULL && word > at->tail)
        mark_last(at, word, (size_t)(end - word));
}

/* ---- Layout ---- */

/* The line as it is shown: what stands in each column, and where each byte of it is. A wide character has a column with
 * nothing in it behind its own; accents that are characters of their own share their letter's column. */
typedef struct Row {
    char cells[LONGEST_LINE * TAB + 1][CELL]; /* UTF-8 */
    int column_of[LONGEST_LINE + 2];
    int ncolumns;
} Row;

static void add_cell(Row *row, const char *bytes, size_t len) {
    memcpy(row->cells[row->ncolumns], bytes, len);
    row->cells[row->ncolumns++][len] = '\0';
}

/* Adds to the last column; what there is no room for is left out. */
static void join_cell(Row *row, const char *bytes, size_t len) {
    char *cell = row->ncolumns > 0 ? row->cells[row->ncolumns - 1] : NULL;
    if (cell != NULL && *cell == '\0') /* behind a wide one */
        cell = row->cells[row->ncolumns - 2];
    size_t used = cell != NULL ? strlen(cell) : CELL;
    if (used + len < CELL) {
        memcpy(cell + used, bytes, len);
        cell[used + len] = '\0';
    }
}

static void lay_out(Row *row, const char *line, size_t len) {
    row->ncolumns = 0;
    for (size_t at = 0, size; at < len; at += size) {
        NpCells cells = np_cells_read(line + at, len - at);
        size = cells.bytes;
        for (size_t i = 0; i < size; i++)
            row->column_of[at + i] = row->ncolumns;
        if (line[at] == '\t') {
            for (int i = 0; i < TAB; i++)
                add_cell(row, " ", 1);
        } else if (!cells.shows) {
            if (line[at] != '\r')
                add_cell(row, "?", 1);
        } else if (cells.columns == 0) {
            join_cell(row, line + at, size);
        } else {
            add_cell(row, line + at, size);
            if (cells.columns == 2)
                add_cell(row, "", 0);
        }
    }
    row->column_of[len] = row->ncolumns;
    row->column_of[len + 1] = row->ncolumns + 1;
}

/* Adds the columns from `first` up to `last`; of a wide character that is cut a blank. */
static void add_cells(luaL_Buffer *out, const Row *row, int first, int last) {
    if (last > row->ncolumns)
        last = row->ncolumns;
    for (int column = first; column < last; column++) {
        bool is_end = *row->cells[column] == '\0', goes_on = column + 1 < row->ncolumns && *row->cells[column + 1] == '\0';
        bool cut = (is_end && column == first) || (goes_on && column + 1 == last);
        luaL_addstring(out, cut ? " " : row->cells[column]);
    }
}

/* The columns from `first` that are shown where there is room for `room` of them. */
static int first_column(const Case *at, const Row *row, int room) {
    if (row->ncolumns < room || at->mark.nspans == 0)
        return 0;
    int start = row->column_of[at->mark.spans[0].start];
    int first = start - room / 3;
    if (first > row->ncolumns + 1 - room)
        first = row->ncolumns + 1 - room;
    return first < 0 || start < room / 2 ? 0 : first;
}

static bool is_marked(const Case *at, const Row *row, int column) {
    for (int i = 0; i < at->mark.nspans; i++) {
        const struct NpMarkSpan *span = &at->mark.spans[i];
        if (column >= row->column_of[span->start] && column < row->column_of[span->start + span->len])
            return true;
    }
    return false;
}

/* Adds the carets on a line of their own; returns how many columns that took. */
static int add_carets(luaL_Buffer *out, const Case *at, const Row *row, int first, int room, const char *gutter) {
    int last = -1;
    lua_State *L = out->L;
    for (int column = first; column < first + room && column <= row->ncolumns; column++)
        last = is_marked(at, row, column) ? column : last;
    if (last < 0)
        return room;
    lua_pushfstring(L, "\n%s%s%s%s", np_term_colour(colours, NP_COLOUR_FAINT), gutter, np_term_colour(colours, NP_COLOUR_NONE),
                    np_term_colour(colours, NP_COLOUR_ERROR));
    luaL_addvalue(out);
    for (int column = first; column <= last; column++)
        luaL_addchar(out, is_marked(at, row, column) ? '^' : ' ');
    luaL_addstring(out, np_term_colour(colours, NP_COLOUR_NONE));
    return last + 1 - first;
}

/* Behind the carets, which end at column `used`, or below. */
static void add_hint(luaL_Buffer *out, const Case *at, int used, int room) {
    static const char format[] = "did you mean ''?";
    if (*at->meant == '\0')
        return;
    bool fits = used + 1 + (int)(sizeof format - 1 + strlen(at->meant)) <= room;
    luaL_addchar(out, fits ? ' ' : '\n');
    lua_pushfstring(out->L, "%sdid you mean '%s'?%s", np_term_colour(colours, NP_COLOUR_HINT), at->meant,
                    np_term_colour(colours, NP_COLOUR_NONE));
    luaL_addvalue(out);
}

/* [+1] The lines to show. */
static void push_lines(lua_State *L, const Case *at) {
    char head[32], gutter[32];
    luaL_Buffer out;
    int width = snprintf(head, sizeof head, "%5d | ", at->line);
    snprintf(gutter, sizeof gutter, "%*s | ", width - 3, "");
    int room = np_term_width(stderr) - width - 1;
    room = room < NARROWEST ? NARROWEST : room;
    Row *row = lua_newuserdatauv(L, sizeof *row, 0);
    lay_out(row, at->shown, at->shown_len);
    int first = first_column(at, row, room);
    luaL_buffinit(L, &out);
    lua_pushfstring(L, "\n%s%s%s", np_term_colour(colours, NP_COLOUR_FAINT), head, np_term_colour(colours, NP_COLOUR_NONE));
    luaL_addvalue(&out);
    add_cells(&out, row, first, first + room);
    int used = add_carets(&out, at, row, first, room, gutter);
    add_hint(&out, at, used, room);
    luaL_pushresult(&out);
}

/* A lua_CFunction: light userdata const char *, results: the lines, or nothing. */
static int explain(lua_State *L) {
    Case at = {.message = lua_touserdata(L, 1)};
    const char *message = at.message, *module = strstr(message, "error loading module '");
    if (module != NULL && strstr(module, "\n\t") != NULL)
        message = strstr(module, "\n\t") + 2;
    if (!read_position(&at, message))
        return 0;
    find_frame(L, &at);
    if (!find_line(L, &at))
        return 0;
    bool syntax = strstr(at.tail, " near '") != NULL || strstr(at.tail, " near <eof>") != NULL || !at.has_frame;
    if (syntax && !at.has_frame) {
        mark_syntax(L, &at);
    } else {
        np_mark_read(&at.mark, at.tail);
        np_mark_find(&at.mark, at.tail, at.shown, at.shown_len);
        if (at.mark.kind != NP_MARK_UNNAMED && at.mark.nspans == 0)
            return 0; /* not this line, after all */
        guess_name(L, &at);
    }
    push_lines(L, &at);
    return 1;
}

bool np_explain(lua_State *L, const char *message) {
    if (!enabled || !lua_checkstack(L, LUA_MINSTACK))
        return false;
    lua_pushcfunction(L, explain);
    lua_pushlightuserdata(L, (void *)message);
    if (lua_pcall(L, 1, 1, 0) == LUA_OK && lua_type(L, -1) == LUA_TSTRING)
        return true;
    lua_pop(L, 1);
    return false;
}
