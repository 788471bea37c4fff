import MartletOps
import MartletTensors

/// All elements of a sample in one axis, in row-major order: `(H, W, C)` → `(H·W·C)`.
package struct Flatten: ConfigurableLayerKind {
  package static let className = "Flatten"

  package init(_ attributes: inout Attributes) throws(MartletError) {
    try attributes.dataFormat()
  }

  package var configuration: JSONObject { ["data_format": "channels_last"] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let shape = try Shape([program.shapes[call.inputs[0]].count])
    return [try program.apply(ReshapeOp(shape: shape), to: call.inputs, layer: call.layer)]
  }
}
