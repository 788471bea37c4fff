import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct DepthwiseTests {
  struct Shape: Sendable {
    var size: (Int, Int), kernel: (Int, Int)
    var stride = (1, 1)
    var dilation = (1, 1)
    var padding = Padding.same
  }

  private static let shapes = [
    Shape(size: (5, 7), kernel: (3, 3)),
    Shape(size: (6, 13), kernel: (3, 3), padding: .valid),
    Shape(size: (7, 8), kernel: (5, 5)),
    Shape(size: (8, 9), kernel: (3, 3), stride: (2, 2)),
    Shape(size: (9, 12), kernel: (5, 5), stride: (2, 2)),
    Shape(size: (4, 11), kernel: (2, 4), stride: (3, 1)),
    Shape(size: (9, 9), kernel: (3, 3), dilation: (2, 3)),
    Shape(size: (12, 14), kernel: (3, 2), stride: (2, 3), dilation: (3, 2)),
    Shape(size: (1, 6), kernel: (1, 7)),
    Shape(size: (3, 2), kernel: (6, 7)),
    Shape(size: (4, 4), kernel: (1, 1)),
  ]

  private static func axis(_ axis: WindowAxis) -> DepthwiseAxis {
    DepthwiseAxis(
      input: axis.input, output: axis.output, taps: axis.kernel, first: -axis.padBefore,
      stride: axis.stride, tapStep: axis.dilation)
  }

  /// - Parameter gap: Elements between the points of y that do not belong to it.
  private func plane(
    _ shape: Shape, channels: Int, repeats: Int = 1, gap: Int = 0
  ) throws -> DepthwisePlane {
    func axis(_ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) throws -> DepthwiseAxis {
      DepthwiseTests.axis(
        try #require(
          WindowAxis(
            input: input, kernel: kernel, stride: stride, dilation: dilation,
            padding: shape.padding)))
    }
    let horizontal = try axis(shape.size.1, shape.kernel.1, shape.stride.1, shape.dilation.1)
    let pointStep = channels + gap
    return DepthwisePlane(
      vertical: try axis(shape.size.0, shape.kernel.0, shape.stride.0, shape.dilation.0),
      horizontal: horizontal, channels: channels,
      rowStep: horizontal.output * pointStep + gap, pointStep: pointStep, repeats: repeats)
  }

  /// The rows of weights or bias as the kernel reads them.
  private func rows(_ values: [Float], _ plane: DepthwisePlane) -> GuardedFloats {
    GuardedFloats(
      stride(from: 0, to: values.count, by: plane.channels).flatMap { start in
        [[Float]](repeating: Array(values[start..<(start + plane.channels)]), count: plane.repeats)
          .flatMap { $0 }
      })
  }

  private func repeats(_ shape: Shape) -> [Int] { shape.stride.1 == 1 ? [1, 2, 3, 5] : [1] }

  @Test(arguments: KernelSelection.available, shapes)
  func correlationEqualsItsTwin(_ kernels: Kernels, _ shape: Shape) throws {
    for channels in awkwardCounts(kernels) {
      for repeats in repeats(shape) {
        for gap in repeats == 1 ? [0, 3] : [0] {
          let plane = try plane(shape, channels: channels, repeats: repeats, gap: gap)
          let what = "\(shape), \(channels) channels, \(repeats) repeats, gap \(gap)"
          var numbers = SeededGenerator(seed: channels)
          let x = numbers.floats(shape.size.0 * shape.size.1 * channels)
          let weights = numbers.floats(plane.tapCount * channels)
          let bias = numbers.floats(channels)
          let (weightRows, biasRow) = (rows(weights, plane), rows(bias, plane))
          let start = numbers.floats(PlainDepthwise.outputCount(plane))
          var expected = start.doubles
          PlainDepthwise.correlate(
            x.doubles, weights.doubles, bias: bias.doubles, into: &expected, plane)
          let y = GuardedFloats(start)
          kernels.depthwise.correlate(
            GuardedFloats(x).source, weightRows.source, biasRow.source, y.pointer, -.infinity,
            .infinity, plane)
          // Sums of at most 43 numbers below 1.
          expectClose(y.values, expected, absolute: 64 * ulp, what)
          y.expectGuards(what)

          // Clamped in the same pass, to the bit.
          let free = y.values
          kernels.depthwise.correlate(
            GuardedFloats(x).source, weightRows.source, biasRow.source, y.pointer, -0.25, 0.5,
            plane)
          for p in 0..<plane.vertical.output {
            for q in 0..<plane.horizontal.output {
              for c in 0..<channels {
                let at = p * plane.rowStep + q * plane.pointStep + c
                #expect(y.values[at] == min(max(free[at], -0.25), 0.5), "\(what) at \(at)")
              }
            }
          }
        }
      }
    }
  }

  @Test(arguments: KernelSelection.available, shapes)
  func weightGradientEqualsItsTwin(_ kernels: Kernels, _ shape: Shape) throws {
    for channels in awkwardCounts(kernels) {
      for repeats in repeats(shape) {
        let plane = try plane(shape, channels: channels, repeats: repeats)
        let what = "\(shape), \(channels) channels, \(repeats) repeats"
        var numbers = SeededGenerator(seed: channels)
        let x = numbers.floats(shape.size.0 * shape.size.1 * channels)
        let dy = numbers.floats(PlainDepthwise.outputCount(plane))
        let start = numbers.floats(plane.tapCount * plane.weightStep)
        let dw = GuardedFloats(start)
        kernels.depthwise.addWeightGradient(
          GuardedFloats(x).source, GuardedFloats(dy).source, dw.pointer, plane)
        let gradient = PlainDepthwise.weightGradient(x.doubles, dy.doubles, plane)
        var found = [Float](repeating: 0, count: gradient.count)
        var expected = gradient
        for (index, value) in dw.values.enumerated() {
          let at = index / plane.weightStep * channels + index % channels
          found[at] += value
          expected[at] += Double(start[index])
        }
        // Sums of at most 168 numbers below 1.
        expectClose(found, expected, absolute: 128 * ulp, what)
        dw.expectGuards(what)
      }
    }
  }

  /// NaN stays NaN through the bounds.
  @Test(arguments: KernelSelection.available) func notANumber(_ kernels: Kernels) throws {
    let plane = try plane(Shape(size: (1, 1), kernel: (1, 1)), channels: 1)
    let y = GuardedFloats(count: 1)
    kernels.depthwise.correlate([Float.nan], [1], [0], y.pointer, 0, 6, plane)
    #expect(y.values[0].isNaN)
  }

  /// No taps: what a phase of a wide stride may have.
  @Test(arguments: KernelSelection.available) func biasAlone(_ kernels: Kernels) {
    let none = DepthwiseAxis(input: 2, output: 3, taps: 0, first: 0, stride: 1, tapStep: 1)
    let one = DepthwiseAxis(input: 2, output: 2, taps: 1, first: 0, stride: 1, tapStep: 1)
    for (vertical, horizontal) in [(none, one), (one, none)] {
      let plane = DepthwisePlane(
        vertical: vertical, horizontal: horizontal, channels: 2,
        rowStep: horizontal.output * 2, pointStep: 2, repeats: 1)
      let y = GuardedFloats(count: 12)
      kernels.depthwise.correlate(
        GuardedFloats([Float](repeating: 9, count: 8)).source, [], [4, 5], y.pointer, -.infinity,
        .infinity, plane)
      #expect(y.values == [4, 5, 4, 5, 4, 5, 4, 5, 4, 5, 4, 5])
      y.expectGuards()
    }
  }

  /// Groups that vectors divide, groups that they cut, and groups that are wider than two of them.
  @Test(
    arguments: KernelSelection.available,
    [(1, 2), (2, 2), (3, 3), (4, 4), (5, 5), (8, 8), (2, 6), (6, 2), (8, 1), (40, 3)])
  func spreadEqualsItsTwin(_ kernels: Kernels, _ group: (channels: Int, filters: Int)) {
    for groups in [1, 2, 7, 16] {
      let pointStep = groups * group.channels
      let filters = groups * group.filters
      let points = 5
      let x = GuardedFloats((0..<(points * pointStep)).map { Float($0) })
      for first in stride(from: 0, to: filters, by: kernels.vectorWidth) {
        for count in [min(kernels.vectorWidth, filters - first), filters - first] {
          let spread = ChannelSpread(
            points: points, pointStep: pointStep, channelsPerGroup: group.channels,
            filtersPerGroup: group.filters, firstFilter: first, filters: count)
          let expected = PlainDepthwise.spread(x.values, spread)
          let y = GuardedFloats(count: expected.count + kernels.vectorWidth)
          kernels.depthwise.spread(x.source, y.pointer, spread)
          #expect(
            Array(y.values.prefix(expected.count)) == expected,
            "\(groups) groups of \(group), \(count) filters from \(first)")
          y.expectGuards()
        }
      }
    }
  }
}
