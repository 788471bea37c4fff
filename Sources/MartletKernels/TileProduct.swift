import CMartletVectors
import MartletKernelTable

// Products on tile registers: bfloat16 factors, float32 sums.
//
// Every operand is floats in memory. The first one is rounded on the way, 32 rows by up to 512 of the
// depth at a time; the second one is packed in the layout of the registers. In `split` precision a
// float x is the sum of high = bf16(x) and low = bf16(x − high), and x · y ≈ high · high + high · low
// + low · high: what is left out is below 2⁻¹⁶ of the product (Henry, Tang & Heinecke 2019,
// arXiv:1904.06376).

/// The tile registers, real or not.
private protocol TileUnit {
  init()
  mutating func clear()
  mutating func loadLeft(_ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ stride: Int)
  mutating func loadRight(_ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ stride: Int)
  mutating func multiply()
  mutating func store(_ target: Target)
  func release()
}

/// In plain C: what the tests compare the kernel's own work with on any machine.
private struct PlainTiles: TileUnit {
  private var tiles = martlet_tiles()

  mutating func clear() { martlet_plain_tiles_clear(&tiles) }
  mutating func loadLeft(_ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ stride: Int) {
    martlet_plain_tiles_load_left(&tiles, first, second, stride)
  }
  mutating func loadRight(_ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ stride: Int) {
    martlet_plain_tiles_load_right(&tiles, first, second, stride)
  }
  mutating func multiply() { martlet_plain_tiles_multiply(&tiles) }
  mutating func store(_ target: Target) { martlet_plain_tiles_store(&tiles, target) }
  func release() {}
}

/// The tile kernels on a plain imitation of the registers: for tests.
package func plainTileKernels() -> BFloat16Kernels {
  BFloat16Kernels(
    split: tileProducts(
      .split, splits: true, multiply: { multiplyOnTiles(PlainTiles.self, $0, splits: true) }),
    bfloat16: tileProducts(
      .bfloat16, splits: false, multiply: { multiplyOnTiles(PlainTiles.self, $0, splits: false) }))
}

#if MARTLET_AVX512
  private struct ProcessorTiles: TileUnit {
    @inline(__always) init() { martlet_tiles_configure() }
    @inline(__always) mutating func clear() { martlet_tiles_clear() }
    @inline(__always) mutating func loadLeft(
      _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ stride: Int
    ) { martlet_tiles_load_left(first, second, stride) }
    @inline(__always) mutating func loadRight(
      _ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ stride: Int
    ) { martlet_tiles_load_right(first, second, stride) }
    @inline(__always) mutating func multiply() { martlet_tiles_multiply() }
    @inline(__always) mutating func store(_ target: Target) { martlet_tiles_store(target) }
    @inline(__always) func release() { martlet_tiles_release() }
  }

  /// The tile kernels of a processor that has the registers (AMX), once the operating system has
  /// allowed their use.
  package func processorTileKernels() -> BFloat16Kernels {
    BFloat16Kernels(
      split: tileProducts(
        .split, splits: true, multiply: { multiplyOnTiles(ProcessorTiles.self, $0, splits: true) }),
      bfloat16: tileProducts(
        .bfloat16, splits: false,
        multiply: { multiplyOnTiles(ProcessorTiles.self, $0, splits: false) }))
  }
#endif

private func tileProducts(
  _ precision: ProductPrecision, splits: Bool,
  multiply: @escaping @Sendable (borrowing Product) -> Void
) -> ProductKernels {
  ProductKernels(
    precision: precision, speed: 8, panelWidth: 2 * side, tileHeight: 2 * side,
    packedSlack: tileDepth,
    ownWork: Work.count, multiply: multiply, pack: panels(splits: splits).pack)
}

private func panels(splits: Bool) -> PairedPanels { PairedPanels(width: 2 * side, splits: splits) }

/// Rows and columns of one register of sums, and how much of the depth one instruction takes.
private var side: Int { @inline(__always) get { 16 } }
private var tileDepth: Int { @inline(__always) get { 32 } }
/// Rows, and depth, of the first operand that are rounded at a time: 32 KB and as much again for low
/// parts, which stay in the nearer cache levels while all columns meet them.
private var blockRows: Int { @inline(__always) get { 32 } }
private var blockDepth: Int { @inline(__always) get { 512 } }

/// Where things stand in `Product.work`.
private struct Work {
  /// Rounded rows, each `blockDepth` numbers.
  let high: UnsafeMutablePointer<UInt16>
  let low: UnsafeMutablePointer<UInt16>
  /// 32 × 32 sums.
  let sums: Target
  /// The second operand, if it came in place.
  let packed: Target

  static var count: Int { blockRows * blockDepth + blockRows * blockRows + 16 }

  @inline(__always) init(_ work: Target) {
    let floats = blockRows * blockDepth / 2
    high = UnsafeMutableRawPointer(work).assumingMemoryBound(to: UInt16.self)
    low = UnsafeMutableRawPointer(work + floats).assumingMemoryBound(to: UInt16.self)
    sums = work + 2 * floats
    packed = sums + blockRows * blockRows + 16
  }
}

// MARK: - The first operand

/// Rows of a product, those of all lines one after the other.
private struct Rows {
  let a: Source
  let lineStep: Int, rowStep: Int, depthStep: Int
  let rowsPerLine: Int
  let runOffsets: UnsafePointer<Int>
  let runLength: Int
  let depth: Int

  @inline(__always) init(_ product: borrowing Product) {
    a = product.a
    lineStep = product.aLineStep
    rowStep = product.aRowStep
    depthStep = product.aDepthStep
    rowsPerLine = product.rows
    runOffsets = product.runOffsets
    runLength = product.runLength
    depth = product.runLength * product.runCount
  }

  @inline(__always) func offset(_ row: Int) -> Int {
    row / rowsPerLine * lineStep + row % rowsPerLine * rowStep
  }
}

/// Rounds `count` rows from `first` on, `extent` of the depth from `start` on, and fills up with zeros
/// to whole tiles.
private func roundRows(
  _ rows: Rows, _ first: Int, _ count: Int, _ start: Int, _ extent: Int, _ work: Work,
  splits: Bool
) {
  let padded = (extent + tileDepth - 1) / tileDepth * tileDepth
  if padded > extent || count < blockRows {
    var row = 0
    while row < blockRows {
      let from = row < count ? extent : 0
      clear(work.high + (row * blockDepth + from), padded - from)
      if splits { clear(work.low + (row * blockDepth + from), padded - from) }
      row += 1
    }
  }
  if rows.depthStep == 1 {
    var row = 0
    while row < count {
      roundRow(rows, rows.offset(first + row), row, start, extent, work, splits: splits)
      row += 1
    }
  } else if rows.rowStep == 1 && first % rows.rowsPerLine + count <= rows.rowsPerLine {
    roundColumns(rows, rows.offset(first), count, start, extent, work, splits: splits)
  } else {
    roundElements(rows, first, count, start, extent, work, splits: splits)
  }
}

@inline(__always)
private func clear(_ target: UnsafeMutablePointer<UInt16>, _ count: Int) {
  var i = 0
  while i < count {
    target[i] = 0
    i += 1
  }
}

/// One row whose depth lies in runs.
@inline(__always)
private func roundRow(
  _ rows: Rows, _ offset: Int, _ row: Int, _ start: Int, _ extent: Int, _ work: Work,
  splits: Bool
) {
  var done = 0
  while done < extent {
    let run = (start + done) / rows.runLength
    let within = (start + done) % rows.runLength
    let count = min(rows.runLength - within, extent - done)
    let from = rows.a + (offset + rows.runOffsets[run] + within)
    let to = row * blockDepth + done
    visit(count) { at in
      let v = at(from)
      let high = rounded(v)
      at.put(high &>> 16, work.high + to)
      if splits { at.put(remainder(v, high) &>> 16, work.low + to) }
    }
    done += count
  }
}

/// Rows that are neighbours in memory: vectors go across them, and pairs of the depth are written row
/// by row.
private func roundColumns(
  _ rows: Rows, _ offset: Int, _ count: Int, _ start: Int, _ extent: Int, _ work: Work,
  splits: Bool
) {
  var k = 0
  while k < extent {
    let first = rows.a + (offset + place(rows, start + k))
    let second = k + 1 < extent ? rows.a + (offset + place(rows, start + k + 1)) : nil
    visit(count) { at in
      let x = at(first)
      let y = second.map { at($0) } ?? splat(0)
      let (a, b) = (rounded(x), rounded(y))
      scatter(paired(a, b), at, work.high, k)
      if splits { scatter(paired(remainder(x, a), remainder(y, b)), at, work.low, k) }
    }
    k += 2
  }
}

@inline(__always)
private func scatter(
  _ pairs: Words, _ at: Stretch, _ target: UnsafeMutablePointer<UInt16>, _ k: Int
) {
  let lanes = at.rest == 0 ? vectorWidth : at.rest
  var lane = 0
  while lane < lanes {
    let row = at.offset + lane
    UnsafeMutableRawPointer(target + (row * blockDepth + k))
      .assumingMemoryBound(to: UInt32.self).pointee = pairs[lane]
    lane += 1
  }
}

/// Where the depth's element k is, from the start of a row.
@inline(__always) private func place(_ rows: Rows, _ k: Int) -> Int {
  rows.runOffsets[k / rows.runLength] + k % rows.runLength * rows.depthStep
}

/// Any steps.
private func roundElements(
  _ rows: Rows, _ first: Int, _ count: Int, _ start: Int, _ extent: Int, _ work: Work,
  splits: Bool
) {
  var row = 0
  while row < count {
    let offset = rows.offset(first + row)
    var k = 0
    while k < extent {
      let v = splat(rows.a[offset + place(rows, start + k)])
      let high = rounded(v)
      work.high[row * blockDepth + k] = UInt16(truncatingIfNeeded: high[0] &>> 16)
      if splits {
        work.low[row * blockDepth + k] = UInt16(truncatingIfNeeded: remainder(v, high)[0] &>> 16)
      }
      k += 1
    }
    row += 1
  }
}

// MARK: - Multiply

@inline(__always)
private func multiplyOnTiles<Unit: TileUnit>(
  _: Unit.Type, _ product: borrowing Product, splits: Bool
) {
  guard let memory = product.work else { return }
  let rows = Rows(product)
  let work = Work(memory)
  var b = product.b
  var panelStep = product.bPanelStep
  // The panel may be one of a wider matrix: its rows are then longer than these columns ask for.
  let width = product.bIsPacked ? product.bDepthStep : product.columns <= side ? side : 2 * side
  if !product.bIsPacked {
    panelStep = (rows.depth + 1) / 2 * 2 * width
    panels(splits: splits).pack(
      product, from: 0, depth: rows.depth, work.packed, width, panelStep)
    clearBehind(work.packed, rows.depth, product.columns, width, panelStep)
    b = Source(work.packed)
  }
  let total = product.lines * product.rows
  var unit = Unit()
  var start = 0
  // A product of no depth is zeros: one round writes them.
  repeat {
    let extent = min(blockDepth, rows.depth - start)
    let isFirst = start == 0
    let isLast = start + extent == rows.depth
    var first = 0
    while first < total {
      let count = min(blockRows, total - first)
      roundRows(rows, first, count, start, extent, work, splits: splits)
      var column = 0
      var panel = b + start * width
      while column < product.columns {
        unit.clear()
        multiplyBlock(&unit, work, panel, width, extent, splits: splits)
        unit.store(work.sums)
        finish(
          product, rows, work.sums, first, count, column, isFirst: isFirst, isLast: isLast)
        column += 2 * side
        panel += panelStep
      }
      first += count
    }
    start += extent
  } while start < rows.depth
  unit.release()
}

/// 32 rows by 32 columns, a block of the depth.
@inline(__always)
private func multiplyBlock<Unit: TileUnit>(
  _ unit: inout Unit, _ work: Work, _ panel: Source, _ width: Int, _ extent: Int, splits: Bool
) {
  let stride = 8 * width
  let secondColumns = width > side ? 4 * side : 0
  let secondRows = side * blockDepth
  var k = 0
  while k < extent {
    let right = UnsafeRawPointer(panel + k * width)
    let left = work.high + k
    unit.loadLeft(left, left + secondRows, 2 * blockDepth)
    unit.loadRight(right, right + secondColumns, stride)
    unit.multiply()
    if splits {
      let low = right + 4 * width
      unit.loadRight(low, low + secondColumns, stride)
      unit.multiply()
      let rest = work.low + k
      unit.loadLeft(rest, rest + secondRows, 2 * blockDepth)
      unit.loadRight(right, right + secondColumns, stride)
      unit.multiply()
    }
    k += tileDepth
  }
}

/// What the last tile of the last panel reads beyond it must be numbers: they meet zeros.
private func clearBehind(
  _ target: Target, _ depth: Int, _ columns: Int, _ width: Int, _ panelStep: Int
) {
  let panels = (columns + 2 * side - 1) / (2 * side)
  let rows = (depth + 1) / 2 * 2
  fill(target + ((panels - 1) * panelStep + rows * width), tileDepth * width) { _ in splat(0) }
}

/// Sums to their places: with what earlier blocks of the depth, or the caller, left there, the bias
/// with the first block and the activation behind the last.
@inline(__always)
private func finish(
  _ product: borrowing Product, _ rows: Rows, _ sums: Target, _ first: Int, _ count: Int,
  _ column: Int, isFirst: Bool, isLast: Bool
) {
  let columns = min(product.columns - column, 2 * side)
  let adds = isFirst ? product.accumulates : true
  let clamps = isLast ? product.clampsAtZero : false
  var bias: Source?
  if isFirst, let source = product.bias { bias = source + column }
  var row = 0
  while row < count {
    let line = (first + row) / rows.rowsPerLine
    let inLine = (first + row) % rows.rowsPerLine
    let c = product.c + (line * product.cLineStep + inLine * product.cRowStep + column)
    let from = Source(sums) + row * 2 * side
    visit(columns) { at in
      var sum = at(from)
      if let bias { sum += at(bias) }
      if adds { sum += at(c) }
      // NaN stays NaN: the comparison is false for it.
      if clamps { sum = select(sum .< splat(0), splat(0), sum) }
      at.put(sum, c)
    }
    row += 1
  }
}
