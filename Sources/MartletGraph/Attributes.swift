import MartletTensors

/// Reads a layer's arguments out of a JSON object, one by one, each with its range, and at the end
/// finds those that nobody asked for.
///
/// Every error names the class, the argument, what was expected and what was given; a value of the
/// wrong kind is `invalidType`, one out of range `invalidArgument`.
package struct Attributes {
  /// The class whose arguments these are: `Conv2D`.
  package let className: String
  private let object: JSONObject
  private var asked: Set<String> = []

  /// Sizes beyond this are refused, so that sums and products of two of them cannot overflow.
  package static let largestSize = 1 << 24

  package init(className: String, object: JSONObject) {
    self.className = className
    self.object = object
  }

  /// The argument as it was given; `nil` where it is missing or null.
  package mutating func value(_ name: String) -> JSONValue? {
    asked.insert(name)
    guard let value = object[name], !value.isNull else { return nil }
    return value
  }

  /// - Parameter fallback: Stands for a missing or null argument; without one it is an error.
  package mutating func integer(
    _ name: String, default fallback: Int? = nil, atLeast least: Int = .min,
    atMost most: Int = largestSize
  ) throws(MartletError) -> Int {
    guard let value = value(name) else { return try required(name, fallback) }
    guard case .integer(let integer) = value else {
      throw wrongType(name, expected: "an integer", value)
    }
    guard integer >= least else {
      throw invalid(name, expected: "an integer of at least \(least)", value)
    }
    guard integer <= most else {
      throw invalid(name, expected: Attributes.range(least, most), value)
    }
    return integer
  }

  /// Two sizes, vertical first: `3` stands for `[3, 3]`.
  package mutating func pair(
    _ name: String, default fallback: [Int]? = nil, atLeast least: Int = 1
  ) throws(MartletError) -> [Int] {
    try sizes(name, count: 2, default: fallback, atLeast: least)
  }

  /// One size for each of `count` axes, vertical first: `3` stands for as many.
  package mutating func sizes(
    _ name: String, count: Int, default fallback: [Int]? = nil, atLeast least: Int = 1
  ) throws(MartletError) -> [Int] {
    guard let value = value(name) else { return try required(name, fallback) }
    let elements: [JSONValue]
    if case .array(let array) = value {
      elements = array
    } else {
      elements = [JSONValue](repeating: value, count: count)
    }
    var sizes: [Int] = []
    for case .integer(let size) in elements { sizes.append(size) }
    guard sizes.count == count, elements.count == count else {
      throw wrongType(
        name, expected: "an integer or a list of \(count) integer\(count == 1 ? "" : "s")", value)
    }
    guard sizes.allSatisfy({ $0 >= least && $0 <= Attributes.largestSize }) else {
      throw invalid(
        name, expected: "integers from \(least) to \(Attributes.largestSize)", value)
    }
    return sizes
  }

  package mutating func integers(_ name: String) throws(MartletError) -> [Int] {
    guard let value = value(name) else { return try required(name, nil) }
    var result: [Int] = []
    guard case .array(let elements) = value else {
      throw wrongType(name, expected: "a list of integers", value)
    }
    for element in elements {
      guard case .integer(let integer) = element else {
        throw wrongType(name, expected: "a list of integers", value)
      }
      result.append(integer)
    }
    return result
  }

  /// A shape, with null for extents left open.
  package mutating func extents(_ name: String) throws(MartletError) -> [Int?] {
    guard let value = value(name) else { return try required(name, nil) }
    let expectation = "a list of integers, null for an extent left open"
    guard case .array(let elements) = value else {
      throw wrongType(name, expected: expectation, value)
    }
    var result: [Int?] = []
    for element in elements {
      switch element {
      case .integer(let extent): result.append(extent)
      case .null: result.append(nil)
      default: throw wrongType(name, expected: expectation, value)
      }
    }
    return result
  }

  /// One axis or a list of them.
  ///
  /// - Parameter fallback: Stands for a missing or null argument; without one it is an error.
  package mutating func axes(
    _ name: String, default fallback: JSONValue? = nil
  ) throws(MartletError) -> [Int] {
    guard let value = value(name) ?? fallback else { return try required(name, nil) }
    if case .integer(let axis) = value { return [axis] }
    guard case .array(let elements) = value else {
      throw wrongType(name, expected: "an integer or a list of integers", value)
    }
    var axes: [Int] = []
    for case .integer(let axis) in elements { axes.append(axis) }
    guard axes.count == elements.count else {
      throw wrongType(name, expected: "an integer or a list of integers", value)
    }
    return axes
  }

  /// A shape in which extents may be left open; `nil` where none is given.
  package mutating func openShape(_ name: String) throws(MartletError) -> [Int?]? {
    guard let value = value(name) else { return nil }
    guard case .array(let elements) = value else {
      throw wrongType(name, expected: "a list of integers or null", value)
    }
    var extents: [Int?] = []
    for element in elements {
      switch element {
      case .null: extents.append(nil)
      case .integer(let extent) where extent >= 1: extents.append(extent)
      default: throw invalid(name, expected: "extents of at least 1 or null", value)
      }
    }
    return extents
  }

  /// A number that a `Float` can hold.
  package mutating func number(
    _ name: String, default fallback: Double? = nil, atLeast least: Double = -.infinity,
    atMost most: Double = .infinity
  ) throws(MartletError) -> Double {
    guard let value = value(name) else { return try required(name, fallback) }
    guard let number = value.double else { throw wrongType(name, expected: "a number", value) }
    guard Float(number).isFinite else {
      throw invalid(name, expected: "a number within single precision", value)
    }
    guard number >= least, number <= most else {
      throw invalid(name, expected: Attributes.range(least, most), value)
    }
    return number
  }

  /// A list of numbers that a `Float` can hold.
  package mutating func numbers(_ name: String) throws(MartletError) -> [Double] {
    guard let value = value(name) else { return try required(name, nil) }
    guard case .array(let elements) = value else {
      throw wrongType(name, expected: "a list of numbers", value)
    }
    var result: [Double] = []
    for element in elements {
      guard let number = element.double, Float(number).isFinite else {
        throw wrongType(name, expected: "a list of numbers", value)
      }
      result.append(number)
    }
    return result
  }

  package mutating func flag(_ name: String, default fallback: Bool) throws(MartletError) -> Bool {
    guard let value = value(name) else { return fallback }
    guard case .boolean(let flag) = value else {
      throw wrongType(name, expected: "true or false", value)
    }
    return flag
  }

  package mutating func text(
    _ name: String, default fallback: String? = nil
  ) throws(MartletError) -> String {
    guard let value = value(name) else { return try required(name, fallback) }
    guard case .text(let text) = value else { throw wrongType(name, expected: "text", value) }
    return text
  }

  /// One of the cases of a text enumeration, in any letter case.
  ///
  /// - Parameter known: Those that the layer takes; `nil` for all.
  package mutating func choice<Choice: RawRepresentable & CaseIterable>(
    _ name: String, default fallback: Choice? = nil, among known: [Choice]? = nil
  ) throws(MartletError) -> Choice where Choice.RawValue == String {
    let text = try text(name, default: fallback?.rawValue)
    let known = known ?? Array(Choice.allCases)
    guard let choice = known.first(where: { $0.rawValue == text.lowercased() }) else {
      let names = known.map { "'\($0.rawValue)'" }.joined(separator: " or ")
      throw invalid(name, expected: names, .text(text))
    }
    return choice
  }

  /// Refuses a missing argument; null is fine.
  package mutating func requireKey(_ name: String) throws(MartletError) {
    if object[name] == nil { let _: Int = try required(name, nil) }
  }

  /// Refuses anything but null for an argument whose feature this version lacks.
  package mutating func absent(_ name: String, _ reason: String) throws(MartletError) {
    if let value = value(name) {
      throw invalid(name, expected: "null, as \(reason)", value)
    }
  }

  /// Refuses the arguments nobody asked for.
  package func finish() throws(MartletError) {
    for name in object.keys where !asked.contains(name) {
      let error = unknownName(name, kind: "argument", known: asked)
      throw MartletError(error.kind, "\(className): \(error.message)")
    }
  }

  package func invalid(_ name: String, expected: String, _ given: JSONValue) -> MartletError {
    .invalidArgument(
      "\(className): invalid value for argument '\(name)': expected \(expected), "
        + "received \(given.excerpt())")
  }

  func wrongType(_ name: String, expected: String, _ given: JSONValue) -> MartletError {
    MartletError(
      .invalidType,
      "\(className): argument '\(name)' must be \(expected), received \(given.excerpt())")
  }

  private func required<Value>(
    _ name: String, _ fallback: Value?
  ) throws(MartletError) -> Value {
    if let fallback { return fallback }
    let fault = object[name] == nil ? "missing the required argument" : "null given for argument"
    throw MartletError(.invalidType, "\(className): \(fault) '\(name)'")
  }

  private static func range(_ least: Int, _ most: Int) -> String {
    least == .min ? "an integer of at most \(most)" : "an integer from \(least) to \(most)"
  }

  private static func range(_ least: Double, _ most: Double) -> String {
    switch (least, most) {
    case (0, .infinity): "a number of at least 0"
    case (0, 1): "a number between 0 and 1"
    case (_, .infinity): "a number of at least \(least)"
    default: "a number between \(least) and \(most)"
    }
  }
}
