import MartletOps
import MartletTensors

/// Normalizes groups of neighbouring channels of each sample by their mean and population variance
/// over all points (Wu & He 2018, arXiv:1803.08494).
///
/// Weights of the extent of `axis`: `gamma` if `scale`, `beta` if `center`.
package struct GroupNormalization: ConfigurableLayerKind {
  package static let className = "GroupNormalization"
  /// −1 for one per channel.
  private let groups: Int
  private let axis: Int
  private let epsilon: Double
  private let hasCenter: Bool
  private let hasScale: Bool
  private let beta: WeightRules
  private let gamma: WeightRules

  package init(_ attributes: inout Attributes) throws(MartletError) {
    groups = try attributes.integer("groups", default: 32)
    guard groups >= 1 || groups == -1 else {
      throw attributes.invalid(
        "groups", expected: "a positive integer, or -1 for one group per channel",
        .integer(groups))
    }
    axis = try attributes.integer("axis", default: -1)
    epsilon = try attributes.number("epsilon", default: 0.001, atLeast: 0)
    hasCenter = try attributes.flag("center", default: true)
    hasScale = try attributes.flag("scale", default: true)
    beta = try attributes.weight("beta", initializer: "zeros")
    gamma = try attributes.weight("gamma", initializer: "ones")
  }

  package var configuration: JSONObject {
    let own: JSONObject = [
      "groups": .integer(groups), "axis": .integer(axis), "epsilon": .number(epsilon),
      "center": .boolean(hasCenter), "scale": .boolean(hasScale),
    ]
    return own.appending(WeightRules.configuration([beta, gamma]))
  }

  package var hasWeights: Bool { true }
  package var weightAxis: Int { axis }

  private func channels(of input: Shape) throws(MartletError) -> Int {
    input[try sampleAxis(axis, of: input)]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let input = try onlyInput(inputs)
    let channels = try channels(of: input)
    guard groups == -1 || channels.isMultiple(of: groups) else {
      let divisors = (1...channels).filter { channels.isMultiple(of: $0) }
      let possible = divisors.map(String.init).joined(separator: ", ")
      throw .invalidArgument(
        "groups=\(groups) does not divide the \(channels) channels of an input of shape "
          + "\(input.batchDescription); possible are \(possible), and -1 for one per channel")
    }
    var requests: [WeightRequest] = []
    if hasScale { requests.append(try WeightRequest([channels], gamma)) }
    if hasCenter { requests.append(try WeightRequest([channels], beta)) }
    return requests
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let channels = try channels(of: program.shapes[call.inputs[0]])
    let operation = GroupNormalizationOp(
      groups: groups == -1 ? channels : groups, epsilon: Float(epsilon),
      factors: FeatureFactors(hasScale: hasScale, hasCenter: hasCenter))
    return try FeatureAxes(axis).apply(operation, to: call, into: &program)
  }
}
