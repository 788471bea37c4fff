// swift-tools-version: 6.2
import PackageDescription

// One target per floor; each knows only the floors below it (docs/architecture.md).
//
// The kernels are compiled once per instruction-set level from one folder: the AVX2 and AVX-512
// targets are links to `MartletKernels`, and the flags and one define make the difference. Those
// flags are `unsafeFlags`, which SwiftPM refuses in a versioned dependency, so they apply only
// where this package is the root or stands in a folder beside it. SwiftPM keeps versioned dependencies
// in a folder `checkouts`: there the portable variant alone is built.
let isVersioned = Context.packageDirectory.split(separator: "/").dropLast().last == "checkouts"
let takesUnsafeFlags = !isVersioned

#if arch(x86_64)
  let levels = takesUnsafeFlags ? ["AVX2", "AVX512"] : []
#else
  let levels: [String] = []
#endif

let kernelFlags: [SwiftSetting] = takesUnsafeFlags ? [.unsafeFlags(["-Ounchecked", "-wmo"])] : []
let machine = [
  "AVX2": ["-march=x86-64-v3"],
  // Tiles and bfloat16 pairs are used, by name, only where the processor has them.
  "AVX512": ["-march=x86-64-v4", "-mavx512bf16", "-mamx-tile", "-mamx-bf16"],
]

/// A sanitizer's report wants the names of functions.
let strips: [String] =
  Context.environment["MARTLET_KEEP_SYMBOLS"] == nil ? ["-Xlinker", "-s"] : []

let kernelLevels: [Target] = levels.map { level in
  .target(
    name: "MartletKernels\(level)",
    dependencies: ["CMartletVectors", "MartletKernelTable"],
    swiftSettings: kernelFlags + [
      .define("MARTLET_\(level)"),
      .unsafeFlags(machine[level]!.flatMap { ["-Xcc", $0] }),
    ])
}

let floors: [Target] = [
  .target(name: "CMartlet"),
  .target(name: "CMartletProcessor"),
  .target(name: "CMartletVectors"),
  .target(name: "MartletKernelTable", swiftSettings: kernelFlags),
  .target(
    name: "MartletKernels", dependencies: ["CMartletVectors", "MartletKernelTable"],
    swiftSettings: kernelFlags),
  .target(
    name: "MartletDispatch",
    dependencies: ["CMartletProcessor", "MartletKernelTable", "MartletKernels"]
      + levels.map { .init(stringLiteral: "MartletKernels\($0)") },
    swiftSettings: levels.isEmpty ? [] : [.define("MARTLET_X86_LEVELS")]),
  .target(name: "MartletTensors", dependencies: ["MartletKernelTable"]),
  .target(
    name: "MartletOps",
    dependencies: ["MartletTensors", "MartletDispatch", "MartletKernels", "MartletKernelTable"]),
  .target(
    name: "MartletGraph",
    dependencies: ["MartletOps", "MartletTensors", "MartletDispatch", "MartletKernelTable"]),
  .target(
    name: "MartletEngine",
    dependencies: [
      "MartletOps", "MartletTensors", "MartletDispatch", "MartletKernelTable", "CMartletProcessor",
    ]),
  .target(name: "MartletStorage", dependencies: ["MartletGraph", "MartletOps", "MartletTensors"]),
  .target(
    name: "MartletTraining",
    dependencies: [
      "MartletStorage", "MartletGraph", "MartletEngine", "MartletOps", "MartletTensors",
      "MartletDispatch",
      "MartletKernelTable",
    ]),
  .target(
    name: "MartletSettings",
    dependencies: ["MartletGraph", "MartletEngine", "MartletDispatch", "MartletTensors"]),
  .target(
    name: "Martlet",
    dependencies: [
      "MartletSettings", "MartletTraining", "MartletStorage", "MartletGraph", "MartletEngine",
      "MartletOps", "MartletTensors", "MartletDispatch", "MartletKernelTable",
    ]),
  .target(
    name: "MartletC",
    dependencies: [
      "CMartlet", "MartletSettings", "MartletTraining", "MartletStorage", "MartletGraph",
      "MartletOps",
      "MartletTensors",
      "MartletDispatch", "MartletKernelTable",
    ],
    exclude: ["exports.map"]),
  // One file with the Swift runtime inside and only the names of martlet.h visible.
  .target(
    name: "MartletLinkage", dependencies: ["MartletC"],
    linkerSettings: takesUnsafeFlags
      ? [
        .unsafeFlags(
          strips + [
            "-static-stdlib", "-Xlinker", "--gc-sections",
            "-Xlinker", "--version-script=\(Context.packageDirectory)/Sources/MartletC/exports.map",
            // The number is MARTLET_ABI_VERSION: programs find only a library they were made for.
            "-Xlinker", "-soname=libmartlet.so.1",
            // Its threads go on waiting in code that must not be unloaded below them.
            "-Xlinker", "-z", "-Xlinker", "nodelete",
          ], .when(platforms: [.linux]))
      ] : []),
]

/// The example, for the tests to run without the whole library being built once more. What it is as a package
/// of its own stands beside it.
let example = Target.executableTarget(
  name: "Digits", dependencies: ["Martlet"], path: "examples/swift/Sources/Digits")

let testSupport = Target.target(
  name: "MartletTestSupport",
  dependencies: [
    "MartletOps", "MartletEngine", "MartletTensors", "MartletDispatch", "MartletKernels",
    "MartletKernelTable",
  ],
  path: "Tests/MartletTestSupport")

/// What tests may look at: everything, since a floor is tested through those below it too.
let everyFloor: [Target.Dependency] = [
  "CMartlet", "MartletKernelTable", "MartletKernels", "MartletDispatch", "MartletTensors",
  "MartletOps", "MartletGraph", "MartletEngine", "MartletStorage", "MartletTraining",
  "MartletSettings",
  "Martlet", "MartletC", "MartletTestSupport",
]

let tests: [Target] = [
  "MartletKernels", "MartletTensors", "MartletOps", "MartletGraph", "MartletEngine",
  "MartletStorage", "MartletTraining", "MartletSettings", "Martlet", "MartletC",
].map { floor in
  .testTarget(name: "\(floor)Tests", dependencies: everyFloor)
}

let package = Package(
  name: "martlet",
  products: [
    .library(name: "Martlet", targets: ["Martlet"]),
    .library(name: "martlet-c", type: .dynamic, targets: ["MartletC", "MartletLinkage"]),
  ],
  targets: floors + kernelLevels + [example, testSupport] + tests,
  swiftLanguageModes: [.v6])
