import MartletOps
import MartletTensors

/// Normalizes each channel by the mean and the population variance of the batch in training, by
/// their moving averages else (Ioffe & Szegedy 2015, arXiv:1502.03167).
///
/// Weights of the extent of `axis`: `gamma` if `scale`, `beta` if `center`, then the averages
/// `moving_mean` and `moving_variance`. A layer that is not trainable uses the averages always.
package struct BatchNormalization: ConfigurableLayerKind {
  package static let className = "BatchNormalization"
  private let axis: Int
  private let momentum: Double
  private let epsilon: Double
  private let hasCenter: Bool
  private let hasScale: Bool
  private let beta: WeightRules
  private let gamma: WeightRules
  private let meanInitializer: Initializer
  private let varianceInitializer: Initializer

  package init(_ attributes: inout Attributes) throws(MartletError) {
    axis = try attributes.integer("axis", default: -1)
    momentum = try attributes.number("momentum", default: 0.99, atLeast: 0, atMost: 1)
    epsilon = try attributes.number("epsilon", default: 0.001, atLeast: 0)
    hasCenter = try attributes.flag("center", default: true)
    hasScale = try attributes.flag("scale", default: true)
    beta = try attributes.weight("beta", initializer: "zeros")
    gamma = try attributes.weight("gamma", initializer: "ones")
    meanInitializer = try attributes.initializer("moving_mean_initializer", default: "zeros")
    varianceInitializer = try attributes.initializer(
      "moving_variance_initializer", default: "ones")
    for unsupported in ["synchronized", "renorm"] {
      if try attributes.flag(unsupported, default: false) {
        throw attributes.invalid(unsupported, expected: "false", true)
      }
    }
    _ = attributes.value("renorm_clipping")
    _ = attributes.value("renorm_momentum")
  }

  package var configuration: JSONObject {
    let own: JSONObject = [
      "axis": .integer(axis), "momentum": .number(momentum), "epsilon": .number(epsilon),
      "center": .boolean(hasCenter), "scale": .boolean(hasScale),
    ]
    let moving: JSONObject = [
      "moving_mean_initializer": meanInitializer.configuration,
      "moving_variance_initializer": varianceInitializer.configuration,
    ]
    let weights = WeightRules.configuration([beta, gamma], initializers: moving)
    return own.appending(weights).appending([
      "synchronized": false, "renorm": false, "renorm_clipping": .null, "renorm_momentum": 0.99,
    ])
  }

  package var hasWeights: Bool { true }
  package var weightAxis: Int { axis }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let input = try onlyInput(inputs)
    let extents = [input[try sampleAxis(axis, of: input)]]
    var requests: [WeightRequest] = []
    if hasScale { requests.append(try WeightRequest(extents, gamma)) }
    if hasCenter { requests.append(try WeightRequest(extents, beta)) }
    for (name, initializer) in [
      ("moving_mean", meanInitializer), ("moving_variance", varianceInitializer),
    ] {
      requests.append(try WeightRequest(name, extents, initializer, isTrainable: false))
    }
    return requests
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = BatchNormalizationOp(
      axis: try sampleAxis(axis, of: program.shapes[call.inputs[0]]), momentum: Float(momentum),
      epsilon: Float(epsilon), hasScale: hasScale, hasCenter: hasCenter,
      isFrozen: !call.isTrainable)
    return [
      try program.apply(
        operation, to: call.inputs, variables: call.variables, layer: call.layer)
    ]
  }
}
