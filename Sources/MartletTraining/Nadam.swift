import MartletGraph
import MartletKernelTable
import MartletTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Adam with Nesterov's momentum (Dozat 2016), whose share of the mean μₜ = β₁(1 − 0.96ᵗ/2) grows
/// with the steps.
struct Nadam: UpdateRule {
  static let className = "Nadam"
  private let rates: MomentRates

  init(_ attributes: inout Attributes) throws(MartletError) {
    rates = try MomentRates(&attributes)
  }

  var slotGroups: [[Slot]] { [[Slot("momentum"), Slot("velocity")]] }
  /// μ₁ · … · μₜ.
  var scalars: [Slot] { [Slot("u_product", startsAt: 1)] }

  private func share(_ step: Int) -> Double {
    Double(rates.beta1) * (1 - 0.5 * pow(0.96, Double(step)))
  }

  func factors(
    learningRate: Double, step: Int, scalars: UnsafeMutablePointer<Float>
  ) -> StepFactors {
    let now = share(step)
    let next = share(step + 1)
    scalars[0] *= Float(now)
    let product = Double(scalars[0])
    return StepFactors(
      rate: Float(learningRate * next / (1 - product * next)),
      gradientRate: Float(learningRate * (1 - now) / (1 - product)),
      squareScale: Float(1 / rates.correction2(step)))
  }

  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels
  ) {
    kernels.nadam(
      weights, gradient, slots(0), slots(1), factors.rate, factors.gradientRate,
      factors.squareScale, rates.beta1, rates.beta2, rates.epsilon, count)
  }
}
