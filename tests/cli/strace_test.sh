#!/bin/sh
# strace_test.sh: what the kernel is asked for while a program floods its heap and lets it ebb, as
# strace sees it: address space is reserved, mapped piece by piece, handed back by madvise, unmapped;
# nothing else is asked but advice about huge pages.
# variants: release
#
# Where tracing is not permitted the test is skipped, and says so.

neap=${NEAP:-out/neap}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT

if ! command -v strace >/dev/null; then
    echo "not ok - setting up: expected the command strace, got none (./dev test installs it)"
    exit 1
fi
if ! strace -o /dev/null true 2>"$dir/why"; then
    echo "ok - flood and ebb # SKIP strace may not trace here: $(tr '\n' ' ' <"$dir/why")"
    exit 0
fi
if [ "$("$neap" -e 'io.write(heap.stats().system)')" != linux ]; then
    echo "ok - flood and ebb # SKIP the memory system is not Linux's"
    exit 0
fi

cat >"$dir/program.lua" <<'END'
io.open("/mark flood")
local kept = {}
for i = 1, 1500000 do kept[i] = {i, tostring(i), {}} end
assert(heap.stats().ready > 80 << 20)
io.open("/mark ebb")
kept = nil
collectgarbage()
heap.release()
assert(heap.stats().ready < 4 << 20)
io.open("/mark end")
END

# The stack of the thread that works in waits is none of the layer's.
if ! NEAPDEBUG=idle=0 strace -o "$dir/trace" -e trace=%memory,openat "$neap" "$dir/program.lua"; then
    echo "not ok - the program: expected exit 0, got another"
    exit 1
fi
perl - "$dir/trace" <<'END'
use strict;
use warnings;
no warnings "portable"; # addresses are longer than 32 bits

# Ranges as [start, end): all that was reserved, what of it is mapped, what was allocated apart.
my (@reserved, @mapped, @apart, %count, @wrong);
my $phase = 'start';

sub inside {
    my ($at, $end, @ranges) = @_;
    for my $range (@ranges) { return 1 if $at >= $range->[0] && $end <= $range->[1] }
    return 0;
}

# Neighbours become one, so that a range may lie across several.
sub joined {
    my @out;
    for my $range (sort { $a->[0] <=> $b->[0] } @_) {
        if (@out && $out[-1][1] >= $range->[0]) { $out[-1][1] = $range->[1] if $range->[1] > $out[-1][1] }
        else { push @out, [@$range] }
    }
    return @out;
}

sub without {
    my ($at, $end, @ranges) = @_;
    return map { ($_->[0] < $at ? [$_->[0], $_->[1] < $at ? $_->[1] : $at] : (),
                  $_->[1] > $end ? [$_->[0] > $end ? $_->[0] : $end, $_->[1]] : ()) } @ranges;
}

while (my $line = <>) {
    chomp $line;
    if ($line =~ m{^openat\(.*"/mark (\w+)"}) { $phase = $1; next }
    next if $line =~ /^openat/ || $line =~ /^\+\+\+/ || $phase eq 'end';
    my $counted = $phase eq 'flood' || $phase eq 'ebb';
    my $kind = 'other';
    if ($line =~ /^mmap\((?:NULL|0x[0-9a-f]+), (\d+), PROT_NONE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, 0\)\s+= (0x[0-9a-f]+)$/) {
        $kind = 'reserve';
        @reserved = joined(@reserved, [hex $2, $1 + hex $2]);
    }
    elsif ($line =~ /^mmap\((0x[0-9a-f]+), (\d+), PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_FIXED\|MAP_ANONYMOUS, -1, 0\)\s+= \1$/) {
        $kind = 'map';
        $kind = 'map what is not reserved' if !inside(hex $1, $2 + hex $1, @reserved);
        @mapped = joined(@mapped, [hex $1, $2 + hex $1]);
    }
    elsif ($line =~ /^mmap\(NULL, (\d+), PROT_READ\|PROT_WRITE, MAP_PRIVATE\|MAP_ANONYMOUS, -1, 0\)\s+= (0x[0-9a-f]+)$/) {
        $kind = 'alloc';
        @apart = joined(@apart, [hex $2, $1 + hex $2]);
    }
    elsif ($line =~ /^madvise\((0x[0-9a-f]+), (\d+), MADV_DONTNEED\)\s+= 0$/) {
        $kind = inside(hex $1, $2 + hex $1, @mapped) ? 'release' : 'release what is not mapped';
    }
    elsif ($line =~ /^madvise\((0x[0-9a-f]+), (\d+), MADV_(?:HUGEPAGE|NOHUGEPAGE|COLD)\)\s+= 0$/) {
        $kind = inside(hex $1, $2 + hex $1, @mapped) ? 'advise' : 'advise what is not mapped';
    }
    elsif ($line =~ /^munmap\((0x[0-9a-f]+), (\d+)\)\s+= 0$/) {
        my ($at, $end) = (hex $1, $2 + hex $1);
        $kind = inside($at, $end, @reserved, @apart) ? 'unmap' : 'unmap what is not ours';
        @reserved = without($at, $end, @reserved);
        @mapped = without($at, $end, @mapped);
        @apart = without($at, $end, @apart);
    }
    next if !$counted;
    $count{$phase}{$kind}++;
    push @wrong, "$phase: $line" if $kind !~ /^(reserve|map|alloc|release|advise|unmap)$/;
}

my $failed = 0;
sub expect {
    my ($name, $fine, $got) = @_;
    print $fine ? "ok - $name\n" : "not ok - $name: got $got\n";
    $failed ||= !$fine;
}
sub made { return $count{ $_[0] }{ $_[1] } || 0 }

expect('the program told its phases', $phase eq 'end', $phase);
expect('nothing but the requests of the layer', !@wrong, scalar(@wrong) . ' others, first: ' . ($wrong[0] || ''));
expect('flood: address space is reserved', made('flood', 'reserve') >= 1, made('flood', 'reserve'));
expect('flood: and mapped in larger and larger pieces', made('flood', 'map') >= 3 && made('flood', 'map') <= 60, made('flood', 'map'));
expect('ebb: pages are handed back', made('ebb', 'release') >= 1, made('ebb', 'release'));
expect('ebb: reservations that are free go', made('ebb', 'unmap') >= 1, made('ebb', 'unmap'));
expect('ebb: no new address space', made('ebb', 'reserve') == 0, made('ebb', 'reserve'));
for my $phase (qw(flood ebb)) {
    print "# $phase:", (map { " $_ $count{$phase}{$_}" } sort keys %{ $count{$phase} }), "\n";
}
exit $failed;
END
