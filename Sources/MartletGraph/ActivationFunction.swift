import MartletKernelTable
import MartletOps
import MartletTensors

/// An activation by Keras's name, as layers take it.
package enum ActivationFunction: String, CaseIterable, Sendable {
  case linear
  case relu
  case relu6
  case leakyRelu = "leaky_relu"
  case elu
  case celu
  case selu
  case gelu
  /// `gelu(approximate=True)`, for which Keras has no name.
  case geluByTanh = "gelu_tanh"
  case silu
  case hardSigmoid = "hard_sigmoid"
  case hardSilu = "hard_silu"
  case hardTanh = "hard_tanh"
  case sigmoid
  case logSigmoid = "log_sigmoid"
  case softplus
  case softsign
  case tanh
  case exponential
  case mish
  case softmax

  /// Keras's second names.
  private static let aliases: [String: ActivationFunction] = [
    "swish": .silu, "hard_swish": .hardSilu,
  ]

  /// - Throws: `invalidArgument` with the nearest known name.
  package init(named name: String) throws(MartletError) {
    guard
      let known = ActivationFunction(rawValue: name) ?? ActivationFunction.aliases[name]
    else {
      throw unknownName(
        name, kind: "activation",
        known: ActivationFunction.allCases.map(\.rawValue)
          + ActivationFunction.aliases.keys.sorted())
    }
    self = known
  }

  /// Applies it to a value. Softmax runs along the last axis; `linear` adds nothing.
  func lower(
    _ input: Program.ValueID, into program: inout Program, layer: String
  ) throws(MartletError) -> Program.ValueID {
    if self == .softmax {
      let rank = program.shapes[input].rank
      guard rank > 0 else {
        throw .invalidArgument(
          "softmax needs an axis beside the batch, received an input of shape "
            + program.shapes[input].batchDescription)
      }
      return try program.apply(SoftmaxOp(axis: rank - 1), to: [input], layer: layer)
    }
    let activation = elementwise
    guard activation != .linear else { return input }
    return try program.apply(ActivationOp(activation), to: [input], layer: layer)
  }

  /// With the slopes of Keras's functions; the layers of the same names have other defaults.
  private var elementwise: Activation {
    switch self {
    case .linear, .softmax: .linear
    case .relu: .relu
    case .relu6: .clipped(minimum: 0, maximum: 6)
    case .leakyRelu: .leakyRelu(slope: 0.2)
    // The two differ for an alpha other than 1 only.
    case .elu, .celu: .elu(alpha: 1)
    case .selu: .selu
    case .gelu: .gelu
    case .geluByTanh: .geluByTanh
    case .silu: .silu
    case .hardSigmoid: .hardSigmoid
    case .hardSilu: .hardSilu
    case .hardTanh: .clipped(minimum: -1, maximum: 1)
    case .sigmoid: .sigmoid
    case .logSigmoid: .logSigmoid
    case .softplus: .softplus
    case .softsign: .softsign
    case .tanh: .tanh
    case .exponential: .exponential
    case .mish: .mish
    }
  }
}
