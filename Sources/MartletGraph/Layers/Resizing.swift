import MartletOps
import MartletTensors

/// Brings images to a size. With `crop_to_aspect_ratio` the largest part in the middle that has the
/// ratio of the new size, else all of it.
package struct Resizing: ConfigurableLayerKind {
  package static let className = "Resizing"
  private let height: Int
  private let width: Int
  private let interpolation: ImageInterpolation
  private let crops: Bool

  package init(_ attributes: inout Attributes) throws(MartletError) {
    height = try attributes.integer("height", atLeast: 1)
    width = try attributes.integer("width", atLeast: 1)
    interpolation = try attributes.choice("interpolation", default: .bilinear)
    crops = try attributes.flag("crop_to_aspect_ratio", default: false)
    for unsupported in ["pad_to_aspect_ratio", "antialias"] {
      if try attributes.flag(unsupported, default: false) {
        throw attributes.invalid(unsupported, expected: "false", true)
      }
    }
    // Only padding would look at them.
    _ = attributes.value("fill_mode")
    _ = attributes.value("fill_value")
    try attributes.dataFormat()
  }

  package var configuration: JSONObject {
    [
      "height": .integer(height), "width": .integer(width),
      "interpolation": .text(interpolation.rawValue), "crop_to_aspect_ratio": .boolean(crops),
      "pad_to_aspect_ratio": false, "fill_mode": "constant", "fill_value": 0.0,
      "antialias": false, "data_format": "channels_last",
    ]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try imageInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let image = try imageInput(call.inputs.map { program.shapes[$0] })
    let part =
      crops
      ? ResizeOp.Part(of: (image.height, image.width), inRatioOf: (height, width))
      : ResizeOp.Part(top: 0, left: 0, height: image.height, width: image.width)
    let operation = ResizeOp(
      part: part, height: height, width: width, isBilinear: interpolation == .bilinear)
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}

extension ResizeOp.Part {
  /// The largest part in the middle of an image that has the ratio of a size.
  init(of image: (height: Int, width: Int), inRatioOf size: (height: Int, width: Int)) {
    let height = max(min(image.height, image.width * size.height / size.width), 1)
    let width = max(min(image.width, image.height * size.width / size.height), 1)
    self.init(
      top: (image.height - height) / 2, left: (image.width - width) / 2, height: height,
      width: width)
  }
}
