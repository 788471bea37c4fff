/// A JSON text, read: what layer attributes, configurations and descriptions travel in.
///
/// Own code because Foundation's would double the size of the library (6 → 13.6 MB with
/// FoundationEssentials) and its errors do not say where a text is wrong.
package enum JSONValue: Equatable, Sendable {
  case null
  case boolean(Bool)
  /// A number written without fraction and exponent that fits; larger ones are `number`.
  case integer(Int)
  /// Always finite when it was read.
  case number(Double)
  case text(String)
  case array([JSONValue])
  case object(JSONObject)

  /// A number that prints as short as the float does: `0.1`, not `0.10000000149011612`.
  package static func number(short value: Float) -> JSONValue {
    .number(Double(value.description) ?? Double(value))
  }

  /// The number, whether or not it was written as an integer.
  package var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  package var isNull: Bool { self == .null }
}

/// Members of a JSON object in the order they were written.
package struct JSONObject: Equatable, Sendable {
  package private(set) var members: [(key: String, value: JSONValue)] = []
  private var positions: [String: Int] = [:]

  package init() {}

  package init(_ members: some Sequence<(key: String, value: JSONValue)>) {
    for (key, value) in members { self[key] = value }
  }

  /// Setting a known key keeps its place; `nil` has no effect.
  package subscript(key: String) -> JSONValue? {
    get { positions[key].map { members[$0].value } }
    set {
      guard let newValue else { return }
      if let position = positions[key] {
        members[position].value = newValue
      } else {
        positions[key] = members.count
        members.append((key, newValue))
      }
    }
  }

  package var keys: [String] { members.map(\.key) }

  /// The members of both, those of `other` behind.
  package func appending(_ other: JSONObject) -> JSONObject {
    var result = self
    for (key, value) in other.members { result[key] = value }
    return result
  }

  /// Equal members in the same order.
  package static func == (a: JSONObject, b: JSONObject) -> Bool {
    a.members.count == b.members.count && zip(a.members, b.members).allSatisfy { $0 == $1 }
  }
}

extension JSONValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral
{
  package init(booleanLiteral value: Bool) { self = .boolean(value) }
  package init(integerLiteral value: Int) { self = .integer(value) }
  package init(floatLiteral value: Double) { self = .number(value) }
  package init(stringLiteral value: String) { self = .text(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSONValue)...) {
    self.init(elements.map { (key: $0.0, value: $0.1) })
  }
}

extension JSONValue {
  package static func integers(_ values: some Sequence<Int>) -> JSONValue {
    .array(values.map { .integer($0) })
  }

  /// A shape, with null for extents left open.
  package static func extents(_ values: some Sequence<Int?>) -> JSONValue {
    .array(values.map { $0.map { .integer($0) } ?? .null })
  }
}
