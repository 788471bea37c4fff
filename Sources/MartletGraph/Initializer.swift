import MartletDispatch
import MartletKernelTable
import MartletOps
import MartletTensors

/// How a weight gets its first values: Keras's initializers (`keras/src/initializers`).
///
/// Deterministic as in Keras: the same initializer fills two weights of equal shape with equal values.
/// One without a seed draws its own from `RandomSeeds` when it is made.
package struct Initializer: Sendable {
  enum Distribution: Sendable {
    case constant(Double)
    case uniform(low: Double, high: Double)
    case normal(mean: Double, deviation: Double)
    /// Values beyond two deviations are drawn again.
    case truncatedNormal(mean: Double, deviation: Double)
    /// Variance `scale` / fan (Glorot & Bengio 2010; He et al. 2015, arXiv:1502.01852).
    case scaled(Scaling)
  }

  struct Scaling: Sendable {
    enum Fan: String, CaseIterable, Sendable {
      case input = "fan_in"
      case output = "fan_out"
      case average = "fan_avg"
    }
    enum Family: String, CaseIterable, Sendable {
      case truncated = "truncated_normal"
      case untruncated = "untruncated_normal"
      case uniform
    }
    let scale: Double
    let fan: Fan
    let family: Family
  }

  package let className: String
  let distribution: Distribution
  /// As given; the configuration repeats it.
  private let givenSeed: Int?
  /// The key of the random numbers.
  let seed: UInt64
  /// Arguments in Keras's order, the seed excepted.
  private let arguments: JSONObject

  /// Reads `"he_normal"`, `"HeNormal"` or `{"class_name": …, "config": {…}}`.
  ///
  /// - Throws: `invalidArgument` with the nearest name for an unknown one.
  package init(_ value: JSONValue) throws(MartletError) {
    let (name, config) = try namedObject(value, "an initializer")
    guard let known = Initializer.className(for: name) else {
      throw unknownName(
        name, kind: "initializer",
        known: Initializer.classNames.map { AutomaticNames.snakeCase($0) })
    }
    try self.init(className: known, config: config)
  }

  private init(className: String, config: JSONObject) throws(MartletError) {
    var attributes = Attributes(className: className, object: config)
    var arguments = JSONObject()
    func argument(_ name: String, _ fallback: Double) throws(MartletError) -> Double {
      let number = try attributes.number(name, default: fallback)
      arguments[name] = .number(number)
      return number
    }
    var isRandom = true
    switch className {
    case "Zeros", "Ones":
      isRandom = false
      distribution = .constant(className == "Ones" ? 1 : 0)
    case "Constant":
      isRandom = false
      distribution = .constant(try argument("value", 0))
    case "RandomUniform":
      let low = try argument("minval", -0.05)
      let high = try argument("maxval", 0.05)
      guard low <= high else {
        throw attributes.invalid("maxval", expected: "at least minval, \(low)", .number(high))
      }
      distribution = .uniform(low: low, high: high)
    case "RandomNormal", "TruncatedNormal":
      let mean = try argument("mean", 0)
      let deviation = try attributes.number("stddev", default: 0.05, atLeast: 0)
      arguments["stddev"] = .number(deviation)
      distribution =
        className == "RandomNormal"
        ? .normal(mean: mean, deviation: deviation)
        : .truncatedNormal(mean: mean, deviation: deviation)
    default:
      let scaling: Scaling
      if let named = Initializer.scalings[className] {
        scaling = named
      } else {
        let scale = try attributes.number("scale", default: 1)
        guard scale > 0 else {
          throw attributes.invalid("scale", expected: "a number above 0", .number(scale))
        }
        scaling = Scaling(
          scale: scale, fan: try attributes.choice("mode", default: .input),
          family: try attributes.choice("distribution", default: .truncated))
        arguments["scale"] = .number(scale)
        arguments["mode"] = .text(scaling.fan.rawValue)
        arguments["distribution"] = .text(scaling.family.rawValue)
      }
      // Keras 3.15 writes these keys, earlier ones refuse them: read them, do not write them.
      try attributes.absent("input_axes", "fans follow from the shape")
      try attributes.absent("output_axes", "fans follow from the shape")
      distribution = .scaled(scaling)
    }
    givenSeed = isRandom ? try attributes.seed() : nil
    try attributes.finish()
    seed =
      isRandom ? givenSeed.map { UInt64(bitPattern: Int64($0)) } ?? RandomSeeds.shared.next() : 0
    self.className = className
    let seedMember: JSONObject =
      isRandom ? ["seed": givenSeed.map { .integer($0) } ?? .null] : [:]
    self.arguments = seedMember.appending(arguments)
  }

  /// The initializer as Keras serialises it.
  package var configuration: JSONValue {
    .keras(module: "keras.initializers", className: className, config: arguments)
  }

  private static let scalings: [String: Scaling] = [
    "GlorotUniform": Scaling(scale: 1, fan: .average, family: .uniform),
    "GlorotNormal": Scaling(scale: 1, fan: .average, family: .truncated),
    "HeUniform": Scaling(scale: 2, fan: .input, family: .uniform),
    "HeNormal": Scaling(scale: 2, fan: .input, family: .truncated),
    "LecunUniform": Scaling(scale: 1, fan: .input, family: .uniform),
    "LecunNormal": Scaling(scale: 1, fan: .input, family: .truncated),
  ]

  private static let classNames =
    [
      "Zeros", "Ones", "Constant", "RandomUniform", "RandomNormal", "TruncatedNormal",
      "VarianceScaling",
    ] + scalings.keys.sorted()

  /// Keras knows each by its class name and in snake case, and a few by short names.
  private static func className(for name: String) -> String? {
    switch name {
    case "uniform": "RandomUniform"
    case "normal": "RandomNormal"
    case "zero": "Zeros"
    case "one": "Ones"
    default: classNames.first { $0 == name || AutomaticNames.snakeCase($0) == name }
    }
  }
}
