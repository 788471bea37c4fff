import MartletOps
import MartletTensors

/// Images `size` times as large: every point repeated, or what lies between the centres of points.
package struct UpSampling2D: ImageLayerKind {
  package static let className = "UpSampling2D"
  /// Of the height and of the width.
  private let size: [Int]
  package let format: DataFormat
  private let interpolation: ImageInterpolation

  package init(_ attributes: inout Attributes) throws(MartletError) {
    size = try attributes.pair("size", default: [2, 2])
    format = try attributes.imageFormat()
    interpolation = try attributes.choice("interpolation", default: .nearest)
  }

  package var configuration: JSONObject {
    [
      "size": .integers(size), "data_format": .text(format.rawValue),
      "interpolation": .text(interpolation.rawValue),
    ]
  }

  package func operation(on image: (height: Int, width: Int)) -> ResizeOp {
    ResizeOp(
      part: ResizeOp.Part(top: 0, left: 0, height: image.height, width: image.width),
      height: image.height * size[0], width: image.width * size[1],
      isBilinear: interpolation == .bilinear)
  }
}
