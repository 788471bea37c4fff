import MartletTensors

/// What every Keras layer takes besides its own arguments.
package struct CommonAttributes: Sendable {
  /// `nil`: the layer names itself.
  package let name: String?
  package let isTrainable: Bool
  let policy: DTypePolicy
  let activityRegularizer: Regularizer?

  init(_ attributes: inout Attributes) throws(MartletError) {
    if attributes.value("name") != nil {
      let given = try attributes.text("name")
      do {
        try CommonAttributes.check(name: given)
      } catch {
        throw MartletError(error.kind, "\(attributes.className): \(error.message)")
      }
      name = given
    } else {
      name = nil
    }
    isTrainable = try attributes.flag("trainable", default: true)
    policy = try attributes.policy("dtype")
    _ = try attributes.flag("autocast", default: true)
    activityRegularizer = try attributes.regularizer("activity_regularizer")
  }

  /// Names stand in weight files and C strings, and `/` separates them there.
  static func check(name: String) throws(MartletError) {
    let isPlain = name.unicodeScalars.allSatisfy { $0 != "/" && $0.value >= 0x20 }
    guard !name.isEmpty, isPlain else {
      throw .invalidArgument(
        "argument 'name' must not be empty nor contain '/' or control characters, "
          + "received \(JSONValue.text(name).excerpt())")
    }
  }
}

extension Attributes {
  mutating func imageFormat() throws(MartletError) -> DataFormat {
    try choice("data_format", default: .channelsLast)
  }

  /// - Parameter causal: Whether it may be that, too, as for sequences.
  mutating func padding(causal: Bool = false) throws(MartletError) -> Padding {
    try choice(
      "padding", default: .valid, among: causal ? [.valid, .same, .causal] : [.valid, .same])
  }

  mutating func activation(_ name: String = "activation") throws(MartletError) -> ActivationFunction
  {
    guard value(name) != nil else { return .linear }
    let text = try text(name)
    do {
      return try ActivationFunction(named: text)
    } catch {
      throw MartletError(error.kind, "\(className): \(error.message)")
    }
  }

  /// - Parameter fallback: Keras's default for this weight.
  mutating func initializer(
    _ name: String, default fallback: JSONValue
  ) throws(MartletError) -> Initializer {
    do {
      return try Initializer(value(name) ?? fallback)
    } catch {
      throw MartletError(error.kind, "\(className): argument '\(name)': \(error.message)")
    }
  }

  /// A seed, of any sign; `nil` where none is given.
  mutating func seed() throws(MartletError) -> Int? {
    guard value("seed") != nil else { return nil }
    return try integer("seed", atMost: .max)
  }

  mutating func regularizer(_ name: String) throws(MartletError) -> Regularizer? {
    guard let value = value(name) else { return nil }
    do {
      return try Regularizer(value)
    } catch {
      throw MartletError(error.kind, "\(className): argument '\(name)': \(error.message)")
    }
  }

  mutating func constraint(_ name: String) throws(MartletError) -> Constraint? {
    guard let value = value(name) else { return nil }
    do {
      return try Constraint(value)
    } catch {
      throw MartletError(error.kind, "\(className): argument '\(name)': \(error.message)")
    }
  }

  /// Reads `kernel_initializer`, `kernel_regularizer` and `kernel_constraint` for the weight `kernel`.
  ///
  /// - Parameter fallback: Keras's default initializer for this weight.
  mutating func weight(
    _ name: String, initializer fallback: JSONValue
  ) throws(MartletError) -> WeightRules {
    WeightRules(
      name: name, initializer: try initializer("\(name)_initializer", default: fallback),
      regularizer: try regularizer("\(name)_regularizer"),
      constraint: try constraint("\(name)_constraint"))
  }

  /// A policy's name, or Keras's object that holds it.
  fileprivate mutating func policy(_ name: String) throws(MartletError) -> DTypePolicy {
    guard let given = value(name) else { return .float32 }
    var policyName = given
    if case .object(let object) = given, case .object(let config)? = object["config"] {
      policyName = config["name"] ?? .null
    }
    guard case .text(let text) = policyName, let policy = DTypePolicy(rawValue: text) else {
      throw unknownPolicy(name, policyName, given)
    }
    return policy
  }

  private func unknownPolicy(
    _ name: String, _ policyName: JSONValue, _ given: JSONValue
  ) -> MartletError {
    let known = DTypePolicy.allCases.map { "'\($0.rawValue)'" }.joined(separator: " or ")
    let error = invalid(name, expected: known, given)
    guard case .text(let text) = policyName, let near = DTypePolicy.nearestName(to: text) else {
      return error
    }
    return MartletError(error.kind, "\(error.message); did you mean '\(near)'?")
  }
}

extension JSONValue {
  /// An object as Keras serialises those of its public classes.
  static func keras(module: String, className: String, config: JSONObject) -> JSONValue {
    [
      "module": .text(module), "class_name": .text(className), "config": .object(config),
      "registered_name": .null,
    ]
  }
}

/// Name and arguments of `{"class_name": …, "config": {…}}`, or of a name alone.
package func describedClass(
  _ description: JSONValue, _ kind: String
) throws(MartletError) -> (name: String, config: JSONObject) {
  switch description {
  case .text(let name): return (name, JSONObject())
  case .object(let object):
    guard case .text(let name)? = object["class_name"] else { break }
    switch object["config"] {
    case .object(let config)?: return (name, config)
    case nil, .null?: return (name, JSONObject())
    default: break
    }
  default: break
  }
  throw MartletError(
    .invalidType,
    "\(kind): expected a name or {\"class_name\": …, \"config\": {…}}, "
      + "got \(description.excerpt())")
}
