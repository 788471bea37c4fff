import MartletOps
import MartletTensors

/// The mean of each channel over the whole image: `(H, W, C)` → `(C)`, or `(1, 1, C)` with
/// `keepdims`.
package struct GlobalAveragePooling2D: ConfigurableLayerKind {
  package static let className = "GlobalAveragePooling2D"
  private let keepsDimensions: Bool

  package init(_ attributes: inout Attributes) throws(MartletError) {
    try attributes.dataFormat()
    keepsDimensions = try attributes.flag("keepdims", default: false)
  }

  package var configuration: JSONObject {
    ["data_format": "channels_last", "keepdims": .boolean(keepsDimensions)]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try imageInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = GlobalAverageOp(keepsDimensions: keepsDimensions)
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
