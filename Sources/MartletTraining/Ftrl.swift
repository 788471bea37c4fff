import MartletGraph
import MartletKernelTable
import MartletTensors

/// "Follow the regularized leader" (McMahan et al. 2013, doi:10.1145/2487575.2488200).
struct Ftrl: UpdateRule {
  static let className = "Ftrl"
  private let power: Float
  private let start: Float
  private let l1: Float
  private let l2: Float
  private let shrinkage: Float
  private let beta: Float

  init(_ attributes: inout Attributes) throws(MartletError) {
    power = -Float(try attributes.number("learning_rate_power", default: -0.5, atMost: 0))
    start = Float(try attributes.number("initial_accumulator_value", default: 0.1, atLeast: 0))
    l1 = Float(try attributes.number("l1_regularization_strength", default: 0, atLeast: 0))
    l2 = Float(try attributes.number("l2_regularization_strength", default: 0, atLeast: 0))
    shrinkage = Float(
      try attributes.number("l2_shrinkage_regularization_strength", default: 0, atLeast: 0))
    beta = Float(try attributes.number("beta", default: 0))
  }

  var slotGroups: [[Slot]] { [[Slot("accumulator", startsAt: start), Slot("linear")]] }

  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels
  ) {
    kernels.ftrl(
      weights, gradient, slots(0), slots(1), factors.rate, power, l1,
      l2 + beta / (2 * factors.rate), shrinkage, count)
  }
}
