#!/bin/sh
# The C programs of the tests on a library built with a sanitizer: no access outside of what is allocated,
# nothing undefined, nothing leaked, no race; and under valgrind, where it is there, with the library
# as it is shipped. Takes many minutes: Swift is compiled twice more.
#
#   Tests/sanitizers.sh [COUNT]    inputs of the fuzzer made by chance; 5000 without
set -eu
cd "$(dirname "$0")/.."
count=${1:-5000}
swift=${SWIFT:-swift}
# The sanitizers' runtime must be that of the Swift compiler.
tools=$(dirname "$(readlink -f "$(command -v "$swift")")")
clang=$tools/clang
[ -x "$clang" ] || clang=clang
runtime=$tools/../lib/swift/linux
export MARTLET_KEEP_SYMBOLS=1

# Prints nothing but errors: the linker warns of symbols that a sanitizer keeps to itself.
compile() { # program, folder, sanitizers, libraries
  "$clang" -std=c11 -D_DEFAULT_SOURCE -g -O1 "-fsanitize=$3" -fno-sanitize-recover=all \
    -ISources/CMartlet/include -Ibuild "Tests/C/$1.c" -o "$2/$1" -L"$2" -lmartlet -lm -lpthread \
    -L"$runtime" ${4:-} -Wl,-rpath,"$PWD/$2" -Wl,-rpath,"$runtime" 2>"$2/$1.log" || { cat "$2/$1.log"; exit 1; }
}

build() { # sanitizer
  mkdir -p "build/$1"
  "$swift" build -c release "--sanitize=$1" --scratch-path ".build/$1" --product martlet-c \
    >"build/$1/build.log" 2>&1 || { cat "build/$1/build.log"; exit 1; }
  cp ".build/$1/release/libmartlet-c.so" "build/$1/libmartlet.so"
  ln -sf libmartlet.so "build/$1/libmartlet.so.1"
}

build address
for program in train threads fuzz; do compile $program build/address address,undefined; done
build/address/train
build/address/threads
# Refused allocations are what it looks for, not errors.
(cd build/address && ./fuzz ../../Tests/C/corpus "$count" 2>fuzz.log) ||
  { cat build/address/fuzz.log; exit 1; }

build thread
# This sanitizer of the Swift toolchain knows libdispatch, and wants it.
for program in train threads; do
  compile $program build/thread thread "-ldispatch -lBlocksRuntime"
done
# The Swift runtime, which is not watched, takes care that a global is made once before it is read.
echo "race:swift::threading_impl::once_slow" >build/thread/suppressions
export TSAN_OPTIONS=suppressions=$PWD/build/thread/suppressions
build/thread/train
build/thread/threads

if command -v valgrind >/dev/null; then
  # It knows no AVX-512.
  # What the pool's living threads and the Swift runtime keep is reached through pointers into its middle.
  MARTLET_ISA=avx2 valgrind --quiet --leak-check=full --show-leak-kinds=definite,indirect \
    --errors-for-leak-kinds=definite,indirect --error-exitcode=9 build/train
else
  echo "no valgrind: its part is left out"
fi
echo "no sanitizer has anything to say"
