import MartletOps
import MartletTensors

/// Images without some of their border: `(H, W, C)` → `(H − top − bottom, W − left − right, C)`.
package struct Cropping2D: ImageLayerKind {
  package static let className = "Cropping2D"
  private let cropping: ImageBorder
  package let format: DataFormat

  package init(_ attributes: inout Attributes) throws(MartletError) {
    cropping = try ImageBorder(&attributes, "cropping", default: 0)
    format = try attributes.imageFormat()
  }

  package var configuration: JSONObject {
    ["cropping": cropping.configuration, "data_format": .text(format.rawValue)]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    try cropping.checkCropping(inputs, input)
    return []
  }

  package func operation(on image: (height: Int, width: Int)) -> ResizeOp {
    cropping.cropping(of: image)
  }
}
