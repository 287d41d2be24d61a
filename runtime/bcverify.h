/* bcverify.h: is a function from a binary chunk safe to run? (bcverify.c) */
#ifndef NP_BCVERIFY_H
#define NP_BCVERIFY_H

#include "runtime/func.h"

struct NpScratch;

/* [-] NULL when the function is sound, else what is wrong, in a few words; np_bcverify_no_memory when the scratch
 * gave none. Inner functions in parts->protos must have been checked before. */
const char *np_bcverify(const NpProtoParts *parts, struct NpScratch *scratch);
extern const char np_bcverify_no_memory[];
/* [-] The same for a function that exists (not quickened yet), inner functions included. For tests. */
const char *np_bcverify_proto(const NpProto *proto, struct NpScratch *scratch);

#endif
