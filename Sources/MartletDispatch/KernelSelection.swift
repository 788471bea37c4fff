import CMartletProcessor
import MartletKernelTable
import MartletKernels

#if MARTLET_X86_LEVELS
  import MartletKernelsAVX2
  import MartletKernelsAVX512
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Which kernels run: the widest level the processor and the operating system allow, unless the
/// environment variable `MARTLET_ISA` (`portable`, `avx2`, `avx512`, `avx512_bf16`, `amx`) lowers it. Chosen once.
package struct KernelSelection: Sendable {
  package let kernels: Kernels
  /// Why `MARTLET_ISA` was not followed.
  package let warning: String?

  package static let current = KernelSelection(
    requested: getenv("MARTLET_ISA").map { String(cString: $0) }, among: available)

  /// The levels this machine can run, from plain to wide. The tests run all of them.
  package static let available: [Kernels] = {
    var levels = [MartletKernels.kernelTable()]
    #if MARTLET_X86_LEVELS
      if martlet_x86_has_v3() { levels.append(MartletKernelsAVX2.kernelTable()) }
      if martlet_x86_has_v4() {
        levels.append(MartletKernelsAVX512.kernelTable())
        if martlet_x86_has_fast_pairs() {
          levels.append(MartletKernelsAVX512.kernelTableWithPairs())
        }
        if martlet_x86_allow_tiles() {
          levels.append(MartletKernelsAVX512.kernelTableWithTiles())
        }
      }
    #endif
    return levels
  }()

  package static let knownNames = ["portable", "avx2", "avx512", "avx512_bf16", "amx"]

  /// - Parameter available: From plain to wide, not empty.
  package init(requested: String?, among available: [Kernels]) {
    let best = available[available.count - 1]
    guard let requested, !requested.isEmpty else {
      kernels = best
      warning = nil
      return
    }
    if let level = available.first(where: { $0.name == requested.lowercased() }) {
      kernels = level
      warning = nil
      return
    }
    kernels = best
    let isLevel = KernelSelection.knownNames.contains(requested.lowercased())
    let accepted = isLevel ? available.map(\.name) : KernelSelection.knownNames
    warning =
      "MARTLET_ISA=\(requested) is not followed: "
      + (isLevel ? "this processor cannot run it; " : "")
      + "accepted are \(accepted.joined(separator: ", ")); using \(best.name)"
  }
}
