import MartletDispatch
import MartletKernelTable
import MartletKernels
import MartletTensors
import MartletTestSupport
import Testing

/// The transforms against matrices made from the points by the textbook (Toom and Cook), in double
/// precision; and what all of them together make of a convolution.
@Suite struct WinogradTests {
  private static let kernelSides = [3, 4, 5]

  /// Aᵀ, G and Bᵀ for a kernel of `kernel` taps and six points, infinity the last.
  private struct Matrices {
    let side: Int
    /// 6 × side, 6 × kernel, 6 × 6.
    let outputs: [[Double]], filters: [[Double]], inputs: [[Double]]

    init(kernel: Int) {
      let points = [0, 0.625, -0.625, 1.5, -1.5]
      side = 7 - kernel
      func powers(_ point: Double, _ count: Int) -> [Double] {
        (0..<count).map { exponent in (0..<exponent).reduce(1) { power, _ in power * point } }
      }
      func infinity(_ count: Int) -> [Double] { (0..<count).map { $0 == count - 1 ? 1 : 0 } }
      /// Coefficients of Π (x − root).
      func polynomial(_ roots: [Double]) -> [Double] {
        roots.reduce([1]) { coefficients, root in
          zip([0] + coefficients, coefficients + [0]).map { $0 - root * $1 }
        }
      }
      outputs = points.map { [side] in powers($0, side) } + [infinity(side)]
      filters =
        points.map { point in
          let distance = points.filter { $0 != point }.reduce(1) { $0 * (point - $1) }
          return powers(point, kernel).map { $0 / distance }
        } + [infinity(kernel)]
      inputs =
        points.map { point in polynomial(points.filter { $0 != point }) + [0] }
        + [polynomial(points)]
    }
  }

  /// L · x · Lᵀ for a square matrix x in row-major order.
  private static func twoSided(_ left: [[Double]], _ x: [Double]) -> [Double] {
    let size = left[0].count
    return left.flatMap { row in
      left.map { column in
        var sum = 0.0
        for i in 0..<size { for j in 0..<size { sum += row[i] * x[i * size + j] * column[j] } }
        return sum
      }
    }
  }

  private static func transposed(_ matrix: [[Double]]) -> [[Double]] {
    matrix[0].indices.map { column in matrix.map { $0[column] } }
  }

  /// A row of three tiles, the last of which reaches over the border.
  private struct Setting {
    let kernel: Int, channels: Int, side: Int
    let row: TileRow
    let width: Int

    init(kernel: Int, channels: Int, rows: Int, missing: Int) {
      self.kernel = kernel
      self.channels = channels
      side = 7 - kernel
      width = 2 * side + 6
      var row = TileRow()
      row.tiles = 3
      row.channels = channels
      row.side = side
      row.rowStep = width * channels
      row.rows = rows
      row.width = 3 * side - missing
      row.tileStep = channels + 3
      row.positionStep = 3 * (channels + 3) + 5
      self.row = row
    }

    /// Element of a plane with rows of `width` points.
    func point(_ row: Int, _ column: Int, _ channel: Int) -> Int {
      (row * width + column) * channels + channel
    }
    func matrix(_ position: Int, _ tile: Int, _ channel: Int) -> Int {
      position * row.positionStep + tile * row.tileStep + channel
    }
    var planeCount: Int { 6 * width * channels }
    var matrixCount: Int { 36 * row.positionStep }
    /// Every tile and channel.
    var places: [(tile: Int, channel: Int)] {
      (0..<3).flatMap { tile in (0..<channels).map { (tile, $0) } }
    }
  }

  /// The absolute values that a transform adds up are at most some 30 times its input.
  private static let tolerance = 60 * ulp

  @Test(arguments: KernelSelection.available, kernelSides)
  func inputTransformAndItsAdjoint(_ kernels: Kernels, _ kernel: Int) {
    let matrices = Matrices(kernel: kernel)
    for channels in awkwardCounts(kernels) {
      let s = Setting(kernel: kernel, channels: channels, rows: 6, missing: 0)
      var generator = SeededGenerator(seed: channels)
      let image = GuardedFloats(generator.floats(s.planeCount))
      let spread = GuardedFloats([Float](repeating: 7, count: s.matrixCount))
      kernels.winograd.spreadInput(image.source, spread.pointer, s.row)
      var expected = [Double](repeating: 7, count: s.matrixCount)
      let values = GuardedFloats(generator.floats(s.matrixCount))
      let plane = GuardedFloats(generator.floats(s.planeCount))
      var expectedPlane = plane.doubles
      for (tile, channel) in s.places {
        let points = (0..<36).map { s.point($0 / 6, tile * s.side + $0 % 6, channel) }
        let v = WinogradTests.twoSided(matrices.inputs, points.map { Double(image.pointer[$0]) })
        for position in 0..<36 { expected[s.matrix(position, tile, channel)] = v[position] }
        let d = WinogradTests.twoSided(
          WinogradTests.transposed(matrices.inputs),
          (0..<36).map { Double(values.pointer[s.matrix($0, tile, channel)]) })
        for (index, point) in points.enumerated() {
          let isShared = index / 6 < kernel - 1 || index % 6 < kernel - 1
          expectedPlane[point] = (isShared ? expectedPlane[point] : 0) + d[index]
        }
      }
      expectClose(
        spread.values, expected, absolute: WinogradTests.tolerance, "\(channels) channels")
      kernels.winograd.gatherInput(values.source, plane.pointer, s.row)
      expectClose(
        plane.values, expectedPlane, absolute: 4 * WinogradTests.tolerance, "\(channels) channels")
      spread.expectGuards()
      plane.expectGuards()
    }
  }

  @Test(arguments: KernelSelection.available, kernelSides)
  func outputTransformAndItsAdjoint(_ kernels: Kernels, _ kernel: Int) {
    let matrices = Matrices(kernel: kernel)
    for channels in awkwardCounts(kernels) {
      for rows in 1...(8 - kernel) {
        for missing in 0..<(7 - kernel) {
          let s = Setting(kernel: kernel, channels: channels, rows: rows, missing: missing)
          var generator = SeededGenerator(seed: channels)
          let values = GuardedFloats(generator.floats(s.matrixCount))
          let bias = GuardedFloats(generator.floats(channels))
          let old = generator.floats(s.planeCount)
          let spread = GuardedFloats([Float](repeating: 7, count: s.matrixCount))
          let image = GuardedFloats(old)
          kernels.winograd.spreadOutput(image.source, spread.pointer, s.row)
          var linear = old.doubles
          var relu = old.doubles
          var expectedSpread = [Double](repeating: 7, count: s.matrixCount)
          for (tile, channel) in s.places {
            let m = (0..<36).map { Double(values.pointer[s.matrix($0, tile, channel)]) }
            let y = WinogradTests.twoSided(WinogradTests.transposed(matrices.outputs), m)
            var dy = [Double](repeating: 0, count: s.side * s.side)
            for row in 0..<min(s.side, rows) {
              for column in 0..<s.side where tile * s.side + column < s.row.width {
                let point = s.point(row, tile * s.side + column, channel)
                linear[point] = y[row * s.side + column]
                relu[point] = max(0, y[row * s.side + column] + Double(bias.pointer[channel]))
                dy[row * s.side + column] = Double(old[point])
              }
            }
            let v = WinogradTests.twoSided(matrices.outputs, dy)
            for position in 0..<36 {
              expectedSpread[s.matrix(position, tile, channel)] = v[position]
            }
          }
          let what = "\(channels) channels, \(rows) rows, \(missing) columns missing"
          expectClose(
            spread.values, expectedSpread, absolute: 4 * WinogradTests.tolerance, what)
          spread.expectGuards(what)
          kernels.winograd.gatherOutput(values.source, image.pointer, nil, false, s.row)
          expectClose(image.values, linear, absolute: 8 * WinogradTests.tolerance, what)
          let clamped = GuardedFloats(old)
          kernels.winograd.gatherOutput(values.source, clamped.pointer, bias.source, true, s.row)
          expectClose(clamped.values, relu, absolute: 8 * WinogradTests.tolerance, what)
          image.expectGuards(what)
          clamped.expectGuards(what)
        }
      }
    }
  }

  @Test(arguments: KernelSelection.available, kernelSides)
  func filterTransformAndItsAdjoint(_ kernels: Kernels, _ kernel: Int) {
    let matrices = Matrices(kernel: kernel)
    let taps = kernel * kernel
    for count in awkwardCounts(kernels) {
      var generator = SeededGenerator(seed: count)
      let filters = GuardedFloats(generator.floats(taps * count))
      let spread = GuardedFloats([Float](repeating: 7, count: 36 * (count + 2)))
      kernels.winograd.spreadFilters(filters.source, kernel, count, spread.pointer, count + 2)
      var expected = [Double](repeating: 7, count: 36 * (count + 2))
      let values = GuardedFloats(generator.floats(36 * count))
      let gathered = GuardedFloats(generator.floats(taps * count))
      var expectedGathered = gathered.doubles
      for element in 0..<count {
        let u = WinogradTests.twoSided(
          matrices.filters, (0..<taps).map { Double(filters.pointer[$0 * count + element]) })
        for position in 0..<36 { expected[position * (count + 2) + element] = u[position] }
        let g = WinogradTests.twoSided(
          WinogradTests.transposed(matrices.filters),
          (0..<36).map { Double(values.pointer[$0 * count + element]) })
        for tap in 0..<taps { expectedGathered[tap * count + element] += g[tap] }
      }
      expectClose(spread.values, expected, absolute: WinogradTests.tolerance, "\(count)")
      kernels.winograd.gatherFilters(values.source, kernel, count, gathered.pointer)
      expectClose(
        gathered.values, expectedGathered, absolute: 4 * WinogradTests.tolerance, "\(count)")
      spread.expectGuards()
      gathered.expectGuards()
    }
  }

  /// NaN must come out as NaN, also through the clamp.
  @Test(arguments: KernelSelection.available) func notANumberStays(_ kernels: Kernels) {
    let s = Setting(kernel: 3, channels: 1, rows: 4, missing: 0)
    let values = GuardedFloats([Float](repeating: .nan, count: s.matrixCount))
    let image = GuardedFloats([Float](repeating: 0, count: s.planeCount))
    kernels.winograd.gatherOutput(values.source, image.pointer, nil, true, s.row)
    for row in 0..<4 {
      for column in 0..<12 { #expect(image.pointer[s.point(row, column, 0)].isNaN) }
    }
  }

  /// The points belong to the convolution: A and G and B make y = Σ d g.
  @Test(arguments: kernelSides) func theMatricesMakeAConvolution(_ kernel: Int) {
    let m = Matrices(kernel: kernel)
    var generator = SeededGenerator(seed: kernel)
    let d = generator.floats(36).doubles
    let g = generator.floats(kernel * kernel).doubles
    let v = WinogradTests.twoSided(m.inputs, d)
    let u = WinogradTests.twoSided(m.filters, g)
    let y = WinogradTests.twoSided(WinogradTests.transposed(m.outputs), zip(u, v).map { $0 * $1 })
    for row in 0..<m.side {
      for column in 0..<m.side {
        var sum = 0.0
        for r in 0..<kernel {
          for s in 0..<kernel { sum += d[(row + r) * 6 + column + s] * g[r * kernel + s] }
        }
        #expect(abs(y[row * m.side + column] - sum) < 1e-12)
      }
    }
  }
}
