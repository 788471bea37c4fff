import MartletOps
import MartletTensors

/// All elements of a sample in one axis, in row-major order: `(H, W, C)` → `(H·W·C)`. Channels that
/// stand first go last before that, so that weights behind it suit both formats, as in Keras.
package struct Flatten: ConfigurableLayerKind {
  package static let className = "Flatten"

  private let format: DataFormat

  package init(_ attributes: inout Attributes) throws(MartletError) {
    format = try attributes.imageFormat()
  }

  package var configuration: JSONObject { ["data_format": .text(format.rawValue)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let input = program.shapes[call.inputs[0]]
    var value = call.inputs[0]
    if format == .channelsFirst, input.rank > 1 {
      let order = Array(1..<input.rank) + [0]
      value = try program.apply(TranspositionOp(order: order), to: [value], layer: call.layer)
    }
    let flat = ReshapeOp(shape: try Shape([input.count]))
    return [try program.apply(flat, to: [value], layer: call.layer)]
  }
}
