import MartletOps
import MartletTensors

/// In training cuts a part of a given size from a random place, the same one for all images of a
/// batch. Outside training, and of images that are not larger along both axes, the largest part in the
/// middle that has its ratio, brought to the size.
package struct RandomCrop: ImageLayerKind {
  package static let className = "RandomCrop"
  private let height: Int
  private let width: Int
  private let seed: LayerSeed
  package let format: DataFormat

  package init(_ attributes: inout Attributes) throws(MartletError) {
    height = try attributes.integer("height", atLeast: 1)
    width = try attributes.integer("width", atLeast: 1)
    seed = try LayerSeed(&attributes)
    format = try attributes.imageFormat()
  }

  package var randomKey: RandomKey? { seed.key }

  package var configuration: JSONObject {
    [
      "height": .integer(height), "width": .integer(width), "seed": seed.configuration,
      "data_format": .text(format.rawValue),
    ]
  }

  package func operation(on image: (height: Int, width: Int)) -> RandomCropOp {
    let part = ResizeOp.Part(of: image, inRatioOf: (height, width))
    return RandomCropOp(
      otherwise: ResizeOp(part: part, height: height, width: width, isBilinear: true),
      isRandom: image.height > height && image.width > width, seed: seed.key)
  }
}
