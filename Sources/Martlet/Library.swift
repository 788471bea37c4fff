import MartletDispatch
import MartletEngine
import MartletGraph

/// The library itself: its version, and what concerns all models of the process.
public enum Library {
  /// In the form of semver.org.
  public static let version = "0.1.0"

  /// The kernels in use: `portable`, `avx2`, `avx512` or `amx`, which is AVX-512 with tile registers.
  /// The environment variable `MARTLET_ISA` lowers it at start.
  public static var instructionSet: String { KernelSelection.current.kernels.name }

  /// Why `MARTLET_ISA`, `MARTLET_NUM_THREADS` or `MARTLET_MATMUL_PRECISION` was not followed; `nil`
  /// where they were.
  public static var settingsWarning: String? {
    let warnings = [
      KernelSelection.current.warning, ThreadPool.settingsWarning, MatmulPrecision.settingsWarning,
    ]
    let text = warnings.compactMap(\.self).joined(separator: "; ")
    return text.isEmpty ? nil : text
  }

  /// Threads used for computing, the calling one included. Results do not depend on it.
  public static var threadCount: Int { ThreadPool.threadCount }

  /// Takes effect with the next computation.
  ///
  /// - Parameter count: From 1 to 1024, or 0 for what processor affinity, the container's quota and
  ///   `MARTLET_NUM_THREADS` allow.
  /// - Throws: `LibraryError` for another number.
  public static func setThreadCount(_ count: Int) throws(LibraryError) {
    let accepted = ThreadSetting.accepted
    guard count == 0 || accepted.contains(count) else {
      throw LibraryError(
        message: "the number of threads must be from \(accepted.lowerBound) to "
          + "\(accepted.upperBound), or 0 for what the machine allows, received \(count)")
    }
    ThreadPool.setThreadCount(count)
  }

  /// How exactly convolutions and matrix products are worked out in layers whose policy is float32:
  /// `highest`, in float32, or `high`. Without `setMatmulPrecision` what the environment variable
  /// `MARTLET_MATMUL_PRECISION` says, else `highest`.
  public static var matmulPrecision: String { MatmulPrecision.current.rawValue }

  /// Takes effect with the next computation. Changes nothing on processors without tile registers:
  /// there float32 is the fastest.
  ///
  /// - Parameter name: `highest`, or `high` for factors in two bfloat16 parts each: about 16 good bits
  ///   of float32's 24, summed in float32.
  /// - Throws: `LibraryError` for another name.
  public static func setMatmulPrecision(_ name: String) throws(LibraryError) {
    guard let precision = MatmulPrecision(rawValue: name) else {
      throw LibraryError(
        message: "the precision of matrix products must be \(MatmulPrecision.names), "
          + "received '\(name)'")
    }
    MatmulPrecision.current = precision
  }

  /// Starts all randomness (weights, shuffling, dropout) afresh from a seed.
  public static func setRandomSeed(_ seed: UInt64) { RandomSeeds.shared.set(seed) }

  /// The next seed of the stream that layers without a seed of their own draw from.
  public static func nextRandomSeed() -> UInt64 { RandomSeeds.shared.next() }

  /// Where that stream stands: as a seed it makes the stream go on from here.
  public static var randomPosition: UInt64 { RandomSeeds.shared.position }

  /// Makes automatic layer names start again without a number.
  public static func resetNames() { AutomaticNames.shared.reset() }
}

/// What went wrong, in words that name what was expected and what was given.
public struct LibraryError: Error, Equatable, CustomStringConvertible {
  public let message: String
  public var description: String { message }
}
