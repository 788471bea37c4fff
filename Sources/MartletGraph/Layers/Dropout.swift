import MartletOps
import MartletTensors

/// In training sets a share `rate` of the elements to zero and scales the others by 1 / (1 − rate);
/// else the identity (Srivastava et al. 2014).
package struct Dropout: ConfigurableLayerKind {
  package static let className = "Dropout"
  private let rate: Double
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    rate = try attributes.number("rate", atLeast: 0, atMost: 1)
    seed = try LayerSeed(&attributes)
    try attributes.absent("noise_shape", "elements are dropped one by one in this version")
  }

  package var configuration: JSONObject {
    [
      "rate": .number(rate), "seed": seed.configuration, "noise_shape": .null,
    ]
  }

  package var randomKey: RandomKey? { seed.key }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    guard rate > 0 else { return call.inputs }
    let operation = DropoutOp(rate: Float(rate), seed: seed.key)
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
