#!/bin/sh
# A package elsewhere that depends on a version of this one, as SwiftPM fetches it: it must build without
# unsafe flags and without a setting of any kind, with the portable kernels, and train. The program is the
# last page of the tutorial.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
swift=${SWIFT:-swift}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

git clone --quiet "$root" "$folder/martlet"
git -C "$folder/martlet" tag 999.0.0

mkdir -p "$folder/program/Sources/Bars"
cat > "$folder/program/Package.swift" <<EOF
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "bars",
  dependencies: [.package(url: "file://$folder/martlet", exact: "999.0.0")],
  targets: [
    .executableTarget(
      name: "Bars", dependencies: [.product(name: "Martlet", package: "martlet")],
      swiftSettings: [.enableUpcomingFeature("MemberImportVisibility")])
  ],
  swiftLanguageModes: [.v6])
EOF
cp "$root/Sources/Martlet/Martlet.docc/Resources/FirstNetwork-4.swift" \
  "$folder/program/Sources/Bars/main.swift"
cat > "$folder/program/Sources/Bars/Errors.swift" <<'EOF'
import Martlet

/// What is thrown can be taken apart without another import.
func kind(_ error: any Error) -> MartletError.Kind? { (error as? MartletError)?.kind }

func describe(_ error: MartletError) -> String { "\(error.kind): \(error.message)" }
EOF
echo 'print("kernels: \(Library.instructionSet)")' >> "$folder/program/Sources/Bars/main.swift"

cd "$folder/program"
# What is told of the build may be long, and matters only where it fails.
"$swift" build -c release > "$folder/build.log" 2>&1 || { tail -n 60 "$folder/build.log"; exit 1; }
"$swift" run -c release --skip-build Bars > "$folder/output.txt"
tail -n 3 "$folder/output.txt"
grep -q '^kernels: portable$' "$folder/output.txt"
# Bars are no hard task: of 200 unseen ones nearly all are recognized.
right=$(sed -n 's/^\([0-9]*\) of 200 unseen pictures are recognized$/\1/p' "$folder/output.txt")
test "$right" -ge 180
test -s bars.safetensors
echo "a versioned dependency builds and trains"
