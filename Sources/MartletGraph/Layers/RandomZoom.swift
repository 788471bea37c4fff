import MartletOps
import MartletTensors

/// In training shows a random part more (positive factors) or less of the scene, around the centre.
/// Without a factor for the width both axes keep their ratio.
package struct RandomZoom: ConfigurableLayerKind {
  package static let className = "RandomZoom"
  private let height: ClosedRange<Double>
  private let width: ClosedRange<Double>?
  private let givenHeight: JSONValue
  private let givenWidth: JSONValue
  private let sampling: ImageSampling
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    // At −1 nothing of the image would be left.
    height = try attributes.factor("height_factor", excludesLower: true)
    givenHeight = attributes.value("height_factor") ?? .null
    givenWidth = attributes.value("width_factor") ?? .null
    width =
      givenWidth.isNull ? nil : try attributes.factor("width_factor", excludesLower: true)
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
    let operation = sampling.operation(.zoom(height: height, width: width), seed: seed.key)
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
