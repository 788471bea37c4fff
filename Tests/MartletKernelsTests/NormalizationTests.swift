import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct NormalizationTests {
  private func shapes(_ kernels: Kernels) -> [(rows: Int, channels: Int, inner: Int)] {
    (awkwardCounts(kernels) + [4, 8]).flatMap { channels in
      [(1, channels, 1), (3, channels, 1), (16, channels, 1), (67, channels, 1), (3, channels, 7)]
    } + [(3000, 1, 1), (2000, 8, 1), (1200, 24, 1), (5, 2, 300)]
  }

  @Test(arguments: KernelSelection.available)
  func momentsEqualTheirTwin(_ kernels: Kernels) {
    for (rows, channels, inner) in shapes(kernels) {
      let count = rows * channels * inner
      var generator = SeededGenerator(seed: count)
      // A mean of ten deviations, where Σx² − n·mean² would lose two digits.
      let x = generator.floats(count, in: 9...11)
      let mean = GuardedFloats(count: channels)
      let deviations = GuardedFloats(count: channels)
      kernels.normalization.moments(
        GuardedFloats(x).source, rows, channels, inner, mean.pointer, deviations.pointer)
      let expected = PlainNormalization.moments(
        x.doubles, rows: rows, channels: channels, inner: inner)
      let what = "\(rows)×\(channels)×\(inner), seed \(count)"
      // Blocks of at most 256 rows in four chains: some 64 roundings, whose signs differ.
      expectClose(mean.values, expected.mean, relative: 16 * ulp, "mean, \(what)")
      // One rounding of x − mean is 10 ulp of it; the mean's own error enters squared.
      expectClose(
        deviations.values, expected.deviations, relative: 64 * ulp,
        absolute: Double(rows * inner) * 1e-10, "deviations, \(what)")
      mean.expectGuards(what)
      deviations.expectGuards(what)
    }
  }

  @Test(arguments: KernelSelection.available)
  func mergedPartsEqualTheWhole(_ kernels: Kernels) {
    for channels in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: channels)
      let counts = [5, 1, 0, 40, 2]
      let rows = counts.reduce(0, +)
      let x = generator.floats(rows * channels, in: -1...3)
      var means: [Float] = []
      var deviations: [Float] = []
      var start = 0
      for count in counts {
        let part = Array(x[start * channels..<(start + count) * channels]).doubles
        let moments = PlainNormalization.moments(
          part, rows: max(count, 1), channels: channels, inner: 1)
        // An empty part's moments are never looked at.
        means +=
          count == 0 ? [Float](repeating: .nan, count: channels) : moments.mean.map(Float.init)
        deviations += moments.deviations.map(Float.init)
        start += count
      }
      let mean = GuardedFloats(count: channels)
      let deviation = GuardedFloats(count: channels)
      kernels.normalization.mergeMoments(
        GuardedFloats(means).source, GuardedFloats(deviations).source, counts, counts.count,
        channels, mean.pointer, deviation.pointer)
      let expected = PlainNormalization.moments(x.doubles, rows: rows, channels: channels, inner: 1)
      // Four merges of three roundings each on numbers of order 1.
      expectClose(mean.values, expected.mean, absolute: 8 * ulp, "seed \(channels)")
      expectClose(deviation.values, expected.deviations, relative: 12 * ulp, "seed \(channels)")
      mean.expectGuards()
      deviation.expectGuards()
    }
  }

  @Test(arguments: KernelSelection.available)
  func scaleAndShift(_ kernels: Kernels) {
    for (rows, channels, inner) in shapes(kernels) {
      let count = rows * channels * inner
      var generator = SeededGenerator(seed: count)
      let x = generator.floats(count)
      let scale = GuardedFloats(generator.floats(channels))
      let shift = GuardedFloats(generator.floats(channels))
      let scaling = Scaling(scale: scale.source, shift: shift.source)
      let addend = generator.floats(count)
      let zeros = [Double](repeating: 0, count: channels)
      let ones = [Double](repeating: 1, count: channels)
      let plain = PlainNormalization.normalize(
        x.doubles, channels: channels, inner: inner, mean: zeros, variance: ones,
        gamma: scale.doubles, beta: shift.doubles, epsilon: 0)
      for adds in [false, true] {
        for clamps in [false, true] {
          let what = "\(rows)×\(channels)×\(inner), adds \(adds), clamps \(clamps)"
          let y = GuardedFloats(count: count)
          let input = GuardedFloats(x)
          let other = GuardedFloats(addend)
          func run(into target: GuardedFloats) {
            kernels.normalization.scaleShift(
              input.source, scaling, adds ? other.source : nil, clamps, target.pointer, rows,
              channels, inner)
          }
          run(into: y)
          let sums = adds ? zip(plain, addend.doubles).map(+) : plain
          expectClose(
            y.values, clamps ? sums.map { max(0, $0) } : sums, absolute: 2 * ulp, what)
          y.expectGuards(what)
          if adds {
            run(into: other)
            #expect(other.values == y.values, "over the addend, \(what)")
          } else {
            run(into: input)
            #expect(input.values == y.values, "in place, \(what)")
          }
        }
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func clampingKeepsNaN(_ kernels: Kernels) {
    for channels in [3, kernels.vectorWidth, kernels.vectorWidth + 1] {
      let x = GuardedFloats([Float](repeating: .nan, count: 4 * channels))
      let ones = GuardedFloats([Float](repeating: 1, count: channels))
      let infinite = GuardedFloats([Float](repeating: -.infinity, count: 4 * channels))
      let scaling = Scaling(scale: ones.source, shift: ones.source)
      let y = GuardedFloats(count: 4 * channels)
      for addend in [nil, infinite.source] {
        for clamps in [false, true] {
          kernels.normalization.scaleShift(
            x.source, scaling, addend, clamps, y.pointer, 4, channels, 1)
          #expect(y.values.allSatisfy { $0.isNaN })
        }
      }
      kernels.normalization.scaleShift(
        infinite.source, scaling, nil, false, y.pointer, 4, channels, 1)
      #expect(y.values == infinite.values)
    }
  }

  /// A relu behind the normalization: the kernels that see to it give what those without it make of
  /// a gradient that was masked beforehand, bit by bit.
  @Test(arguments: KernelSelection.available)
  func backwardBehindARelu(_ kernels: Kernels) {
    for (rows, channels, inner) in shapes(kernels) {
      let count = rows * channels * inner
      var generator = SeededGenerator(seed: count)
      let x = GuardedFloats(generator.floats(count))
      let dy = generator.floats(count)
      let mean = GuardedFloats(generator.floats(channels))
      let inverse = GuardedFloats(generator.floats(channels, in: 0.5...2))
      let scale = generator.floats(channels)
      // In the first row the sum is all but 0: on which side, a rounding decides.
      let shift = (0..<channels).map { -(x.pointer[$0 * inner] * scale[$0]) }
      let (scales, shifts) = (GuardedFloats(scale), GuardedFloats(shift))
      let scaling = Scaling(scale: scales.source, shift: shifts.source)
      let y = GuardedFloats(count: count)
      kernels.normalization.scaleShift(
        x.source, scaling, nil, true, y.pointer, rows, channels, inner)
      let masked = zip(y.values, dy).map { $0 > 0 ? $1 : 0 }
      let what = "\(rows)×\(channels)×\(inner), seed \(count)"

      func sums(
        _ run: (_ dGamma: UnsafeMutablePointer<Float>, _ dBeta: UnsafeMutablePointer<Float>) -> Void
      ) -> [Float] {
        let (dGamma, dBeta) = (GuardedFloats(count: channels), GuardedFloats(count: channels))
        run(dGamma.pointer, dBeta.pointer)
        dGamma.expectGuards(what)
        dBeta.expectGuards(what)
        return dGamma.values + dBeta.values
      }
      let expected = sums {
        kernels.normalization.backwardSums(
          x.source, GuardedFloats(masked).source, nil, mean.source, inverse.source, rows, channels,
          inner, $0, $1)
      }
      let recomputed = sums {
        kernels.normalization.backwardSums(
          x.source, GuardedFloats(dy).source, scaling, mean.source, inverse.source, rows, channels,
          inner, $0, $1)
      }
      #expect(recomputed == expected, "\(what)")
      let gradient = GuardedFloats(dy)
      let clamped = sums {
        kernels.normalization.clampedBackwardSums(
          x.source, y.source, gradient.pointer, mean.source, inverse.source, rows, channels, inner,
          $0, $1)
      }
      #expect(clamped == expected, "\(what)")
      #expect(gradient.values == masked, "\(what)")
      gradient.expectGuards(what)

      // The sums themselves, from the masked gradient in double precision.
      var twins = [Double](repeating: 0, count: 2 * channels)
      let (points, means, inverses) = (x.doubles, mean.doubles, inverse.doubles)
      for index in 0..<count {
        let c = index / inner % channels
        twins[c] += Double(masked[index]) * (points[index] - means[c]) * inverses[c]
        twins[channels + c] += Double(masked[index])
      }
      // Products of up to 4, added in several chains.
      expectClose(
        expected, twins, absolute: 4 * ulp * (4 + Double(rows * inner).squareRoot() * 4), what)

      let (a, b, c) = (
        GuardedFloats(generator.floats(channels)), GuardedFloats(generator.floats(channels)),
        GuardedFloats(generator.floats(channels))
      )
      func input(_ dy: GuardedFloats, _ relu: Scaling?, into dx: GuardedFloats) -> [Float] {
        kernels.normalization.backwardInput(
          x.source, dy.source, relu, a.source, b.source, c.source, dx.pointer, rows, channels,
          inner)
        dx.expectGuards(what)
        return dx.values
      }
      let dx = input(GuardedFloats(masked), nil, into: GuardedFloats(count: count))
      #expect(
        input(GuardedFloats(dy), scaling, into: GuardedFloats(count: count)) == dx, "\(what)")
      let inPlace = GuardedFloats(dy)
      #expect(input(inPlace, scaling, into: inPlace) == dx, "in place, \(what)")
    }
  }

  /// The whole of batch normalization backward, put together as an operation does.
  @Test(arguments: KernelSelection.available)
  func gradientsEqualCentralDifferences(_ kernels: Kernels) {
    let epsilon = 1e-3
    for (rows, channels, inner) in shapes(kernels)
    where rows * channels * inner < 120 && rows * inner > 1 {
      let count = rows * channels * inner
      let number = Double(rows * inner)
      var generator = SeededGenerator(seed: count)
      let x = generator.floats(count, in: -2...2)
      let dy = generator.floats(count)
      let gamma = generator.floats(channels, in: 0.5...1.5)
      let moments = PlainNormalization.moments(
        x.doubles, rows: rows, channels: channels, inner: inner)
      let inverse = moments.deviations.map { 1 / ($0 / number + epsilon).squareRoot() }
      let dGamma = GuardedFloats(count: channels)
      let dBeta = GuardedFloats(count: channels)
      let what = "\(rows)×\(channels)×\(inner), seed \(count)"
      kernels.normalization.backwardSums(
        GuardedFloats(x).source, GuardedFloats(dy).source, nil,
        GuardedFloats(moments.mean.map(Float.init)).source,
        GuardedFloats(inverse.map(Float.init)).source, rows, channels, inner, dGamma.pointer,
        dBeta.pointer)
      dGamma.expectGuards(what)
      dBeta.expectGuards(what)

      func loss(_ x: [Double], gamma: [Double], beta: [Double]) -> Double {
        let m = PlainNormalization.moments(x, rows: rows, channels: channels, inner: inner)
        let y = PlainNormalization.normalize(
          x, channels: channels, inner: inner, mean: m.mean,
          variance: m.deviations.map { $0 / number }, gamma: gamma, beta: beta, epsilon: epsilon)
        return zip(y, dy.doubles).reduce(0) { $0 + $1.0 * $1.1 }
      }
      let beta = [Double](repeating: 0, count: channels)
      let slopesGamma = centralDifferences(at: gamma.doubles) {
        loss(x.doubles, gamma: $0, beta: beta)
      }
      let slopesBeta = centralDifferences(at: beta) {
        loss(x.doubles, gamma: gamma.doubles, beta: $0)
      }
      // `number` products; mean and inverse deviation come rounded.
      let size = 1 + (inverse.max() ?? 1)
      expectClose(
        dGamma.values, slopesGamma, absolute: number * 8 * ulp * size + 1e-8, "dGamma, \(what)")
      expectClose(dBeta.values, slopesBeta, absolute: number * ulp + 1e-8, "dBeta, \(what)")

      // dx = γ/σ · (dy − dβ/n − x̂·dγ/n), as dy·a + x·b + c.
      let a = zip(gamma.doubles, inverse).map(*)
      let b = (0..<channels).map { -a[$0] * inverse[$0] * slopesGamma[$0] / number }
      let c = (0..<channels).map {
        -a[$0] * slopesBeta[$0] / number - b[$0] * moments.mean[$0]
      }
      let dx = GuardedFloats(count: count)
      kernels.normalization.backwardInput(
        GuardedFloats(x).source, GuardedFloats(dy).source, nil,
        GuardedFloats(a.map(Float.init)).source, GuardedFloats(b.map(Float.init)).source,
        GuardedFloats(c.map(Float.init)).source, dx.pointer, rows, channels, inner)
      let slopes = centralDifferences(at: x.doubles) {
        loss($0, gamma: gamma.doubles, beta: beta)
      }
      // Three rounded factors and terms that cancel, of the size of the factors.
      let terms = (0..<channels).map { abs(a[$0]) + 2 * abs(b[$0]) + abs(c[$0]) }.max() ?? 1
      expectClose(dx.values, slopes, absolute: 8 * ulp * terms + 1e-7, "dx, \(what)")
      dx.expectGuards(what)
    }
  }

  @Test(arguments: KernelSelection.available)
  func batchOfKeras(_ kernels: Kernels) {
    // Mean 3 and biased variance 3.5 move the averages to 0.03 and 1.025.
    let mean = GuardedFloats(count: 1)
    let deviations = GuardedFloats(count: 1)
    kernels.normalization.moments(
      GuardedFloats([1, 2, 3, 6]).source, 4, 1, 1, mean.pointer, deviations.pointer)
    #expect(mean.values == [3])
    #expect(deviations.values == [14])
  }
}
