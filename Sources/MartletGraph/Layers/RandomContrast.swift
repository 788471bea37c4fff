import MartletOps
import MartletTensors

/// In training stretches the values of each channel around their mean in the image by a random factor.
///
/// A single number f stands for factors from 1 − f to 1 + f, two numbers for 1 − lower to 1 + upper.
package struct RandomContrast: ImageLayerKind {
  package static let className = "RandomContrast"
  /// How far factors go below and above 1.
  private let below: Double
  private let above: Double
  private let bounds: ClosedRange<Float>
  private let seed: LayerSeed

  package init(_ attributes: inout Attributes) throws(MartletError) {
    let range = try attributes.factor("factor", in: 0...1)
    let isOneNumber = attributes.value("factor")?.double != nil
    below = isOneNumber ? range.upperBound : range.lowerBound
    above = range.upperBound
    bounds = try attributes.valueRange()
    seed = try LayerSeed(&attributes)
  }

  package var randomKey: RandomKey? { seed.key }

  package var configuration: JSONObject {
    [
      "factor": .array([.number(below), .number(above)]), "value_range": bounds.configuration,
      "seed": seed.configuration,
    ]
  }

  package func operation(on image: (height: Int, width: Int)) -> RandomColorOp {
    RandomColorOp(.contrast((1 - below)...(1 + above)), bounds: bounds, seed: seed.key)
  }
}
