import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

/// The register tile against plain loops: every height, every width, both layouts of the second
/// operand, all endings.
@Suite struct ProductTests {
  /// Around one vector, one panel and two panels of every level.
  private static func widths(_ kernels: Kernels) -> [Int] {
    let vector = kernels.vectorWidth
    return [
      1, vector - 1, vector, vector + 1, 2 * vector - 1, 2 * vector, 2 * vector + 1, 5 * vector + 3,
    ]
  }

  /// A sum of n products of numbers below 1 errs by less than n roundings of a number below n.
  private static func tolerance(depth: Int) -> Double { Double(depth) * Double(depth) * ulp }

  @Test(arguments: KernelSelection.available)
  func matricesInPlaceAndPacked(_ kernels: Kernels) {
    let heights = Array(1...(2 * kernels.product.tileHeight + 1))
    for columns in ProductTests.widths(kernels) {
      for rows in heights {
        let depth = 1 + (rows + columns) % 7
        var generator = SeededGenerator(seed: rows * 1000 + columns)
        let a = generator.floats(rows * depth)
        let b = generator.floats(depth * columns)
        let bias = generator.floats(columns)
        let old = generator.floats(rows * columns)
        let plain = PlainProduct.multiply(
          a.doubles, b.doubles, rows: rows, depth: depth, columns: columns)

        // Whole vectors of `b` are read, so its end must be followed by readable memory.
        let aBuffer = GuardedFloats(a)
        let bBuffer = GuardedFloats(b)
        let biasBuffer = GuardedFloats(bias)
        let width = kernels.product.packedWidth(columns)
        let packed = GuardedFloats(
          count: kernels.product.packedCount(depth: depth, columns: columns))
        kernels.product.pack(
          bBuffer.source, columns, 1, depth, columns, packed.pointer, width, depth * width)
        packed.expectGuards()
        let transposed = GuardedFloats(
          count: kernels.product.packedCount(depth: depth, columns: columns))
        let columnMajor = GuardedFloats(
          (0..<(depth * columns)).map { b[$0 % depth * columns + $0 / depth] })
        kernels.product.pack(
          columnMajor.source, 1, depth, depth, columns, transposed.pointer, width, depth * width)
        #expect(packed.values == transposed.values, "packing \(depth) × \(columns)")

        let zero = [0]
        zero.withUnsafeBufferPointer { offsets in
          func run(
            inPlace: Bool, into c: GuardedFloats, _ change: (inout Product) -> Void
          ) {
            var product = Product(
              a: aBuffer.source, runOffsets: offsets.baseAddress!,
              b: inPlace ? bBuffer.source : packed.source, c: c.pointer)
            product.aRowStep = depth
            product.runLength = depth
            product.bPanelStep = inPlace ? kernels.product.panelWidth : depth * width
            product.bDepthStep = inPlace ? columns : width
            product.cRowStep = columns
            product.rows = rows
            product.columns = columns
            change(&product)
            kernels.product.multiply(product)
            c.expectGuards()
          }
          let what = "\(rows) × \(depth) × \(columns)"
          let tolerance = ProductTests.tolerance(depth: depth + 1)
          for inPlace in [true, false] {
            let plainResult = GuardedFloats(count: rows * columns)
            run(inPlace: inPlace, into: plainResult) { _ in }
            expectClose(plainResult.values, plain, absolute: tolerance, what)

            let sum = GuardedFloats(old)
            run(inPlace: inPlace, into: sum) { $0.accumulates = true }
            expectClose(
              sum.values, zip(plain, old).map { $0 + Double($1) }, absolute: tolerance,
              "accumulating \(what)")

            let finished = GuardedFloats(count: rows * columns)
            run(inPlace: inPlace, into: finished) {
              $0.bias = biasBuffer.source
              $0.clampsAtZero = true
            }
            expectClose(
              finished.values,
              plain.enumerated().map { max($1 + Double(bias[$0 % columns]), 0) },
              absolute: tolerance, "bias and clamp \(what)")
          }
        }
      }
    }
  }

  /// Lines, runs and steps of all operands: two rows of taps over a small image.
  @Test(arguments: KernelSelection.available)
  func runsAndLines(_ kernels: Kernels) {
    let (height, width, channels, filters) = (5, 9, 3, kernels.vectorWidth + 2)
    var generator = SeededGenerator(seed: 5)
    let x = generator.floats(height * width * channels)
    let w = generator.floats(2 * 2 * channels * filters)
    let expected = PlainProduct.convolve(
      x.doubles, w.doubles, height: height, width: width, channels: channels, filters: filters,
      groups: 1, kernel: (2, 2), stride: (1, 2), dilation: (2, 1), pad: (0, 0), output: (3, 4))
    let depth = 4 * channels
    let packedWidth = kernels.product.packedWidth(filters)
    let packed = GuardedFloats(count: kernels.product.packedCount(depth: depth, columns: filters))
    kernels.product.pack(
      GuardedFloats(w).source, filters, 1, depth, filters, packed.pointer, packedWidth,
      depth * packedWidth)
    let y = GuardedFloats(count: 3 * 4 * filters)
    let image = GuardedFloats(x)
    [0, 2 * width * channels].withUnsafeBufferPointer { offsets in
      var product = Product(
        a: image.source, runOffsets: offsets.baseAddress!, b: packed.source, c: y.pointer)
      product.aLineStep = width * channels
      product.aRowStep = 2 * channels
      product.runCount = 2
      product.runLength = 2 * channels
      product.bPanelStep = depth * packedWidth
      product.bRunStep = 2 * channels * packedWidth
      product.bDepthStep = packedWidth
      product.cLineStep = 4 * filters
      product.cRowStep = filters
      product.lines = 3
      product.rows = 4
      product.columns = filters
      kernels.product.multiply(product)
    }
    expectClose(y.values, expected, absolute: ProductTests.tolerance(depth: depth))
    y.expectGuards()
  }

  /// A row's bits do not depend on how many rows come with it.
  @Test(arguments: KernelSelection.available)
  func bitsDoNotDependOnTheTile(_ kernels: Kernels) {
    let (depth, columns) = (37, kernels.product.panelWidth + 3)
    let most = 2 * kernels.product.tileHeight + 1
    var generator = SeededGenerator(seed: 8)
    let a = GuardedFloats(generator.floats(most * depth))
    let b = GuardedFloats(generator.floats(depth * columns))
    func product(rows: Int) -> [Float] {
      let c = GuardedFloats(count: rows * columns)
      [0].withUnsafeBufferPointer { offsets in
        var product = Product(
          a: a.source, runOffsets: offsets.baseAddress!, b: b.source, c: c.pointer)
        product.aRowStep = depth
        product.runLength = depth
        product.bPanelStep = kernels.product.panelWidth
        product.bDepthStep = columns
        product.cRowStep = columns
        product.rows = rows
        product.columns = columns
        kernels.product.multiply(product)
      }
      return c.values
    }
    let all = product(rows: most)
    for rows in 1..<most { #expect(product(rows: rows) == Array(all[..<(rows * columns)])) }
  }

  @Test(arguments: KernelSelection.available)
  func notANumberIsNotClampedAway(_ kernels: Kernels) {
    let a = GuardedFloats([.nan, 1])
    let b = GuardedFloats([1])
    let c = GuardedFloats(count: 2)
    [0].withUnsafeBufferPointer { offsets in
      var product = Product(
        a: a.source, runOffsets: offsets.baseAddress!, b: b.source, c: c.pointer)
      product.aRowStep = 1
      product.runLength = 1
      product.bPanelStep = kernels.product.panelWidth
      product.bDepthStep = 1
      product.cRowStep = 1
      product.rows = 2
      product.columns = 1
      product.clampsAtZero = true
      kernels.product.multiply(product)
    }
    #expect(c.values[0].isNaN && c.values[1] == 1)
  }
}
