import MartletOps
import MartletTensors

/// The greatest of its inputs, element by element. Shapes broadcast as in NumPy, sample by
/// sample.
package struct Maximum: ConfigurableLayerKind {
  package static let className = "Maximum"

  package init(_ attributes: inout Attributes) throws(MartletError) {}

  package var configuration: JSONObject { [:] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    try someInputs(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    guard call.inputs.count > 1 else { return call.inputs }
    let operation = ExtremeOp(isMinimum: false)
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
