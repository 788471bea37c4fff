import MartletOps
import MartletTensors

/// In training shows a random part more (positive factors) or less of the scene, around the centre.
/// Without a factor for the width both axes keep their ratio.
package struct RandomZoom: ImageLayerKind {
  package static let className = "RandomZoom"
  private let height: RandomFactor
  private let width: RandomFactor?
  private let sampling: ImageSampling
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    // At −1 nothing of the image would be left.
    height = try attributes.randomFactor("height_factor", excludesLower: true)
    let isGiven = attributes.value("width_factor")?.isNull == false
    width =
      isGiven ? try attributes.randomFactor("width_factor", excludesLower: true) : nil
    sampling = try ImageSampling(&attributes)
    seed = try LayerSeed(&attributes)
  }

  package var format: DataFormat { sampling.format }
  package var randomKey: RandomKey? { seed.key }

  package var configuration: JSONObject {
    ([
      "height_factor": height.given, "width_factor": width?.given ?? .null,
      "seed": seed.configuration,
    ] as JSONObject).appending(sampling.configuration)
  }

  package func operation(on image: (height: Int, width: Int)) -> RandomMotionOp {
    sampling.operation(.zoom(height: height.range, width: width?.range), seed: seed.key)
  }
}
