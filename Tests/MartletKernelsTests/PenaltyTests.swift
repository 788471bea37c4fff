import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct PenaltyTests {
  @Test(arguments: KernelSelection.available, [(0.3, 0), (0, 0.2), (0.1, 0.4)])
  func penaltiesEqualTheirTwins(_ kernels: Kernels, _ factors: (l1: Float, l2: Float)) {
    for count in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: count)
      let x = GuardedFloats(generator.floats(count))
      let (l1, l2) = factors
      let plain = PlainPenalty.value(x.doubles, l1: Double(l1), l2: Double(l2))
      let value = kernels.penalty.value(x.source, l1, l2, count)
      // Up to `count` additions of numbers below 1.
      expectClose([value], [plain], absolute: Double(count) * ulp, "seed \(count)")

      let start = generator.floats(count)
      let dx = GuardedFloats(start)
      kernels.penalty.addGradient(x.source, l1, l2, 0.25, dx.pointer, count)
      let slopes = centralDifferences(at: x.doubles, step: 1e-6) {
        PlainPenalty.value($0, l1: Double(l1), l2: Double(l2))
      }
      expectClose(
        dx.values, zip(start.doubles, slopes).map { $0 + 0.25 * $1 }, absolute: 4 * ulp,
        "seed \(count)")
      dx.expectGuards("\(count)")
    }
  }

  @Test(arguments: KernelSelection.available) func ofKeras(_ kernels: Kernels) {
    #expect(kernels.penalty.value([3, 4], 0, 0.01, 2) == 0.25)
    expectClose([kernels.penalty.value([3, -4], 0.01, 0, 2)], [0.07], relative: ulp)
    // No slope at 0.
    let dx = GuardedFloats([5])
    kernels.penalty.addGradient([0], 1, 1, 1, dx.pointer, 1)
    #expect(dx.values == [5])
  }
}
