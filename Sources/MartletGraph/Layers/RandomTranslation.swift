import MartletOps
import MartletTensors

/// In training moves images down and to the right by random parts of their height and width.
package struct RandomTranslation: ConfigurableLayerKind {
  package static let className = "RandomTranslation"
  private let height: ClosedRange<Double>
  private let width: ClosedRange<Double>
  private let givenHeight: JSONValue
  private let givenWidth: JSONValue
  private let sampling: ImageSampling
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    height = try attributes.factor("height_factor")
    width = try attributes.factor("width_factor")
    givenHeight = attributes.value("height_factor") ?? .null
    givenWidth = attributes.value("width_factor") ?? .null
    sampling = try ImageSampling(&attributes)
    seed = try LayerSeed(&attributes)
  }

  package var randomKey: RandomKey? { seed.key }

  package var configuration: JSONObject {
    ([
      "height_factor": givenHeight, "width_factor": givenWidth, "seed": seed.configuration,
    ] as JSONObject).appending(sampling.configuration)
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try imageInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = sampling.operation(
      .translation(height: height, width: width), seed: seed.key)
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
