#!/bin/sh
# Looks for what `make` needs of the machine. Installs what is missing where it may (as root on a
# machine with apt-get), else says with which command.
set -eu

python="${PYTHON:-python3}"
swift="${SWIFT:-swift}"

if ! command -v "$swift" >/dev/null; then
  echo "The Swift toolchain (6.3 or later) is missing: https://www.swift.org/install/linux" >&2
  exit 1
fi

missing=""
need() { missing="$missing $1"; }

has_python() { command -v "$python" >/dev/null; }

if ! has_python; then
  need python3
  need python3-venv
  need python3-dev
else
  if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    echo "$python is $("$python" --version); Python 3.10 or later is needed: PYTHON=... make" >&2
    exit 1
  fi
  "$python" -c 'import venv, ensurepip' 2>/dev/null || need python3-venv
  "$python" -c 'import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_paths()["include"] + "/Python.h"))' || need python3-dev
fi
# Swift brings clang, but linking needs the C library's own files, too.
command -v cc >/dev/null || command -v gcc >/dev/null || need gcc
[ -e /usr/include/stdio.h ] || need libc6-dev

[ -z "$missing" ] && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing:$missing"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086 # one word per package
  apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
  echo "Missing:$missing. Install with: sudo apt-get install$missing" >&2
  exit 1
fi
