import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct ImageTests {
  /// A map that turns, stretches and moves, over all edges.
  private static func map(
    _ height: Int, _ width: Int, _ channels: Int, isBilinear: Bool, _ fill: ImageFill
  ) -> Resampling {
    Resampling(
      height: height, width: width, channels: channels, rowStep: (width + 1) * channels,
      outputHeight: 7, outputWidth: 5, rowStart: -2.3, rowPerRow: 0.9, rowPerColumn: 0.45,
      columnStart: 5.7, columnPerRow: -1.3, columnPerColumn: 0.7, isBilinear: isBilinear,
      fill: fill, fillValue: 0.75)
  }

  @Test(arguments: KernelSelection.available)
  func resamplingFollowsTheTwin(_ kernels: Kernels) {
    var numbers = SeededGenerator(seed: 3)
    for (index, fill) in ImageFill.allCases.enumerated() {
      for isBilinear in [false, true] {
        for (height, width, channels) in [(1, 1, 1), (4, 6, 1), (6, 3, 3), (5, 5, 17), (5, 4, 16)] {
          var map = ImageTests.map(
            height, width, channels, isBilinear: isBilinear, fill)
          // Another one beside the image, but for the narrowest of them.
          if width > 1 { map.columnFill = ImageFill.allCases[(index + height) % 4] }
          // Upright, as images that change their size.
          if channels == 16 { (map.rowPerColumn, map.columnPerRow) = (0, 0) }
          let what =
            "\(map.rowFill), \(map.columnFill), bilinear \(isBilinear), \(height) × \(width) × "
            + "\(channels)"
          let x = numbers.floats(height * map.rowStep)
          let y = GuardedFloats(count: 35 * channels)
          kernels.image.resample(GuardedFloats(x).source, y.pointer, map)
          // Three roundings of products of numbers up to 1.
          expectClose(y.values, PlainImage.resample(x.doubles, map), absolute: 4 * ulp, what)
          y.expectGuards(what)

          let dy = numbers.floats(35 * channels)
          let dx = GuardedFloats([Float](repeating: 0, count: x.count))
          kernels.image.resampleBackward(GuardedFloats(dy).source, dx.pointer, map)
          // Up to 140 terms in one place of the smallest image.
          expectClose(
            dx.values, PlainImage.resampleBackward(dy.doubles, inputCount: x.count, map),
            absolute: 100 * ulp, "gradient of \(what)")
          dx.expectGuards(what)
        }
      }
    }
  }

  /// What stands beyond the edges of 1 2 3, by hand.
  @Test(
    arguments: [
      (ImageFill.constant, [9, 9, 1, 2, 3, 9, 9]), (.nearest, [1, 1, 1, 2, 3, 3, 3]),
      (.reflect, [2, 1, 1, 2, 3, 3, 2]), (.wrap, [2, 3, 1, 2, 3, 1, 2]),
    ] as [(ImageFill, [Float])])
  func edges(_ fill: ImageFill, _ expected: [Float]) {
    var map = Resampling(
      height: 1, width: 3, channels: 1, rowStep: 3, outputHeight: 1, outputWidth: 7, rowStart: 0,
      rowPerRow: 1, rowPerColumn: 0, columnStart: -2, columnPerRow: 0, columnPerColumn: 1,
      isBilinear: false, fill: fill, fillValue: 9)
    for kernels in KernelSelection.available {
      for isBilinear in [false, true] {
        map.isBilinear = isBilinear
        let y = GuardedFloats(count: 7)
        kernels.image.resample(GuardedFloats([1, 2, 3]).source, y.pointer, map)
        #expect(y.values == expected, "\(kernels.name), bilinear \(isBilinear)")
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func adjustingFollowsTheTwin(_ kernels: Kernels) {
    var numbers = SeededGenerator(seed: 5)
    for columns in awkwardCounts(kernels) {
      let rows = 3
      let x = numbers.floats(rows * columns)
      let (center, factor, shift) = (
        numbers.floats(columns), numbers.floats(columns), numbers.floats(columns)
      )
      let memory = [center, factor, shift].map { GuardedFloats($0) }
      let adjustment = ColumnAdjustment(
        center: memory[0].source, factor: memory[1].source, shift: memory[2].source, lower: -0.5,
        upper: 0.75)
      let input = GuardedFloats(x)
      let y = GuardedFloats(count: x.count)
      kernels.image.adjust(input.source, y.pointer, rows, columns, adjustment)
      let expected = x.indices.map { index in
        let column = index % columns
        return PlainImage.adjust(
          Double(x[index]), center: Double(center[column]), factor: Double(factor[column]),
          shift: Double(shift[column]), lower: -0.5, upper: 0.75)
      }
      expectClose(y.values, expected, absolute: 4 * ulp, "\(columns) columns")
      y.expectGuards()

      let dy = numbers.floats(x.count)
      let dx = GuardedFloats(count: x.count)
      kernels.image.keepWithinBounds(
        input.source, GuardedFloats(dy).source, dx.pointer, rows, columns, adjustment)
      for (index, value) in expected.enumerated() where abs(value) < 0.49 {
        #expect(dx.values[index] == dy[index], "\(columns) columns, element \(index)")
      }
      for (index, value) in expected.enumerated() where value == -0.5 || value == 0.75 {
        #expect(dx.values[index] == 0, "\(columns) columns, element \(index)")
      }
      dx.expectGuards()
      kernels.image.adjust(input.source, input.pointer, rows, columns, adjustment)
      #expect(input.values == y.values, "in place, \(columns) columns")
    }
  }

  @Test(arguments: KernelSelection.available)
  func adjustingKeepsNaN(_ kernels: Kernels) {
    let one = GuardedFloats([Float](repeating: 1, count: 20))
    let x = GuardedFloats([Float](repeating: .nan, count: 20))
    kernels.image.adjust(
      x.source, x.pointer, 1, 20,
      ColumnAdjustment(
        center: one.source, factor: one.source, shift: one.source, lower: 0, upper: 1))
    #expect(x.values.allSatisfy { $0.isNaN })
  }
}
