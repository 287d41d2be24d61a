/*
 * pretty.c - values shown to people.
 *
 * Owns: what is cut where, the order of keys, and the layout. Does not: decide when (repl.c).
 *
 * First a tree of the texts to be shown is made (grow, the only part that touches Lua), then it is written. All of
 * the tree lies in one userdata of fixed size: there is nothing to free, and no value can make it larger.
 */
#include "cli/pretty.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lauxlib.h"

#include "cli/cells.h"
#include "cli/path.h"
#include "cli/term.h"

enum {
    ARENA = 256 * 1024, /* bytes */
    DEPTH = 4,          /* tables within tables */
    ITEMS_OUTER = 100, ITEMS_INNER = 25, /* of one table */
    STRING_OUTER = 4000, STRING_INNER = 80, /* bytes of a string */
    KEYS_SORTED = 2000, /* of a table with more, some are shown */
    INDENT = 2,
    NARROWEST = 20
};

typedef struct Node {
    const char *key;  /* "name = ", "" for an item of a list */
    const char *text; /* of a table: what stands before the brace */
    NpColour colour;
    bool is_table;
    size_t width;     /* columns when written on one line, without the key */
    const char *rest; /* of a table: "" or how much is left out */
    struct Node *first, *next;
} Node;

typedef struct Tree {
    lua_State *L;
    int path;  /* stack index of a table whose keys are the tables being shown */
    size_t used;
    bool full; /* the arena is */
    _Alignas(16) char bytes[ARENA];
} Tree;

/* ---- Texts ---- */

static void *take(Tree *tree, size_t size) {
    size = (size + 15) & ~(size_t)15;
    if (size > ARENA - tree->used) {
        tree->full = true;
        return NULL;
    }
    void *block = tree->bytes + tree->used;
    tree->used += size;
    return block;
}

static const char *copy(Tree *tree, const char *text, size_t len) {
    char *block = take(tree, len + 1);
    if (block == NULL)
        return "...";
    memcpy(block, text, len);
    block[len] = '\0';
    return block;
}

static size_t columns(const char *text) { return np_cells_columns(text, strlen(text)); }

/* The string with what cannot be shown as Lua's escapes, cut to `most` bytes, in quotes if asked for. */
static const char *visible(Tree *tree, const char *text, size_t len, size_t most, bool quoted) {
    size_t shown = len <= most ? len : most;
    char *block = take(tree, 4 * shown + 48), *to = block;
    if (block == NULL)
        return "...";
    if (quoted)
        *to++ = '"';
    for (size_t at = 0, size; at < shown; at += size) {
        NpCells cells = np_cells_read(text + at, len - at);
        size = cells.bytes;
        if (cells.shows && !(quoted && (text[at] == '"' || text[at] == '\\'))) {
            memcpy(to, text + at, size);
            to += size;
            continue;
        }
        size = 1;
        const char *found = text[at] != '\0' ? strchr("\nn\tt\rr\"\"\\\\", text[at]) : NULL;
        if (!quoted && text[at] == '\n')
            *to++ = '\n';
        else if (found != NULL)
            to += sprintf(to, "\\%c", found[1]);
        else
            to += sprintf(to, "\\x%02x", (unsigned char)text[at]);
    }
    if (quoted)
        *to++ = '"';
    if (shown < len)
        to += sprintf(to, "... (%zu bytes)", len);
    *to = '\0';
    return block;
}

/* ---- Growing the tree ---- */

static Node *leaf(Tree *tree, NpColour colour, const char *text) {
    Node *node = take(tree, sizeof *node);
    if (node != NULL)
        *node = (Node){.key = "", .text = text, .colour = colour, .width = columns(text), .rest = ""};
    return node;
}

static int call_tolstring(lua_State *L) {
    luaL_tolstring(L, 1, NULL);
    return 1;
}

/* What tostring says of the value at `index`, or what went wrong in it. */
static const char *described(Tree *tree, int index) {
    lua_State *L = tree->L;
    size_t len;
    lua_pushcfunction(L, call_tolstring);
    lua_pushvalue(L, index);
    bool failed = lua_pcall(L, 1, 1, 0) != LUA_OK;
    const char *text = lua_tolstring(L, -1, &len);
    if (text == NULL) {
        text = luaL_typename(L, -1);
        len = strlen(text);
    }
    const char *shown = visible(tree, text, len, STRING_OUTER, false);
    if (failed) {
        lua_pushfstring(L, "<error in __tostring: %s>", shown);
        shown = copy(tree, lua_tostring(L, -1), lua_rawlen(L, -1));
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return shown;
}

/* A function with the place where it is defined. */
static const char *described_function(Tree *tree, int index) {
    lua_State *L = tree->L;
    lua_Debug debug;
    const char *text = described(tree, index);
    lua_pushvalue(L, index);
    lua_getinfo(L, ">S", &debug);
    if (*debug.what == 'C')
        return text;
    lua_pushfstring(L, "%s (%s:%d)", text, debug.short_src, debug.linedefined);
    text = copy(tree, lua_tostring(L, -1), lua_rawlen(L, -1));
    lua_pop(L, 1);
    return text;
}

static const char *key_text(Tree *tree, int index) {
    lua_State *L = tree->L;
    size_t len;
    const char *name;
    if (lua_type(L, index) != LUA_TSTRING) {
        lua_pushfstring(L, "[%s] = ", described(tree, index));
    } else {
        name = lua_tolstring(L, index, &len);
        bool plain = len <= STRING_INNER && np_path_is_name(name, len);
        lua_pushfstring(L, plain ? "%s = " : "[%s] = ", plain ? name : visible(tree, name, len, STRING_INNER, true));
    }
    const char *text = copy(tree, lua_tostring(L, -1), lua_rawlen(L, -1));
    lua_pop(L, 1);
    return text;
}

typedef struct Key {
    int place; /* in the table of keys */
    int type;
    lua_Number number;
    const char *text; /* kept alive by the table of keys */
} Key;

/* Numbers, then strings, then others in no particular order. */
static int by_key(const void *left_key, const void *right_key) {
    const Key *left = left_key, *right = right_key;
    if (left->type != right->type)
        return left->type < right->type ? -1 : 1;
    if (left->type == LUA_TNUMBER && left->number != right->number)
        return left->number < right->number ? -1 : 1;
    int order = left->type == LUA_TSTRING ? strcmp(left->text, right->text) : 0;
    return order != 0 ? order : left->place - right->place;
}

/* Pushes a list of the keys besides 1 to `length`, and gives them in order; *more: there are others. */
static Key *collect_keys(Tree *tree, int table, lua_Integer length, int *count, bool *more) {
    lua_State *L = tree->L;
    *count = 0;
    *more = false;
    lua_newtable(L);
    Key *keys = lua_newuserdatauv(L, KEYS_SORTED * sizeof(Key), 0);
    lua_rawsetp(L, -2, keys); /* lives as long as the list */
    lua_pushnil(L);
    while (lua_next(L, table) != 0) {
        lua_pop(L, 1);
        if (lua_isinteger(L, -1) && lua_tointeger(L, -1) >= 1 && lua_tointeger(L, -1) <= length)
            continue;
        if (*count == KEYS_SORTED) {
            *more = true;
            lua_pop(L, 1);
            break;
        }
        Key *key = &keys[*count];
        *key = (Key){.place = ++*count, .type = lua_type(L, -1)};
        if (key->type == LUA_TNUMBER)
            key->number = lua_tonumber(L, -1);
        else if (key->type == LUA_TSTRING)
            key->text = lua_tostring(L, -1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -3, *count);
    }
    qsort(keys, (size_t)*count, sizeof *keys, by_key);
    return keys;
}

static Node *grow(Tree *tree, int index, int depth);

/* [-1, +0] Appends the value on top to the table's items. */
static Node **append(Tree *tree, Node *table, Node **at, const char *key, int depth) {
    Node *node = grow(tree, lua_gettop(tree->L), depth + 1);
    lua_pop(tree->L, 1);
    if (node == NULL)
        return at;
    node->key = key;
    table->width += columns(key) + node->width + (table->first == NULL ? 0 : 2);
    *at = node;
    return &node->next;
}

static void grow_items(Tree *tree, Node *table, int index, int depth) {
    lua_State *L = tree->L;
    lua_Integer length = (lua_Integer)lua_rawlen(L, index), most = depth == 0 ? ITEMS_OUTER : ITEMS_INNER, shown = 0;
    Node **at = &table->first;
    int nkeys;
    bool more;
    for (; shown < most && shown < length && !tree->full; shown++) {
        lua_rawgeti(L, index, shown + 1);
        at = append(tree, table, at, "", depth);
    }
    Key *keys = collect_keys(tree, index, length, &nkeys, &more);
    int list = lua_gettop(L);
    lua_Integer all = length + nkeys;
    for (int i = 0; i < nkeys && shown < most && !tree->full; i++, shown++) {
        lua_rawgeti(L, list, keys[i].place);
        const char *key = key_text(tree, lua_gettop(L));
        lua_rawget(L, index);
        at = append(tree, table, at, key, depth);
    }
    lua_pop(L, 1);
    if (shown < all || more) {
        lua_pushfstring(L, more ? "... more than %I more" : "... %I more", (LUAI_UACINT)(all - shown));
        table->rest = copy(tree, lua_tostring(L, -1), lua_rawlen(L, -1));
        table->width += columns(table->rest) + 2;
        lua_pop(L, 1);
    }
}

static Node *grow_table(Tree *tree, int index, int depth) {
    lua_State *L = tree->L;
    const char *name = "";
    lua_pushvalue(L, index);
    bool cycle = lua_rawget(L, tree->path) != LUA_TNIL;
    lua_pop(L, 1);
    int top = lua_gettop(L);
    if (luaL_getmetafield(L, index, "__name") == LUA_TSTRING) {
        lua_pushliteral(L, " ");
        lua_concat(L, 2);
        name = visible(tree, lua_tostring(L, -1), lua_rawlen(L, -1), STRING_INNER, false);
    }
    lua_settop(L, top);
    if (cycle || (depth >= DEPTH && (lua_pushnil(L), lua_next(L, index)) != 0)) {
        if (!cycle)
            lua_pop(L, 2);
        lua_pushfstring(L, cycle ? "%s<cycle>" : "%s{...}", name);
        const char *text = copy(tree, lua_tostring(L, -1), lua_rawlen(L, -1));
        lua_pop(L, 1);
        return leaf(tree, NP_COLOUR_FAINT, text);
    }
    Node *node = leaf(tree, NP_COLOUR_OBJECT, name);
    if (node == NULL)
        return NULL;
    node->is_table = true;
    node->width += 2;
    lua_pushvalue(L, index);
    lua_pushboolean(L, 1);
    lua_rawset(L, tree->path);
    grow_items(tree, node, index, depth);
    lua_pushvalue(L, index);
    lua_pushnil(L);
    lua_rawset(L, tree->path);
    return node;
}

/* The node of the value at `index`; NULL when there is no room for it. */
static Node *grow(Tree *tree, int index, int depth) {
    lua_State *L = tree->L;
    size_t len;
    const char *text;
    luaL_checkstack(L, LUA_MINSTACK, "too deep to show");
    bool describes_itself = luaL_getmetafield(L, index, "__tostring") != LUA_TNIL;
    if (describes_itself)
        lua_pop(L, 1);
    switch (lua_type(L, index)) {
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &len);
        return leaf(tree, NP_COLOUR_STRING, visible(tree, text, len, depth == 0 ? STRING_OUTER : STRING_INNER, true));
    case LUA_TNUMBER:
        return leaf(tree, NP_COLOUR_NUMBER, described(tree, index));
    case LUA_TNIL:
    case LUA_TBOOLEAN:
        return leaf(tree, NP_COLOUR_WORD, described(tree, index));
    case LUA_TTABLE:
        return describes_itself ? leaf(tree, NP_COLOUR_NONE, described(tree, index)) : grow_table(tree, index, depth);
    case LUA_TFUNCTION:
        return leaf(tree, NP_COLOUR_OBJECT, described_function(tree, index));
    default:
        return leaf(tree, describes_itself ? NP_COLOUR_NONE : NP_COLOUR_OBJECT, described(tree, index));
    }
}

/* ---- Writing it ---- */

typedef struct Page {
    bool colours;
    size_t width;
} Page;

static void write_coloured(const Page *page, NpColour colour, const char *text) {
    bool plain = colour == NP_COLOUR_NONE || *text == '\0';
    printf("%s%s%s", np_term_colour(page->colours && !plain, colour), text,
           np_term_colour(page->colours && !plain, NP_COLOUR_NONE));
}

static void write_flat(const Page *page, const Node *node) {
    write_coloured(page, node->colour, node->text);
    if (!node->is_table)
        return;
    putchar('{');
    for (const Node *item = node->first; item != NULL; item = item->next) {
        printf("%s%s", item == node->first ? "" : ", ", item->key);
        write_flat(page, item);
    }
    if (*node->rest != '\0') {
        fputs(", ", stdout);
        write_coloured(page, NP_COLOUR_FAINT, node->rest);
    }
    putchar('}');
}

/* `left`: columns that are left on the line for the node and what follows it. Items of a list that fit share lines. */
static void write_node(const Page *page, const Node *node, size_t indent, size_t left) {
    if (!node->is_table || node->width <= left || node->first == NULL) {
        write_flat(page, node);
        return;
    }
    size_t inner = indent + INDENT, room = page->width > inner ? page->width - inner : 1, column = 0;
    write_coloured(page, node->colour, node->text);
    putchar('{');
    for (const Node *item = node->first; item != NULL; item = item->next) {
        size_t key = columns(item->key), need = key + item->width + 1;
        bool goes_on = column > 0 && *item->key == '\0' && column + 1 + need <= room;
        if (goes_on)
            putchar(' ');
        else
            printf("\n%*s", (int)inner, "");
        column = goes_on ? column + 1 + need : *item->key == '\0' && need <= room ? need : 0;
        fputs(item->key, stdout);
        write_node(page, item, inner, room > key + 1 ? room - key - 1 : 1);
        if (item->next != NULL || *node->rest != '\0')
            putchar(',');
    }
    if (*node->rest != '\0') {
        printf("\n%*s", (int)inner, "");
        write_coloured(page, NP_COLOUR_FAINT, node->rest);
    }
    printf("\n%*s}", (int)indent, "");
}

int np_pretty(lua_State *L) {
    int count = lua_gettop(L);
    size_t total = 0;
    Page page = {.colours = np_term_colours(stdout), .width = (size_t)np_term_width(stdout)};
    if (page.width < NARROWEST)
        page.width = NARROWEST;
    luaL_checkstack(L, LUA_MINSTACK, "too many results to show");
    Tree *tree = lua_newuserdatauv(L, sizeof *tree, 0);
    lua_newtable(L);
    tree->L = L;
    tree->path = lua_gettop(L);
    tree->used = 0;
    tree->full = false;
    Node *first = NULL, **at = &first;
    for (int i = 1; i <= count && !tree->full; i++) {
        Node *node = grow(tree, i, 0);
        if (node == NULL)
            break;
        total += node->width + 2;
        *at = node;
        at = &node->next;
    }
    for (const Node *node = first; node != NULL; node = node->next) {
        write_node(&page, node, 0, page.width);
        if (node->next != NULL)
            fputs(total <= page.width ? "  " : "\n", stdout);
    }
    if (tree->full)
        fputs("\n...", stdout);
    putchar('\n');
    fflush(stdout);
    return 0;
}
