import MartletOps
import MartletTensors

/// Brings images to a size. With `crop_to_aspect_ratio` the largest part in the middle that has the
/// ratio of the new size, with `pad_to_aspect_ratio` the smallest frame around them that has it, else
/// just all of it.
package struct Resizing: ImageLayerKind {
  package static let className = "Resizing"
  private let height: Int
  private let width: Int
  private let interpolation: ImageInterpolation
  private let crops: Bool
  private let pads: Bool
  private let fillValue: Double
  package let format: DataFormat

  package init(_ attributes: inout Attributes) throws(MartletError) {
    height = try attributes.integer("height", atLeast: 1)
    width = try attributes.integer("width", atLeast: 1)
    interpolation = try attributes.choice("interpolation", default: .bilinear)
    crops = try attributes.flag("crop_to_aspect_ratio", default: false)
    pads = try attributes.flag("pad_to_aspect_ratio", default: false)
    if crops && pads {
      throw .invalidArgument(
        "Resizing: crop_to_aspect_ratio and pad_to_aspect_ratio exclude each other")
    }
    let _: FillMode = try attributes.choice("fill_mode", default: .constant)
    fillValue = try attributes.number("fill_value", default: 0)
    if try attributes.flag("antialias", default: false) {
      throw attributes.invalid("antialias", expected: "false", true)
    }
    format = try attributes.imageFormat()
  }

  private enum FillMode: String, CaseIterable {
    case constant
  }

  package var configuration: JSONObject {
    [
      "height": .integer(height), "width": .integer(width),
      "interpolation": .text(interpolation.rawValue), "crop_to_aspect_ratio": .boolean(crops),
      "pad_to_aspect_ratio": .boolean(pads), "fill_mode": .text(FillMode.constant.rawValue),
      "fill_value": .number(fillValue), "antialias": false, "data_format": .text(format.rawValue),
    ]
  }

  package func operation(on image: (height: Int, width: Int)) -> ResizeOp {
    ResizeOp(
      part: part(of: image), height: height, width: width,
      isBilinear: interpolation == .bilinear, fillValue: Float(fillValue))
  }

  private func part(of image: (height: Int, width: Int)) -> ResizeOp.Part {
    if crops { return ResizeOp.Part(of: image, inRatioOf: (height, width)) }
    if pads { return ResizeOp.Part(around: image, inRatioOf: (height, width)) }
    return ResizeOp.Part(top: 0, left: 0, height: image.height, width: image.width)
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
  /// The smallest frame around an image that has the ratio of a size. Both sides are equally wide, so
  /// it may fall short of that ratio by a point, as Keras's does.
  init(around image: (height: Int, width: Int), inRatioOf size: (height: Int, width: Int)) {
    let above = max(image.width * size.height / size.width - image.height, 0) / 2
    let before = max(image.height * size.width / size.height - image.width, 0) / 2
    self.init(
      top: -above, left: -before, height: image.height + 2 * above,
      width: image.width + 2 * before)
  }
}
