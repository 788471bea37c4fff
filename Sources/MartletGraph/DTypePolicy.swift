import MartletKernelTable
import MartletTensors

/// In what type of number a layer works out its products, by Keras's names. Weights, sums and the
/// values between layers are float32 in all of them.
package enum DTypePolicy: String, CaseIterable, Sendable {
  case float32
  /// Factors rounded to bfloat16, where the processor multiplies those faster than floats.
  case mixedBFloat16 = "mixed_bfloat16"

  /// `nil` for what holds for the process.
  var precision: ProductPrecision? {
    switch self {
    case .float32: nil
    case .mixedBFloat16: .bfloat16
    }
  }

  /// As Keras serialises it.
  var configuration: JSONValue {
    .keras(module: "keras", className: "DTypePolicy", config: ["name": .text(rawValue)])
  }

  /// What someone may have meant who gave a name that is none of these: bfloat16 is a part of
  /// mixed_bfloat16, but no near spelling of it.
  static func nearestName(to name: String) -> String? {
    let known = allCases.map(\.rawValue)
    return known.first { $0.hasSuffix("_" + name) }
      ?? MartletTensors.nearestName(to: name, among: known)
  }
}
