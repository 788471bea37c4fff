import MartletOps
import MartletTensors

/// Sequences without some of their first and last steps: `(L, C)` → `(L − before − after, C)`.
package struct Cropping1D: ImageLayerKind {
  package static let className = "Cropping1D"
  private let cropping: ImageBorder

  package init(_ attributes: inout Attributes) throws(MartletError) {
    cropping = try ImageBorder(&attributes, "cropping", axes: 1, default: 1)
  }

  package var axes: Int { 1 }
  package var configuration: JSONObject { ["cropping": cropping.configuration] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    try cropping.checkCropping(inputs, input)
    return []
  }

  package func operation(on image: (height: Int, width: Int)) -> ResizeOp {
    cropping.cropping(of: image)
  }
}
