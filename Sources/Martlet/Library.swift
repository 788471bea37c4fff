import MartletDispatch
import MartletSettings
import MartletTensors

/// The library itself: its version, and what concerns all models of the process.
public enum Library {
  /// In the form of semver.org.
  public static var version: String { Settings.version }

  /// The kernels in use: `portable`, `avx2`, `avx512` or `amx`, which is AVX-512 with tile registers.
  /// The environment variable `MARTLET_ISA` lowers it at start.
  public static var instructionSet: String { Settings.instructionSet }

  /// Why `MARTLET_ISA`, `MARTLET_NUM_THREADS` or `MARTLET_MATMUL_PRECISION` was not followed; `nil`
  /// where they were.
  public static var settingsWarning: String? { Settings.settingsWarning }

  /// Threads used for computing, the calling one included. Results do not depend on it, bit for bit.
  public static var threadCount: Int { Settings.threadCount }

  /// Sets how many threads compute, from the next computation on.
  ///
  /// - Parameter count: From 1 to 1024, or 0 for what processor affinity, the container's quota and
  ///   `MARTLET_NUM_THREADS` allow.
  /// - Throws: ``MartletError`` of kind `invalidArgument` for another number.
  public static func setThreadCount(_ count: Int) throws(MartletError) {
    try Settings.setThreadCount(count)
  }

  /// How exactly convolutions and matrix products are worked out.
  public enum MatmulPrecision: String, CaseIterable, Sendable {
    /// In single precision.
    case highest
    /// With factors in two bfloat16 parts each, where the processor has tile registers for them: about
    /// 16 good bits of single precision's 24. Elsewhere the same as `highest`.
    case high
  }

  /// The precision of layers whose policy is ``DTypePolicy/float32``, from the next computation on. At
  /// start what `MARTLET_MATMUL_PRECISION` says, else `highest`.
  public static var matmulPrecision: MatmulPrecision {
    get { MartletDispatch.MatmulPrecision.current == .high ? .high : .highest }
    set { MartletDispatch.MatmulPrecision.current = newValue == .high ? .high : .highest }
  }

  /// Starts all randomness (weights, shuffling, dropout) afresh from a seed: the same program then
  /// gives the same numbers, bit for bit.
  ///
  /// The stream of seeds is one for the whole process: programs that make or train models in several
  /// tasks at a time give their layers seeds of their own to the same end.
  public static func setRandomSeed(_ seed: UInt64) { Settings.setRandomSeed(seed) }

  /// Makes automatic layer names start again without a number.
  public static func resetNames() { Settings.resetNames() }
}
