import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct ElementwiseTests {
  private static let activations: [Activation] = [
    .linear, .relu, .leakyRelu(slope: 0.3), .leakyRelu(slope: -0.3), .elu(alpha: 1.5),
    .elu(alpha: -0.5), .sigmoid, .tanh, .boundedRelu(slope: 0.1, maximum: 1.5, threshold: 0.25),
    .clipped(minimum: -1, maximum: 1.5), .selu, .gelu, .geluByTanh, .silu, .hardSigmoid, .hardSilu,
    .softplus, .softsign, .exponential, .mish, .logSigmoid, .square, .squareRoot, .reciprocal,
    .magnitude, .logarithm, .sign,
  ]

  /// Where a function is tested: roots and logarithms have no negative arguments, and the smallest
  /// argument is far enough from 0 for central differences.
  private static func range(of function: Activation) -> ClosedRange<Float> {
    switch function {
    case .squareRoot, .reciprocal, .logarithm: 0.5...3
    default: -3...3
    }
  }

  @Test(arguments: KernelSelection.available, activations)
  func activationsEqualTheirTwins(_ kernels: Kernels, _ function: Activation) {
    for count in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: count)
      let x = GuardedFloats(generator.floats(count, in: ElementwiseTests.range(of: function)))
      let y = GuardedFloats(count: count)
      let expected = x.doubles.map { PlainElementwise.activate(function, $0) }
      kernels.elementwise.activate(function, x.source, y.pointer, count)
      // At most an exponential, a quotient and a product, rounded once each.
      expectClose(
        y.values, expected, relative: 4 * ulp, absolute: 1e-7, "\(function), seed \(count)")
      y.expectGuards("\(function), \(count)")
      // In place, element by element the same.
      let before = y.values
      kernels.elementwise.activate(function, x.source, x.pointer, count)
      #expect(x.values == before, "\(function) in place, seed \(count)")
      x.expectGuards("\(function) in place, \(count)")
    }
  }

  /// As in Keras: what equals the threshold is not above it, and no gradient goes through there.
  @Test(arguments: KernelSelection.available)
  func boundedReluAtItsThreshold(_ kernels: Kernels) {
    let function = Activation.boundedRelu(slope: 0.5, maximum: 1, threshold: 0.25)
    let x = GuardedFloats([-0.75, 0.25, 0.5, 1, 2])
    let y = GuardedFloats(count: 5)
    kernels.elementwise.activate(function, x.source, y.pointer, 5)
    #expect(y.values == [-0.5, 0, 0.5, 1, 1])
    let dy = GuardedFloats([Float](repeating: 2, count: 5))
    let dx = GuardedFloats(count: 5)
    kernels.elementwise.activateBackward(function, x.source, y.source, dy.source, dx.pointer, 5)
    #expect(dx.values == [1, 0, 2, 0, 0])
  }

  @Test(arguments: KernelSelection.available, activations)
  func activationGradientsEqualCentralDifferences(_ kernels: Kernels, _ function: Activation) {
    for count in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: count)
      // Away from the kinks at 0, threshold and maximum by more than the step of the differences.
      let values = generator.floats(count, in: ElementwiseTests.range(of: function)).map { value in
        [0, 0.25, 1.5, -1, -3, 3].contains { abs($0 - value) < 0.01 } ? value * 0.97 + 0.03 : value
      }
      let x = GuardedFloats(values)
      let y = GuardedFloats(count: count)
      let dy = GuardedFloats(generator.floats(count))
      let dx = GuardedFloats(count: count)
      kernels.elementwise.activate(function, x.source, y.pointer, count)
      // Where the result is enough, the input must not be read.
      let input = function.derivativeNeedsInput ? x : GuardedFloats(count: count)
      kernels.elementwise.activateBackward(
        function, input.source, y.source, dy.source, dx.pointer, count)
      let slopes = values.doubles.map { value in
        centralDifferences(at: [value]) { PlainElementwise.activate(function, $0[0]) }[0]
      }
      // The slope of sigmoid, tanh and elu comes from a result that is rounded to float.
      expectClose(
        dx.values, zip(slopes, dy.doubles).map(*), relative: 8 * ulp, absolute: 3e-7,
        "\(function), seed \(count)")
      dx.expectGuards("\(function), \(count)")
      let before = dx.values
      kernels.elementwise.activateBackward(
        function, input.source, y.source, dy.source, dy.pointer, count)
      #expect(dy.values == before, "\(function) in place, seed \(count)")
    }
  }

  @Test(arguments: KernelSelection.available)
  func activationsOfKeras(_ kernels: Kernels) {
    let y = GuardedFloats(count: 1)
    let x = GuardedFloats([-1.5])
    kernels.elementwise.activate(.leakyRelu(slope: 0.2), x.source, y.pointer, 1)
    expectClose(y.values, [-0.3], relative: ulp)
    kernels.elementwise.activate(.elu(alpha: 1), x.source, y.pointer, 1)
    expectClose(y.values, [-0.7768698], relative: ulp)
  }

  @Test(arguments: KernelSelection.available)
  func sumsAreExact(_ kernels: Kernels) {
    for count in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: count)
      let a = generator.floats(count)
      let b = generator.floats(count)
      let left = GuardedFloats(a)
      let right = GuardedFloats(b)
      let sum = zip(a, b).map(+)
      let y = GuardedFloats(count: count)
      kernels.elementwise.add(left.source, right.source, y.pointer, count)
      #expect(y.values == sum, "seed \(count)")
      y.expectGuards()
      kernels.elementwise.addAndClamp(left.source, right.source, y.pointer, count)
      #expect(y.values == sum.map { max(0, $0) }, "clamped, seed \(count)")
      y.expectGuards()
      let nan = GuardedFloats([Float](repeating: .nan, count: count))
      kernels.elementwise.addAndClamp(left.source, nan.source, nan.pointer, count)
      #expect(nan.values.allSatisfy { $0.isNaN }, "NaN passes, seed \(count)")
      kernels.elementwise.add(left.source, right.source, right.pointer, count)
      #expect(right.values == sum, "into the second operand, seed \(count)")
      kernels.elementwise.scaleOffset(left.source, 3, -0.5, y.pointer, count)
      // Fused or not, the sum is rounded at the size of its greater term.
      expectClose(
        y.values, PlainElementwise.scaleOffset(a.doubles, scale: 3, offset: -0.5),
        absolute: 4 * ulp, "seed \(count)")
      y.expectGuards()
    }
  }

  @Test(arguments: KernelSelection.available)
  func rowsAreBiasedCopiedAndRepeated(_ kernels: Kernels) {
    for columns in awkwardCounts(kernels) + [4, 8] {
      for rows in [1, 2, 3, 7] {
        var generator = SeededGenerator(seed: columns)
        let x = generator.floats(rows * columns)
        let bias = generator.floats(columns)
        let input = GuardedFloats(x)
        let y = GuardedFloats(count: x.count)
        kernels.elementwise.addBias(
          input.source, GuardedFloats(bias).source, y.pointer, rows, columns)
        let biased = x.indices.map { x[$0] + bias[$0 % columns] }
        #expect(y.values == biased, "\(rows)×\(columns)")
        y.expectGuards("\(rows)×\(columns)")
        kernels.elementwise.addBias(
          input.source, GuardedFloats(bias).source, input.pointer, rows, columns)
        #expect(input.values == y.values, "in place, \(rows)×\(columns)")

        kernels.elementwise.repeatRow(GuardedFloats(bias).source, 0.5, y.pointer, rows, columns)
        let halves = x.indices.map { bias[$0 % columns] * 0.5 }
        #expect(y.values == halves, "\(rows)×\(columns)")
        y.expectGuards("\(rows)×\(columns)")

        let wide = GuardedFloats([Float](repeating: 7, count: rows * (columns + 2)))
        kernels.elementwise.copyRows(
          GuardedFloats(x).source, columns, wide.pointer + 1, columns + 2, rows, columns)
        var expected: [Float] = []
        for row in 0..<rows {
          expected.append(7)
          expected += x[row * columns..<(row + 1) * columns]
          expected.append(7)
        }
        #expect(wide.values == expected, "\(rows)×\(columns)")
      }
    }
  }

  /// Far from 0 nothing overflows on the way to a finite result, and NaN stays NaN.
  @Test(arguments: KernelSelection.available, activations)
  func activationsOfExtremes(_ kernels: Kernels, _ function: Activation) {
    let values: [Float] = [-80, -30, -9, 0, 9, 30, 80]
    let y = GuardedFloats(count: values.count)
    kernels.elementwise.activate(
      function, GuardedFloats(values).source, y.pointer, values.count)
    // The exponential of a rounded argument of 80 is off by 80 times that rounding.
    expectClose(
      y.values, values.doubles.map { PlainElementwise.activate(function, $0) },
      relative: 1e-5, absolute: 1e-7, "\(function)")
    kernels.elementwise.activate(function, GuardedFloats([.nan]).source, y.pointer, 1)
    #expect(y.values[0].isNaN, "\(function)")
  }

  @Test(arguments: KernelSelection.available)
  func parametricRelusEqualTheirTwins(_ kernels: Kernels) {
    for count in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: count)
      var values = generator.floats(count)
      values[0] = 0
      let x = GuardedFloats(values)
      let slopes = GuardedFloats(generator.floats(count))
      let dy = GuardedFloats(generator.floats(count))
      let (y, dx, dSlopes) = (
        GuardedFloats(count: count), GuardedFloats(count: count), GuardedFloats(count: count)
      )
      kernels.elementwise.parametricRelu(x.source, slopes.source, y.pointer, count)
      #expect(y.values == PlainElementwise.parametricRelu(values, slopes: slopes.values))
      kernels.elementwise.parametricReluBackward(
        x.source, slopes.source, dy.source, dx.pointer, dSlopes.pointer, count)
      for index in 0..<count {
        let slope = values[index] > 0 ? 1 : values[index] < 0 ? slopes.values[index] : 0
        #expect(dx.values[index] == dy.values[index] * slope)
        #expect(dSlopes.values[index] == dy.values[index] * min(values[index], 0))
      }
      for floats in [y, dx, dSlopes] { floats.expectGuards("\(count)") }
      kernels.elementwise.parametricReluBackward(
        x.source, slopes.source, dy.source, dy.pointer, dSlopes.pointer, count)
      #expect(dy.values == dx.values, "in place, \(count)")
    }
  }

  @Test(arguments: KernelSelection.available)
  func extremesAndWhoClaimsTheirGradient(_ kernels: Kernels) {
    for count in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: count)
      let a = generator.floats(count).map { ($0 * 3).rounded() }
      let b = generator.floats(count).map { ($0 * 3).rounded() }
      let y = GuardedFloats(count: count)
      for isMinimum in [true, false] {
        kernels.elementwise.extreme(
          GuardedFloats(a).source, GuardedFloats(b).source, isMinimum, y.pointer, count)
        #expect(y.values == zip(a, b).map { isMinimum ? min($0, $1) : max($0, $1) })
        y.expectGuards("\(count)")
      }
      let dy = generator.floats(count)
      let rest = GuardedFloats(dy)
      let part = GuardedFloats(count: count)
      kernels.elementwise.claim(
        GuardedFloats(a).source, y.source, rest.pointer, part.pointer, count)
      for index in 0..<count {
        let isClaimed = a[index] == y.values[index]
        #expect(part.values[index] == (isClaimed ? dy[index] : 0))
        #expect(rest.values[index] == (isClaimed ? 0 : dy[index]))
      }
      for floats in [rest, part] { floats.expectGuards("\(count)") }
    }
    let nan = GuardedFloats([.nan])
    let y = GuardedFloats(count: 1)
    for (a, b) in [(nan, GuardedFloats([1])), (GuardedFloats([1]), nan)] {
      kernels.elementwise.extreme(a.source, b.source, false, y.pointer, 1)
      #expect(y.values[0].isNaN)
    }
  }

  struct Broadcast: Sendable {
    var extents: [Int], a: [Int], b: [Int]
  }

  private static let broadcasts = [
    Broadcast(extents: [], a: [], b: []),
    Broadcast(extents: [37], a: [1], b: [0]),
    Broadcast(extents: [5, 19], a: [19, 1], b: [0, 1]),
    Broadcast(extents: [5, 19], a: [1, 0], b: [19, 1]),
    Broadcast(extents: [3, 4, 5, 6], a: [120, 30, 6, 1], b: [120, 30, 6, 1]),
    Broadcast(extents: [3, 4, 5, 6], a: [120, 30, 6, 1], b: [6, 0, 0, 1]),
    Broadcast(extents: [3, 4, 5, 6], a: [20, 5, 1, 0], b: [0, 30, 6, 1]),
    Broadcast(extents: [3, 1, 5, 6], a: [30, 0, 6, 1], b: [0, 0, 1, 5]),
    Broadcast(extents: [2, 3], a: [0, 0], b: [0, 0]),
  ]

  @Test(arguments: KernelSelection.available, broadcasts)
  func broadcastSumsAndTheirGradients(_ kernels: Kernels, _ shape: Broadcast) {
    let rank = shape.extents.count
    let count = shape.extents.reduce(1, *)
    func needed(_ steps: [Int]) -> Int {
      1 + zip(shape.extents, steps).reduce(0) { $0 + ($1.0 - 1) * $1.1 }
    }
    var generator = SeededGenerator(seed: count)
    let a = GuardedFloats(generator.floats(needed(shape.a)))
    let b = GuardedFloats(generator.floats(needed(shape.b)))
    let y = GuardedFloats(count: count)
    kernels.elementwise.addBroadcast(
      a.source, shape.a + [0], b.source, shape.b + [0], y.pointer, shape.extents + [0], rank)
    let expected = PlainElementwise.addBroadcast(
      a.values, steps: shape.a, b.values, steps: shape.b, extents: shape.extents)
    #expect(y.values == expected, "\(shape)")
    y.expectGuards("\(shape)")
    kernels.elementwise.multiplyBroadcast(
      a.source, shape.a + [0], b.source, shape.b + [0], y.pointer, shape.extents + [0], rank)
    let products = PlainElementwise.broadcast(
      a.values, steps: shape.a, b.values, steps: shape.b, extents: shape.extents, *)
    #expect(y.values == products, "\(shape)")
    y.expectGuards("\(shape)")

    let dy = generator.floats(count)
    let squares = GuardedFloats([Float](repeating: 0, count: needed(shape.a)))
    let sums = GuardedFloats([Float](repeating: 0, count: needed(shape.a)))
    kernels.elementwise.reduceSquares(
      GuardedFloats(dy).source, squares.pointer, shape.a + [0], shape.extents + [0], rank)
    kernels.elementwise.reduceBroadcast(
      GuardedFloats(dy.map { $0 * $0 }).source, sums.pointer, shape.a + [0], shape.extents + [0],
      rank)
    expectClose(
      squares.values, sums.doubles, absolute: Double(count) * ulp, "squares, \(shape)")
    squares.expectGuards("\(shape)")
    for isMinimum in [false, true] {
      let start = generator.floats(needed(shape.a))
      let extremes = GuardedFloats(start)
      kernels.elementwise.reduceExtreme(
        GuardedFloats(dy).source, isMinimum, extremes.pointer, shape.a + [0], shape.extents + [0],
        rank)
      let expected = PlainElementwise.reduceExtreme(
        dy, isMinimum, start, steps: shape.a, extents: shape.extents)
      #expect(extremes.values == expected, "\(shape)")
      extremes.expectGuards("\(shape)")
      let spoilt = dy.dropLast() + [Float.nan]
      kernels.elementwise.reduceExtreme(
        GuardedFloats(Array(spoilt)).source, isMinimum, extremes.pointer, shape.a + [0],
        shape.extents + [0], rank)
      #expect(extremes.values.contains { $0.isNaN }, "NaN wins, \(shape)")
    }
    for steps in [shape.a, shape.b] {
      let start = generator.floats(needed(steps))
      let dx = GuardedFloats(start)
      kernels.elementwise.reduceBroadcast(
        GuardedFloats(dy).source, dx.pointer, steps + [0], shape.extents + [0], rank)
      // The broadcast is linear: its slopes along each coordinate weighted with dy.
      let zeros = [Double](repeating: 0, count: needed(shape.b == steps ? shape.a : shape.b))
      let other = shape.b == steps ? shape.a : shape.b
      let slopes = centralDifferences(at: start.doubles, step: 0.5) { x in
        let sum = PlainElementwise.addBroadcast(
          x, steps: steps, zeros, steps: other, extents: shape.extents)
        return zip(sum, dy.doubles).reduce(0) { $0 + $1.0 * $1.1 }
      }
      // Up to `count` additions of numbers below 1.
      expectClose(
        dx.values, zip(start.doubles, slopes).map(+), absolute: Double(count) * ulp, "\(shape)")
      dx.expectGuards("\(shape)")
    }
  }
}
