import MartletGraph
import MartletKernelTable
import MartletTensors

/// Stochastic gradient descent, with Polyak's or Nesterov's momentum (Sutskever et al. 2013). As in
/// Keras the learning rate is inside the momentum: m = μ·m − rate·g.
struct SGD: UpdateRule {
  static let className = "SGD"
  static let defaultLearningRate = 0.01
  let momentum: Float
  let nesterov: Bool

  init(_ attributes: inout Attributes) throws(MartletError) {
    momentum = Float(try attributes.number("momentum", default: 0, atLeast: 0, atMost: 1))
    nesterov = try attributes.flag("nesterov", default: false)
  }

  var slotGroups: [[Slot]] { momentum == 0 ? [] : [[Slot("momentum")]] }

  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels
  ) {
    if momentum == 0 {
      kernels.sgd(weights, gradient, factors.rate, count)
    } else {
      kernels.momentum(weights, gradient, slots(0), factors.rate, momentum, nesterov, count)
    }
  }
}
