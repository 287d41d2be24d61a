/* pprof_test.c: the two forms of profiles, read back. */
#include "runtime/inspect/pprof.h"

#include "runtime/inspect/marks.h"
#include "runtime/inspect/profile.h"
#include "tests/unit/runtime/gc/lua_state.h"

static unsigned char written[1 << 20];
static size_t used, calls;

static int keep(void *ctx, const void *data, size_t bytes) {
    calls++;
    if (ctx && calls == *(size_t *)ctx) return 42;
    REQUIRE(used + bytes < sizeof written);
    memcpy(written + used, data, bytes);
    used += bytes;
    return 0;
}

static int write_all(NpProfileKind kind, NpProfileForm form) {
    used = calls = 0;
    int error = np_pprof_write(L->global->sites, kind, form, keep, NULL);
    written[used] = '\0';
    return error;
}

/* ---- a reader of protocol buffers ---- */

typedef struct Field {
    unsigned number;
    uint64_t value;             /* of a number */
    const unsigned char *at;    /* of bytes */
    size_t length;
} Field;

static uint64_t read_varint(const unsigned char **at, const unsigned char *end) {
    uint64_t value = 0;
    for (unsigned shift = 0;; shift += 7) {
        REQUIRE(*at < end && shift < 64);
        value |= (uint64_t)(**at & 0x7f) << shift;
        if (!(*(*at)++ & 0x80)) return value;
    }
}

static bool next_field(const unsigned char **at, const unsigned char *end, Field *field) {
    if (*at == end) return false;
    uint64_t key = read_varint(at, end);
    field->number = (unsigned)(key >> 3);
    field->value = 0;
    field->at = NULL;
    field->length = 0;
    if ((key & 7) == 0) {
        field->value = read_varint(at, end);
        return true;
    }
    REQUIRE_EQ(key & 7, 2);
    field->length = (size_t)read_varint(at, end);
    REQUIRE(field->length <= (size_t)(end - *at));
    field->at = *at;
    *at += field->length;
    return true;
}

static struct Read {
    char strings[300][200];
    int nstrings, ntypes, nsamples, nlocations, nfunctions;
    uint64_t function_name[300], function_line[300], location_function[300], location_line[300];
    struct { uint64_t locations[NP_SITES_DEPTH + 2]; int depth; uint64_t values[4]; int nvalues; } samples[300];
    uint64_t types[4], period, default_type;
} got;

static uint64_t number_in(const Field *message, unsigned number) {
    const unsigned char *at = message->at;
    Field field;
    while (next_field(&at, message->at + message->length, &field))
        if (field.number == number) return field.value;
    return 0;
}

static void read_sample(const Field *message) {
    const unsigned char *at = message->at;
    Field field;
    int n = got.nsamples++;
    REQUIRE(n < 300);
    while (next_field(&at, message->at + message->length, &field)) {
        const unsigned char *in = field.at;
        while (in < field.at + field.length) {
            uint64_t value = read_varint(&in, field.at + field.length);
            if (field.number == 1) got.samples[n].locations[got.samples[n].depth++] = value;
            else if (field.number == 2) got.samples[n].values[got.samples[n].nvalues++] = value;
        }
    }
}

static void read_location(const Field *message) {
    const unsigned char *at = message->at;
    Field field;
    EXPECT_EQ(number_in(message, 1), ++got.nlocations);
    EXPECT_EQ(number_in(message, 2), 1);
    while (next_field(&at, message->at + message->length, &field)) {
        if (field.number != 4) continue;
        got.location_function[got.nlocations] = number_in(&field, 1);
        got.location_line[got.nlocations] = number_in(&field, 2);
    }
}

static void read_back(void) {
    const unsigned char *at = written;
    Field field;
    memset(&got, 0, sizeof got);
    while (next_field(&at, written + used, &field)) {
        switch (field.number) {
        case 1: got.types[got.ntypes++] = number_in(&field, 1); break;
        case 2: read_sample(&field); break;
        case 4: read_location(&field); break;
        case 5:
            EXPECT_EQ(number_in(&field, 1), ++got.nfunctions);
            got.function_name[got.nfunctions] = number_in(&field, 2);
            got.function_line[got.nfunctions] = number_in(&field, 5);
            break;
        case 6:
            REQUIRE(got.nstrings < 300);
            snprintf(got.strings[got.nstrings++], 200, "%.*s", (int)field.length, (const char *)field.at);
            break;
        case 12: got.period = field.value; break;
        case 14: got.default_type = field.value; break;
        default: break;
        }
    }
}

/* "innermost:line;..." of a sample. */
static const char *names_of(int sample) {
    static char text[4000];
    size_t length = 0;
    for (int i = 0; i < got.samples[sample].depth; i++) {
        uint64_t location = got.samples[sample].locations[i];
        REQUIRE(location >= 1 && location <= (uint64_t)got.nlocations);
        uint64_t function = got.location_function[location];
        REQUIRE(function >= 1 && function <= (uint64_t)got.nfunctions);
        REQUIRE(got.function_name[function] < (uint64_t)got.nstrings);
        length += (size_t)snprintf(text + length, sizeof text - length, "%s%s:%d", i ? ";" : "",
                                   got.strings[got.function_name[function]], (int)got.location_line[location]);
    }
    return text;
}

static int sample_of(const char *names) {
    for (int i = 0; i < got.nsamples; i++)
        if (strcmp(names_of(i), names) == 0) return i;
    return -1;
}

/* ---- the tests ---- */

static const char *const program = "local function make(n) local t = {} for i = 1, n do t[i] = {} end return t end\n"
                                   "kept = make(10)\n"
                                   "make(5)\n"
                                   "for i = 1, 3 do kept[i] = (function() return {} end)() end\n";

static void profile_program(void) {
    open_state();
    REQUIRE(np_profile_heap(L->global, NP_PROFILE_HOST, 1));
    REQUIRE_EQ(luaL_loadbuffer(L, program, strlen(program), "@dir/f;x.lua"), LUA_OK);
    REQUIRE_EQ(lua_pcall(L, 0, 0, 0), LUA_OK);
    collect();
}

TEST(pprof_of_a_heap) {
    int at;
    profile_program();
    EXPECT_EQ(write_all(NP_PROFILE_HEAP, NP_FORM_PPROF), 0);
    read_back();
    REQUIRE_EQ(got.ntypes, 4);
    EXPECT_STR(got.strings[0], "");
    EXPECT_STR(got.strings[got.types[0]], "alloc_objects");
    EXPECT_STR(got.strings[got.types[3]], "inuse_space");
    EXPECT_STR(got.strings[got.default_type], "inuse_space");
    EXPECT_EQ(got.period, 1);
    for (int i = 0; i < got.nsamples; i++) {
        EXPECT_EQ(got.samples[i].nvalues, 4);
        EXPECT(got.samples[i].values[0] >= got.samples[i].values[2] && got.samples[i].values[1] >= got.samples[i].values[3]);
        (void)names_of(i);
    }
    at = sample_of("make:1;main chunk:2");
    REQUIRE(at >= 0);
    EXPECT(got.samples[at].values[0] > 11);       /* tables, and the array as it grew */
    EXPECT_EQ(got.samples[at].values[2], 7 + 2);  /* three were overwritten; the table and its array */
    at = sample_of("make:1;main chunk:3");
    REQUIRE(at >= 0);
    EXPECT(got.samples[at].values[0] >= 6);
    EXPECT_EQ(got.samples[at].values[2], 0);
    at = sample_of("<dir/f;x.lua:4>:4;main chunk:4");
    REQUIRE(at >= 0);
    EXPECT_EQ(got.samples[at].values[0], 3);
    EXPECT_EQ(got.samples[at].values[3], 96);
    close_state();
}

TEST(folded_stacks_of_a_heap) {
    profile_program();
    EXPECT_EQ(write_all(NP_PROFILE_HEAP, NP_FORM_FOLDED), 0);
    EXPECT_NOT_NULL(strstr((char *)written, "main chunk (dir/f,x.lua:4);<dir/f,x.lua:4> (dir/f,x.lua:4) 96\n"));
    EXPECT(strstr((char *)written, "main chunk (dir/f,x.lua:3);make") == NULL);
    EXPECT_EQ(write_all(NP_PROFILE_HEAP, NP_FORM_FOLDED_ALL), 0);
    EXPECT_NOT_NULL(strstr((char *)written, "main chunk (dir/f,x.lua:3);make (dir/f,x.lua:1) "));
    close_state();
}

TEST(a_cpu_profile) {
    open_state();
    REQUIRE_EQ(np_profile_cpu(L->global, 1), NP_PROFILE_OK);
    raise(SIGPROF);
    REQUIRE_EQ(luaL_loadbuffer(L, "local x = 1", 11, "@g.lua"), LUA_OK);
    REQUIRE_EQ(lua_pcall(L, 0, 0, 0), LUA_OK);
    EXPECT_EQ(write_all(NP_PROFILE_CPU, NP_FORM_PPROF), 0);
    read_back();
    REQUIRE_EQ(got.ntypes, 2);
    EXPECT_STR(got.strings[got.types[0]], "samples");
    EXPECT_STR(got.strings[got.types[1]], "cpu");
    EXPECT_EQ(got.period, 1000000000);
    REQUIRE_EQ(got.nsamples, 1);
    EXPECT_STR(names_of(0), "main chunk:1");
    EXPECT_EQ(got.samples[0].values[0], 1);
    EXPECT(got.samples[0].values[1] > 0);
    EXPECT_EQ(write_all(NP_PROFILE_CPU, NP_FORM_FOLDED), 0);
    EXPECT_STR((char *)written, "main chunk (g.lua:1) 1\n");
    EXPECT_EQ(write_all(NP_PROFILE_HEAP, NP_FORM_FOLDED), 0);
    EXPECT_EQ(used, 0);
    close_state();
}

/* The writer stops at the first error and reports it. */
TEST(a_full_disk) {
    size_t whole, fails;
    profile_program();
    RUN("for i = 1, 900 do load('\\n' .. ('\\n'):rep(i) .. 'kept[' .. i .. '] = {}')() end");
    REQUIRE_EQ(write_all(NP_PROFILE_HEAP, NP_FORM_PPROF), 0);
    whole = calls;
    REQUIRE(whole > 2);
    for (fails = 1; fails <= whole; fails++) {
        used = calls = 0;
        EXPECT_EQ(np_pprof_write(L->global->sites, NP_PROFILE_HEAP, NP_FORM_PPROF, keep, &fails), 42);
        EXPECT_EQ(calls, fails);
    }
    close_state();
}

TEST(a_stack_that_does_not_fit_is_cut) {
    char text[20];
    profile_program();
    for (uint32_t at = 1; at <= L->global->sites->stacks.count; at++) {
        np_pprof_fold(L->global->sites, at, text, sizeof text);
        EXPECT(strlen(text) < sizeof text);
    }
    close_state();
}

UNIT_MAIN
