import MartletKernelTable

// Products: convolution, its gradients and the matrix product, all by one register tile.
//
// A tile is `height` rows times one or two vectors of columns, held in registers through the whole
// depth: every step loads the vectors of `b` once, broadcasts one element of `a` per row and does
// height × width multiply-adds (Goto & van de Geijn 2008, doi:10.1145/1356052.1356053). `a` is read
// in place instead of packed: in a channels-last image the taps of a kernel row already lie in a run.
// Every element of the result is one chain of multiply-adds in the order of the depth, so its bits
// do not depend on the tile it falls into, and so not on the number of rows.
//
// What a step of the depth is, a float or a pair of bfloat16 numbers (`PairProduct.swift`), is the
// tile's `Arithmetic`.

var productKernels: ProductKernels {
  ProductKernels(
    panelWidth: registerTileWidth, tileHeight: registerTileHeight,
    multiply: { multiply(Floats.self, $0) }, pack: pack)
}

/// Columns of a register tile.
var registerTileWidth: Int { @inline(__always) get { 2 * vectorWidth } }

/// Rows of the tallest one.
#if MARTLET_AVX512
  // 28 of 32 registers accumulate. 14 × 32 ran at 188 GFLOP/s where the peak is about 200.
  let registerTileHeight = 14
#elseif arch(arm64)
  let registerTileHeight = 8
#else
  // With 16 registers a taller tile spills: 6 × 16 ran at 51 GFLOP/s, 4 × 16 at 67 (AVX2).
  let registerTileHeight = 4
#endif

// MARK: - Vectors side by side

/// What a tile does with an element of the first operand, in every lane, and a vector of the second.
protocol Arithmetic {
  static func addProduct(_ a: Vector, _ b: Vector, to sum: Vector) -> Vector
}

private enum Floats: Arithmetic {
  @inline(__always) static func addProduct(_ a: Vector, _ b: Vector, to sum: Vector) -> Vector {
    multiplyAdd(a, b, sum)
  }
}

private protocol Strip {
  static var width: Int { get }
  init(zero: Void)
  init(_ pointer: UnsafePointer<Float>)
  init(_ pointer: UnsafePointer<Float>, count: Int)
  mutating func addProduct(_ factor: Vector, _ other: Self)
  func write(_ pointer: UnsafeMutablePointer<Float>)
  func write(_ pointer: UnsafeMutablePointer<Float>, count: Int)
  func sum(_ other: Self) -> Self
  func clampedAtZero() -> Self
}

private struct One<A: Arithmetic>: Strip {
  var v: Vector

  static var width: Int { @inline(__always) get { vectorWidth } }
  @inline(__always) init(_ v: Vector) { self.v = v }
  @inline(__always) init(zero: Void) { v = splat(0) }
  @inline(__always) init(_ pointer: UnsafePointer<Float>) { v = load(pointer) }
  @inline(__always) init(_ pointer: UnsafePointer<Float>, count: Int) {
    v = loadPartial(pointer, count)
  }
  @inline(__always) mutating func addProduct(_ factor: Vector, _ other: One) {
    v = A.addProduct(factor, other.v, to: v)
  }
  @inline(__always) func write(_ pointer: UnsafeMutablePointer<Float>) { store(v, pointer) }
  @inline(__always) func write(_ pointer: UnsafeMutablePointer<Float>, count: Int) {
    storePartial(v, pointer, count)
  }
  @inline(__always) func sum(_ other: One) -> One { One(v + other.v) }
  @inline(__always) func clampedAtZero() -> One {
    // NaN stays NaN: the comparison is false for it.
    One(select(v .< splat(0), splat(0), v))
  }
}

private struct Two<A: Arithmetic>: Strip {
  var a: One<A>
  var b: One<A>

  static var width: Int { @inline(__always) get { 2 * vectorWidth } }
  @inline(__always) init(_ a: One<A>, _ b: One<A>) {
    self.a = a
    self.b = b
  }
  @inline(__always) init(zero: Void) {
    a = One(zero: ())
    b = One(zero: ())
  }
  @inline(__always) init(_ pointer: UnsafePointer<Float>) {
    a = One<A>(pointer)
    b = One(pointer + vectorWidth)
  }
  @inline(__always) init(_ pointer: UnsafePointer<Float>, count: Int) {
    a = One<A>(pointer)
    b = One(pointer + vectorWidth, count: count - vectorWidth)
  }
  @inline(__always) mutating func addProduct(_ factor: Vector, _ other: Two) {
    a.addProduct(factor, other.a)
    b.addProduct(factor, other.b)
  }
  @inline(__always) func write(_ pointer: UnsafeMutablePointer<Float>) {
    a.write(pointer)
    b.write(pointer + vectorWidth)
  }
  @inline(__always) func write(_ pointer: UnsafeMutablePointer<Float>, count: Int) {
    a.write(pointer)
    b.write(pointer + vectorWidth, count: count - vectorWidth)
  }
  @inline(__always) func sum(_ other: Two) -> Two { Two(a.sum(other.a), b.sum(other.b)) }
  @inline(__always) func clampedAtZero() -> Two { Two(a.clampedAtZero(), b.clampedAtZero()) }
}

// MARK: - Rows, built in the type

/// What becomes of a finished row.
private struct Finish {
  var rowStep: Int
  var columns: Int
  var isPartial: Bool
  var accumulates: Bool
  var clampsAtZero: Bool
}

/// The accumulators of a tile. Taller tiles are pairs of lower ones, so that every height is a
/// type of its own whose fields the compiler keeps in registers; an array of accumulators would
/// live in memory (measured at 30 GFLOP/s).
private protocol Rows {
  associatedtype S: Strip
  static var height: Int { get }
  init(bias: S)
  mutating func addProduct(_ a: UnsafePointer<Float>, _ rowStep: Int, _ b: S)
  func finish(_ c: UnsafeMutablePointer<Float>, _ finish: Finish)
}

private struct Row<S: Strip>: Rows {
  var sum: S

  static var height: Int { @inline(__always) get { 1 } }
  @inline(__always) init(bias: S) { sum = bias }
  @inline(__always) mutating func addProduct(_ a: UnsafePointer<Float>, _ rowStep: Int, _ b: S) {
    sum.addProduct(splat(a.pointee), b)
  }
  @inline(__always) func finish(_ c: UnsafeMutablePointer<Float>, _ finish: Finish) {
    var result = sum
    if finish.accumulates {
      result = result.sum(finish.isPartial ? S(c, count: finish.columns) : S(c))
    }
    if finish.clampsAtZero { result = result.clampedAtZero() }
    if finish.isPartial { result.write(c, count: finish.columns) } else { result.write(c) }
  }
}

private struct Pair<A: Rows, B: Rows>: Rows where A.S == B.S {
  typealias S = A.S
  var a: A
  var b: B

  static var height: Int { @inline(__always) get { A.height + B.height } }
  @inline(__always) init(bias: S) {
    a = A(bias: bias)
    b = B(bias: bias)
  }
  @inline(__always) mutating func addProduct(_ p: UnsafePointer<Float>, _ rowStep: Int, _ v: S) {
    a.addProduct(p, rowStep, v)
    b.addProduct(p + A.height * rowStep, rowStep, v)
  }
  @inline(__always) func finish(_ c: UnsafeMutablePointer<Float>, _ finish: Finish) {
    a.finish(c, finish)
    b.finish(c + A.height * finish.rowStep, finish)
  }
}

private typealias Rows1<S: Strip> = Row<S>
private typealias Rows2<S: Strip> = Pair<Row<S>, Row<S>>
private typealias Rows3<S: Strip> = Pair<Rows2<S>, Row<S>>
private typealias Rows4<S: Strip> = Pair<Rows2<S>, Rows2<S>>
private typealias Rows5<S: Strip> = Pair<Rows4<S>, Row<S>>
private typealias Rows6<S: Strip> = Pair<Rows4<S>, Rows2<S>>
private typealias Rows7<S: Strip> = Pair<Rows4<S>, Rows3<S>>
private typealias Rows8<S: Strip> = Pair<Rows4<S>, Rows4<S>>
private typealias Rows9<S: Strip> = Pair<Rows8<S>, Row<S>>
private typealias Rows10<S: Strip> = Pair<Rows8<S>, Rows2<S>>
private typealias Rows11<S: Strip> = Pair<Rows8<S>, Rows3<S>>
private typealias Rows12<S: Strip> = Pair<Rows8<S>, Rows4<S>>
private typealias Rows13<S: Strip> = Pair<Rows8<S>, Rows5<S>>
private typealias Rows14<S: Strip> = Pair<Rows8<S>, Rows6<S>>

// MARK: - Multiply

/// The fields of a `Product` that one tile needs, with its own corner filled in.
private struct Corner {
  var a: UnsafePointer<Float>
  var aRowStep: Int
  var aDepthStep: Int
  var runOffsets: UnsafePointer<Int>
  var runCount: Int
  var runLength: Int
  var b: UnsafePointer<Float>
  var bRunStep: Int
  var bDepthStep: Int
  var c: UnsafeMutablePointer<Float>
}

@inline(__always)
private func tile<T: Rows>(_: T.Type, _ corner: Corner, _ bias: T.S, _ finish: Finish) {
  var rows = T(bias: bias)
  var run = 0
  while run < corner.runCount {
    var a = corner.a + corner.runOffsets[run]
    var b = corner.b + run * corner.bRunStep
    var depth = corner.runLength
    while depth > 0 {
      rows.addProduct(a, corner.aRowStep, T.S(b))
      a += corner.aDepthStep
      b += corner.bDepthStep
      depth -= 1
    }
    run += 1
  }
  rows.finish(corner.c, finish)
}

@inline(__always)
private func tile<S: Strip>(
  height: Int, _: S.Type, _ corner: Corner, _ bias: S, _ finish: Finish
) {
  switch height {
  case 1: tile(Rows1<S>.self, corner, bias, finish)
  case 2: tile(Rows2<S>.self, corner, bias, finish)
  case 3: tile(Rows3<S>.self, corner, bias, finish)
  case 4: tile(Rows4<S>.self, corner, bias, finish)
  #if MARTLET_AVX512 || arch(arm64)
    case 5: tile(Rows5<S>.self, corner, bias, finish)
    case 6: tile(Rows6<S>.self, corner, bias, finish)
    case 7: tile(Rows7<S>.self, corner, bias, finish)
    case 8: tile(Rows8<S>.self, corner, bias, finish)
  #endif
  #if MARTLET_AVX512
    case 9: tile(Rows9<S>.self, corner, bias, finish)
    case 10: tile(Rows10<S>.self, corner, bias, finish)
    case 11: tile(Rows11<S>.self, corner, bias, finish)
    case 12: tile(Rows12<S>.self, corner, bias, finish)
    case 13: tile(Rows13<S>.self, corner, bias, finish)
    case 14: tile(Rows14<S>.self, corner, bias, finish)
  #endif
  default: break
  }
}

@inline(__always)
func multiply<A: Arithmetic>(_: A.Type, _ product: borrowing Product) {
  var panel = 0
  var column = 0
  while column < product.columns {
    let rest = product.columns - column
    if rest > vectorWidth {
      multiplyPanel(
        Two<A>.self, product, panel: panel, column: column, columns: min(rest, registerTileWidth))
    } else {
      multiplyPanel(One<A>.self, product, panel: panel, column: column, columns: rest)
    }
    panel += 1
    column += registerTileWidth
  }
}

/// All lines and rows against one panel, which stays in the first cache level meanwhile.
@inline(__always)
private func multiplyPanel<S: Strip>(
  _: S.Type, _ product: borrowing Product, panel: Int, column: Int, columns: Int
) {
  let isPartial = columns != S.width
  let bias: S
  if let source = product.bias {
    bias = isPartial ? S(source + column, count: columns) : S(source + column)
  } else {
    bias = S(zero: ())
  }
  let finish = Finish(
    rowStep: product.cRowStep, columns: columns, isPartial: isPartial,
    accumulates: product.accumulates, clampsAtZero: product.clampsAtZero)
  // Tiles of nearly equal height: 15 rows as 8 + 7, not 14 + 1.
  let tiles = (product.rows + registerTileHeight - 1) / registerTileHeight
  guard tiles > 0 else { return }
  let low = product.rows / tiles
  let tallTiles = product.rows % tiles

  var corner = Corner(
    a: product.a, aRowStep: product.aRowStep, aDepthStep: product.aDepthStep,
    runOffsets: product.runOffsets, runCount: product.runCount, runLength: product.runLength,
    b: product.b + panel * product.bPanelStep, bRunStep: product.bRunStep,
    bDepthStep: product.bDepthStep, c: product.c)
  var line = 0
  while line < product.lines {
    corner.a = product.a + line * product.aLineStep
    corner.c = product.c + (line * product.cLineStep + column)
    var index = 0
    while index < tiles {
      let height = index < tallTiles ? low + 1 : low
      tile(height: height, S.self, corner, bias, finish)
      corner.a += height * product.aRowStep
      corner.c += height * product.cRowStep
      index += 1
    }
    line += 1
  }
}

// MARK: - Pack

private func pack(
  _ source: UnsafePointer<Float>, _ depthStep: Int, _ columnStep: Int, _ depth: Int,
  _ columns: Int, _ target: UnsafeMutablePointer<Float>, _ width: Int, _ panelStep: Int
) {
  var column = 0
  var panel = target
  while column < columns {
    let rest = columns - column
    let corner = source + column * columnStep
    if columnStep == 1 {
      packRows(corner, depthStep, depth, min(rest, width), panel, width)
    } else {
      packTransposed(corner, depthStep, columnStep, depth, min(rest, width), panel, width)
    }
    column += registerTileWidth
    panel += panelStep
  }
}

/// Rows of the source become rows of the panel.
private func packRows(
  _ source: UnsafePointer<Float>, _ depthStep: Int, _ depth: Int, _ columns: Int,
  _ panel: UnsafeMutablePointer<Float>, _ width: Int
) {
  var from = source
  var to = panel
  var k = 0
  while k < depth {
    var column = 0
    while column < columns {
      let count = min(columns - column, vectorWidth)
      // A partial load fills up with zeros.
      store(
        count == vectorWidth ? load(from + column) : loadPartial(from + column, count), to + column)
      column += vectorWidth
    }
    while column < width {
      store(splat(0), to + column)
      column += vectorWidth
    }
    from += depthStep
    to += width
    k += 1
  }
}

/// Columns of the source become rows of the panel.
private func packTransposed(
  _ source: UnsafePointer<Float>, _ depthStep: Int, _ columnStep: Int, _ depth: Int,
  _ columns: Int, _ panel: UnsafeMutablePointer<Float>, _ width: Int
) {
  var column = 0
  while column < width {
    var to = panel + column
    if column < columns {
      var from = source + column * columnStep
      var k = 0
      while k < depth {
        to.pointee = from.pointee
        from += depthStep
        to += width
        k += 1
      }
    } else {
      var k = 0
      while k < depth {
        to.pointee = 0
        to += width
        k += 1
      }
    }
    column += 1
  }
}

// MARK: - The plain twin

#if !MARTLET_AVX2 && !MARTLET_AVX512
  package enum PlainProduct {
    /// y[n,p,q,k] = Σ(r,s,c) x[n, p·strideH + r·dilationH − padTop, …, c] · w[r,s,c,k], taps outside
    /// the image counting as zero; filter k belongs to group k / (K / groups) and sees that group's
    /// channels. One sample.
    package static func convolve<T: BinaryFloatingPoint>(
      _ x: [T], _ w: [T], height: Int, width: Int, channels: Int, filters: Int, groups: Int,
      kernel: (Int, Int), stride: (Int, Int), dilation: (Int, Int), pad: (Int, Int),
      output: (Int, Int)
    ) -> [T] {
      let inGroup = channels / groups
      let outGroup = filters / groups
      var y = [T](repeating: 0, count: output.0 * output.1 * filters)
      for p in 0..<output.0 {
        for q in 0..<output.1 {
          for k in 0..<filters {
            var sum: T = 0
            for r in 0..<kernel.0 {
              let h = p * stride.0 + r * dilation.0 - pad.0
              guard h >= 0, h < height else { continue }
              for s in 0..<kernel.1 {
                let v = q * stride.1 + s * dilation.1 - pad.1
                guard v >= 0, v < width else { continue }
                for c in 0..<inGroup {
                  let channel = k / outGroup * inGroup + c
                  sum +=
                    x[(h * width + v) * channels + channel]
                    * w[((r * kernel.1 + s) * inGroup + c) * filters + k]
                }
              }
            }
            y[(p * output.1 + q) * filters + k] = sum
          }
        }
      }
      return y
    }

    /// c = a · b for row-major `a` [rows, depth] and `b` [depth, columns].
    package static func multiply<T: BinaryFloatingPoint>(
      _ a: [T], _ b: [T], rows: Int, depth: Int, columns: Int
    ) -> [T] {
      var c = [T](repeating: 0, count: rows * columns)
      for i in 0..<rows {
        for j in 0..<columns {
          var sum: T = 0
          for k in 0..<depth { sum += a[i * depth + k] * b[k * columns + j] }
          c[i * columns + j] = sum
        }
      }
      return c
    }
  }
#endif
