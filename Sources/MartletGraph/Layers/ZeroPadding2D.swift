import MartletOps
import MartletTensors

/// Zeros around an image: `(H, W, C)` → `(top + H + bottom, left + W + right, C)`.
package struct ZeroPadding2D: ConfigurableLayerKind {
  package static let className = "ZeroPadding2D"
  /// Before and after, of the height and of the width.
  private let vertical: [Int]
  private let horizontal: [Int]
  private let format: DataFormat

  package init(_ attributes: inout Attributes) throws(MartletError) {
    (vertical, horizontal) = try attributes.border("padding", default: 1)
    format = try attributes.imageFormat()
  }

  package var configuration: JSONObject {
    [
      "padding": .array([.integers(vertical), .integers(horizontal)]),
      "data_format": .text(format.rawValue),
    ]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try imageInput(inputs, format)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = PaddingOp(
      top: vertical[0], bottom: vertical[1], left: horizontal[0], right: horizontal[1])
    return [
      try format.withChannelsLast(call, into: &program) { image, program throws(MartletError) in
        try program.apply(operation, to: [image], layer: call.layer)
      }
    ]
  }
}
