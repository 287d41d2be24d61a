/*
 * mkasset.c - turns a file into C: `mkasset NAME FILE` prints `const char NAME[]`, the file's bytes and a NUL, and
 * `const size_t NAME_size`, how many bytes the file has.
 *
 * For what the command carries within itself. Does not compress.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv) {
    if (argc != 3) {
        fprintf(stderr, "usage: %s NAME FILE\n", argv[0]);
        return EXIT_FAILURE;
    }
    FILE *file = fopen(argv[2], "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot read '%s'\n", argv[0], argv[2]);
        return EXIT_FAILURE;
    }
    size_t size = 0;
    int byte;
    printf("/* %s, by tools/mkasset.c */\n#include <stddef.h>\nextern const char %s[];\nextern const size_t %s_size;\n"
           "const char %s[] = {", argv[2], argv[1], argv[1], argv[1]);
    while ((byte = getc(file)) != EOF)
        printf("%s%d,", size++ % 24 == 0 ? "\n" : "", byte < 128 ? byte : byte - 256);
    printf("0};\nconst size_t %s_size = %zu;\n", argv[1], size);
    return ferror(file) || fclose(file) != 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
