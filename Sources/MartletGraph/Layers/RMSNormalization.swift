import MartletOps
import MartletTensors

/// Divides each sample by the root of its mean square along `axis`, and multiplies by the weight
/// `scale` of the extents of those axes (Zhang & Sennrich 2019, arXiv:1910.07467).
package struct RMSNormalization: ConfigurableLayerKind {
  package static let className = "RMSNormalization"
  private let axes: FeatureAxes
  private let epsilon: Double

  package init(_ attributes: inout Attributes) throws(MartletError) {
    axes = try FeatureAxes(&attributes)
    epsilon = try attributes.number("epsilon", default: 1e-6, atLeast: 0)
  }

  package var configuration: JSONObject {
    ["axis": axes.configuration, "epsilon": .number(epsilon)]
  }

  package var hasWeights: Bool { true }
  package var weightAxis: Int { axes.last }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let extents = try axes.extents(of: onlyInput(inputs))
    return [try WeightRequest("scale", extents, try Initializer("ones"))]
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = LayerNormalizationOp(
      by: .rootMeanSquare, axisCount: try axes.ofSample(program.shapes[call.inputs[0]]).count,
      epsilon: Float(epsilon), factors: FeatureFactors(hasScale: true, hasCenter: false))
    return try axes.apply(operation, to: call, into: &program)
  }
}
