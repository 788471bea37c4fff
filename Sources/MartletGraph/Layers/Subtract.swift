import MartletOps
import MartletTensors

/// The first of two inputs minus the second. Shapes broadcast as in NumPy, sample by
/// sample.
package struct Subtract: ConfigurableLayerKind {
  package static let className = "Subtract"

  package init(_ attributes: inout Attributes) throws(MartletError) {}

  package var configuration: JSONObject { [:] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    guard inputs.count == 2 else {
      throw .invalidArgument("expected a list of exactly 2 inputs, received \(inputs.count)")
    }
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let negative = try program.apply(
      ScaleOffsetOp(scale: -1, offset: 0), to: [call.inputs[1]], layer: call.layer)
    return [
      try program.apply(AdditionOp(), to: [call.inputs[0], negative], layer: call.layer)
    ]
  }
}
