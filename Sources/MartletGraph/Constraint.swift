import MartletOps
import MartletTensors

/// What weights are brought back to after each step: Keras's constraints (`keras/src/constraints`).
package struct Constraint: Sendable {
  private enum Rule: Sendable {
    case nonNegative
    case norm(minimum: Double, maximum: Double, rate: Double, axes: [Int])
  }

  private let className: String
  private let rule: Rule
  private let arguments: JSONObject

  private static let names = [
    "max_norm": "MaxNorm", "non_neg": "NonNeg", "unit_norm": "UnitNorm",
    "min_max_norm": "MinMaxNorm",
  ]

  /// Reads `"max_norm"`, `"MaxNorm"` or `{"class_name": …, "config": {…}}`.
  ///
  /// - Throws: `invalidArgument` with the nearest name for an unknown one.
  package init(_ value: JSONValue) throws(MartletError) {
    let (name, config) = try namedObject(value, "a constraint")
    guard
      let className = Constraint.names[name]
        ?? Constraint.names.values.first(where: { $0 == name })
    else {
      throw unknownName(name, kind: "constraint", known: Constraint.names.keys.sorted())
    }
    var attributes = Attributes(className: className, object: config)
    var arguments = JSONObject()
    func number(
      _ name: String, _ fallback: Double, atMost most: Double = .infinity
    ) throws(MartletError) -> Double {
      let number = try attributes.number(name, default: fallback, atLeast: 0, atMost: most)
      arguments[name] = .number(number)
      return number
    }
    func axes() throws(MartletError) -> [Int] {
      let axes = try attributes.axes("axis", default: .integer(0))
      arguments["axis"] = attributes.value("axis") ?? .integer(0)
      return axes
    }
    switch className {
    case "NonNeg": rule = .nonNegative
    case "UnitNorm": rule = .norm(minimum: 1, maximum: 1, rate: 1, axes: try axes())
    case "MaxNorm":
      rule = .norm(minimum: 0, maximum: try number("max_value", 2), rate: 1, axes: try axes())
    default:
      let minimum = try number("min_value", 0)
      let maximum = try number("max_value", 1)
      guard minimum <= maximum else {
        throw attributes.invalid(
          "max_value", expected: "at least min_value, \(minimum)", .number(maximum))
      }
      rule = .norm(
        minimum: minimum, maximum: maximum, rate: try number("rate", 1, atMost: 1),
        axes: try axes())
    }
    try attributes.finish()
    self.className = className
    self.arguments = arguments
  }

  /// The constraint as Keras serialises it.
  package var configuration: JSONValue {
    .keras(module: "keras.constraints", className: className, config: arguments)
  }

  /// What it does to a weight of a shape.
  ///
  /// - Throws: `invalidArgument` for an axis that the weight does not have.
  func projection(of shape: Shape) throws(MartletError) -> Projection {
    guard case .norm(let minimum, let maximum, let rate, let axes) = rule else {
      return .nonNegative
    }
    var counted: Set<Int> = []
    for axis in axes {
      guard axis >= -shape.rank, axis < shape.rank else {
        throw .invalidArgument(
          "\(className): axis \(axis) is out of range for a weight of shape \(shape)")
      }
      counted.insert(axis < 0 ? axis + shape.rank : axis)
    }
    return .norm(
      minimum: Float(minimum), maximum: Float(maximum), rate: Float(rate), axes: counted)
  }
}
