/* outfile_test.c: a file is there whole or as it was before. */
#include "stdlib/outfile.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/unit.h"

static char folder[64];
static char name[128];

static const char *path(const char *file) {
    snprintf(name, sizeof name, "%s/%s", folder, file);
    return name;
}

static const char *content(const char *file) {
    static char text[64];
    FILE *in = fopen(path(file), "r");
    if (in == NULL) return NULL;
    text[fread(text, 1, sizeof text - 1, in)] = 0;
    fclose(in);
    return text;
}

static void begin(void) {
    snprintf(folder, sizeof folder, "/tmp/outfile_test.%ld", (long)getpid());
    mkdir(folder, 0700);
}

static void write_file(const char *file, const char *text, bool keep) {
    NpOutFile out;
    EXPECT_NULL(np_outfile_open(&out, path(file)));
    fputs(text, out.out);
    EXPECT_NULL(np_outfile_close(&out, keep));
    EXPECT_NULL(out.out);
}

TEST(what_was_there_stays_until_the_end) {
    NpOutFile out;
    begin();
    write_file("a", "old", true);
    EXPECT_STR(content("a"), "old");
    EXPECT_NULL(np_outfile_open(&out, path("a")));
    fputs("new", out.out);
    fflush(out.out);
    EXPECT_STR(content("a"), "old");
    EXPECT_NULL(np_outfile_close(&out, true));
    EXPECT_STR(content("a"), "new");
    write_file("a", "given up", false);
    EXPECT_STR(content("a"), "new");
    unlink(path("a"));
    EXPECT_EQ(rmdir(folder), 0); /* and nothing else was left */
}

TEST(a_relative_name_is_where_it_was_asked_for) {
    NpOutFile out;
    begin();
    REQUIRE_EQ(chdir(folder), 0);
    EXPECT_NULL(np_outfile_open(&out, "b"));
    fputs("here", out.out);
    REQUIRE_EQ(chdir("/"), 0);
    EXPECT_NULL(np_outfile_close(&out, true));
    EXPECT_STR(content("b"), "here");
    unlink(path("b"));
    EXPECT_EQ(rmdir(folder), 0);
}

TEST(a_link_stays_a_link) {
    struct stat about;
    char target[128];
    begin();
    write_file("real", "old", true);
    snprintf(target, sizeof target, "%s", path("real"));
    REQUIRE_EQ(symlink(target, path("link")), 0);
    write_file("link", "new", true);
    EXPECT_EQ(lstat(path("link"), &about), 0);
    EXPECT(S_ISLNK(about.st_mode));
    EXPECT_STR(content("real"), "new");
    unlink(path("link"));
    unlink(path("real"));
    EXPECT_EQ(rmdir(folder), 0);
}

TEST(what_cannot_be_written) {
    NpOutFile out;
    struct stat about;
    begin();
    EXPECT_STR(np_outfile_open(&out, folder), "Is a directory");
    EXPECT_STR(np_outfile_open(&out, path("none/file")), "No such file or directory");
    EXPECT_EQ(rmdir(folder), 0);
    EXPECT_NULL(np_outfile_open(&out, "/dev/full"));
    fputs("lost", out.out);
    EXPECT_STR(np_outfile_close(&out, true), "No space left on device");
    EXPECT_EQ(stat("/dev/full", &about), 0);
    EXPECT(S_ISCHR(about.st_mode)); /* not replaced by a file */
}

UNIT_MAIN
