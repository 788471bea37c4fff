import MartletGraph
import MartletKernelTable
import MartletTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How fast the means of the Adam family forget.
///
/// In single precision, as the kernels have them: 1 − Float(0.999) is off by 1e-5 of itself, which
/// cancels against the same error in the corrections.
struct MomentRates {
  let beta1: Float
  let beta2: Float
  let epsilon: Float

  init(_ attributes: inout Attributes) throws(MartletError) {
    beta1 = Float(try attributes.number("beta_1", default: 0.9, atLeast: 0, atMost: 1 - 1e-7))
    beta2 = Float(try attributes.number("beta_2", default: 0.999, atLeast: 0, atMost: 1 - 1e-7))
    epsilon = Float(try attributes.number("epsilon", default: 1e-7, atLeast: 0))
  }

  /// What the first mean has to be divided by in its first steps: 1 − β₁ᵗ.
  func correction1(_ step: Int) -> Double { 1 - pow(Double(beta1), Double(step)) }
  /// The same of the second: 1 − β₂ᵗ.
  func correction2(_ step: Int) -> Double { 1 - pow(Double(beta2), Double(step)) }
}

/// Adam (Kingma & Ba 2014, arXiv:1412.6980) in the form with ε added to the uncorrected √v, as Keras
/// has it.
struct Adam: UpdateRule {
  static let className = "Adam"
  private let rates: MomentRates
  private let isAMSGrad: Bool

  init(_ attributes: inout Attributes) throws(MartletError) {
    rates = try MomentRates(&attributes)
    isAMSGrad = try attributes.flag("amsgrad", default: false)
  }

  var slotGroups: [[Slot]] {
    [[Slot("momentum"), Slot("velocity")]] + (isAMSGrad ? [[Slot("velocity_hat")]] : [])
  }

  func factors(
    learningRate: Double, step: Int, scalars: UnsafeMutablePointer<Float>
  ) -> StepFactors {
    StepFactors(
      rate: Float(learningRate * rates.correction2(step).squareRoot() / rates.correction1(step)))
  }

  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels
  ) {
    kernels.adam(
      weights, gradient, slots(0), slots(1), isAMSGrad ? slots(2) : nil, factors.rate, rates.beta1,
      rates.beta2, rates.epsilon, count)
  }
}

/// Adam with weight decay unless told otherwise (Loshchilov & Hutter 2019, arXiv:1711.05101).
struct AdamW: UpdateRule {
  static let className = "AdamW"
  static let defaultWeightDecay: Double? = 0.004
  private let adam: Adam

  init(_ attributes: inout Attributes) throws(MartletError) { adam = try Adam(&attributes) }

  var slotGroups: [[Slot]] { adam.slotGroups }

  func factors(
    learningRate: Double, step: Int, scalars: UnsafeMutablePointer<Float>
  ) -> StepFactors {
    adam.factors(learningRate: learningRate, step: step, scalars: scalars)
  }

  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels
  ) {
    adam.update(
      weights, gradient: gradient, slots: slots, count: count, factors: factors, with: kernels)
  }
}
