import MartletOps
import MartletTensors

/// In training turns images around their centre by a random part of a full turn, counter-clockwise.
package struct RandomRotation: ImageLayerKind {
  package static let className = "RandomRotation"
  private let turns: ClosedRange<Double>
  private let sampling: ImageSampling
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    turns = try attributes.factor("factor")
    sampling = try ImageSampling(&attributes)
    seed = try LayerSeed(&attributes)
  }

  package var format: DataFormat { sampling.format }
  package var randomKey: RandomKey? { seed.key }

  package var configuration: JSONObject {
    (["factor": turns.configuration, "seed": seed.configuration] as JSONObject)
      .appending(sampling.configuration)
  }

  package func operation(on image: (height: Int, width: Int)) -> RandomMotionOp {
    sampling.operation(.rotation(turns), seed: seed.key)
  }
}
