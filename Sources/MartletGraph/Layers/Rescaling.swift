import MartletOps
import MartletTensors

/// x · scale + offset, for bringing pixels into a range: `Rescaling(1/255)`.
package struct Rescaling: ConfigurableLayerKind {
  package static let className = "Rescaling"
  private let scale: Double
  private let offset: Double

  package init(_ attributes: inout Attributes) throws(MartletError) {
    scale = try attributes.number("scale")
    offset = try attributes.number("offset", default: 0)
  }

  package var configuration: JSONObject {
    ["scale": .number(scale), "offset": .number(offset)]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = ScaleOffsetOp(scale: Float(scale), offset: Float(offset))
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
