import MartletOps
import MartletTensors

/// In training sets a share `rate` of the channels of each image to zero and scales the others by
/// 1 / (1 − rate); else the identity (Tompson et al. 2014, arXiv:1411.4280).
package struct SpatialDropout2D: ConfigurableLayerKind {
  package static let className = "SpatialDropout2D"
  private let rate: Double
  private let format: DataFormat
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    rate = try attributes.number("rate", atLeast: 0, atMost: 1)
    format = try attributes.imageFormat()
    seed = try LayerSeed(&attributes)
  }

  package var configuration: JSONObject {
    [
      "rate": .number(rate), "seed": seed.configuration, "data_format": .text(format.rawValue),
    ]
  }

  package var tellsTrainability: Bool { false }
  package var randomKey: RandomKey? { seed.key }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try imageInput(inputs, format)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    guard rate > 0 else { return call.inputs }
    let (_, _, channels) = try imageInput(call.inputs.map { program.shapes[$0] }, format)
    let operation = SharedDropoutOp(
      rate: Float(rate), seed: seed.key, mask: try Shape([1, 1, channels]))
    return [
      try format.withChannelsLast(call, into: &program) { image, program throws(MartletError) in
        try program.apply(operation, to: [image], layer: call.layer)
      }
    ]
  }
}
