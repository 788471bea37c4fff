import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct SoftmaxTests {
  private func shapes(_ kernels: Kernels) -> [(outer: Int, size: Int, inner: Int)] {
    awkwardCounts(kernels).flatMap { count in
      [(1, count, 1), (3, count, 1), (2, 3, count), (1, count, 2)]
    } + [(4, 10, 1), (2, 1000, 1)]
  }

  @Test(arguments: KernelSelection.available)
  func forwardEqualsItsTwin(_ kernels: Kernels) {
    for (outer, size, inner) in shapes(kernels) {
      let count = outer * size * inner
      var generator = SeededGenerator(seed: count)
      let x = GuardedFloats(generator.floats(count, in: -20...20))
      let y = GuardedFloats(count: count)
      kernels.softmax.forward(x.source, y.pointer, outer, size, inner)
      let expected = PlainSoftmax.forward(x.doubles, outer: outer, size: size, inner: inner)
      // x − max is rounded (relative to up to 40, so 40 ulp in the exponential), the sum adds its own.
      expectClose(
        y.values, expected, relative: (24 + Double(size) / 8) * ulp, absolute: 1e-37,
        "\(outer)×\(size)×\(inner), seed \(count)")
      y.expectGuards("\(outer)×\(size)×\(inner)")
      kernels.softmax.forward(x.source, x.pointer, outer, size, inner)
      #expect(x.values == y.values, "in place, \(outer)×\(size)×\(inner)")
    }
  }

  @Test(arguments: KernelSelection.available)
  func shiftedLogitsGiveTheSameProbabilities(_ kernels: Kernels) {
    let y = GuardedFloats(count: 3)
    kernels.softmax.forward(GuardedFloats([1000, 1001, 1002]).source, y.pointer, 1, 3, 1)
    expectClose(y.values, [0.09003057317, 0.2447284711, 0.6652409558], relative: 4 * ulp)
  }

  @Test(arguments: KernelSelection.available)
  func notANumberSpreadsOverItsRowOnly(_ kernels: Kernels) {
    for size in awkwardCounts(kernels) {
      for place in Set([0, size / 2, size - 1]) {
        var x = [Float](repeating: 1, count: 2 * size)
        x[place] = .nan
        let y = GuardedFloats(count: 2 * size)
        kernels.softmax.forward(GuardedFloats(x).source, y.pointer, 2, size, 1)
        #expect(y.values[..<size].allSatisfy { $0.isNaN }, "NaN at \(place) of \(size)")
        #expect(!y.values[size...].contains { $0.isNaN }, "NaN at \(place) of \(size)")
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func backwardEqualsCentralDifferences(_ kernels: Kernels) {
    for (outer, size, inner) in shapes(kernels) where outer * size * inner < 200 {
      let count = outer * size * inner
      var generator = SeededGenerator(seed: count)
      let x = generator.floats(count, in: -2...2)
      let dy = GuardedFloats(generator.floats(count))
      let y = GuardedFloats(count: count)
      let dx = GuardedFloats(count: count)
      kernels.softmax.forward(GuardedFloats(x).source, y.pointer, outer, size, inner)
      kernels.softmax.backward(y.source, dy.source, dx.pointer, outer, size, inner)
      let weights = dy.doubles
      let expected = centralDifferences(at: x.doubles) { x in
        zip(PlainSoftmax.forward(x, outer: outer, size: size, inner: inner), weights)
          .reduce(0) { $0 + $1.0 * $1.1 }
      }
      // y is rounded, and Σ dy·y cancels against dy.
      expectClose(
        dx.values, expected, absolute: 8 * ulp, "\(outer)×\(size)×\(inner), seed \(count)")
      dx.expectGuards("\(outer)×\(size)×\(inner)")
      kernels.softmax.backward(y.source, dy.source, dy.pointer, outer, size, inner)
      #expect(dy.values == dx.values, "in place, \(outer)×\(size)×\(inner)")
    }
  }
}
