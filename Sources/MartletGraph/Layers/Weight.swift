import MartletOps
import MartletTensors

/// A weight that stands in a graph as a value: a layer that is called on nothing. What layers written
/// in another language are made of.
///
/// Weight `value`, or `weight_name`, of `shape`.
package struct Weight: ConfigurableLayerKind {
  package static let className = "Weight"
  private let shape: [Int]
  private let isTrained: Bool
  private let rules: WeightRules

  package init(_ attributes: inout Attributes) throws(MartletError) {
    shape = try attributes.integers("shape")
    isTrained = try attributes.flag("trained", default: true)
    let given = try attributes.weight("value", initializer: "glorot_uniform")
    rules = WeightRules(
      name: attributes.value("weight_name") == nil ? "value" : try attributes.text("weight_name"),
      initializer: given.initializer, regularizer: given.regularizer, constraint: given.constraint)
  }

  package var configuration: JSONObject {
    let own: JSONObject = [
      "shape": .integers(shape), "trained": .boolean(isTrained), "weight_name": .text(rules.name),
    ]
    let value = WeightRules(
      name: "value", initializer: rules.initializer, regularizer: rules.regularizer,
      constraint: rules.constraint)
    return own.appending(WeightRules.configuration([value]))
  }

  package var hasWeights: Bool { true }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    guard inputs.isEmpty else {
      throw .invalidArgument("expected to be called on nothing, received \(inputs.count) inputs")
    }
    return [try WeightRequest(shape, rules, isTrainable: isTrained)]
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let variable = call.variables[0]
    return [
      try program.apply(
        WeightValueOp(shape: variable.shape), to: [], variables: [variable], layer: call.layer)
    ]
  }
}
