import MartletOps
import MartletTensors

/// In training mirrors images at random: `horizontal` left to right, `vertical` upside down,
/// `horizontal_and_vertical` both at once or not at all, as in Keras.
package struct RandomFlip: ImageLayerKind {
  package static let className = "RandomFlip"

  private enum Mode: String, CaseIterable {
    case horizontal, vertical
    case both = "horizontal_and_vertical"
  }

  private let mode: Mode
  private let seed: LayerSeed
  package let format: DataFormat

  package init(_ attributes: inout Attributes) throws(MartletError) {
    mode = try attributes.choice("mode", default: .both)
    seed = try LayerSeed(&attributes)
    format = try attributes.imageFormat()
  }

  package var randomKey: RandomKey? { seed.key }

  package var configuration: JSONObject {
    [
      "mode": .text(mode.rawValue), "seed": seed.configuration,
      "data_format": .text(format.rawValue),
    ]
  }

  package func operation(on image: (height: Int, width: Int)) -> RandomMotionOp {
    RandomMotionOp(
      .flip(horizontal: mode != .vertical, vertical: mode != .horizontal), seed: seed.key)
  }
}
