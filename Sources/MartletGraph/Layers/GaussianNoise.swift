import MartletOps
import MartletTensors

/// In training adds normal numbers of mean 0 and deviation `stddev`; else the identity.
package struct GaussianNoise: ConfigurableLayerKind {
  package static let className = "GaussianNoise"
  private let deviation: Double
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    deviation = try attributes.number("stddev", atLeast: 0, atMost: 1)
    seed = try LayerSeed(&attributes)
  }

  package var configuration: JSONObject {
    ["stddev": .number(deviation), "seed": seed.configuration]
  }

  package var randomKey: RandomKey? { seed.key }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    guard deviation > 0 else { return call.inputs }
    let operation = NoiseOp(deviation: Float(deviation), seed: seed.key)
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
