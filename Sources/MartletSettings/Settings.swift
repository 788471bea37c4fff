import MartletDispatch
import MartletEngine
import MartletGraph
import MartletTensors

/// The library itself: its version, and what concerns all models of the process. What the Swift and
/// the C interface say of it stands on this.
package enum Settings {
  /// In the form of semver.org.
  package static let version = "0.1.0"

  /// The kernels in use: `portable`, `avx2`, `avx512` or `amx`, which is AVX-512 with tile registers.
  /// The environment variable `MARTLET_ISA` lowers it at start.
  package static var instructionSet: String { KernelSelection.current.kernels.name }

  /// Why `MARTLET_ISA`, `MARTLET_NUM_THREADS` or `MARTLET_MATMUL_PRECISION` was not followed; `nil`
  /// where they were.
  package static var settingsWarning: String? {
    let warnings = [
      KernelSelection.current.warning, ThreadPool.settingsWarning, MatmulPrecision.settingsWarning,
    ]
    let text = warnings.compactMap(\.self).joined(separator: "; ")
    return text.isEmpty ? nil : text
  }

  /// Threads used for computing, the calling one included. Results do not depend on it.
  package static var threadCount: Int { ThreadPool.threadCount }

  /// Takes effect with the next computation.
  ///
  /// - Parameter count: From 1 to 1024, or 0 for what processor affinity, the container's quota and
  ///   `MARTLET_NUM_THREADS` allow.
  /// - Throws: `invalidArgument` for another number.
  package static func setThreadCount(_ count: Int) throws(MartletError) {
    let accepted = ThreadSetting.accepted
    guard count == 0 || accepted.contains(count) else {
      throw .invalidArgument(
        "the number of threads must be from \(accepted.lowerBound) to "
          + "\(accepted.upperBound), or 0 for what the machine allows, received \(count)")
    }
    ThreadPool.setThreadCount(count)
  }

  /// How exactly convolutions and matrix products are worked out in layers whose policy is float32:
  /// `highest`, in float32, or `high`. Without `setMatmulPrecision` what the environment variable
  /// `MARTLET_MATMUL_PRECISION` says, else `highest`.
  package static var matmulPrecision: String { MatmulPrecision.current.rawValue }

  /// Takes effect with the next computation. Changes nothing on processors without tile registers:
  /// there float32 is the fastest.
  ///
  /// - Parameter name: `highest`, or `high` for factors in two bfloat16 parts each: about 16 good bits
  ///   of float32's 24, summed in float32.
  /// - Throws: `invalidArgument` for another name.
  package static func setMatmulPrecision(_ name: String) throws(MartletError) {
    guard let precision = MatmulPrecision(rawValue: name) else {
      throw .invalidArgument(
        "the precision of matrix products must be \(MatmulPrecision.names), "
          + "received '\(name)'")
    }
    MatmulPrecision.current = precision
  }

  /// Starts all randomness (weights, shuffling, dropout) afresh from a seed.
  package static func setRandomSeed(_ seed: UInt64) { RandomSeeds.shared.set(seed) }

  /// The next seed of the stream that layers without a seed of their own draw from.
  package static func nextRandomSeed() -> UInt64 { RandomSeeds.shared.next() }

  /// Where that stream stands: as a seed it makes the stream go on from here.
  package static var randomPosition: UInt64 { RandomSeeds.shared.position }

  /// Makes automatic layer names start again without a number.
  package static func resetNames() { AutomaticNames.shared.reset() }
}
