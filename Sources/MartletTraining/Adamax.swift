import MartletGraph
import MartletKernelTable
import MartletTensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Adam with the greatest gradient of late in place of the mean of squares (Kingma & Ba 2014,
/// arXiv:1412.6980, section 7.1).
struct Adamax: UpdateRule {
  static let className = "Adamax"
  private let rates: MomentRates

  init(_ attributes: inout Attributes) throws(MartletError) {
    rates = try MomentRates(&attributes)
  }

  var slotGroups: [[Slot]] { [[Slot("momentum"), Slot("norm")]] }

  func factors(
    learningRate: Double, step: Int, scalars: UnsafeMutablePointer<Float>
  ) -> StepFactors {
    StepFactors(rate: Float(learningRate / rates.correction1(step)))
  }

  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels
  ) {
    kernels.adamax(
      weights, gradient, slots(0), slots(1), factors.rate, rates.beta1, rates.beta2, rates.epsilon,
      count)
  }
}
