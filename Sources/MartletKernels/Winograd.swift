import MartletKernelTable

// Winograd's minimal filtering on six points, 0, ±a, ±b and infinity, with a = 5/8 and b = 3/2.
//
// The points decide how roundings grow. 0, ±1, ±2, the usual ones, lose about two bits against the
// direct sum; a search over pairs found this one within a few percent of the best for kernels of 3,
// 4 and 5 at once: 7 · 10⁻⁷ of the result's size (root of the mean square, 64 channels) where the
// direct sum has 4 · 10⁻⁷ to 7 · 10⁻⁷ and the usual points 1.7 · 10⁻⁶. (Barabasz et al. 2020,
// arXiv:1803.10986, on the choice of points.) a, b and their squares are exact floats.
//
// All transforms are a one-dimensional one over columns, then over rows. `spread` goes from an image
// to the points or from filters to the points, `gather` back: each pair are adjoint.

var winogradKernels: WinogradKernels {
  WinogradKernels(
    spreadInput: spreadInput, gatherInput: gatherInput, gatherOutput: gatherOutput,
    spreadOutput: spreadOutput, spreadFilters: spreadFilters, gatherFilters: gatherFilters)
}

private typealias Constants = WinogradConstants

private enum WinogradConstants {
  static var a: Float { @inline(__always) get { 0.625 } }
  static var b: Float { @inline(__always) get { 1.5 } }
  static var a2: Float { @inline(__always) get { a * a } }
  static var b2: Float { @inline(__always) get { b * b } }
  static var a3: Float { @inline(__always) get { a2 * a } }
  static var b3: Float { @inline(__always) get { b2 * b } }
  static var a4: Float { @inline(__always) get { a2 * a2 } }
  static var b4: Float { @inline(__always) get { b2 * b2 } }
  static var a2b2: Float { @inline(__always) get { a2 * b2 } }
  static var a2plusb2: Float { @inline(__always) get { a2 + b2 } }
  /// Rows of G are divided by the product of each point's distances from the others.
  static var scale0: Float { @inline(__always) get { 1 / a2b2 } }
  static var scaleA: Float { @inline(__always) get { 1 / (2 * a2 * (a2 - b2)) } }
  static var scaleB: Float { @inline(__always) get { 1 / (2 * b2 * (b2 - a2)) } }
}

// MARK: - One dimension

/// A value for each point, or six elements of an image row.
private struct Six {
  var v0: Vector, v1: Vector, v2: Vector, v3: Vector, v4: Vector, v5: Vector

  @inline(__always) init(
    _ v0: Vector, _ v1: Vector, _ v2: Vector, _ v3: Vector, _ v4: Vector, _ v5: Vector
  ) {
    self.v0 = v0
    self.v1 = v1
    self.v2 = v2
    self.v3 = v3
    self.v4 = v4
    self.v5 = v5
  }

  /// Bᵀ d: the coefficients of the polynomials that vanish at all points but one.
  @inline(__always) func spread() -> Six {
    let a = splat(Constants.a)
    let b = splat(Constants.b)
    let minusA2 = splat(-Constants.a2)
    let minusB2 = splat(-Constants.b2)
    let product = splat(Constants.a2b2)
    let minusSum = splat(-Constants.a2plusb2)
    let evenA = multiplyAdd(minusB2, v2, v4)
    let oddA = a * multiplyAdd(minusB2, v1, v3)
    let evenB = multiplyAdd(minusA2, v2, v4)
    let oddB = b * multiplyAdd(minusA2, v1, v3)
    return Six(
      multiplyAdd(product, v0, multiplyAdd(minusSum, v2, v4)),
      evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB,
      multiplyAdd(product, v1, multiplyAdd(minusSum, v3, v5)))
  }

  /// B v, the adjoint of `spread`.
  @inline(__always) func gather() -> Six {
    let minusA2 = splat(-Constants.a2)
    let minusB2 = splat(-Constants.b2)
    let product = splat(Constants.a2b2)
    let minusSum = splat(-Constants.a2plusb2)
    let sumA = v1 + v2
    let sumB = v3 + v4
    let oddA = splat(Constants.a) * (v1 - v2)
    let oddB = splat(Constants.b) * (v3 - v4)
    return Six(
      product * v0,
      multiplyAdd(product, v5, multiplyAdd(minusB2, oddA, minusA2 * oddB)),
      multiplyAdd(minusSum, v0, multiplyAdd(minusB2, sumA, minusA2 * sumB)),
      multiplyAdd(minusSum, v5, oddA + oddB),
      v0 + (sumA + sumB),
      v5)
  }

  /// The polynomial with these coefficients, `Length.count` of them, at every point: A y.
  @inline(__always) func evaluated<Length: Coefficients>(_: Length.Type) -> Six {
    var evenA = v0
    var evenB = v0
    var oddA = splat(Constants.a) * v1
    var oddB = splat(Constants.b) * v1
    var last = v1
    if Length.count > 2 {
      evenA = multiplyAdd(splat(Constants.a2), v2, evenA)
      evenB = multiplyAdd(splat(Constants.b2), v2, evenB)
      last = v2
    }
    if Length.count > 3 {
      oddA = multiplyAdd(splat(Constants.a3), v3, oddA)
      oddB = multiplyAdd(splat(Constants.b3), v3, oddB)
      last = v3
    }
    if Length.count > 4 {
      evenA = multiplyAdd(splat(Constants.a4), v4, evenA)
      evenB = multiplyAdd(splat(Constants.b4), v4, evenB)
      last = v4
    }
    return Six(v0, evenA + oddA, evenA - oddA, evenB + oddB, evenB - oddB, last)
  }

  /// Aᵀ m, the adjoint of `evaluated`: the first `Length.count` fields count.
  @inline(__always) func summed<Length: Coefficients>(_: Length.Type) -> Six {
    let sumA = v1 + v2
    let sumB = v3 + v4
    let oddA = v1 - v2
    let oddB = v3 - v4
    var result = self
    result.v0 = v0 + (sumA + sumB)
    result.v1 = multiplyAdd(splat(Constants.a), oddA, splat(Constants.b) * oddB)
    if Length.count > 2 {
      result.v2 = multiplyAdd(splat(Constants.a2), sumA, splat(Constants.b2) * sumB)
    }
    if Length.count > 3 {
      result.v3 = multiplyAdd(splat(Constants.a3), oddA, splat(Constants.b3) * oddB)
    }
    if Length.count > 4 {
      result.v4 = multiplyAdd(splat(Constants.a4), sumA, splat(Constants.b4) * sumB)
    }
    switch Length.count {
    case 2: result.v1 = result.v1 + v5
    case 3: result.v2 = result.v2 + v5
    case 4: result.v3 = result.v3 + v5
    default: result.v4 = result.v4 + v5
    }
    return result
  }

  /// Each point's value by its distances from the others: what G has beyond A.
  @inline(__always) func scaled() -> Six {
    let scaleA = splat(Constants.scaleA)
    let scaleB = splat(Constants.scaleB)
    return Six(
      splat(Constants.scale0) * v0, scaleA * v1, scaleA * v2, scaleB * v3, scaleB * v4, v5)
  }
}

/// How many coefficients a polynomial has: a number in the type, so that loops unroll and unused
/// fields vanish.
private protocol Coefficients {
  static var count: Int { get }
}
private enum TwoCoefficients: Coefficients {
  static var count: Int { @inline(__always) get { 2 } }
}
private enum ThreeCoefficients: Coefficients {
  static var count: Int { @inline(__always) get { 3 } }
}
private enum FourCoefficients: Coefficients {
  static var count: Int { @inline(__always) get { 4 } }
}
private enum FiveCoefficients: Coefficients {
  static var count: Int { @inline(__always) get { 5 } }
}

// MARK: - Two dimensions

/// A tile: six columns of six.
private struct Tile {
  var c0: Six, c1: Six, c2: Six, c3: Six, c4: Six, c5: Six

  @inline(__always) init(_ c0: Six, _ c1: Six, _ c2: Six, _ c3: Six, _ c4: Six, _ c5: Six) {
    self.c0 = c0
    self.c1 = c1
    self.c2 = c2
    self.c3 = c3
    self.c4 = c4
    self.c5 = c5
  }

  /// The elements that `element` gives for row and column below `rows` and `columns`, zeros
  /// elsewhere.
  @inline(__always) init(
    rows: Int, columns: Int, _ element: (_ row: Int, _ column: Int) -> Vector
  ) {
    @inline(__always) func value(_ row: Int, _ column: Int) -> Vector {
      row < rows && column < columns ? element(row, column) : splat(0)
    }
    @inline(__always) func column(_ column: Int) -> Six {
      Six(
        value(0, column), value(1, column), value(2, column), value(3, column), value(4, column),
        value(5, column))
    }
    self.init(column(0), column(1), column(2), column(3), column(4), column(5))
  }

  /// The same with rows and columns exchanged.
  @inline(__always) var transposed: Tile {
    Tile(
      Six(c0.v0, c1.v0, c2.v0, c3.v0, c4.v0, c5.v0), Six(c0.v1, c1.v1, c2.v1, c3.v1, c4.v1, c5.v1),
      Six(c0.v2, c1.v2, c2.v2, c3.v2, c4.v2, c5.v2), Six(c0.v3, c1.v3, c2.v3, c3.v3, c4.v3, c5.v3),
      Six(c0.v4, c1.v4, c2.v4, c3.v4, c4.v4, c5.v4), Six(c0.v5, c1.v5, c2.v5, c3.v5, c4.v5, c5.v5))
  }

  /// `line` of every column, then of every row.
  @inline(__always) func mapped(_ line: (Six) -> Six) -> Tile {
    let columns = Tile(line(c0), line(c1), line(c2), line(c3), line(c4), line(c5)).transposed
    return Tile(
      line(columns.c0), line(columns.c1), line(columns.c2), line(columns.c3), line(columns.c4),
      line(columns.c5)
    ).transposed
  }

  /// Calls `body` for the elements in rows and columns below the given ones.
  @inline(__always) func visit(
    rows: Int, columns: Int, _ body: (_ row: Int, _ column: Int, Vector) -> Void
  ) {
    @inline(__always) func visit(_ column: Int, _ six: Six) {
      guard column < columns else { return }
      if rows > 0 { body(0, column, six.v0) }
      if rows > 1 { body(1, column, six.v1) }
      if rows > 2 { body(2, column, six.v2) }
      if rows > 3 { body(3, column, six.v3) }
      if rows > 4 { body(4, column, six.v4) }
      if rows > 5 { body(5, column, six.v5) }
    }
    visit(0, c0)
    visit(1, c1)
    visit(2, c2)
    visit(3, c3)
    visit(4, c4)
    visit(5, c5)
  }
}

private func spreadInput(_ image: Source, _ matrices: Target, _ row: borrowing TileRow) {
  let (rowStep, channels, positionStep) = (row.rowStep, row.channels, row.positionStep)
  var tile = 0
  while tile < row.tiles {
    let corner = image + tile * row.side * channels
    let target = matrices + tile * row.tileStep
    visit(channels) { at in
      Tile(rows: 6, columns: 6) { at(corner + ($0 * rowStep + $1 * channels)) }
        .mapped { $0.spread() }
        .visit(rows: 6, columns: 6) { at.put($2, target + ($0 * 6 + $1) * positionStep) }
    }
    tile += 1
  }
}

private func gatherInput(_ matrices: Source, _ image: Target, _ row: borrowing TileRow) {
  switch row.side {
  case 2: gatherInput(overlap: 4, matrices, image, row)
  case 3: gatherInput(overlap: 3, matrices, image, row)
  default: gatherInput(overlap: 2, matrices, image, row)
  }
}

/// - Parameter overlap: Points along either axis that a tile shares with the one before it.
@inline(__always)
private func gatherInput(
  overlap: Int, _ matrices: Source, _ image: Target, _ row: borrowing TileRow
) {
  let (rowStep, channels, positionStep) = (row.rowStep, row.channels, row.positionStep)
  var tile = 0
  while tile < row.tiles {
    let corner = image + tile * (6 - overlap) * channels
    let source = matrices + tile * row.tileStep
    visit(channels) { at in
      Tile(rows: 6, columns: 6) { at(source + ($0 * 6 + $1) * positionStep) }
        .mapped { $0.gather() }
        .visit(rows: 6, columns: 6) {
          let point = corner + ($0 * rowStep + $1 * channels)
          at.put($0 < overlap || $1 < overlap ? at(point) + $2 : $2, point)
        }
    }
    tile += 1
  }
}

private func gatherOutput(
  _ matrices: Source, _ image: Target, _ bias: Source?, _ clampsAtZero: Bool,
  _ row: borrowing TileRow
) {
  switch row.side {
  case 2: gatherOutput(TwoCoefficients.self, matrices, image, bias, clampsAtZero, row)
  case 3: gatherOutput(ThreeCoefficients.self, matrices, image, bias, clampsAtZero, row)
  default: gatherOutput(FourCoefficients.self, matrices, image, bias, clampsAtZero, row)
  }
}

@inline(__always)
private func gatherOutput<Side: Coefficients>(
  _: Side.Type, _ matrices: Source, _ image: Target, _ bias: Source?, _ clampsAtZero: Bool,
  _ row: borrowing TileRow
) {
  let (rowStep, channels, positionStep) = (row.rowStep, row.channels, row.positionStep)
  let rows = min(row.rows, Side.count)
  let width = row.width
  var tile = 0
  while tile < row.tiles {
    let corner = image + tile * Side.count * channels
    let source = matrices + tile * row.tileStep
    let columns = min(width - tile * Side.count, Side.count)
    visit(channels) { at in
      let added = bias.map { at($0) } ?? splat(0)
      @inline(__always) func finished(_ value: Vector) -> Vector {
        let sum = value + added
        // NaN stays NaN: the comparison is false for it.
        return clampsAtZero ? select(sum .< splat(0), splat(0), sum) : sum
      }
      let result = Tile(rows: 6, columns: 6) { at(source + ($0 * 6 + $1) * positionStep) }
        .mapped { $0.summed(Side.self) }
      if rows == Side.count && columns == Side.count {
        result.visit(rows: Side.count, columns: Side.count) {
          at.put(finished($2), corner + ($0 * rowStep + $1 * channels))
        }
      } else {
        result.visit(rows: rows, columns: columns) {
          at.put(finished($2), corner + ($0 * rowStep + $1 * channels))
        }
      }
    }
    tile += 1
  }
}

private func spreadOutput(_ image: Source, _ matrices: Target, _ row: borrowing TileRow) {
  switch row.side {
  case 2: spreadOutput(TwoCoefficients.self, image, matrices, row)
  case 3: spreadOutput(ThreeCoefficients.self, image, matrices, row)
  default: spreadOutput(FourCoefficients.self, image, matrices, row)
  }
}

@inline(__always)
private func spreadOutput<Side: Coefficients>(
  _: Side.Type, _ image: Source, _ matrices: Target, _ row: borrowing TileRow
) {
  let (rowStep, channels, positionStep) = (row.rowStep, row.channels, row.positionStep)
  let rows = min(row.rows, Side.count)
  let width = row.width
  var tile = 0
  while tile < row.tiles {
    let corner = image + tile * Side.count * channels
    let target = matrices + tile * row.tileStep
    let columns = min(width - tile * Side.count, Side.count)
    visit(channels) { at in
      let outputs: Tile
      if rows == Side.count && columns == Side.count {
        outputs = Tile(rows: Side.count, columns: Side.count) {
          at(corner + ($0 * rowStep + $1 * channels))
        }
      } else {
        outputs = Tile(rows: rows, columns: columns) {
          at(corner + ($0 * rowStep + $1 * channels))
        }
      }
      outputs.mapped { $0.evaluated(Side.self) }
        .visit(rows: 6, columns: 6) { at.put($2, target + ($0 * 6 + $1) * positionStep) }
    }
    tile += 1
  }
}

private func spreadFilters(
  _ filters: Source, _ kernel: Int, _ count: Int, _ matrices: Target, _ positionStep: Int
) {
  switch kernel {
  case 3: spreadFilters(ThreeCoefficients.self, filters, count, matrices, positionStep)
  case 4: spreadFilters(FourCoefficients.self, filters, count, matrices, positionStep)
  default: spreadFilters(FiveCoefficients.self, filters, count, matrices, positionStep)
  }
}

@inline(__always)
private func spreadFilters<Side: Coefficients>(
  _: Side.Type, _ filters: Source, _ count: Int, _ matrices: Target, _ positionStep: Int
) {
  visit(count) { at in
    Tile(rows: Side.count, columns: Side.count) { at(filters + ($0 * Side.count + $1) * count) }
      .mapped { $0.evaluated(Side.self).scaled() }
      .visit(rows: 6, columns: 6) { at.put($2, matrices + ($0 * 6 + $1) * positionStep) }
  }
}

private func gatherFilters(
  _ matrices: Source, _ kernel: Int, _ count: Int, _ filters: Target
) {
  switch kernel {
  case 3: gatherFilters(ThreeCoefficients.self, matrices, count, filters)
  case 4: gatherFilters(FourCoefficients.self, matrices, count, filters)
  default: gatherFilters(FiveCoefficients.self, matrices, count, filters)
  }
}

@inline(__always)
private func gatherFilters<Side: Coefficients>(
  _: Side.Type, _ matrices: Source, _ count: Int, _ filters: Target
) {
  visit(count) { at in
    Tile(rows: 6, columns: 6) { at(matrices + ($0 * 6 + $1) * count) }
      .mapped { $0.scaled().summed(Side.self) }
      .visit(rows: Side.count, columns: Side.count) {
        let tap = filters + ($0 * Side.count + $1) * count
        at.put(at(tap) + $2, tap)
      }
  }
}
