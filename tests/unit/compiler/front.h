/* front.h: what the tests of the front end share: parsing a text and looking at what came. */
#ifndef NP_TEST_FRONT_H
#define NP_TEST_FRONT_H

#include "compiler/parse.h"
#include "tests/unit/unit.h"

static char front_text[1 << 16];
static NpScratch front_scratch;
static NpParse front_parse;

/* Parses, leaving everything in front_parse until the next call. */
static inline bool front_run(const char *source, size_t length, bool terminated) {
    np_scratch_free(&front_scratch);
    memset(&front_parse, 0, sizeof front_parse);
    front_parse.scratch = &front_scratch;
    front_parse.source = source;
    front_parse.length = length;
    front_parse.chunk_id = "c";
    front_parse.terminated = terminated;
    return np_parse(&front_parse);
}

/* The tree as np_ast_dump prints it, without the main function round it; or the message. */
static inline const char *front_dump(const char *source) {
    static const char head[] = "(function... () [_ENV]";
    size_t length;
    if (!front_scratch.mem) np_scratch_init(&front_scratch);
    if (!front_run(source, strlen(source), true))
        return front_parse.error ? front_parse.error : "out of memory";
    length = np_ast_dump(front_parse.main, front_text, sizeof front_text);
    if (length < sizeof head || memcmp(front_text, head, sizeof head - 1) != 0) return front_text;
    front_text[length - 1] = '\0';
    return front_text[sizeof head - 1] == ' ' ? front_text + sizeof head : front_text + sizeof head - 1;
}

/* The same for a source with any bytes. */
static inline const char *front_error(const char *source, size_t length) {
    if (!front_scratch.mem) np_scratch_init(&front_scratch);
    if (front_run(source, length, false)) return "no error";
    return front_parse.error ? front_parse.error : "out of memory";
}

/* `text`, `times` times, between `head` and `tail`; freed by the caller. */
static inline char *front_repeat(const char *head, const char *text, int times, const char *middle,
                                 const char *closing, const char *tail) {
    size_t room = strlen(head) + strlen(middle) + strlen(tail) + 1 +
                  (size_t)times * (strlen(text) + strlen(closing));
    char *out = malloc(room), *at = out;
    at = stpcpy(at, head);
    for (int i = 0; i < times; i++) at = stpcpy(at, text);
    at = stpcpy(at, middle);
    for (int i = 0; i < times; i++) at = stpcpy(at, closing);
    stpcpy(at, tail);
    return out;
}

#define EXPECT_TREE(source, want) EXPECT_STR(front_dump(source), want)
#define EXPECT_MESSAGE(source, want) EXPECT_STR(front_error(source, sizeof(source) - 1), "c:" want)

#endif
