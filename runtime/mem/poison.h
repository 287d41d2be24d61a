/* poison.h: tells AddressSanitizer, when it is there, which bytes nobody may touch. */
#ifndef NP_POISON_H
#define NP_POISON_H

#if defined(__SANITIZE_ADDRESS__)
#define NP_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NP_ASAN 1
#endif
#endif
#ifndef NP_ASAN
#define NP_ASAN 0
#endif

#if NP_ASAN
#include <sanitizer/asan_interface.h>
#define NP_POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define NP_UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define NP_POISON(p, n) ((void)(p), (void)(n))
#define NP_UNPOISON(p, n) ((void)(p), (void)(n))
#endif

#endif
