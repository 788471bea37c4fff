import MartletKernelTable
import MartletOps
import MartletTensors

/// x where x > 0, else `negative_slope`·x. The layer's slope is 0.3 where the function's is 0.2.
package struct LeakyReLU: ConfigurableLayerKind {
  package static let className = "LeakyReLU"
  private let slope: Double

  package init(_ attributes: inout Attributes) throws(MartletError) {
    // `alpha` is the argument's name in Keras 2.
    let isOld = attributes.value("alpha") != nil && attributes.value("negative_slope") == nil
    slope = try attributes.number(isOld ? "alpha" : "negative_slope", default: 0.3, atLeast: 0)
  }

  package var configuration: JSONObject { ["negative_slope": .number(slope)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = ActivationOp(.leakyRelu(slope: Float(slope)))
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
