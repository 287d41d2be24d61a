# The headers of tests/model/include offer nothing that the target does not have: a mem_<system>.c that
# used such a name would not compile. One line for each name that compiles where it must not.
# variants: release

wrong=0

# compiles TARGET EXPRESSION
compiles() {
    clang-19 -std=gnu11 -fsyntax-only -w -x c -nostdlibinc -ffreestanding "-Itests/model/include/$1" \
        -Itests/model/include/common - 2>/dev/null <<END
#include <errno.h>
#include <string.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
long probe(void) { return (long)($2); }
END
}

# target: what must compile / what must not
while read -r target has lacks; do
    for name in $(echo "$has" | tr , ' '); do
        compiles "$target" "$name" || { echo "$target: $name does not compile, but the system has it"; wrong=1; }
    done
    for name in $(echo "$lacks" | tr , ' ') MADV_HUGEPAGE MADV_COLD MREMAP_MAYMOVE MAP_FIXED_NOREPLACE \
                '&mremap' '&sbrk' '&malloc' '&fopen' '&prctl'; do
        if compiles "$target" "$name"; then echo "$target: $name compiles, but the system has no such thing"; wrong=1; fi
    done
done <<'END'
freebsd   MADV_FREE,MADV_NOSYNC,RLIMIT_AS,&mincore          MAP_NORESERVE,MADV_FREE_REUSABLE,MADV_SPACEAVAIL
dragonfly MADV_FREE,MADV_NOSYNC,MAP_NORESERVE,&mincore      MADV_FREE_REUSABLE,MADV_SPACEAVAIL,MAP_JIT
netbsd    MADV_FREE,MADV_SPACEAVAIL,MAP_NORESERVE,&mincore  MADV_NOSYNC,MADV_FREE_REUSE,MAP_JIT
openbsd   MADV_FREE,MADV_SPACEAVAIL,MAP_NORESERVE           RLIMIT_AS,&mincore,MADV_NOSYNC,MADV_FREE_REUSE
solaris   MADV_FREE,MADV_ACCESS_LWP,MAP_NORESERVE,&mincore  MADV_FREE_REUSABLE,MADV_NOSYNC,MADV_SPACEAVAIL
darwin    MADV_FREE_REUSABLE,MADV_FREE_REUSE,RLIMIT_AS      MADV_NOSYNC,MADV_SPACEAVAIL,MADV_ACCESS_LWP
aix       MADV_DONTNEED,MADV_SPACEAVAIL,RLIMIT_AS,&mincore  MADV_FREE,MAP_NORESERVE,MADV_FREE_REUSABLE
END
exit $wrong
