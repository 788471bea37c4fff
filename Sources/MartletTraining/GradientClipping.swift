import MartletGraph
import MartletTensors

/// How gradients are kept within bounds before a rule sees them.
enum GradientClipping {
  /// No element beyond ± this.
  case value(Float)
  /// The gradient of a weight no longer than this.
  case norm(Double)
  /// All gradients together no longer than this.
  case globalNorm(Double)

  /// Reads `clipvalue`, `clipnorm` and `global_clipnorm`, of which one may be given; 0 stands for
  /// none, as in Keras.
  static func read(_ attributes: inout Attributes) throws(MartletError) -> GradientClipping? {
    var given: [(name: String, bound: Double)] = []
    for name in ["clipnorm", "global_clipnorm", "clipvalue"] where attributes.value(name) != nil {
      given.append((name, try attributes.number(name, atLeast: 0)))
    }
    guard given.count < 2 else {
      throw .invalidArgument(
        "\(attributes.className): only one of 'clipnorm', 'global_clipnorm' and 'clipvalue' may be "
          + "given, received \(given.map { "\($0.name)=\($0.bound)" }.joined(separator: " and "))")
    }
    guard let (name, bound) = given.first, bound > 0 else { return nil }
    switch name {
    case "clipnorm": return .norm(bound)
    case "global_clipnorm": return .globalNorm(bound)
    default: return .value(Float(bound))
    }
  }

  /// Whether the lengths of all gradients must be known before the first weight is updated.
  var needsNorms: Bool { if case .value = self { false } else { true } }

  /// What to multiply each gradient by.
  ///
  /// - Parameters:
  ///   - squares: Of the gradients' lengths.
  ///   - factors: One place for each of them.
  func setFactors(_ factors: inout [Float], squares: [Double]) {
    switch self {
    case .value: break
    case .norm(let bound):
      for (index, square) in squares.enumerated() {
        factors[index] = GradientClipping.factor(square.squareRoot(), bound)
      }
    case .globalNorm(let bound):
      let norm = squares.reduce(0, +).squareRoot()
      // Keras spoils all gradients where one is infinite, so that it shows.
      let factor = norm.isFinite ? GradientClipping.factor(norm, bound) : .nan
      for index in factors.indices { factors[index] = factor }
    }
  }

  private static func factor(_ norm: Double, _ bound: Double) -> Float {
    norm <= bound ? 1 : Float(bound / norm)
  }
}

/// A running average of every weight (Polyak & Juditsky 1992), which may take the weight's place.
struct WeightAveraging {
  let momentum: Float
  /// After how many steps each time; `nil`: only when training ends.
  let overwriteFrequency: Int?

  /// Reads `use_ema`, `ema_momentum` and `ema_overwrite_frequency`.
  static func read(_ attributes: inout Attributes) throws(MartletError) -> WeightAveraging? {
    let isOn = try attributes.flag("use_ema", default: false)
    let momentum = try attributes.number("ema_momentum", default: 0.99, atLeast: 0, atMost: 1)
    let frequency =
      attributes.value("ema_overwrite_frequency") == nil
      ? nil : try attributes.integer("ema_overwrite_frequency", atLeast: 1)
    return isOn
      ? WeightAveraging(momentum: Float(momentum), overwriteFrequency: frequency) : nil
  }
}
