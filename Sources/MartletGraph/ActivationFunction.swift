import MartletKernelTable
import MartletOps
import MartletTensors

/// An activation by Keras's name, as layers take it.
package enum ActivationFunction: String, CaseIterable, Sendable {
  case linear
  case relu
  case leakyRelu = "leaky_relu"
  case elu
  case sigmoid
  case tanh
  case softmax

  /// - Throws: `invalidArgument` with the nearest known name.
  package init(named name: String) throws(MartletError) {
    guard let known = ActivationFunction(rawValue: name) else {
      throw unknownName(
        name, kind: "activation", known: ActivationFunction.allCases.map(\.rawValue))
    }
    self = known
  }

  /// Applies it to a value. Softmax runs along the last axis; `linear` adds nothing.
  func lower(
    _ input: Program.ValueID, into program: inout Program, layer: String
  ) throws(MartletError) -> Program.ValueID {
    let activation: Activation
    switch self {
    case .linear: return input
    case .softmax:
      let rank = program.shapes[input].rank
      guard rank > 0 else {
        throw .invalidArgument(
          "softmax needs an axis beside the batch, received an input of shape "
            + program.shapes[input].batchDescription)
      }
      return try program.apply(SoftmaxOp(axis: rank - 1), to: [input], layer: layer)
    case .relu: activation = .relu
    // Slopes of Keras's functions; the layers of the same names have other defaults.
    case .leakyRelu: activation = .leakyRelu(slope: 0.2)
    case .elu: activation = .elu(alpha: 1)
    case .sigmoid: activation = .sigmoid
    case .tanh: activation = .tanh
    }
    return try program.apply(ActivationOp(activation), to: [input], layer: layer)
  }
}
