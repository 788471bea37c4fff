import MartletOps
import MartletTensors

/// The mean of its inputs. Shapes broadcast as in NumPy, sample by
/// sample.
package struct Average: ConfigurableLayerKind {
  package static let className = "Average"

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
    let sum = try program.apply(AdditionOp(), to: call.inputs, layer: call.layer)
    let mean = ScaleOffsetOp(scale: 1 / Float(call.inputs.count), offset: 0)
    return [try program.apply(mean, to: [sum], layer: call.layer)]
  }
}
