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
    // A weight along the last axis is a bias, which fuses with the product before it.
    if call.inputs.count == 2, let bias = program.weight(of: call.inputs[1]),
      bias.shape.rank == 1, program.shapes[call.inputs[0]].last == bias.shape[0]
    {
      return [
        try program.apply(
          BiasOp(), to: [call.inputs[0]], variables: [bias], layer: call.layer)
      ]
    }
    return [try program.apply(AdditionOp(), to: call.inputs, layer: call.layer)]
  }
}
