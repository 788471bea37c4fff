// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletSettings
import MartletTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

@c(martlet_abi_version) @implementation
public func martlet_abi_version() -> Int32 { Int32(MARTLET_ABI_VERSION) }

@c(martlet_version) @implementation
public func martlet_version() -> UnsafePointer<CChar>! { SettingTexts.version }

@c(martlet_instruction_set) @implementation
public func martlet_instruction_set() -> UnsafePointer<CChar>! { SettingTexts.instructionSet }

@c(martlet_settings_warning) @implementation
public func martlet_settings_warning() -> UnsafePointer<CChar>! { SettingTexts.warning }

private enum SettingTexts {
  nonisolated(unsafe) static let version = forever(Settings.version)
  nonisolated(unsafe) static let instructionSet = forever(Settings.instructionSet)
  nonisolated(unsafe) static let warning = forever(Settings.settingsWarning ?? "")
  static let precisions = TextTable()

  private static func forever(_ text: String) -> UnsafePointer<CChar> {
    strdup(text).map { UnsafePointer($0) } ?? Constant.empty
  }
}

@c(martlet_thread_count) @implementation
public func martlet_thread_count() -> Int32 { Int32(clamping: Settings.threadCount) }

@c(martlet_set_thread_count) @implementation
public func martlet_set_thread_count(_ count: Int32) -> martlet_status {
  attempt { () throws(MartletError) in
    try Settings.setThreadCount(Int(count))
  }
}

@c(martlet_matmul_precision) @implementation
public func martlet_matmul_precision() -> UnsafePointer<CChar>! {
  SettingTexts.precisions.view(Settings.matmulPrecision)
}

@c(martlet_set_matmul_precision) @implementation
public func martlet_set_matmul_precision(_ precision: UnsafePointer<CChar>?) -> martlet_status {
  attempt { () throws(MartletError) in
    try Settings.setMatmulPrecision(text(precision, "precision"))
  }
}

@c(martlet_set_random_seed) @implementation
public func martlet_set_random_seed(_ seed: UInt64) { Settings.setRandomSeed(seed) }

@c(martlet_next_random_seed) @implementation
public func martlet_next_random_seed() -> UInt64 { Settings.nextRandomSeed() }

@c(martlet_random_position) @implementation
public func martlet_random_position() -> UInt64 { Settings.randomPosition }

@c(martlet_reset_names) @implementation
public func martlet_reset_names() { Settings.resetNames() }
