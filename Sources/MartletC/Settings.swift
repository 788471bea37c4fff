// Functions bear the names of martlet.h.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import CMartlet
import MartletDispatch
import MartletEngine
import MartletGraph
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
public func martlet_version() -> UnsafePointer<CChar>! { Constant.text("0.1.0") }

@c(martlet_instruction_set) @implementation
public func martlet_instruction_set() -> UnsafePointer<CChar>! { Setting.instructionSet }

@c(martlet_settings_warning) @implementation
public func martlet_settings_warning() -> UnsafePointer<CChar>! { Setting.warning }

private enum Setting {
  nonisolated(unsafe) static let instructionSet = forever(KernelSelection.current.kernels.name)
  nonisolated(unsafe) static let warning = forever(
    [KernelSelection.current.warning, ThreadPool.settingsWarning].compactMap(\.self)
      .joined(separator: "; "))

  private static func forever(_ text: String) -> UnsafePointer<CChar> {
    strdup(text).map { UnsafePointer($0) } ?? Constant.empty
  }
}

@c(martlet_thread_count) @implementation
public func martlet_thread_count() -> Int32 { Int32(clamping: ThreadPool.threadCount) }

@c(martlet_set_thread_count) @implementation
public func martlet_set_thread_count(_ count: Int32) -> martlet_status {
  attempt { () throws(MartletError) in
    guard count >= 0, count <= ThreadPool.largestThreadCount else {
      throw .invalidArgument(
        "the number of threads must be from 1 to \(ThreadPool.largestThreadCount), or 0 for what "
          + "the machine allows, received \(count)")
    }
    ThreadPool.setThreadCount(Int(count))
  }
}

@c(martlet_set_random_seed) @implementation
public func martlet_set_random_seed(_ seed: UInt64) { RandomSeeds.shared.set(seed) }

@c(martlet_next_random_seed) @implementation
public func martlet_next_random_seed() -> UInt64 { RandomSeeds.shared.next() }

@c(martlet_reset_names) @implementation
public func martlet_reset_names() { AutomaticNames.shared.reset() }
