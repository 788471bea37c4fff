#!/bin/sh
# Checks that the kernels of the instruction-set levels share no code.
#
# Code that several modules emit under one name (specialised generic functions of Swift's standard
# library, helpers for copying another module's types) is merged by the linker: the portable path
# could run instructions of AVX-512. Only the level's own names may be left in its object files.
#
# Usage: Tests/kernel-symbols.sh [build directory, by default .build/release]
set -eu
build=${1:-.build/release}
names=$(mktemp)
trap 'rm -f "$names"' EXIT
[ -d "$build/MartletKernels.build" ] || { echo "no objects of the kernels in $build" >&2; exit 2; }
for level in MartletKernels MartletKernelsAVX2 MartletKernelsAVX512; do
  [ -d "$build/$level.build" ] || continue  # not on this architecture
  nm --defined-only "$build/$level.build/"*.o |
    awk 'NF == 3 && $2 ~ /[TWVuDBR]/ && $3 != "__swift_reflection_version" { print $3 }' |
    sort -u >> "$names"
done
shared=$(sort "$names" | uniq -d)
if [ -n "$shared" ]; then
  echo "the kernels of several levels define:" >&2
  echo "$shared" | { swift demangle 2>/dev/null || cat; } >&2
  exit 1
fi
echo "the kernels of all levels keep to themselves"
