#!/bin/sh
# What programs rely on: the names that the library shows, a header that stands alone, and programs
# built against the header of the past.
#
# Usage: Tests/abi.sh LIBRARY, with a C compiler in CC
set -eu

library=$1
source=$(cd "$(dirname "$0")/.." && pwd)
include=$source/Sources/CMartlet/include
frozen=$source/Tests/C/abi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() {
  echo "Tests/abi.sh: $*" >&2
  exit 1
}

# The functions that a header declares, one a line.
declared() {
  "${CC:-cc}" -E -P "$1" | tr '\n' ' ' | tr ';' '\n' |
    sed -n 's/.*visibility.*[ *]\(martlet_[a-z0-9_]*\)(.*/\1/p' | sort
}

# ---- Names: what is there, on purpose; what was there stays ----

sed -n 's/^ *\(martlet_[a-z0-9_]*\);$/\1/p' "$source/Sources/MartletC/exports.map" |
  sort >"$folder/listed"
declared "$include/martlet.h" >"$folder/declared"
nm -D --defined-only "$library" | awk '$2 ~ /[A-Z]/ { print $3 }' | sort >"$folder/shown"
[ -s "$folder/shown" ] || fail "$library shows no names"
for found in declared shown; do
  diff "$folder/listed" "$folder/$found" >"$folder/difference" || {
    cat "$folder/difference" >&2
    fail "exports.map (<) is not what is $found (>): a new function is added there on purpose"
  }
done
for header in "$frozen"/martlet-*.h; do
  lost=$(declared "$header" | comm -23 - "$folder/shown")
  [ -z "$lost" ] || fail "programs built against $(basename "$header") would miss: $lost"
done
echo "the library shows the $(wc -l <"$folder/shown") functions of its header and nothing else"

# ---- The header by itself ----

strict="-Wall -Wextra -pedantic -Werror -fsyntax-only"
for compiler in gcc clang; do
  command -v $compiler >/dev/null || { echo "$compiler: skipped, it is not here"; continue; }
  # shellcheck disable=SC2086 # one word per option
  $compiler -x c -std=c11 $strict "$include/martlet.h"
  # shellcheck disable=SC2086
  $compiler -x c++ -std=c++17 $strict "$include/martlet.h"
  echo "$compiler: the header stands alone as C11 and C++17"
done

# ---- Programs of the past ----

mkdir "$folder/lib"
cp "$library" "$folder/lib/libmartlet.so"
abi=$(sed -n 's/#define MARTLET_ABI_VERSION //p' "$include/martlet.h")
ln -s libmartlet.so "$folder/lib/libmartlet.so.$abi"
program=$frozen/program-$abi.c
for name in $(declared "$frozen/martlet-$abi.h"); do
  grep -q "$name(" "$program" || fail "$(basename "$program") does not call $name"
done
"${CC:-cc}" -std=c11 -Wall -Wextra -pedantic -Werror "$program" -o "$folder/program" \
  -L"$folder/lib" -lmartlet -lm -Wl,-rpath,"$folder/lib"
cd "$folder" && ./program
