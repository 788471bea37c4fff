import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct PoolingTests {
  struct Shape: Sendable {
    var height: Int, width: Int, pool: (Int, Int), stride: (Int, Int), padding: Padding
  }

  private static let shapes = [
    Shape(height: 6, width: 8, pool: (2, 2), stride: (2, 2), padding: .valid),
    Shape(height: 7, width: 5, pool: (2, 2), stride: (2, 2), padding: .same),
    Shape(height: 6, width: 5, pool: (3, 3), stride: (1, 1), padding: .same),
    Shape(height: 7, width: 9, pool: (3, 2), stride: (2, 3), padding: .same),
    Shape(height: 5, width: 5, pool: (5, 5), stride: (5, 5), padding: .valid),
    Shape(height: 2, width: 2, pool: (4, 4), stride: (1, 1), padding: .same),
    Shape(height: 1, width: 5, pool: (1, 3), stride: (1, 1), padding: .same),
  ]

  /// - Parameter margin: Channels of the wider planes that do not belong to the window.
  private func window(_ shape: Shape, channels: Int, margin: Int = 0) throws -> PoolingWindow {
    let vertical = try #require(
      WindowAxis(
        input: shape.height, kernel: shape.pool.0, stride: shape.stride.0, padding: shape.padding))
    let horizontal = try #require(
      WindowAxis(
        input: shape.width, kernel: shape.pool.1, stride: shape.stride.1, padding: shape.padding))
    let point = channels + margin
    return PoolingWindow(
      height: shape.height, width: shape.width, channels: channels,
      outputHeight: vertical.output, outputWidth: horizontal.output, poolHeight: shape.pool.0,
      poolWidth: shape.pool.1, strideHeight: shape.stride.0, strideWidth: shape.stride.1,
      padTop: vertical.padBefore, padLeft: horizontal.padBefore, rowStep: shape.width * point,
      pointStep: point, outputRowStep: horizontal.output * point, outputPointStep: point)
  }

  private func inputCount(_ w: PoolingWindow) -> Int {
    (w.height - 1) * w.rowStep + (w.width - 1) * w.pointStep + w.channels
  }

  private func outputCount(_ w: PoolingWindow) -> Int {
    (w.outputHeight - 1) * w.outputRowStep + (w.outputWidth - 1) * w.outputPointStep + w.channels
  }

  @Test(arguments: KernelSelection.available, shapes)
  func maximumEqualsItsTwin(_ kernels: Kernels, _ shape: Shape) throws {
    for channels in awkwardCounts(kernels) {
      for margin in [0, 3] {
        let w = try window(shape, channels: channels, margin: margin)
        var generator = SeededGenerator(seed: channels)
        // Few different values, so that ties are everywhere.
        let x = (0..<inputCount(w)).map { _ in Float(Int.random(in: -3...3, using: &generator)) }
        let zeros = [Float](repeating: 0, count: outputCount(w))
        let y = GuardedFloats(zeros)
        let plain = GuardedFloats(zeros)
        var taps = [UInt16](repeating: 0, count: outputCount(w) + 8)
        taps.replaceSubrange(outputCount(w)..., with: repeatElement(999, count: 8))
        kernels.pooling.maximum(GuardedFloats(x).source, y.pointer, &taps, w)
        kernels.pooling.maximum(GuardedFloats(x).source, plain.pointer, nil, w)
        let expected = PlainPooling.maximum(x, w)
        #expect(y.values == expected.y, "\(shape), \(channels) channels, margin \(margin)")
        #expect(plain.values == expected.y, "\(shape), \(channels) channels, margin \(margin)")
        #expect(
          taps.dropLast(8).map(Int.init) == expected.taps,
          "\(shape), \(channels) channels, margin \(margin)")
        #expect(taps.suffix(8).allSatisfy { $0 == 999 }, "wrote beyond the taps")
        y.expectGuards("\(shape), \(channels)")

        let dy = generator.floats(outputCount(w))
        let start = generator.floats(inputCount(w))
        let dx = GuardedFloats(start)
        kernels.pooling.maximumBackward(GuardedFloats(dy).source, taps, dx.pointer, w)
        var gradient = start
        for p in 0..<w.outputHeight {
          for q in 0..<w.outputWidth {
            for c in 0..<channels {
              let output = p * w.outputRowStep + q * w.outputPointStep + c
              let tap = expected.taps[output]
              let row = p * w.strideHeight - w.padTop + tap / w.poolWidth
              let column = q * w.strideWidth - w.padLeft + tap % w.poolWidth
              gradient[row * w.rowStep + column * w.pointStep + c] += dy[output]
            }
          }
        }
        // The same additions in the same order.
        #expect(dx.values == gradient, "\(shape), \(channels) channels, margin \(margin)")
        dx.expectGuards("\(shape), \(channels)")
      }
    }
  }

  @Test(arguments: KernelSelection.available, shapes)
  func averageEqualsItsTwin(_ kernels: Kernels, _ shape: Shape) throws {
    for channels in awkwardCounts(kernels) {
      for margin in [0, 3] {
        let w = try window(shape, channels: channels, margin: margin)
        var generator = SeededGenerator(seed: channels)
        let x = generator.floats(inputCount(w))
        let y = GuardedFloats([Float](repeating: 0, count: outputCount(w)))
        kernels.pooling.average(GuardedFloats(x).source, y.pointer, w)
        // A mean of at most 25 numbers below 1.
        expectClose(
          y.values, PlainPooling.average(x.doubles, w), absolute: 16 * ulp,
          "\(shape), \(channels) channels, margin \(margin)")
        y.expectGuards("\(shape), \(channels)")

        let dy = generator.floats(outputCount(w))
        let start = generator.floats(inputCount(w))
        let dx = GuardedFloats(start)
        kernels.pooling.averageBackward(GuardedFloats(dy).source, dx.pointer, w)
        guard channels <= 3 else { continue }
        let weights = dy.doubles
        // The mean is linear, so a large step is as good and has no rounding.
        let slopes = centralDifferences(at: x.doubles, step: 0.5) {
          zip(PlainPooling.average($0, w), weights).reduce(0) { $0 + $1.0 * $1.1 }
        }
        expectClose(
          dx.values, zip(start.doubles, slopes).map(+), absolute: 16 * ulp,
          "\(shape), \(channels) channels, margin \(margin)")
        dx.expectGuards("\(shape), \(channels)")
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func averageBackwardIsTheAdjoint(_ kernels: Kernels) throws {
    for shape in PoolingTests.shapes {
      for channels in awkwardCounts(kernels) {
        let w = try window(shape, channels: channels)
        var generator = SeededGenerator(seed: channels)
        let x = GuardedFloats(generator.floats(inputCount(w)))
        let dy = GuardedFloats(generator.floats(outputCount(w)))
        let y = GuardedFloats(count: dy.count)
        let dx = GuardedFloats([Float](repeating: 0, count: x.count))
        kernels.pooling.average(x.source, y.pointer, w)
        kernels.pooling.averageBackward(dy.source, dx.pointer, w)
        func dot(_ a: GuardedFloats, _ b: GuardedFloats) -> Double {
          zip(a.doubles, b.doubles).reduce(0) { $0 + $1.0 * $1.1 }
        }
        // ⟨A·x, dy⟩ = ⟨x, Aᵀ·dy⟩; every term is below 1 and good to a few ulps.
        #expect(
          abs(dot(y, dy) - dot(x, dx)) <= Double(x.count + y.count) * 8 * ulp,
          "\(shape), \(channels) channels")
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func valuesOfKeras(_ kernels: Kernels) throws {
    let line = GuardedFloats([1, 2, 3, 4, 5])
    let y = GuardedFloats(count: 5)
    let three = Shape(height: 1, width: 5, pool: (1, 3), stride: (1, 1), padding: .same)
    kernels.pooling.average(line.source, y.pointer, try window(three, channels: 1))
    #expect(y.values == [1.5, 2, 3, 4, 4.5])
    let two = Shape(height: 1, width: 5, pool: (1, 2), stride: (1, 2), padding: .same)
    let half = GuardedFloats(count: 3)
    kernels.pooling.average(line.source, half.pointer, try window(two, channels: 1))
    #expect(half.values == [1.5, 3.5, 5])

    // Four equal inputs: the first takes the whole gradient.
    let square = Shape(height: 2, width: 2, pool: (2, 2), stride: (2, 2), padding: .valid)
    let w = try window(square, channels: 1)
    let top = GuardedFloats(count: 1)
    var taps: [UInt16] = [9]
    kernels.pooling.maximum(GuardedFloats([7, 7, 7, 7]).source, top.pointer, &taps, w)
    let dx = GuardedFloats([0, 0, 0, 0])
    kernels.pooling.maximumBackward(GuardedFloats([1]).source, taps, dx.pointer, w)
    #expect(top.values == [7])
    #expect(dx.values == [1, 0, 0, 0])
  }

  @Test(arguments: KernelSelection.available)
  func maximumOfSpecialValues(_ kernels: Kernels) throws {
    let square = Shape(height: 2, width: 2, pool: (2, 2), stride: (2, 2), padding: .valid)
    let w = try window(square, channels: 1)
    let y = GuardedFloats(count: 1)
    var taps: [UInt16] = [9]
    for place in 0..<4 {
      var x: [Float] = [1, 3, 2, 3]
      x[place] = .nan
      kernels.pooling.maximum(GuardedFloats(x).source, y.pointer, &taps, w)
      #expect(y.values[0].isNaN && taps[0] == UInt16(place), "NaN at \(place)")
    }
    let low = GuardedFloats([Float](repeating: -.infinity, count: 4))
    kernels.pooling.maximum(low.source, y.pointer, &taps, w)
    #expect(y.values == [-.infinity] && taps == [0])
  }

  @Test(arguments: KernelSelection.available)
  func columnMaximaEqualTheirTwins(_ kernels: Kernels) {
    for columns in awkwardCounts(kernels) {
      for rows in [1, 2, 5] {
        var generator = SeededGenerator(seed: columns)
        // Few different values, so that some are equal.
        let values = generator.floats(rows * columns).map { ($0 * 2).rounded() }
        let x = GuardedFloats(values)
        let y = GuardedFloats(count: columns)
        kernels.pooling.columnMaxima(x.source, y.pointer, rows, columns)
        #expect(y.values == PlainPooling.columnMaxima(values, columns: columns))
        y.expectGuards("\(rows)×\(columns)")
        let dy = generator.floats(columns)
        let dx = GuardedFloats(count: values.count)
        kernels.pooling.columnMaximaBackward(
          x.source, y.source, GuardedFloats(dy).source, dx.pointer, rows, columns)
        for column in 0..<columns {
          let winners = (0..<rows).filter { values[$0 * columns + column] == y.values[column] }
          for row in 0..<rows {
            let share = winners.contains(row) ? dy[column] / Float(winners.count) : 0
            #expect(dx.values[row * columns + column] == share)
          }
        }
        dx.expectGuards("\(rows)×\(columns)")
      }
    }
    let nan = GuardedFloats([1, .nan, 2])
    let y = GuardedFloats(count: 1)
    kernels.pooling.columnMaxima(nan.source, y.pointer, 3, 1)
    #expect(y.values[0].isNaN)
  }
}
