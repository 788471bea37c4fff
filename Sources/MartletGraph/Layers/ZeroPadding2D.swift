import MartletOps
import MartletTensors

/// Zeros around an image: `(H, W, C)` → `(top + H + bottom, left + W + right, C)`.
package struct ZeroPadding2D: ImageLayerKind {
  package static let className = "ZeroPadding2D"
  private let padding: ImageBorder
  package let format: DataFormat

  package init(_ attributes: inout Attributes) throws(MartletError) {
    padding = try ImageBorder(&attributes, "padding", default: 1)
    format = try attributes.imageFormat()
  }

  package var configuration: JSONObject {
    ["padding": padding.configuration, "data_format": .text(format.rawValue)]
  }

  package func operation(on image: (height: Int, width: Int)) -> PaddingOp { padding.padding }
}
