/*
 * list.c - `neap --list`: bytecode for reading, and `neap --check`.
 *
 * Owns: the layout. What an instruction does is said by its synopsis in opcodes.def, with the names of
 * variables, constants and labels in place of the operands. Does not: run anything, or know single opcodes.
 *
 * Binary chunks have been verified by the loader: operands are in range.
 */
#include "cli/list.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/disasm.h"
#include "runtime/func.h"
#include "runtime/opcode.h"

#include "lauxlib.h"

#include "cli/explain.h"
#include "cli/path.h"
#include "cli/run.h"

enum { NAMES = 11, LONGEST_LINE = 200 }; /* columns for an instruction's name; bytes of a source line */

typedef struct Listing {
    const char *text; /* the source, NULL when it is not to be had */
    size_t len;
    const NpProto *proto;
    int32_t pc;       /* of the instruction at hand */
    int32_t *labels;  /* for each word of the code the number of its label, 0 for none */
} Listing;

/* ---- Operands ---- */

static void print_constant(const NpValue *value) {
    static const NpProto no_proto;
    NpProto one = no_proto;
    char shown[200];
    NpInstr load = np_make_ad(NP_OP_LOADK, 0, 0); /* the disassembler words constants */
    one.constants = (NpValue *)value;
    one.nconstants = 1;
    one.code = &load;
    one.ncode = 1;
    np_disasm_instr(&one, 0, shown, sizeof shown);
    const char *meaning = strstr(shown, "; ");
    fputs(meaning != NULL ? meaning + 2 : "?", stdout);
}

static void print_register(const Listing *list, int number) {
    int words = np_opcode_info[np_op(list->proto->code[list->pc])].words;
    const char *name = np_func_local_name(list->proto, number + 1, list->pc);
    if (name == NULL) /* a variable that begins with this value */
        name = np_func_local_name(list->proto, number + 1, list->pc + words);
    if (name != NULL && *name != '(')
        fputs(name, stdout);
    else
        printf("r%d", number);
}

/* The value of "A+C-2" or the like at *at, which it leaves behind the expression; *open: it has an i, which stands for any
 * number. */
static int evaluate(const Listing *list, const char **at, bool *open) {
    const NpInstr *code = list->proto->code + list->pc;
    int total = 0, sign = 1;
    *open = false;
    for (;; (*at)++) {
        switch (**at) {
        case 'A': total += sign * (int)np_a(*code); break;
        case 'B': total += sign * (int)np_b(*code); break;
        case 'C': total += sign * (int)np_c(*code); break;
        case 'D': total += sign * (np_opcode_info[np_op(*code)].format == NP_FORMAT_AsD ? np_sd(*code) : (int)np_d(*code)); break;
        case 'W': (*at)++; total += sign * (int)code[**at - '0']; break;
        case 'i': *open = true; break;
        case '+': sign = 1; break;
        case '-': sign = -1; break;
        default:
            if (!isdigit((unsigned char)**at))
                return total;
            total += sign * (**at - '0');
        }
    }
}

/* "R[A+1], ..., R[A+B-1]": the registers of a list, which may be empty or go on to the top. */
static void print_list(const Listing *list, int first, const char **at) {
    bool open, to_top;
    const char *counted = *at;
    const NpInstr *code = list->proto->code + list->pc;
    int last = evaluate(list, at, &open);
    to_top = (memchr(counted, 'B', (size_t)(*at - counted)) != NULL && np_b(*code) == 0) ||
             (memchr(counted, 'C', (size_t)(*at - counted)) != NULL && np_c(*code) == 0);
    (*at)++; /* ] */
    if (np_op(*code) == NP_OP_LOADNIL)
        to_top = false; /* counts from 0 */
    if (!to_top && last < first) {
        printf("nothing");
        return;
    }
    print_register(list, first);
    if (to_top) {
        printf(", ...");
    } else if (last > first) {
        printf(last > first + 1 ? ", ..., " : ", ");
        print_register(list, last);
    }
}

/* "R[...", "K[..." or "U[..." at *at. */
static void print_operand(const Listing *list, const char **at) {
    const NpProto *proto = list->proto;
    char kind = **at;
    bool open;
    *at += 2;
    int number = evaluate(list, at, &open);
    (*at)++; /* ] */
    if (kind == 'K') {
        print_constant(&proto->constants[number]);
    } else if (kind == 'U') {
        const NpString *name = proto->upvalues[number].name;
        name != NULL ? (void)fputs(name->text, stdout) : (void)printf("upvalue %d", number);
    } else if (open) {
        printf("r%d+i", number);
    } else if (strncmp(*at, ", ..., R[", 9) == 0) {
        *at += 9;
        print_list(list, number, at);
    } else {
        print_register(list, number);
    }
}

/* ---- Instructions ---- */

/* The word an instruction may jump to, -1 for none. */
static int32_t target_of(const NpProto *proto, int32_t pc) {
    const NpOpInfo *info = &np_opcode_info[np_op(proto->code[pc])];
    if (info->flags & NP_OPF_JE)
        return pc + info->words + np_e(proto->code[pc]);
    if (info->flags & NP_OPF_JW)
        return pc + info->words + (int32_t)proto->code[pc + 1];
    return -1;
}

/* Numbers the words that are jumped to, from 1. */
static int32_t *number_labels(const NpProto *proto) {
    int32_t *labels = calloc((size_t)proto->ncode + 1, sizeof *labels), count = 0;
    if (labels == NULL)
        return NULL;
    for (int32_t pc = 0; pc < proto->ncode; pc += np_opcode_info[np_op(proto->code[pc])].words) {
        int32_t target = target_of(proto, pc);
        if (target >= 0 && target <= proto->ncode)
            labels[target] = 1;
    }
    for (int32_t pc = 0; pc < proto->ncode; pc++) {
        if (labels[pc] != 0)
            labels[pc] = ++count;
    }
    return labels;
}

static bool begins(const char *text, const char *with) { return strncmp(text, with, strlen(with)) == 0; }

/* What the synopsis says at *at, if it is one of the forms that need other words here. */
static bool print_form(const Listing *list, const char **at) {
    const NpProto *proto = list->proto;
    NpInstr instr = proto->code[list->pc];
    if (begins(*at, "pc += ")) {
        *at += 6;
        *at += strcspn(*at, " ;");
        printf("goto L%d", (int)list->labels[target_of(proto, list->pc)]);
    } else if (begins(*at, "proto D")) {
        *at += 7;
        printf("function of line %d", (int)proto->protos[np_d(instr)]->line);
    } else if (begins(*at, ") == C")) { /* or bit 0 of C */
        *at = strstr(*at, "then ") + 5;
        printf(") then ");
    } else if (begins(*at, "if (") && strstr(*at, ") == C") != NULL) {
        *at += 4;
        printf(np_c(instr) & 1 ? "if (" : "if not (");
    } else if (begins(*at, ":= ")) {
        *at += 3;
        printf("= ");
    } else if (begins(*at, "sB")) {
        *at += 2;
        printf("%d", np_sb(instr));
    } else {
        return false;
    }
    return true;
}

/* Remarks about the code in general, which a listing needs not repeat. */
static bool skip_remark(const char *synopsis, const char **at) {
    static const char *const remarks[] = {"; registers ", "; a TFORLOOP ", "; RETURN A "};
    for (size_t i = 0; i < sizeof remarks / sizeof remarks[0]; i++) {
        if (begins(*at, remarks[i])) {
            *at += strlen(*at);
            return true;
        }
    }
    if (**at != '(' || (*at != synopsis && (*at)[-1] != ' ') || (*at - synopsis >= 3 && begins(*at - 3, "if ")))
        return false;
    *at += strcspn(*at, ")");
    *at += **at != '\0';
    *at += **at == ' ';
    return true;
}

static bool is_operand_letter(const char *at, const char *synopsis) {
    char before = at == synopsis ? ' ' : at[-1];
    return strchr("ABCDW", *at) != NULL && strchr(" [", before) != NULL && !isalpha((unsigned char)at[1]);
}

/* What the instruction does, behind so many blanks; lines do not end in blanks. */
static void print_meaning(const Listing *list, int blanks) {
    const char *synopsis = np_opcode_info[np_op(list->proto->code[list->pc])].synopsis;
    bool open;
    for (const char *at = synopsis; *at != '\0';) {
        if (skip_remark(synopsis, &at))
            continue;
        if (*at == ' ') {
            blanks++;
            at++;
            continue;
        }
        printf("%*s", blanks, "");
        blanks = 0;
        if ((*at == 'R' || *at == 'K' || *at == 'U') && at[1] == '[')
            print_operand(list, &at);
        else if (is_operand_letter(at, synopsis))
            printf("%d%s", evaluate(list, &at, &open), open ? "+i" : "");
        else if (!print_form(list, &at))
            putchar(*at++);
    }
}

/* ---- Functions ---- */

static void print_source(const Listing *list, int line) {
    const char *start = list->text, *limit = list->text + list->len;
    for (int at = 1; start != NULL && at < line; at++) {
        start = memchr(start, '\n', (size_t)(limit - start));
        start = start != NULL ? start + 1 : NULL;
    }
    if (start == NULL || line <= 0)
        return;
    size_t len = strcspn(start, "\r\n");
    if (len > LONGEST_LINE)
        len = LONGEST_LINE;
    while (len > 0 && isspace((unsigned char)start[len - 1]))
        len--;
    printf("\n%5d |%s%.*s\n", line, len > 0 ? " " : "", (int)len, start);
}

static void print_head(const NpProto *proto) {
    if (proto->line != 0)
        printf("\nfunction of lines %d to %d:", (int)proto->line, (int)proto->last_line);
    else
        printf("main chunk:");
    printf(" %d parameters%s, %d registers, %d words\n", proto->nparams, proto->is_vararg ? " and more" : "",
           proto->max_stack, (int)proto->ncode);
    for (int i = 0; i < proto->nupvalues; i++) {
        const NpUpvalDesc *upvalue = &proto->upvalues[i];
        printf("  upvalue %s is %s %d of the function around it\n", upvalue->name != NULL ? upvalue->name->text : "?",
               upvalue->from_stack ? "register" : "upvalue", upvalue->index);
    }
    for (int32_t i = 0; i < proto->nconstants; i++) {
        printf("  constant %d is ", (int)i);
        print_constant(&proto->constants[i]);
        putchar('\n');
    }
    for (int32_t i = 0; i < proto->nlocvars; i++) {
        if (*proto->locvars[i].name->text != '(')
            printf("  local %s in words %d to %d\n", proto->locvars[i].name->text, (int)proto->locvars[i].start_pc,
                   (int)proto->locvars[i].end_pc);
    }
}

/* Prints the function and those in it; false without memory. */
static bool print_function(const Listing *outer, const NpProto *proto) {
    Listing list = {outer->text, outer->len, proto, 0, number_labels(proto)};
    int shown_line = -1;
    if (list.labels == NULL)
        return false;
    print_head(proto);
    while (list.pc < proto->ncode) {
        const NpOpInfo *info = &np_opcode_info[np_op(proto->code[list.pc])];
        int line = np_func_line(proto, list.pc);
        if (line != shown_line && list.text != NULL)
            print_source(&list, line);
        shown_line = line;
        if (list.labels[list.pc] != 0)
            printf("L%d:\n", (int)list.labels[list.pc]);
        if (line >= 0)
            printf("%7d [%d] %s", (int)list.pc, line, info->name);
        else
            printf("%7d [-] %s", (int)list.pc, info->name);
        int len = (int)strlen(info->name);
        print_meaning(&list, len < NAMES ? NAMES - len + 1 : 1);
        putchar('\n');
        list.pc += info->words;
    }
    free(list.labels);
    bool printed = true;
    for (int32_t i = 0; printed && i < proto->nprotos; i++)
        printed = print_function(outer, proto->protos[i]);
    return printed;
}

/* ---- Files ---- */

/* [-0, +1] The message of errno. */
static bool push_failure(lua_State *L, const char *name, int error) {
    lua_pushfstring(L, "%s: %s", name != NULL ? name : "stdin", error != 0 ? strerror(error) : "read error");
    return false;
}

/* [-0, +1] All of the file, NULL for standard input; or the message why not. */
static bool push_contents(lua_State *L, const char *name) {
    luaL_Buffer buffer;
    char piece[4096];
    FILE *file = name != NULL ? fopen(name, "rb") : stdin;
    if (file == NULL)
        return push_failure(L, name, errno);
    luaL_buffinit(L, &buffer);
    errno = 0;
    for (size_t got; (got = fread(piece, 1, sizeof piece, file)) > 0;)
        luaL_addlstring(&buffer, piece, got);
    int error = errno;
    bool failed = ferror(file) != 0;
    luaL_pushresult(&buffer);
    if (file != stdin)
        fclose(file);
    return failed ? push_failure(L, name, error) : true;
}

/* The bytes before the code, as luaL_loadfile leaves them out: a byte order mark, and a first line with #, whose end stays
 * so that lines count, but not before a binary chunk. */
static size_t skip_head(const char *text, size_t len) {
    static const char mark[] = "\xef\xbb\xbf";
    size_t at = len >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    if (at < len && text[at] == '#')
        at += strcspn(text + at, "\n");
    return at + 1 < len && text[at] == '\n' && text[at + 1] == *LUA_SIGNATURE ? at + 1 : at;
}

/* A lua_CFunction: the file's name or NULL, whether to list, and what stands above the name as a heading, nil for no
 * heading; raises no errors but for want of memory. True when
 * it compiles; else the message has been reported. */
static int do_file(lua_State *L) {
    const char *name = lua_touserdata(L, 1);
    bool wants_list = lua_toboolean(L, 2);
    size_t len;
    if (name != NULL && strcmp(name, "-") == 0)
        name = NULL;
    if (!push_contents(L, name)) {
        np_run_complain("cannot read %s", lua_tostring(L, -1));
        return 0;
    }
    const char *text = lua_tolstring(L, -1, &len);
    np_explain_text(L, name != NULL ? name : "stdin", text, len);
    lua_pushfstring(L, name != NULL ? "@%s" : "=stdin", name);
    size_t skipped = skip_head(text, len);
    bool binary = skipped < len && text[skipped] == *LUA_SIGNATURE;
    int status = luaL_loadbuffer(L, text + skipped, len - skipped, lua_tostring(L, -1));
    if (np_run_report(L, status) != LUA_OK)
        return 0;
    lua_pushboolean(L, 1);
    if (!wants_list)
        return 1;
    const NpLClosure *closure = lua_topointer(L, -2);
    Listing list = {.text = binary ? NULL : text, .len = len};
    if (lua_tostring(L, 3) != NULL)
        printf("%s%s:\n", lua_tostring(L, 3), name != NULL ? name : "stdin");
    if (!print_function(&list, closure->proto))
        luaL_error(L, "not enough memory");
    return 1;
}

bool np_list_files(lua_State *L, char **argv, bool list) {
    static char dash[] = "-";
    char *input[] = {dash, NULL};
    bool all = true;
    for (char **at = *argv != NULL ? argv : input; *at != NULL; at++) {
        lua_pushcfunction(L, do_file);
        lua_pushlightuserdata(L, *at);
        lua_pushboolean(L, list);
        if (argv[0] != NULL && argv[1] != NULL)
            lua_pushstring(L, at == argv ? "" : "\n");
        else
            lua_pushnil(L);
        int status = np_run_report(L, np_run_call(L, 3, 1));
        all = status == LUA_OK && lua_toboolean(L, -1) && all;
        lua_settop(L, 0);
    }
    return all;
}
