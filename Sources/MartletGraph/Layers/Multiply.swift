import MartletOps
import MartletTensors

/// The product of its inputs. Shapes broadcast as in NumPy, sample by
/// sample.
package struct Multiply: ConfigurableLayerKind {
  package static let className = "Multiply"

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
    return [try program.apply(MultiplicationOp(), to: call.inputs, layer: call.layer)]
  }
}
