import MartletGraph
import MartletKernelTable
import MartletTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Adam (Kingma & Ba 2014, arXiv:1412.6980) in the form with ε added to the uncorrected √v, as Keras
/// has it.
package struct Adam: UpdateRule {
  package static let className = "Adam"
  package static let defaultLearningRate = 0.001
  // In single precision, as the kernel has them: 1 − Float(0.999) is off by 1e-5 of itself, which
  // cancels against the same error in the step size.
  let beta1: Float
  let beta2: Float
  let epsilon: Float

  package init(_ attributes: inout Attributes) throws(MartletError) {
    beta1 = Float(try attributes.number("beta_1", default: 0.9, atLeast: 0, atMost: 1 - 1e-7))
    beta2 = Float(try attributes.number("beta_2", default: 0.999, atLeast: 0, atMost: 1 - 1e-7))
    epsilon = Float(try attributes.number("epsilon", default: 1e-7, atLeast: 0))
    if try attributes.flag("amsgrad", default: false) {
      throw attributes.invalid("amsgrad", expected: "false in this version", .boolean(true))
    }
  }

  package var slotGroups: [[Slot]] { [[Slot("momentum"), Slot("velocity")]] }

  package func stepSize(learningRate: Double, step: Int) -> Double {
    let correction1 = 1 - pow(Double(beta1), Double(step))
    let correction2 = 1 - pow(Double(beta2), Double(step))
    return learningRate * correction2.squareRoot() / correction1
  }

  package func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, stepSize: Float,
    with kernels: OptimizerKernels
  ) {
    kernels.adam(
      weights, gradient, slots(0), slots(1), stepSize, beta1, beta2, epsilon, count)
  }
}
