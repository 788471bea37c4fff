import MartletKernelTable
import MartletOps
import MartletTensors

/// A function of every element by its name in `keras.ops`: `{"function": "sqrt"}`. The functions that
/// are activations are those of `Activation`.
package struct ElementFunction: ConfigurableLayerKind {
  package static let className = "ElementFunction"

  private enum Function: String, CaseIterable {
    case abs, exp, log, reciprocal, sign, sqrt, square

    var activation: Activation {
      switch self {
      case .abs: .magnitude
      case .exp: .exponential
      case .log: .logarithm
      case .reciprocal: .reciprocal
      case .sign: .sign
      case .sqrt: .squareRoot
      case .square: .square
      }
    }
  }

  private let function: Function

  package init(_ attributes: inout Attributes) throws(MartletError) {
    function = try attributes.choice("function")
  }

  package var configuration: JSONObject { ["function": .text(function.rawValue)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [
      try program.apply(
        ActivationOp(function.activation), to: call.inputs, layer: call.layer)
    ]
  }
}
