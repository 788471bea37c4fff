import MartletGraph
import MartletKernelTable
import MartletTensors

/// Steps of the size of earlier ones (Zeiler 2012, arXiv:1212.5701).
struct Adadelta: UpdateRule {
  static let className = "Adadelta"
  private let rho: Float
  private let epsilon: Float

  init(_ attributes: inout Attributes) throws(MartletError) {
    rho = Float(try attributes.number("rho", default: 0.95, atLeast: 0, atMost: 1))
    epsilon = Float(try attributes.number("epsilon", default: 1e-7, atLeast: 0))
  }

  var slotGroups: [[Slot]] { [[Slot("accumulated_grad"), Slot("accumulated_delta_var")]] }

  func update(
    _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
    slots: (Int) -> UnsafeMutablePointer<Float>, count: Int, factors: StepFactors,
    with kernels: OptimizerKernels
  ) {
    kernels.adadelta(
      weights, gradient, slots(0), slots(1), factors.rate, rho, epsilon, count)
  }
}
