import MartletGraph
import MartletKernelTable
import MartletTensors

/// RMSprop (Hinton, lecture 6e of "Neural networks for machine learning", 2012) with Keras's ε inside
/// the root; plain, centered (Graves 2013, arXiv:1308.0850), and with momentum.
struct RMSprop: UpdateRule {
  static let className = "RMSprop"
  let rho: Float
  let momentum: Float
  let epsilon: Float
  let isCentered: Bool

  init(_ attributes: inout Attributes) throws(MartletError) {
    rho = Float(try attributes.number("rho", default: 0.9, atLeast: 0, atMost: 1))
    momentum = Float(try attributes.number("momentum", default: 0, atLeast: 0, atMost: 1))
    epsilon = Float(try attributes.number("epsilon", default: 1e-7, atLeast: 0))
    isCentered = try attributes.flag("centered", default: false)
  }

  var slotGroups: [[Slot]] {
    [[Slot("velocity")]] + (momentum > 0 ? [[Slot("momentum")]] : [])
      + (isCentered ? [[Slot("average_gradient")]] : [])
  }

  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels
  ) {
    kernels.rmsprop(
      weights, gradient, slots(0), momentum > 0 ? slots(1) : nil,
      isCentered ? slots(momentum > 0 ? 2 : 1) : nil, factors.rate, rho, momentum, epsilon, count)
  }
}
