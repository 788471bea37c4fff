import MartletGraph
import MartletKernelTable
import MartletTensors

/// Steps of one size in the direction of the momentum's signs (Chen et al. 2023, arXiv:2302.06675).
struct Lion: UpdateRule {
  static let className = "Lion"
  private let beta1: Float
  private let beta2: Float

  init(_ attributes: inout Attributes) throws(MartletError) {
    let share = try attributes.number("beta_1", default: 0.9, atMost: 1)
    guard share > 0 else {
      throw attributes.invalid(
        "beta_1", expected: "a number above 0, as without momentum only signs are left",
        attributes.value("beta_1") ?? .null)
    }
    beta1 = Float(share)
    beta2 = Float(try attributes.number("beta_2", default: 0.99, atLeast: 0, atMost: 1))
  }

  var slotGroups: [[Slot]] { [[Slot("momentum")]] }

  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels
  ) {
    kernels.lion(weights, gradient, slots(0), factors.rate, beta1, beta2, count)
  }
}
