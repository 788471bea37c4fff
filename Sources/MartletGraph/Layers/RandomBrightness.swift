import MartletOps
import MartletTensors

/// In training adds a random part of the range of values to every value of an image.
package struct RandomBrightness: ImageLayerKind {
  package static let className = "RandomBrightness"
  private let shares: ClosedRange<Double>
  private let bounds: ClosedRange<Float>
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    shares = try attributes.factor("factor")
    bounds = try attributes.valueRange()
    seed = try LayerSeed(&attributes)
  }

  package var randomKey: RandomKey? { seed.key }

  package var configuration: JSONObject {
    [
      "factor": shares.configuration, "value_range": bounds.configuration,
      "seed": seed.configuration,
    ]
  }

  package func operation(on image: (height: Int, width: Int)) -> RandomColorOp {
    RandomColorOp(.brightness(shares), bounds: bounds, seed: seed.key)
  }
}
