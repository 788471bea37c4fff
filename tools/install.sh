#!/bin/sh
# Puts the library where programs in C and other languages look for it, or takes it away again.
#
#   tools/install.sh install LIBRARY    LIBRARY is the built core
#   tools/install.sh uninstall
#
# PREFIX (/usr/local) is where it will stand, LIBDIR (lib) the library's folder in there, DESTDIR a
# folder that stands for the root of the system, as those who make packages want it. Nothing that is
# installed holds these names: the whole may be moved.
set -eu

action=${1:-}
prefix=${PREFIX:-/usr/local}
libdir=${LIBDIR:-lib}
root=${DESTDIR:-}$prefix
source=$(dirname "$0")/..
header=$source/Sources/CMartlet/include/martlet.h

stop() {
  echo "install: $1" >&2
  exit 1
}

case $prefix in /*) ;; *) stop "PREFIX must begin with /, received $prefix" ;; esac
case $libdir in /*) stop "LIBDIR is a folder in PREFIX, such as lib64, received $libdir" ;; esac

version=$(sed -n 's/.*static let version = "\(.*\)"/\1/p' "$source/Sources/MartletSettings/Settings.swift")
abi=$(sed -n 's/#define MARTLET_ABI_VERSION //p' "$header")
# From the library's folder to PREFIX.
up=$(echo "$libdir" | sed 's,[^/][^/]*,..,g')

# Puts the names of the day into a template.
fill() {
  mkdir -p "$(dirname "$2")"
  sed -e "s,@VERSION@,$version,g" -e "s,@ABI@,$abi,g" -e "s,@LIBDIR@,$libdir,g" \
    -e "s,@UP@,$up,g" "$source/tools/install/$1" > "$2"
  chmod 644 "$2"
}

library=$root/$libdir/libmartlet.so
pkgconfig=$root/$libdir/pkgconfig/martlet.pc
cmake=$root/$libdir/cmake/martlet

case $action in
  install)
    [ -f "${2:-}" ] || stop "the library is missing: ${2:-no file was named}"
    install -D -m 644 "$header" "$root/include/martlet.h"
    install -D -m 644 "$2" "$library.$version"
    # Programs load the second name, the linker looks for the third.
    ln -sf "libmartlet.so.$version" "$library.$abi"
    ln -sf "libmartlet.so.$abi" "$library"
    fill martlet.pc.in "$pkgconfig"
    fill martletConfig.cmake.in "$cmake/martletConfig.cmake"
    fill martletConfigVersion.cmake.in "$cmake/martletConfigVersion.cmake"
    echo "installed in $root; where programs do not find the library, run: ldconfig"
    ;;
  uninstall)
    rm -f "$root/include/martlet.h" "$library" "$library.$abi" "$library.$version" "$pkgconfig" \
      "$cmake/martletConfig.cmake" "$cmake/martletConfigVersion.cmake"
    rmdir "$cmake" 2>/dev/null || true
    ;;
  *) stop "say install LIBRARY or uninstall" ;;
esac
