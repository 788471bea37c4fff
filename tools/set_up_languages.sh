#!/bin/sh
# Installs what the programs in examples/ and the test of the installed library need, where it may:
# as root on a machine with apt-get. What is missing afterwards, the tests leave out and say so; this
# never fails.
set -u

missing=""
need() { command -v "$1" >/dev/null || missing="$missing $2"; }

need c++ g++
need pkg-config pkgconf
need cmake cmake
need cargo cargo
need luajit luajit
need ruby ruby

[ -n "$missing" ] || exit 0
{ [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; } || exit 0
echo "Installing, for the examples in other languages:$missing"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# One by one: what is not to be had must not keep the others away.
for package in $missing; do
  apt-get install -y -qq --no-install-recommends "$package" >/dev/null 2>&1 ||
    echo "$package cannot be installed"
done
exit 0
