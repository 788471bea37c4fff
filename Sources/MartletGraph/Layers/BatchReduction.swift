import MartletOps
import MartletTensors

/// The sum, mean, greatest or least over the samples of a batch, the same for each of them:
/// `{"function": "mean"}`.
package struct BatchReduction: ConfigurableLayerKind {
  package static let className = "BatchReduction"
  private let function: ReductionOp.Function

  package init(_ attributes: inout Attributes) throws(MartletError) {
    function = try attributes.choice("function")
  }

  package var configuration: JSONObject { ["function": .text(function.rawValue)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [try program.apply(BatchReductionOp(function), to: call.inputs, layer: call.layer)]
  }
}
