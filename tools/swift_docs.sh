#!/bin/sh
# Makes the documentation of the Swift interface, and fails where anything in it gives a warning: a link
# that leads nowhere, a parameter that is not there; where a public symbol has no comment, and where an
# example of the articles does not compile.
#
#   tools/swift_docs.sh BUILD OUTPUT    BUILD: the folder of a build, such as .build/release
set -eu
build=$1
output=$2
symbols=$(mktemp -d)
trap 'rm -rf "$symbols"' EXIT
toolchain=$(dirname "$(readlink -f "$(command -v "${SWIFT:-swift}")")")
target=$("$toolchain/swiftc" -print-target-info | sed -n 's/.*"triple": "\(.*\)",/\1/p' | head -n 1)

clang=$(for map in "$build"/C*.build/module.modulemap; do printf -- '-Xcc -fmodule-map-file=%s ' "$map"; done)

"$toolchain/swift-symbolgraph-extract" -module-name Martlet -I "$build/Modules" $clang \
  -target "$target" -minimum-access-level public -skip-synthesized-members \
  -experimental-allowed-reexported-modules=MartletTensors -output-dir "$symbols"
"${PYTHON:-python3}" tools/swift_docs.py undocumented "$symbols"

"${PYTHON:-python3}" tools/swift_docs.py snippets > "$symbols/main.swift"
"$toolchain/swiftc" -typecheck -suppress-warnings -swift-version 6 -I "$build/Modules" $clang \
  "$symbols/main.swift"
rm "$symbols/main.swift"

mkdir -p "$(dirname "$output")"
"$toolchain/docc" convert Sources/Martlet/Martlet.docc --warnings-as-errors \
  --additional-symbol-graph-dir "$symbols" --output-path "$output" \
  --fallback-display-name Martlet --fallback-bundle-identifier martlet
echo "the documentation is in $output: docc preview, or any web server, shows it"
