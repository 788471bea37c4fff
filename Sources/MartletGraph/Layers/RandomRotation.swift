import MartletOps
import MartletTensors

/// In training turns images around their centre by a random part of a full turn, counter-clockwise.
package struct RandomRotation: ConfigurableLayerKind {
  package static let className = "RandomRotation"
  private let turns: ClosedRange<Double>
  private let sampling: ImageSampling
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    turns = try attributes.factor("factor")
    sampling = try ImageSampling(&attributes)
    seed = try LayerSeed(&attributes)
  }

  package var randomKey: RandomKey? { seed.key }

  package var configuration: JSONObject {
    (["factor": turns.configuration, "seed": seed.configuration] as JSONObject)
      .appending(sampling.configuration)
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try imageInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = sampling.operation(.rotation(turns), seed: seed.key)
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
