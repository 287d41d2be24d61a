/*
 * strclass.h - the character classes of patterns: "%a", "%S". Private to strmatch.c.
 *
 * Owns: which letters are classes and which bytes are in them, by the locale in force.
 * Does not: read patterns.
 */
#ifndef NP_STRCLASS_H
#define NP_STRCLASS_H

#include <ctype.h>

/* Class letters and what they test; the upper-case letter is the complement. */
#define CLASSES(X)                                                                                 \
    X('a', isalpha)                                                                                \
    X('c', iscntrl)                                                                                \
    X('d', isdigit)                                                                                \
    X('g', isgraph)                                                                                \
    X('l', islower)                                                                                \
    X('p', ispunct)                                                                                \
    X('s', isspace)                                                                                \
    X('u', isupper)                                                                                \
    X('w', isalnum)                                                                                \
    X('x', isxdigit)                                                                               \
    X('z', iszero) /* not in the manual since 5.2, yet still understood */

#define iszero(byte) ((byte) == 0)

static inline int is_class(unsigned char letter)
{
    switch (letter | 0x20) {
#define CASE(name, test) case name:
        CLASSES(CASE)
#undef CASE
        return isalpha(letter);
    default:
        return 0;
    }
}

static inline int class_has(unsigned char letter, unsigned char byte)
{
    int complement = (letter & 0x20) == 0;

    switch (letter | 0x20) {
#define CASE(name, test)                                                                           \
    case name:                                                                                     \
        return (test(byte) != 0) != complement;
        CLASSES(CASE)
#undef CASE
    default:
        return 0;
    }
}

/* The end of the run of bytes from `at` on, up to `end`, that are in the class. */
static inline const char *span_class(unsigned char letter, const char *at, const char *end)
{
    int complement = (letter & 0x20) == 0;

    switch (letter | 0x20) {
#define CASE(name, test)                                                                           \
    case name:                                                                                     \
        while (at < end && (test((unsigned char)*at) != 0) != complement) {                        \
            at++;                                                                                  \
        }                                                                                          \
        break;
        CLASSES(CASE)
#undef CASE
    default:
        break;
    }
    return at;
}

#undef CLASSES

#endif
