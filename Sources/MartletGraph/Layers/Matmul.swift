import MartletOps
import MartletTensors

/// The matrix product of two tensors: `(…, m, k)` and `(…, k, n)` → `(…, m, n)`, or all rows of
/// `(…, k)` by one matrix `(k, n)`. A matrix that is a weight is read as a dense layer reads its
/// kernel.
package struct Matmul: ConfigurableLayerKind {
  package static let className = "Matmul"

  package init(_ attributes: inout Attributes) throws(MartletError) {}

  package var configuration: JSONObject { [:] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    guard inputs.count == 2 else {
      throw .invalidArgument("expected 2 inputs, received \(inputs.count)")
    }
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    if let matrix = program.weight(of: call.inputs[1]), matrix.shape.rank == 2,
      program.shapes[call.inputs[0]].last == matrix.shape[0]
    {
      let product = MatrixProductOp(units: matrix.shape[1], precision: call.precision)
      return [
        try program.apply(
          product, to: [call.inputs[0]], variables: [matrix], layer: call.layer)
      ]
    }
    return [try program.apply(TensorProductOp(), to: call.inputs, layer: call.layer)]
  }
}
