import MartletOps
import MartletTensors

/// Normalizes each sample by itself, by mean and population variance along `axis` (Ba et al. 2016,
/// arXiv:1607.06450).
///
/// Weights of the extents of those axes: `gamma` if `scale`, `beta` if `center`.
package struct LayerNormalization: ConfigurableLayerKind {
  package static let className = "LayerNormalization"
  private let axes: FeatureAxes
  private let epsilon: Double
  private let hasCenter: Bool
  private let hasScale: Bool
  private let beta: WeightRules
  private let gamma: WeightRules

  package init(_ attributes: inout Attributes) throws(MartletError) {
    axes = try FeatureAxes(&attributes)
    epsilon = try attributes.number("epsilon", default: 0.001, atLeast: 0)
    hasCenter = try attributes.flag("center", default: true)
    hasScale = try attributes.flag("scale", default: true)
    beta = try attributes.weight("beta", initializer: "zeros")
    gamma = try attributes.weight("gamma", initializer: "ones")
    if try attributes.flag("rms_scaling", default: false) {
      throw attributes.invalid(
        "rms_scaling", expected: "false; RMSNormalization divides by the root mean square", true)
    }
  }

  package var configuration: JSONObject {
    let own: JSONObject = [
      "axis": axes.configuration, "epsilon": .number(epsilon), "center": .boolean(hasCenter),
      "scale": .boolean(hasScale), "rms_scaling": false,
    ]
    return own.appending(WeightRules.configuration([beta, gamma]))
  }

  package var hasWeights: Bool { true }
  package var weightAxis: Int { axes.last }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let extents = try axes.extents(of: onlyInput(inputs))
    var requests: [WeightRequest] = []
    if hasScale { requests.append(try WeightRequest(extents, gamma)) }
    if hasCenter { requests.append(try WeightRequest(extents, beta)) }
    return requests
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = LayerNormalizationOp(
      by: .deviation, axisCount: try axes.ofSample(program.shapes[call.inputs[0]]).count,
      epsilon: Float(epsilon), factors: FeatureFactors(hasScale: hasScale, hasCenter: hasCenter))
    return try axes.apply(operation, to: call, into: &program)
  }
}
