import MartletOps
import MartletTensors

/// Matrix product along the last axis, with bias and activation: `(…, in)` → `(…, units)`.
///
/// Weights `kernel` (in, units) and `bias` (units).
package struct Dense: ConfigurableLayerKind {
  package static let className = "Dense"
  private let units: Int
  private let activation: ActivationFunction
  private let usesBias: Bool
  private let kernel: WeightRules
  private let bias: WeightRules

  package init(_ attributes: inout Attributes) throws(MartletError) {
    units = try attributes.integer("units", atLeast: 1)
    activation = try attributes.activation()
    usesBias = try attributes.flag("use_bias", default: true)
    kernel = try attributes.weight("kernel", initializer: "glorot_uniform")
    bias = try attributes.weight("bias", initializer: "zeros")
    try attributes.absent("quantization_config", "quantization is not part of this version")
    for name in ["lora_rank", "lora_alpha"] {
      try attributes.absent(name, "low-rank adapters are not part of this version")
    }
  }

  package var configuration: JSONObject {
    let own: JSONObject = [
      "units": .integer(units), "activation": .text(activation.rawValue),
      "use_bias": .boolean(usesBias),
    ]
    return own.appending(WeightRules.configuration([kernel, bias]))
      .appending(["quantization_config": .null])
  }

  package var hasWeights: Bool { true }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let input = try onlyInput(inputs)
    guard let depth = input.last else {
      throw .invalidArgument(
        "expected an input of at least 2 axes (batch, features), received "
          + input.batchDescription)
    }
    var requests = [try WeightRequest([depth, units], kernel)]
    if usesBias { requests.append(try WeightRequest([units], bias)) }
    return requests
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    var value = try program.apply(
      MatrixProductOp(units: units, precision: call.precision), to: call.inputs,
      variables: [call.variables[0]], layer: call.layer)
    if usesBias {
      value = try program.apply(
        BiasOp(), to: [value], variables: [call.variables[1]], layer: call.layer)
    }
    return [try activation.lower(value, into: &program, layer: call.layer)]
  }
}
