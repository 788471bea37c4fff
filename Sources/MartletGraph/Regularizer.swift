import MartletOps
import MartletTensors

/// What weights or outputs add to the loss: Keras's regularizers (`keras/src/regularizers`).
package struct Regularizer: Sendable {
  package let penalty: Penalty
  private let className: String
  private let arguments: JSONObject

  /// Arguments of each class, with their defaults.
  private static let classes: [String: [(name: String, fallback: Double)]] = [
    "L1": [("l1", 0.01)], "L2": [("l2", 0.01)], "L1L2": [("l1", 0), ("l2", 0)],
  ]

  /// Reads `"l2"`, `"L2"` or `{"class_name": …, "config": {…}}`.
  ///
  /// - Throws: `invalidArgument` with the nearest name for an unknown one.
  package init(_ value: JSONValue) throws(MartletError) {
    let (name, config) = try namedObject(value, "a regularizer")
    guard
      let (className, known) = Regularizer.classes.first(where: {
        $0.key == name || $0.key.lowercased() == name
      })
    else {
      throw unknownName(
        name, kind: "regularizer", known: Regularizer.classes.keys.map { $0.lowercased() }.sorted())
    }
    var attributes = Attributes(className: className, object: config)
    var factors: [String: Double] = [:]
    var arguments = JSONObject()
    for (name, fallback) in known {
      let factor = try attributes.number(name, default: fallback, atLeast: 0)
      factors[name] = factor
      arguments[name] = .number(factor)
    }
    try attributes.finish()
    penalty = Penalty(l1: Float(factors["l1"] ?? 0), l2: Float(factors["l2"] ?? 0))
    self.className = className
    self.arguments = arguments
  }

  /// The regularizer as Keras serialises it.
  package var configuration: JSONValue {
    .keras(module: "keras.regularizers", className: className, config: arguments)
  }
}

/// Name and arguments of `"name"` or `{"class_name": …, "config": {…}}`.
func namedObject(
  _ value: JSONValue, _ what: String
) throws(MartletError) -> (name: String, config: JSONObject) {
  switch value {
  case .text(let name): return (name, JSONObject())
  case .object(let object):
    guard case .text(let name)? = object["class_name"] else {
      throw MartletError(
        .invalidType, "\(what) object must have a class_name, received \(value.excerpt())")
    }
    guard let config = object["config"], !config.isNull else { return (name, JSONObject()) }
    guard case .object(let arguments) = config else {
      throw MartletError(
        .invalidType, "\(what)'s config must be an object, received \(config.excerpt())")
    }
    return (name, arguments)
  default:
    throw MartletError(
      .invalidType,
      "\(what) must be a name or an object with class_name and config, "
        + "received \(value.excerpt())")
  }
}
