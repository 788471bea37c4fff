import MartletOps
import MartletTensors

/// The sum of its inputs. Shapes broadcast as in NumPy, sample by sample.
package struct Add: ConfigurableLayerKind {
  package static let className = "Add"

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
    return [try program.apply(AdditionOp(), to: call.inputs, layer: call.layer)]
  }
}
