import MartletOps
import MartletTensors

/// In training adds a random part of the range of values to every value of an image.
package struct RandomBrightness: ConfigurableLayerKind {
  package static let className = "RandomBrightness"
  private let shares: ClosedRange<Double>
  private let bounds: ClosedRange<Float>
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    shares = try attributes.factor("factor")
    bounds = try attributes.valueRange()
    seed = try LayerSeed(&attributes)
  }

  package var randomKey: RandomKey? { seed.key }

  package var configuration: JSONObject {
    [
      "factor": shares.configuration, "value_range": bounds.configuration,
      "seed": seed.configuration,
    ]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try imageInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = RandomColorOp(.brightness(shares), bounds: bounds, seed: seed.key)
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
