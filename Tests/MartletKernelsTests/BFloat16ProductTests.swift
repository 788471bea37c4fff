import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

/// Products of bfloat16 numbers on tile registers and on pairs: the kernels' own work on plain
/// imitations of the instructions, and, where the processor has them, on the real ones.
@Suite struct BFloat16ProductTests {
  private func units(splits: Bool) -> [(name: String, kernels: ProductKernels)] {
    bfloat16Levels.compactMap { level in
      (splits ? level.bfloat16?.split : level.bfloat16?.bfloat16).map { (level.name, $0) }
    }
  }

  /// The nearest bfloat16 number, the even one of two.
  private func rounded(_ x: Float) -> Float {
    let candidates = [x.bitPattern & 0xffff_0000, (x.bitPattern & 0xffff_0000) &+ 0x1_0000]
    let distances = candidates.map { abs(Double(Float(bitPattern: $0)) - Double(x)) }
    let takesFirst =
      distances[0] < distances[1]
      || (distances[0] == distances[1] && candidates[0] & 0x1_0000 == 0)
    return Float(bitPattern: candidates[takesFirst ? 0 : 1])
  }

  private struct Sizes: CustomStringConvertible {
    var lines = 1
    var rows: Int
    var runs = 1
    var runLength: Int
    var columns: Int
    var isTransposed = false
    var description: String {
      "\(lines) lines × \(rows) rows, \(runs) runs × \(runLength), \(columns) columns, "
        + (isTransposed ? "transposed" : "plain")
    }
    var depth: Int { runs * runLength }
  }

  /// Below, at and above a tile, a block and a piece of the depth along every axis.
  private static let sizes: [Sizes] =
    [1, 15, 16, 17, 31, 32, 33, 65].map { Sizes(rows: $0, runLength: 20, columns: 20) }
    + [1, 2, 15, 16, 17, 32, 33, 64, 70].map { Sizes(rows: 5, runLength: 34, columns: $0) }
    + [2, 30, 32, 34, 62, 64, 66, 510, 512, 514, 1030].map {
      Sizes(rows: 33, runLength: $0, columns: 17)
    }
    + [
      Sizes(lines: 3, rows: 7, runs: 3, runLength: 12, columns: 40),
      Sizes(lines: 5, rows: 9, runs: 2, runLength: 5, columns: 33),
      Sizes(rows: 20, runs: 3, runLength: 11, columns: 18, isTransposed: true),
      Sizes(rows: 49, runLength: 600, columns: 33, isTransposed: true),
      Sizes(rows: 3, runLength: 31, columns: 5, isTransposed: true),
      // More rows, or lines, than are rounded together.
      Sizes(rows: 70, runLength: 2048, columns: 3),
      Sizes(lines: 9, rows: 8, runs: 2, runLength: 1024, columns: 3),
      Sizes(lines: 2, rows: 70, runs: 2, runLength: 1024, columns: 3),
      Sizes(rows: 270, runLength: 514, columns: 3, isTransposed: true),
      // More depth.
      Sizes(rows: 3, runLength: 8193, columns: 2),
      Sizes(rows: 3, runLength: 16390, columns: 2),
      Sizes(rows: 3, runs: 3, runLength: 4096, columns: 2),
      Sizes(rows: 2, runs: 65, runLength: 4, columns: 2),
      Sizes(rows: 2, runs: 3, runLength: 2731, columns: 2),
    ]

  @Test(arguments: [false, true]) func equalsTheRoundedSum(_ splits: Bool) {
    for (name, kernels) in units(splits: splits) {
      for s in BFloat16ProductTests.sizes {
        for isPacked in [false, true] where !isPacked || s.depth % 2 == 0 {
          check(kernels, s, isPacked: isPacked, splits: splits, "\(name), \(s), packed \(isPacked)")
        }
      }
    }
  }

  private func check(
    _ kernels: ProductKernels, _ s: Sizes, isPacked: Bool, splits: Bool, _ what: String
  ) {
    var generator = SeededGenerator(seed: s.depth * 100 + s.columns)
    let total = s.lines * s.rows
    // Element (row, k) of the first operand stands at row · depth + k, or at k · total + row.
    let a = GuardedFloats(generator.floats(total * s.depth))
    let b = GuardedFloats(generator.floats(s.depth * s.columns))
    let bias = GuardedFloats(generator.floats(s.columns))
    let old = generator.floats(total * s.columns)
    let width = kernels.packedWidth(s.columns)
    let packed = GuardedFloats(
      [Float](repeating: 0, count: kernels.packedCount(depth: s.depth, columns: s.columns)))
    if isPacked {
      kernels.pack(
        b.source, s.columns, 1, s.depth, s.columns, packed.pointer, width, s.depth * width)
      packed.expectGuards(what)
    }
    let work = GuardedFloats(
      count: isPacked
        ? kernels.workCount() : kernels.workCount(depth: s.depth, columns: s.columns))

    /// Σ of products; and of their magnitudes, for what roundings can come to.
    func sums(_ factor: (Float) -> Double) -> (values: [Double], sizes: [Double]) {
      var values: [Double] = []
      var sizes: [Double] = []
      for row in 0..<total {
        for column in 0..<s.columns {
          var (value, size) = (0.0, 0.0)
          for k in 0..<s.depth {
            let x = a.pointer[s.isTransposed ? k * total + row : row * s.depth + k]
            let product = factor(x) * factor(b.pointer[k * s.columns + column])
            value += product
            size += abs(product)
          }
          values.append(value)
          sizes.append(size)
        }
      }
      return (values, sizes)
    }
    let expected = sums { splits ? Double($0) : Double(rounded($0)) }
    // What a split leaves out is below 2⁻¹⁶ of each product; the rest are roundings of float sums.
    let error = (splits ? 0x1p-15 : 0) + Double(s.depth + 2) * ulp

    let offsets = (0..<s.runs).map { $0 * s.runLength * (s.isTransposed ? total : 1) }
    func run(into c: GuardedFloats, _ change: (inout Product) -> Void) {
      offsets.withUnsafeBufferPointer { offsets in
        var product = Product(
          a: a.source, runOffsets: offsets.baseAddress!, b: isPacked ? packed.source : b.source,
          c: c.pointer)
        product.aLineStep = s.rows * (s.isTransposed ? 1 : s.depth)
        product.aRowStep = s.isTransposed ? 1 : s.depth
        product.aDepthStep = s.isTransposed ? total : 1
        product.runCount = s.runs
        product.runLength = s.runLength
        product.bIsPacked = isPacked
        product.bPanelStep = isPacked ? s.depth * width : kernels.panelWidth
        product.bRunStep = s.runLength * (isPacked ? width : s.columns)
        product.bDepthStep = isPacked ? width : s.columns
        product.cLineStep = s.rows * s.columns
        product.cRowStep = s.columns
        product.lines = s.lines
        product.rows = s.rows
        product.columns = s.columns
        product.work = work.pointer
        change(&product)
        kernels.multiply(product)
      }
      c.expectGuards(what)
      work.expectGuards(what)
    }
    func expect(_ c: GuardedFloats, _ f: (Int) -> Double) {
      for index in 0..<(total * s.columns) {
        let allowed = error * (expected.sizes[index] + 2)
        let difference = abs(Double(c.pointer[index]) - f(index))
        #expect(difference <= allowed, "\(what): element \(index)")
        if !(difference <= allowed) { return }
      }
    }
    let plain = GuardedFloats(count: total * s.columns)
    run(into: plain) { _ in }
    expect(plain) { expected.values[$0] }
    if isPacked && s.columns > kernels.panelWidth {
      // The last panel alone.
      let panel = (s.columns - 1) / kernels.panelWidth
      let first = panel * kernels.panelWidth
      let part = GuardedFloats([Float](repeating: 7, count: total * s.columns))
      run(into: part) {
        $0.b = packed.source + panel * s.depth * width
        $0.c = part.pointer + first
        $0.columns = s.columns - first
      }
      expect(part) { $0 % s.columns < first ? 7 : expected.values[$0] }
    }
    let added = GuardedFloats(old)
    run(into: added) { $0.accumulates = true }
    expect(added) { expected.values[$0] + Double(old[$0]) }
    let clamped = GuardedFloats(count: total * s.columns)
    run(into: clamped) {
      $0.bias = bias.source
      $0.clampsAtZero = true
    }
    expect(clamped) { max(0, expected.values[$0] + Double(bias.pointer[$0 % s.columns])) }
  }

  /// The transposed source of `pack` gives the same panels.
  @Test func packingFromColumns() {
    let kernels = plainTileKernels().bfloat16
    let (depth, columns) = (6, 37)
    var generator = SeededGenerator(seed: 1)
    let b = generator.floats(depth * columns)
    let plain = GuardedFloats(b)
    let turned = GuardedFloats((0..<b.count).map { b[$0 % depth * columns + $0 / depth] })
    let count = kernels.packedCount(depth: depth, columns: columns)
    let first = GuardedFloats([Float](repeating: 0, count: count))
    let second = GuardedFloats([Float](repeating: 0, count: count))
    kernels.pack(plain.source, columns, 1, depth, columns, first.pointer, 32, depth * 32)
    kernels.pack(turned.source, 1, depth, depth, columns, second.pointer, 32, depth * 32)
    #expect(first.values.map(\.bitPattern) == second.values.map(\.bitPattern))
  }

  /// NaN comes out as NaN, infinity as infinity or, in split precision, NaN; a product without depth
  /// as zeros.
  @Test(arguments: [false, true]) func extremes(_ splits: Bool) {
    for (name, kernels) in units(splits: splits) {
      for (value, test) in [
        (Float.nan, { (x: Float) in x.isNaN }),
        (.infinity, { $0 == .infinity || (splits && $0.isNaN) }),
        (-.infinity, { $0 == -.infinity || (splits && $0.isNaN) }),
      ] {
        let a = GuardedFloats([value, 1])
        let b = GuardedFloats([1, 1, 1, 1])
        let c = GuardedFloats(count: 2)
        let work = GuardedFloats(count: kernels.workCount(depth: 2, columns: 2))
        [0].withUnsafeBufferPointer { offsets in
          var product = Product(
            a: a.source, runOffsets: offsets.baseAddress!, b: b.source, c: c.pointer)
          product.runLength = 2
          product.bPanelStep = kernels.panelWidth
          product.bDepthStep = 2
          product.rows = 1
          product.columns = 2
          product.work = work.pointer
          kernels.multiply(product)
          #expect(c.values.allSatisfy(test), "\(name): \(value) gave \(c.values)")
          product.runCount = 0
          product.runLength = 0
          kernels.multiply(product)
          #expect(c.values == [0, 0], "\(name)")
        }
      }
    }
  }

  /// What stands between rows of an odd depth is not read, not even as a factor of zero.
  @Test(arguments: [false, true]) func gapsBetweenRowsDoNotCount(_ splits: Bool) {
    for (name, kernels) in units(splits: splits) {
      for depth in [1, 3, 33, 511] {
        let rows = 20
        let a = GuardedFloats(
          (0..<rows * (depth + 1)).map { $0 % (depth + 1) < depth ? 1 : .nan })
        let b = GuardedFloats([Float](repeating: 1, count: depth * 2))
        let c = GuardedFloats(count: rows * 2)
        let work = GuardedFloats(count: kernels.workCount(depth: depth, columns: 2))
        [0].withUnsafeBufferPointer { offsets in
          var product = Product(
            a: a.source, runOffsets: offsets.baseAddress!, b: b.source, c: c.pointer)
          product.aRowStep = depth + 1
          product.runLength = depth
          product.bPanelStep = kernels.panelWidth
          product.bDepthStep = 2
          product.cRowStep = 2
          product.rows = rows
          product.columns = 2
          product.work = work.pointer
          kernels.multiply(product)
        }
        #expect(c.values.allSatisfy { $0 == Float(depth) }, "\(name): a depth of \(depth)")
      }
    }
  }
}
