import MartletGraph
import MartletKernelTable
import MartletTensors

/// Stochastic gradient descent, with Polyak's or Nesterov's momentum (Sutskever et al. 2013). As in
/// Keras the learning rate is inside the momentum: m = μ·m − rate·g.
package struct SGD: UpdateRule {
  package static let className = "SGD"
  package static let defaultLearningRate = 0.01
  let momentum: Float
  let nesterov: Bool

  package init(_ attributes: inout Attributes) throws(MartletError) {
    momentum = Float(try attributes.number("momentum", default: 0, atLeast: 0, atMost: 1))
    nesterov = try attributes.flag("nesterov", default: false)
  }

  package var slotGroups: [[Slot]] { momentum == 0 ? [] : [[Slot("momentum")]] }

  package func stepSize(learningRate: Double, step: Int) -> Double { learningRate }

  package func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, stepSize: Float,
    with kernels: OptimizerKernels
  ) {
    if momentum == 0 {
      kernels.sgd(weights, gradient, stepSize, count)
    } else {
      kernels.momentum(weights, gradient, slots(0), stepSize, momentum, nesterov, count)
    }
  }
}
