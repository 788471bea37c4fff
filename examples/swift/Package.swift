// swift-tools-version: 6.2
import PackageDescription

// A program beside the library takes it by its path. One elsewhere says where it comes from:
//
//     .package(url: "https://…/martlet", from: "1.0.0")
let package = Package(
  name: "digits",
  dependencies: [.package(name: "martlet", path: "../..")],
  targets: [
    .executableTarget(name: "Digits", dependencies: [.product(name: "Martlet", package: "martlet")])
  ],
  swiftLanguageModes: [.v6])
