#!/bin/sh
# Installs the library into a temporary folder, moves it elsewhere, and builds and runs programs
# with what pkg-config and CMake find there.
#
# Usage: Tests/install.sh LIBRARY, with a C compiler in CC and a Python with Martlet in PYTHON
set -eu

library=$1
source=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
abi=$(sed -n 's/#define MARTLET_ABI_VERSION //p' "$source/Sources/CMartlet/include/martlet.h")

fail() {
  echo "Tests/install.sh: $1" >&2
  exit 1
}

# Usage: installation LIBDIR install|uninstall
installation() {
  DESTDIR=$folder/stage PREFIX=/opt/martlet LIBDIR=$1 "$source/tools/install.sh" "$2" "$library"
}

# ---- What was installed goes away again, and nothing else ----

installation lib/machine install >/dev/null
configuration=$folder/stage/opt/martlet/lib/machine/cmake/martlet/martletConfig.cmake
grep -q 'martlet_prefix}/../../../.."' "$configuration" || fail "PREFIX is not found from LIBDIR"
touch "$folder/stage/opt/martlet/lib/machine/another.so"
installation lib/machine uninstall
left=$(cd "$folder/stage" && find . ! -type d)
[ "$left" = ./opt/martlet/lib/machine/another.so ] || fail "after uninstalling there is: $left"
rm -r "$folder/stage"

if PREFIX=here "$source/tools/install.sh" install "$library" 2>/dev/null; then
  fail "a PREFIX that is no full path was accepted"
fi

# ---- The library ----

installation lib install >/dev/null
if grep -r --include='*.pc' --include='*.cmake' -e "$folder" -e /opt -e @ "$folder/stage"; then
  fail "installed files hold names of folders"
fi
prefix="$folder/moved here"
mv "$folder/stage/opt/martlet" "$prefix"
installed=$prefix/lib

soname=$(readelf -d "$installed/libmartlet.so" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p')
[ "$soname" = "libmartlet.so.$abi" ] || fail "the SONAME is $soname, expected libmartlet.so.$abi"
[ -e "$installed/$soname" ] || fail "$soname is not installed"
# Interpreters unload libraries when they end, while threads may still wait in their code.
readelf -d "$installed/libmartlet.so" | grep -q NODELETE || fail "the library can be unloaded"

needed=$(ldd "$installed/libmartlet.so" | awk '{ print $1 }' |
  grep -v -e '^libc\.so' -e '^libm\.so' -e '^libstdc++\.so' -e '^libgcc_s\.so' -e 'ld-linux' \
    -e '^linux-vdso' || true)
[ -z "$needed" ] || fail "the library needs more than the C and C++ runtime: $needed"
echo "$soname is installed and needs nothing but the C and C++ runtime"

# ---- Programs ----

if command -v pkg-config >/dev/null; then
  PKG_CONFIG_PATH=$installed/pkgconfig
  export PKG_CONFIG_PATH
  pkg-config --exists "martlet >= 0.1" || fail "pkg-config does not find martlet"
  # The flags come quoted for a shell, since folders may have spaces in their names.
  eval "${CC:-cc} -std=c11 -Wall -Wextra -pedantic -Werror '$source/Tests/C/train.c' \
    $(pkg-config --cflags --libs martlet) -lm -o '$folder/train'"
  (cd "$folder" && LD_LIBRARY_PATH=$installed ./train >/dev/null) || fail "the program fails"
  echo "pkg-config: a program builds and runs"
else
  echo "pkg-config: skipped, it is not here"
fi

if command -v cmake >/dev/null; then
  cmake -S "$source/examples/c" -B "$folder/cmake" -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_C_COMPILER="${CC:-cc}" >"$folder/log" &&
    cmake --build "$folder/cmake" >"$folder/log" || {
    cat "$folder/log"
    fail "the program does not build with CMake"
  }
  "${PYTHON:-python3}" "$source/examples/make_digits.py" "$folder/digits" >/dev/null
  # CMake leaves in the program where the library is.
  (cd "$folder" && cmake/digits digits digits.safetensors >/dev/null) || fail "the program fails"
  echo "CMake: a program builds and runs"
else
  echo "CMake: skipped, it is not here"
fi
