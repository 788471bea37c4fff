import MartletDispatch
import MartletKernelTable
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct ReductionTests {
  @Test(arguments: KernelSelection.available)
  func columnSumsEqualPlainLoops(_ kernels: Kernels) {
    for columns in awkwardCounts(kernels) + [4, 8] {
      for rows in [0, 1, 3, 4, 9, 50] {
        for gap in [0, 2] {
          let step = columns + gap
          var generator = SeededGenerator(seed: columns * 100 + rows)
          let x = generator.floats(rows * step)
          let start = generator.floats(columns)
          var expected = [Double](repeating: 0, count: columns)
          for row in 0..<rows {
            for column in 0..<columns { expected[column] += Double(x[row * step + column]) * 0.5 }
          }
          // `rows` additions of numbers below 1, halved.
          let tolerance = Double(rows + 2) * ulp
          let y = GuardedFloats(count: columns)
          kernels.reduction.columnSums(
            GuardedFloats(x).source, step, rows, columns, 0.5, y.pointer, false)
          expectClose(y.values, expected, absolute: tolerance, "\(rows)×\(columns), gap \(gap)")
          y.expectGuards()
          let more = GuardedFloats(start)
          kernels.reduction.columnSums(
            GuardedFloats(x).source, step, rows, columns, 0.5, more.pointer, true)
          expectClose(
            more.values, zip(expected, start.doubles).map(+), absolute: tolerance,
            "accumulating, \(rows)×\(columns), gap \(gap)")
          more.expectGuards()
        }
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func partsAreAddedInRisingOrder(_ kernels: Kernels) {
    for count in awkwardCounts(kernels) {
      for parts in [1, 2, 7] {
        var generator = SeededGenerator(seed: count)
        let x = generator.floats(parts * (count + 3))
        let y = GuardedFloats(count: count)
        kernels.reduction.sumParts(GuardedFloats(x).source, count + 3, parts, y.pointer, count)
        let expected = (0..<count).map { i in
          (0..<parts).reduce(Float(0)) { $0 + x[$1 * (count + 3) + i] }
        }
        #expect(y.values == expected, "\(parts) parts of \(count)")
        y.expectGuards()
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func squaresAreSummed(_ kernels: Kernels) {
    for count in awkwardCounts(kernels) + [4096] {
      var generator = SeededGenerator(seed: count)
      let x = generator.floats(count)
      let expected = x.doubles.reduce(0) { $0 + $1 * $1 }
      let found = kernels.reduction.sumOfSquares(GuardedFloats(x).source, count)
      // Each lane of two vectors adds up every 2·width-th element, and rounds every time.
      let roundings = Double(count / (2 * kernels.vectorWidth) + 6)
      expectClose([found], [expected], relative: roundings * ulp, "\(count) squares")
    }
    #expect(kernels.reduction.sumOfSquares(GuardedFloats([]).source, 0) == 0)
  }

  @Test(arguments: KernelSelection.available)
  func anyElementCanBreakFiniteness(_ kernels: Kernels) {
    for count in awkwardCounts(kernels) {
      var x = [Float](repeating: .greatestFiniteMagnitude, count: count)
      #expect(kernels.reduction.isFinite(GuardedFloats(x).source, count))
      for index in 0..<count {
        for value in [Float.nan, .infinity, -.infinity] {
          x[index] = value
          #expect(
            !kernels.reduction.isFinite(GuardedFloats(x).source, count),
            "\(value) at \(index) of \(count)")
        }
        x[index] = -.leastNormalMagnitude
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func argmaxIsTheFirstOfEqualOnes(_ kernels: Kernels) {
    for count in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: count)
      for _ in 0..<20 {
        let x = (0..<count).map { _ in Float(Int.random(in: -9 ... -5, using: &generator)) }
        let expected = x.firstIndex(of: x.max()!)
        #expect(kernels.reduction.argmax(GuardedFloats(x).source, count) == expected, "\(x)")
        var y = x
        let place = Int.random(in: 0..<count, using: &generator)
        y[place] = .nan
        #expect(kernels.reduction.argmax(GuardedFloats(y).source, count) == place, "\(y)")
      }
      let low = [Float](repeating: -.infinity, count: count)
      #expect(kernels.reduction.argmax(GuardedFloats(low).source, count) == 0)
    }
  }
}
