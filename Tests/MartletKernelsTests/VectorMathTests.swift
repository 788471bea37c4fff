import Foundation
import MartletDispatch
import MartletKernelTable
import MartletTensors
import MartletTestSupport
import Testing

/// The elementary functions, seen through the kernels that apply them.
@Suite struct VectorMathTests {
  private func apply(_ function: Activation, _ x: [Float], _ kernels: Kernels) -> [Float] {
    let y = GuardedFloats(count: x.count)
    kernels.elementwise.activate(function, GuardedFloats(x).source, y.pointer, x.count)
    return y.values
  }

  /// Every magnitude from subnormal to the largest, both signs.
  private let everyMagnitude: [Float] = stride(from: Float(-140), through: 127.9, by: 0.37).flatMap
  {
    [exp2($0), -exp2($0)]
  }
  private let middle: [Float] = (0..<20_000).map { Float($0) * 0.0091 - 91 }

  @Test(arguments: KernelSelection.available)
  func sigmoidIsWithinAFewUlps(_ kernels: Kernels) {
    let x = (middle + everyMagnitude).filter { $0 > -85 }
    // The exponential, a sum and a quotient, each rounded once: 1 + 0.5 + 0.5 ulp, and half as much
    // again where products and sums are not fused.
    expectClose(
      apply(.sigmoid, x, kernels), x.map { 1 / (1 + exp(-Double($0))) }, relative: 3 * ulp)
  }

  @Test(arguments: KernelSelection.available)
  func hyperbolicTangentIsWithinAFewUlps(_ kernels: Kernels) {
    let x = middle + everyMagnitude
    // Subnormal arguments lose their last bit in the polynomial.
    expectClose(
      apply(.tanh, x, kernels), x.map { tanh(Double($0)) }, relative: 3 * ulp, absolute: 1e-44)
  }

  @Test(arguments: KernelSelection.available)
  func exponentialMinusOneDoesNotCancel(_ kernels: Kernels) {
    let x = (middle + everyMagnitude).filter { $0 < 0 }
    expectClose(
      apply(.elu(alpha: 1), x, kernels), x.map { expm1(Double($0)) }, relative: 3 * ulp,
      absolute: 1e-44)
  }

  @Test(arguments: KernelSelection.available)
  func exponentialOverflowsAndVanishesWhereItShould(_ kernels: Kernels) {
    // Two logits that differ by d have the odds eᵈ: the lesser probability is near e^−d.
    for difference in stride(from: Float(0), through: 120, by: 0.5) {
      let y = GuardedFloats(count: 2)
      kernels.softmax.forward(GuardedFloats([difference, 0]).source, y.pointer, 1, 2, 1)
      let odds = exp(-Double(difference))
      // Below e^−87 the result may be 0 instead of a subnormal number.
      expectClose(
        y.values, [1 / (1 + odds), odds / (1 + odds)], relative: 4 * ulp, absolute: 2e-38,
        "difference \(difference)")
    }
  }

  @Test(arguments: KernelSelection.available)
  func logarithmIsWithinAFewUlps(_ kernels: Kernels) {
    var generator = SeededGenerator(seed: 1)
    let p = (0..<4000).map { _ in exp2(Float.random(in: -23...(-1e-6), using: &generator)) }
      .filter { $0 < 0.9999998 }
    let losses = GuardedFloats(count: p.count)
    kernels.softmax.loss(
      .binaryCrossentropy(fromLogits: false, labelSmoothing: 0), GuardedFloats(p).source, nil,
      GuardedFloats([Float](repeating: 1, count: p.count)).source, nil, p.count, 1,
      losses.pointer, nil, 1)
    expectClose(losses.values, p.map { -log(Double($0)) }, relative: 2 * ulp)
  }

  @Test(arguments: KernelSelection.available)
  func specialValues(_ kernels: Kernels) {
    let x: [Float] = [.nan, .infinity, -.infinity, 0, -0.0]
    expectClose(apply(.sigmoid, x, kernels), [.nan, 1, 0, 0.5, 0.5])
    expectClose(apply(.tanh, x, kernels), [.nan, 1, -1, 0, 0])
    expectClose(apply(.elu(alpha: 2), x, kernels), [.nan, .infinity, -2, 0, 0])
    expectClose(apply(.relu, x, kernels), [.nan, .infinity, 0, 0, 0])
    expectClose(apply(.leakyRelu(slope: 0.5), x, kernels), [.nan, .infinity, -.infinity, 0, 0])
    let capped = Activation.boundedRelu(slope: 0, maximum: 6, threshold: 0)
    expectClose(apply(capped, x, kernels), [.nan, 6, 0, 0, 0])
  }
}
