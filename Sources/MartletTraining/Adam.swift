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
  let beta1: Double
  let beta2: Double
  let epsilon: Float

  package init(_ attributes: inout Attributes) throws(MartletError) {
    beta1 = try attributes.number("beta_1", default: 0.9, atLeast: 0, atMost: 1 - 1e-9)
    beta2 = try attributes.number("beta_2", default: 0.999, atLeast: 0, atMost: 1 - 1e-9)
    epsilon = Float(try attributes.number("epsilon", default: 1e-7, atLeast: 0))
    if try attributes.flag("amsgrad", default: false) {
      throw attributes.invalid("amsgrad", expected: "false in this version", .boolean(true))
    }
  }

  package var slotCount: Int { 2 }

  package func stepSize(learningRate: Double, step: Int) -> Double {
    learningRate * (1 - pow(beta2, Double(step))).squareRoot() / (1 - pow(beta1, Double(step)))
  }

  package func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, stepSize: Float,
    with kernels: OptimizerKernels
  ) {
    kernels.adam(
      weights, gradient, slots(0), slots(1), stepSize, Float(beta1), Float(beta2), epsilon, count)
  }
}
