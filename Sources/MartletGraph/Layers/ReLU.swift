import MartletKernelTable
import MartletOps
import MartletTensors

/// The rectifier: x above `threshold` and up to `max_value`, and `negative_slope`·(x − threshold) else.
package struct ReLU: ConfigurableLayerKind {
  package static let className = "ReLU"
  private let maximum: Double?
  private let slope: Double
  private let threshold: Double

  package init(_ attributes: inout Attributes) throws(MartletError) {
    maximum =
      attributes.value("max_value") == nil ? nil : try attributes.number("max_value", atLeast: 0)
    slope = try attributes.number("negative_slope", default: 0, atLeast: 0)
    threshold = try attributes.number("threshold", default: 0, atLeast: 0)
  }

  package var configuration: JSONObject {
    [
      "max_value": maximum.map { .number($0) } ?? .null, "negative_slope": .number(slope),
      "threshold": .number(threshold),
    ]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let slope = Float(slope)
    // The plain forms are the ones that the engine fuses into the layer before.
    let activation: Activation =
      if let maximum, slope == 0, threshold == 0 {
        .clipped(minimum: 0, maximum: Float(maximum))
      } else if maximum != nil || threshold != 0 {
        .boundedRelu(
          slope: slope, maximum: maximum.map { Float($0) } ?? .infinity,
          threshold: Float(threshold))
      } else if slope != 0 {
        .leakyRelu(slope: slope)
      } else {
        .relu
      }
    return [try program.apply(ActivationOp(activation), to: call.inputs, layer: call.layer)]
  }
}
