import MartletOps
import MartletTensors

/// Images without some of their border: `(H, W, C)` → `(H − top − bottom, W − left − right, C)`.
package struct Cropping2D: ImageLayerKind {
  package static let className = "Cropping2D"
  /// Before and after, of the height and of the width.
  private let vertical: [Int]
  private let horizontal: [Int]
  package let format: DataFormat

  package init(_ attributes: inout Attributes) throws(MartletError) {
    (vertical, horizontal) = try attributes.border("cropping", default: 0)
    format = try attributes.imageFormat()
  }

  package var configuration: JSONObject {
    [
      "cropping": .array([.integers(vertical), .integers(horizontal)]),
      "data_format": .text(format.rawValue),
    ]
  }

  private func rest(of image: (height: Int, width: Int)) -> (height: Int, width: Int) {
    (
      image.height - vertical[0] - vertical[1], image.width - horizontal[0] - horizontal[1]
    )
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let image = try imageInput(inputs, format)
    let rest = rest(of: (image.height, image.width))
    guard rest.height >= 1, rest.width >= 1 else {
      throw .invalidArgument(
        "cropping (\(Shape.text(vertical)), \(Shape.text(horizontal))) must leave something of "
          + "the height \(image.height) and the width \(image.width) of an input of shape "
          + "\(inputs[0].batchDescription)")
    }
    return []
  }

  package func operation(on image: (height: Int, width: Int)) -> ResizeOp {
    let rest = rest(of: image)
    return ResizeOp(
      part: ResizeOp.Part(
        top: vertical[0], left: horizontal[0], height: rest.height, width: rest.width),
      height: rest.height, width: rest.width, isBilinear: false)
  }
}
