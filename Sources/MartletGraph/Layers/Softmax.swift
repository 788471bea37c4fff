import MartletOps
import MartletTensors

/// exp(x) / Σ exp(x) along one axis.
package struct Softmax: ConfigurableLayerKind {
  package static let className = "Softmax"
  /// As given: the batch counts, negative from the end.
  private let axis: Int

  package init(_ attributes: inout Attributes) throws(MartletError) {
    axis = try attributes.integer("axis", default: -1)
  }

  package var configuration: JSONObject { ["axis": .integer(axis)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try sampleAxis(axis, of: onlyInput(inputs))
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let axis = try sampleAxis(axis, of: program.shapes[call.inputs[0]])
    return [try program.apply(SoftmaxOp(axis: axis), to: call.inputs, layer: call.layer)]
  }
}
