/*
 * sampling.c - the options --heap-profile and --cpu-profile.
 *
 * Owns: the files from the beginning on, so that a name is right or wrong before the program runs, wherever it goes.
 * Does not: sample or lay out profiles (neap.h does).
 */
#include "cli/sampling.h"

#include <errno.h>
#include <stdio.h>

#include "neap.h"

#include "stdlib/outfile.h"

#include "cli/run.h"

#define HEAP_RATE ((size_t)512 << 10) /* bytes a sample */
#define CPU_HERTZ 100

typedef struct Profile {
    const char *what;
    NpOutFile file; /* not open: the profile is not taken */
} Profile;

static Profile heap = {.what = "heap profile"}, cpu = {.what = "CPU profile"};

static void complain(const Profile *profile, const char *name, const char *why) {
    if (why != NULL)
        np_run_complain("cannot write %s '%s': %s", profile->what, name, why);
}

static bool open_file(Profile *profile, const char *name) {
    if (name == NULL)
        return false;
    complain(profile, name, np_outfile_open(&profile->file, name));
    return profile->file.out != NULL;
}

static void give_up(Profile *profile, const char *name, const char *why) {
    complain(profile, name, why);
    np_outfile_close(&profile->file, false);
}

bool np_sampling_begin(lua_State *L, const NpOptions *options) {
    static const char *const why[] = {[NEAP_CPU_NO_MEMORY] = "not enough memory",
                                      [NEAP_CPU_BUSY] = "another one is being taken",
                                      [NEAP_CPU_NO_TIMER] = "the system has no timer for it"};
    if (open_file(&heap, options->heap_profile) && !neap_heapprofile(L, HEAP_RATE))
        give_up(&heap, options->heap_profile, "not enough memory");
    if (open_file(&cpu, options->cpu_profile)) {
        int error = neap_cpuprofile(L, CPU_HERTZ);
        if (error != NEAP_CPU_OK)
            give_up(&cpu, options->cpu_profile, why[error]);
    }
    return true;
}

static int write_to(void *file, const void *data, size_t bytes) { return fwrite(data, 1, bytes, file) != bytes; }

static void save(lua_State *L, Profile *profile, int kind, const char *name) {
    if (profile->file.out == NULL)
        return;
    errno = 0;
    if (neap_writeprofile(L, kind, neap_profileform(name), write_to, profile->file.out) == NEAP_SITES_NO_PROFILE)
        give_up(profile, name, "the program has ended it");
    else
        complain(profile, name, np_outfile_close(&profile->file, true));
}

/* The CPU's first: writing the heap's collects. */
void np_sampling_end(lua_State *L, const NpOptions *options) {
    save(L, &cpu, NEAP_PROFILE_CPU, options->cpu_profile);
    neap_cpuprofile(L, 0);
    save(L, &heap, NEAP_PROFILE_HEAP, options->heap_profile);
}

void np_sampling_abandon(void) {
    np_outfile_abandon(&heap.file);
    np_outfile_abandon(&cpu.file);
}
