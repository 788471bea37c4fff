import MartletGraph
import MartletKernelTable
import MartletTensors

/// Steps that shrink as squared gradients add up (Duchi, Hazan & Singer 2011), with Keras's ε inside
/// the root.
struct Adagrad: UpdateRule {
  static let className = "Adagrad"
  private let start: Float
  private let epsilon: Float

  init(_ attributes: inout Attributes) throws(MartletError) {
    start = Float(try attributes.number("initial_accumulator_value", default: 0.1, atLeast: 0))
    epsilon = Float(try attributes.number("epsilon", default: 1e-7, atLeast: 0))
  }

  var slotGroups: [[Slot]] { [[Slot("accumulator", startsAt: start)]] }

  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels
  ) {
    kernels.adagrad(weights, gradient, slots(0), factors.rate, epsilon, count)
  }
}
