import MartletOps
import MartletTensors

/// A vector `n` times, one under the other: `(features)` → `(n, features)`.
package struct RepeatVector: ConfigurableLayerKind {
  package static let className = "RepeatVector"
  private let count: Int

  package init(_ attributes: inout Attributes) throws(MartletError) {
    count = try attributes.integer("n", atLeast: 1)
  }

  package var configuration: JSONObject { ["n": .integer(count)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let input = try onlyInput(inputs)
    guard input.rank == 1 else {
      throw .invalidArgument(
        "expected an input of 2 axes (batch, features), received \(input.batchDescription)")
    }
    return []
  }

  /// An image of one point becomes one of `n` points.
  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let features = program.shapes[call.inputs[0]].count
    let point = try program.apply(
      ReshapeOp(shape: try Shape([1, 1, features])), to: call.inputs, layer: call.layer)
    let repetition = ResizeOp(
      part: ResizeOp.Part(top: 0, left: 0, height: 1, width: 1), height: count, width: 1,
      isBilinear: false)
    let points = try program.apply(repetition, to: [point], layer: call.layer)
    return [
      try program.apply(
        ReshapeOp(shape: try Shape([count, features])), to: [points], layer: call.layer)
    ]
  }
}
