/* outfile_test.c: a file is there whole or as it was before. */
#include "stdlib/outfile.h"

#include <errno.h>
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

TEST(two_writers_of_one_name) {
    NpOutFile first, second;
    begin();
    EXPECT_NULL(np_outfile_open(&first, path("c")));
    errno = EPERM;
    EXPECT_NULL(np_outfile_open(&second, path("c")));
    EXPECT_EQ(errno, 0);
    fputs("the first one's", first.out);
    fputs("second", second.out);
    EXPECT_NULL(np_outfile_close(&first, true));
    EXPECT_STR(content("c"), "the first one's");
    EXPECT_NULL(np_outfile_close(&second, true));
    EXPECT_STR(content("c"), "second");
    unlink(path("c"));
    EXPECT_EQ(rmdir(folder), 0);
}

TEST(permissions_stay) {
    struct stat about;
    begin();
    write_file("d", "old", true);
    REQUIRE_EQ(chmod(path("d"), 0640), 0);
    write_file("d", "new", true);
    REQUIRE_EQ(stat(path("d"), &about), 0);
    EXPECT_EQ(about.st_mode & 0777, 0640);
    EXPECT_STR(content("d"), "new");
    unlink(path("d"));
    EXPECT_EQ(rmdir(folder), 0);
}

/* A link to "real" beside it, by way of another. */
static void make_links(void) {
    REQUIRE_EQ(symlink("link", path("link to link")), 0);
    REQUIRE_EQ(symlink("real", path("link")), 0);
}

static void remove_links(void) {
    unlink(path("link to link"));
    unlink(path("link"));
    unlink(path("real"));
    EXPECT_EQ(rmdir(folder), 0);
}

TEST(what_a_link_leads_to_stays_until_the_end) {
    NpOutFile out;
    begin();
    write_file("real", "old", true);
    make_links();
    EXPECT_NULL(np_outfile_open(&out, path("link to link")));
    fputs("new", out.out);
    fflush(out.out);
    EXPECT_STR(content("real"), "old");
    EXPECT_NULL(np_outfile_close(&out, false));
    EXPECT_STR(content("real"), "old");
    write_file("link to link", "new", true);
    EXPECT_STR(content("real"), "new");
    remove_links();
}

TEST(a_link_to_what_is_not_there_yet) {
    struct stat about;
    begin();
    make_links();
    write_file("link to link", "new", true);
    EXPECT_STR(content("real"), "new");
    EXPECT_EQ(lstat(path("link"), &about), 0);
    EXPECT(S_ISLNK(about.st_mode));
    remove_links();
}

TEST(links_in_a_circle) {
    NpOutFile out;
    begin();
    REQUIRE_EQ(symlink("real", path("link")), 0);
    REQUIRE_EQ(symlink("link", path("real")), 0);
    EXPECT_STR(np_outfile_open(&out, path("link")), strerror(ELOOP));
    EXPECT_NULL(out.out);
    remove_links();
}

TEST(only_files_are_replaced) {
    NpOutFile out;
    struct stat about;
    begin();
    EXPECT_NULL(np_outfile_open(&out, path("e")));
    fputs("new", out.out);
    REQUIRE_EQ(mkfifo(path("e"), 0600), 0); /* meanwhile */
    EXPECT_NULL(np_outfile_probe(path("e"))); /* does not wait for a reader */
    EXPECT_STR(np_outfile_close(&out, true), "File exists");
    EXPECT_EQ(lstat(path("e"), &about), 0);
    EXPECT(S_ISFIFO(about.st_mode));
    unlink(path("e"));
    EXPECT_EQ(rmdir(folder), 0);
}

TEST(given_up_by_a_signal_handler) {
    NpOutFile out;
    begin();
    write_file("f", "old", true);
    EXPECT_NULL(np_outfile_open(&out, path("f")));
    np_outfile_abandon(&out);
    EXPECT_STR(content("f"), "old");
    unlink(path("f"));
    EXPECT_EQ(rmdir(folder), 0); /* the temporary is gone */
    np_outfile_close(&out, false);
    np_outfile_abandon(&out); /* no file: nothing */
}

TEST(a_probe_leaves_nothing) {
    begin();
    EXPECT_NULL(np_outfile_probe(path("g")));
    EXPECT_STR(np_outfile_probe(path("none/g")), "No such file or directory");
    EXPECT_STR(np_outfile_probe(folder), "Is a directory");
    EXPECT_NULL(np_outfile_probe("/dev/null"));
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
    EXPECT_STR(np_outfile_open(&out, ""), "No such file or directory");
    EXPECT_EQ(rmdir(folder), 0);
    EXPECT_NULL(np_outfile_open(&out, "/dev/full"));
    fputs("lost", out.out);
    EXPECT_STR(np_outfile_close(&out, true), "No space left on device");
    EXPECT_EQ(stat("/dev/full", &about), 0);
    EXPECT(S_ISCHR(about.st_mode)); /* not replaced by a file */
}

UNIT_MAIN
