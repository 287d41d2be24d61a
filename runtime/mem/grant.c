/* grant.c: the host's allocator, which grants a state its memory. See grant.h. */
#include "runtime/mem/grant.h"

#include "runtime/mem/mem_os.h"

/* The head of a block, the only bytes of it that are touched. */
typedef struct NpGrantBlock {
    struct NpGrantBlock *next;
    size_t bytes;
} NpGrantBlock;

enum { LEAST = 64 << 10, MOST = 4 << 20 }; /* a block's size where no more is needed at once */

void np_grant_open(NpGrant *grant, NpMem *mem, NpGrantFunction ask, void *data) {
    memset(grant, 0, sizeof *grant);
    grant->mem = mem;
    grant->ask = ask;
    grant->data = data;
    mem->grant = grant;
}

static bool take(NpGrant *grant, size_t bytes) {
    NpGrantBlock *block;
    grant->asking = true;
    block = grant->ask(grant->data, NULL, 0, bytes);
    grant->asking = false;
    if (!block) return false;
    block->next = grant->blocks;
    block->bytes = bytes;
    grant->blocks = block;
    grant->granted += bytes;
    return true;
}

bool np_grant_cover(NpGrant *grant, size_t bytes) {
    if (!grant->ask || grant->away || bytes <= grant->granted) return true;
    size_t need = NP_ALIGN_UP(bytes - grant->granted, LEAST), step = NP_ALIGN_UP(grant->granted / 8, LEAST);
    if (step > MOST) step = MOST;
    return (step > need && take(grant, step)) || take(grant, need);
}

static void give(NpGrant *grant) {
    NpGrantBlock *block = grant->blocks;
    grant->blocks = block->next;
    grant->granted -= block->bytes;
    grant->asking = true;
    (void)grant->ask(grant->data, block, block->bytes, 0);
    grant->asking = false;
}

void np_grant_return(NpGrant *grant) {
    if (!grant->ask || grant->away) return;
    while (grant->blocks && grant->granted - grant->blocks->bytes >= grant->mem->ready) give(grant);
}

void np_grant_change(NpGrant *grant, NpGrantFunction ask, void *data) {
    if (!ask) np_grant_close(grant);
    grant->ask = ask;
    grant->data = data;
}

void np_grant_close(NpGrant *grant) {
    while (grant->blocks) give(grant);
}
