import MartletOps
import MartletTensors

/// Cuts a part of a given size out of the middle of images. Images that are too small are cut to the
/// ratio of that size and enlarged.
package struct CenterCrop: ImageLayerKind {
  package static let className = "CenterCrop"
  private let height: Int
  private let width: Int
  package let format: DataFormat

  package init(_ attributes: inout Attributes) throws(MartletError) {
    height = try attributes.integer("height", atLeast: 1)
    width = try attributes.integer("width", atLeast: 1)
    format = try attributes.imageFormat()
  }

  package var configuration: JSONObject {
    ["height": .integer(height), "width": .integer(width), "data_format": .text(format.rawValue)]
  }

  package func operation(on image: (height: Int, width: Int)) -> ResizeOp {
    let fits = image.height >= height && image.width >= width
    let part =
      fits
      ? ResizeOp.Part(
        top: (image.height - height) / 2, left: (image.width - width) / 2, height: height,
        width: width)
      : ResizeOp.Part(of: image, inRatioOf: (height, width))
    return ResizeOp(part: part, height: height, width: width, isBilinear: !fits)
  }
}
