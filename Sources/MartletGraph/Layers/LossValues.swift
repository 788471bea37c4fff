import MartletKernelTable
import MartletOps
import MartletTensors

/// The loss of every prediction, called on targets and predictions: `{"loss": {"class_name":
/// "MeanSquaredError", "config": {}}}`. Reductions of the loss have no effect.
package struct LossValues: ConfigurableLayerKind {
  package static let className = "LossValues"
  private let description: JSONValue
  private let operation: LossValueOp

  package init(_ attributes: inout Attributes) throws(MartletError) {
    guard let description = attributes.value("loss") else {
      throw MartletError(.invalidType, "LossValues: missing the required argument 'loss'")
    }
    self.description = description
    // The last axis is the one that counts, whatever the rank.
    let term = try Loss.term(description, rank: 2)
    operation = LossValueOp(term.function, ignoring: term.ignoredClass)
  }

  package var configuration: JSONObject { ["loss": description] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try operation.outputShape(of: inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
