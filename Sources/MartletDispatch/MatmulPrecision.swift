import MartletKernelTable
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How exactly products are worked out where no layer's policy says otherwise: a setting of the
/// process, chosen by `MARTLET_MATMUL_PRECISION` until someone sets it. Its names are those that JAX
/// and PyTorch have for the same.
package enum MatmulPrecision: String, CaseIterable, Sendable {
  case highest
  /// About 16 good bits of 24, on tile registers; float32, which is faster, elsewhere.
  case high

  package var products: ProductPrecision {
    switch self {
    case .highest: .float32
    case .high: .split
    }
  }

  /// The names, as messages list them.
  package static let names = allCases.map { "'\($0.rawValue)'" }.joined(separator: " or ")

  /// What the next computation takes.
  package static var current: MatmulPrecision {
    get { chosen.withLock { $0 } ?? environment.precision }
    set { chosen.withLock { $0 = newValue } }
  }

  private static let chosen = Mutex<MatmulPrecision?>(nil)

  /// Why `MARTLET_MATMUL_PRECISION` was not followed.
  package static var settingsWarning: String? { environment.warning }

  private static let environment = read(
    getenv("MARTLET_MATMUL_PRECISION").map { String(cString: $0) })

  /// - Parameter requested: Value of the environment variable.
  package static func read(
    _ requested: String?
  ) -> (precision: MatmulPrecision, warning: String?) {
    guard let requested, !requested.isEmpty else { return (.highest, nil) }
    if let precision = MatmulPrecision(rawValue: requested.lowercased()) { return (precision, nil) }
    return (
      .highest,
      "MARTLET_MATMUL_PRECISION=\(requested) is not followed: accepted are "
        + "\(allCases.map(\.rawValue).joined(separator: ", ")); using highest"
    )
  }
}
