import MartletOps
import MartletTensors

/// Zeros before and after a sequence: `(L, C)` → `(before + L + after, C)`.
package struct ZeroPadding1D: ImageLayerKind {
  package static let className = "ZeroPadding1D"
  private let padding: ImageBorder
  package let format: DataFormat

  package init(_ attributes: inout Attributes) throws(MartletError) {
    padding = try ImageBorder(&attributes, "padding", axes: 1, default: 1)
    format = try attributes.imageFormat()
  }

  package var axes: Int { 1 }

  package var configuration: JSONObject {
    ["padding": padding.configuration, "data_format": .text(format.rawValue)]
  }

  package func operation(on image: (height: Int, width: Int)) -> PaddingOp { padding.padding }
}
