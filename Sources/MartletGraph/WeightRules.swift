/// What a layer's arguments say of one weight: how it starts, what its size costs, where it is kept.
struct WeightRules: Sendable {
  let name: String
  let initializer: Initializer
  var regularizer: Regularizer?
  var constraint: Constraint?

  /// The arguments of several weights: all initializers, all regularizers, all constraints, as Keras
  /// orders them.
  ///
  /// - Parameters:
  ///   - initializers: Further arguments that stand behind the initializers.
  ///   - regularizers: Those that stand behind the regularizers.
  static func configuration(
    _ weights: [WeightRules], initializers: JSONObject = [:], regularizers: JSONObject = [:]
  ) -> JSONObject {
    var result = JSONObject()
    for weight in weights {
      result["\(weight.name)_initializer"] = weight.initializer.configuration
    }
    result = result.appending(initializers)
    for weight in weights {
      result["\(weight.name)_regularizer"] = weight.regularizer?.configuration ?? .null
    }
    result = result.appending(regularizers)
    for weight in weights {
      result["\(weight.name)_constraint"] = weight.constraint?.configuration ?? .null
    }
    return result
  }
}
