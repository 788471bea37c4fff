import MartletOps
import MartletTensors

/// Every step of a sequence `size` times: `(L, C)` → `(L · size, C)`.
package struct UpSampling1D: ImageLayerKind {
  package static let className = "UpSampling1D"
  private let size: Int

  package init(_ attributes: inout Attributes) throws(MartletError) {
    size = try attributes.sizes("size", count: 1, default: [2])[0]
  }

  package var axes: Int { 1 }
  package var configuration: JSONObject { ["size": .integer(size)] }

  package func operation(on image: (height: Int, width: Int)) -> ResizeOp {
    ResizeOp(
      part: ResizeOp.Part(top: 0, left: 0, height: 1, width: image.width),
      height: 1, width: image.width * size, isBilinear: false)
  }
}
