import MartletOps
import MartletTensors

/// In training moves images down and to the right by random parts of their height and width.
package struct RandomTranslation: ImageLayerKind {
  package static let className = "RandomTranslation"
  private let height: RandomFactor
  private let width: RandomFactor
  private let sampling: ImageSampling
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    height = try attributes.randomFactor("height_factor")
    width = try attributes.randomFactor("width_factor")
    sampling = try ImageSampling(&attributes)
    seed = try LayerSeed(&attributes)
  }

  package var format: DataFormat { sampling.format }
  package var randomKey: RandomKey? { seed.key }

  package var configuration: JSONObject {
    ([
      "height_factor": height.given, "width_factor": width.given, "seed": seed.configuration,
    ] as JSONObject).appending(sampling.configuration)
  }

  package func operation(on image: (height: Int, width: Int)) -> RandomMotionOp {
    sampling.operation(.translation(height: height.range, width: width.range), seed: seed.key)
  }
}
