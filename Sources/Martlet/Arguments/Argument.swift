import MartletGraph

/// A value as the core reads it. Layers, losses, metrics and optimizers are handed to it as a class name
/// and arguments, which it checks: so every rule and every message stands there once.
protocol Argument {
  var json: JSONValue { get }
}

extension Int: Argument {
  var json: JSONValue { .integer(self) }
}

extension Double: Argument {
  var json: JSONValue { .number(self) }
}

extension Bool: Argument {
  var json: JSONValue { .boolean(self) }
}

extension String: Argument {
  var json: JSONValue { .text(self) }
}

extension Array: Argument where Element: Argument {
  var json: JSONValue { .array(map(\.json)) }
}

/// Nothing stands for the default of the core, or for none.
extension Optional: Argument where Wrapped: Argument {
  var json: JSONValue { map(\.json) ?? .null }
}

extension Argument where Self: RawRepresentable, RawValue == String {
  var json: JSONValue { .text(rawValue) }
}

/// Arguments by Keras's names, in the order in which they are written.
typealias Arguments = KeyValuePairs<String, any Argument>

extension JSONObject {
  init(_ arguments: Arguments) {
    self.init(arguments.map { (key: $0.key, value: $0.value.json) })
  }
}

extension JSONValue {
  /// `{"class_name": …, "config": {…}}`, without the arguments that are not given.
  static func described(_ className: String, _ arguments: Arguments = [:]) -> JSONValue {
    let given = JSONObject(arguments).members.filter { !$0.value.isNull }
    return ["class_name": .text(className), "config": .object(JSONObject(given))]
  }
}
