import MartletOps
import MartletTensors

/// x where x > 0, else alpha·x, with a learned `alpha` for every element of a sample, or one along
/// the axes of `shared_axes` (He et al. 2015, arXiv:1502.01852).
package struct PReLU: ConfigurableLayerKind {
  package static let className = "PReLU"
  private let alpha: WeightRules
  /// As Keras counts: with the batch.
  private let sharedAxes: [Int]?

  package init(_ attributes: inout Attributes) throws(MartletError) {
    alpha = try attributes.weight("alpha", initializer: "Zeros")
    sharedAxes =
      attributes.value("shared_axes") == nil ? nil : try attributes.axes("shared_axes")
  }

  package var configuration: JSONObject {
    WeightRules.configuration([alpha])
      .appending(["shared_axes": sharedAxes.map { .integers($0) } ?? .null])
  }

  package var hasWeights: Bool { true }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let input = try onlyInput(inputs)
    var extents = input.extents
    for axis in sharedAxes ?? [] {
      guard axis >= 1, axis <= input.rank else {
        throw .invalidArgument(
          "shared_axes must name axes from 1 to \(input.rank) of an input of shape "
            + "\(input.batchDescription), received \(axis)")
      }
      extents[axis - 1] = 1
    }
    return [try WeightRequest(extents, alpha)]
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = ParametricReluOp(slopes: call.variables[0].shape)
    return [
      try program.apply(
        operation, to: call.inputs, variables: call.variables, layer: call.layer)
    ]
  }
}
