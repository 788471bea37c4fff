import CMartletVectors
import MartletKernelTable

// Products of bfloat16 factors on pairs: one instruction multiplies two neighbours of the depth by two
// of every column and adds both to the column's sum. Processors that have it (AVX-512 BF16) do twice
// as many multiplications that way: 233 GFLOP/s against 116 on one core of an EPYC (Zen 4).
//
// The sums are those of the register tile in `Product.swift`, which takes a pair for a float. What is
// done here is to round the first operand, block by block, into pairs that the tile finds in the near
// cache levels.

/// Sums of pairs instead of products of floats.
private enum Pairs: Arithmetic {
  @inline(__always) static func addProduct(_ a: Vector, _ b: Vector, to sum: Vector) -> Vector {
    martlet_add_pairs(sum, bits(a), bits(b))
  }
}

/// Products of bfloat16 factors on pairs. Every level can do them, which the tests make use of; only an
/// instruction for them makes them faster than those of floats.
package func pairProducts() -> ProductKernels {
  ProductKernels(
    precision: .bfloat16, speed: 2, panelWidth: registerTileWidth, tileHeight: registerTileHeight,
    ownWork: Work.count, packedDepth: packedPieceDepth, multiply: { multiplyPairs($0) },
    pack: PairedPanels(width: registerTileWidth, splits: false).pack)
}

/// Where things stand in `Product.work`.
private struct Work {
  /// Where the runs of a block begin, in pairs.
  let offsets: UnsafeMutablePointer<Int>
  /// Rounded numbers.
  let rounded: UnsafeMutablePointer<UInt16>
  /// The second operand, if it came in place.
  let packed: Target

  static var mostRuns: Int { @inline(__always) get { 64 } }
  /// Half a megabyte of floats, rounded: it stays in the second cache level.
  static var capacity: Int { @inline(__always) get { 1 << 17 } }
  static var count: Int { 2 * mostRuns + capacity / 2 + 32 }

  @inline(__always) init(_ work: Target) {
    offsets = UnsafeMutableRawPointer(work).assumingMemoryBound(to: Int.self)
    rounded = UnsafeMutableRawPointer(work + 2 * Work.mostRuns)
      .assumingMemoryBound(to: UInt16.self)
    packed = work + Work.count
  }

  /// The same as the register tile sees it, whose floats are pairs.
  @inline(__always) var pairs: Source {
    Source(UnsafeMutableRawPointer(rounded).assumingMemoryBound(to: Float.self))
  }
}

/// Most of the depth that is worked on at a time.
private var pieceDepth: Int { @inline(__always) get { 8192 } }
/// The same where the second operand is packed on the way: a panel then stays in the first level.
private var packedPieceDepth: Int { @inline(__always) get { 512 } }

private func multiplyPairs(_ product: borrowing Product) {
  guard let memory = product.work else { return }
  let work = Work(memory)
  let depth = product.runCount * product.runLength
  // A product of no depth is its bias, or zeros.
  if depth == 0 { return multiplyPacked(product) }
  let (depthStep, rowStep, isPacked) = (product.aDepthStep, product.aRowStep, product.bIsPacked)
  let (accumulates, clampsAtZero) = (product.accumulates, product.clampsAtZero)
  let isTransposed = depthStep != 1 && rowStep == 1
  let width =
    isPacked
    ? product.bDepthStep
    : product.columns <= vectorWidth ? vectorWidth : registerTileWidth
  let most = isPacked && !isTransposed ? pieceDepth : packedPieceDepth
  var start = 0
  while start < depth {
    let extent = pieceExtent(product, start, depth, most)
    var piece = Piece(product, start: start, extent: extent, work: work)
    if isPacked {
      piece.product.b = product.b + start * width
    } else {
      let panelStep = (extent + 1) / 2 * 2 * width
      PairedPanels(width: registerTileWidth, splits: false)
        .pack(product, from: start, depth: extent, work.packed, width, panelStep)
      piece.product.b = Source(work.packed)
      piece.product.bPanelStep = panelStep
    }
    piece.product.bIsPacked = true
    // A pair of rows, of which the second one holds nothing.
    piece.product.bDepthStep = 2 * width
    piece.product.accumulates = start > 0 || accumulates
    if start > 0 { piece.product.bias = nil }
    piece.product.clampsAtZero = start + extent == depth && clampsAtZero
    if isTransposed {
      piece.multiplyTransposed()
    } else if piece.hasEvenRuns {
      piece.multiplyRuns(width)
    } else {
      piece.multiplyGathered()
    }
    start += extent
  }
}

/// How much of the depth comes next: whole runs, or a part of one; even, but for the last.
@inline(__always)
private func pieceExtent(
  _ product: borrowing Product, _ start: Int, _ depth: Int, _ most: Int
) -> Int {
  let rest = depth - start
  let length = product.runLength
  let depthStep = product.aDepthStep
  // Pieces of odd runs may begin anywhere.
  if depthStep != 1 || length % 2 != 0 { return min(rest, most) }
  if length > most { return min(most, length - start % length) }
  return min(rest, min(most / length, Work.mostRuns) * length)
}

/// A piece of the depth of a product.
private struct Piece {
  /// Whose second operand is packed and whose first one is still to be rounded.
  var product: Product
  let start: Int
  let extent: Int
  let work: Work

  @inline(__always) init(_ product: borrowing Product, start: Int, extent: Int, work: Work) {
    self.product = copy product
    self.start = start
    self.extent = extent
    self.work = work
  }

  /// Where the depth's element k is, from the start of a row.
  @inline(__always) private func place(_ k: Int) -> Int {
    let k = start + k
    return product.runOffsets[k / product.runLength]
      + k % product.runLength * product.aDepthStep
  }

  // MARK: Rows with their depth in even runs

  /// Whether every run of every row begins with a pair.
  @inline(__always) var hasEvenRuns: Bool {
    guard product.aDepthStep == 1 else { return false }
    if product.runCount == 1 { return extent % 2 == 0 || !sharesElements }
    return product.runLength % 2 == 0 && (!sharesElements || product.aRowStep % 2 == 0)
  }

  /// Whether neighbouring rows read the same elements: the points of an image do, of kernels wider than
  /// their stride.
  @inline(__always) private var sharesElements: Bool { product.aRowStep < runExtent }

  @inline(__always) private var runExtent: Int { min(extent, product.runLength) }

  /// Rounds the stretch of memory that a run of neighbouring rows lies in, once for all of them.
  func multiplyRuns(_ width: Int) {
    let runs = max(extent / product.runLength, 1)
    let length = (runExtent + 1) / 2 * 2
    let rowStep = sharesElements ? product.aRowStep : length
    func segment(_ rows: Int) -> Int { (rows - 1) * rowStep + length }
    let lineCount = runs * segment(product.rows)
    var rowBlock = product.rows
    var lineBlock = Work.capacity / max(lineCount, 1)
    if lineBlock == 0 {
      lineBlock = 1
      let fitting = max((Work.capacity / runs - length) / max(rowStep, 1) + 1, 1)
      rowBlock =
        fitting > registerTileHeight ? fitting / registerTileHeight * registerTileHeight : fitting
    }
    var line = 0
    while line < product.lines {
      let lines = min(lineBlock, product.lines - line)
      var row = 0
      while row < product.rows {
        let rows = min(rowBlock, product.rows - row)
        let step = segment(rows)
        var index = 0
        while index < lines * runs {
          let from =
            product.a
            + ((line + index / runs) * product.aLineStep + row * product.aRowStep
              + place(index % runs * product.runLength))
          round(from, rows, rowStep, into: work.rounded + index * step)
          work.offsets[index % runs] = index % runs * step / 2
          index += 1
        }
        var part = product
        part.aLineStep = runs * step / 2
        part.aRowStep = rowStep / 2
        part.runCount = runs
        part.runLength = length / 2
        part.bRunStep = length * width
        multiply(part, line: line, lines: lines, row: row, rows: rows)
        row += rows
      }
      line += lines
    }
  }

  /// One run of so many rows.
  @inline(__always)
  private func round(
    _ source: Source, _ rows: Int, _ rowStep: Int, into target: UnsafeMutablePointer<UInt16>
  ) {
    // Rows of an odd extent end with a zero of their own, whatever stands behind them.
    if sharesElements || (product.aRowStep == rowStep && runExtent == rowStep) {
      return roundStretch(source, target, (rows - 1) * rowStep + runExtent)
    }
    var row = 0
    while row < rows {
      roundStretch(source + row * product.aRowStep, target + row * rowStep, runExtent)
      if runExtent < rowStep { target[row * rowStep + runExtent] = 0 }
      row += 1
    }
  }

  // MARK: Rows that are neighbours in memory

  /// Puts the pairs of neighbouring rows side by side.
  func multiplyTransposed() {
    let pairs = (extent + 1) / 2
    let most = Work.capacity / (2 * pairs)
    let rowBlock = most > registerTileHeight ? most / registerTileHeight * registerTileHeight : most
    work.offsets[0] = 0
    var line = 0
    while line < product.lines {
      var row = 0
      while row < product.rows {
        let rows = min(rowBlock, product.rows - row)
        let corner = product.a + (line * product.aLineStep + row)
        var pair = 0
        while pair < pairs {
          let first = corner + place(2 * pair)
          let target = work.rounded + 2 * pair * rows
          if 2 * pair + 1 < extent {
            roundPairs(first, corner + place(2 * pair + 1), target, rows)
          } else {
            roundSingles(first, target, rows)
          }
          pair += 1
        }
        var part = product
        part.aRowStep = 1
        part.aDepthStep = rows
        part.runCount = 1
        part.runLength = pairs
        multiply(part, line: line, lines: 1, row: row, rows: rows)
        row += rows
      }
      line += 1
    }
  }

  // MARK: Any rows

  /// Gathers the depth of every row, element by element.
  func multiplyGathered() {
    let length = (extent + 1) / 2 * 2
    let rowBlock = max(Work.capacity / length, 1)
    work.offsets[0] = 0
    var line = 0
    while line < product.lines {
      var row = 0
      while row < product.rows {
        let rows = min(rowBlock, product.rows - row)
        var index = 0
        while index < rows {
          let from = product.a + (line * product.aLineStep + (row + index) * product.aRowStep)
          let target = work.rounded + index * length
          var k = 0
          while k < extent {
            let word = rounded(splat(from[place(k)]))[0]
            target[k] = UInt16(truncatingIfNeeded: word &>> 16)
            k += 1
          }
          if extent < length { target[extent] = 0 }
          index += 1
        }
        var part = product
        part.aRowStep = length / 2
        part.runCount = 1
        part.runLength = length / 2
        part.aDepthStep = 1
        multiply(part, line: line, lines: 1, row: row, rows: rows)
        row += rows
      }
      line += 1
    }
  }

  /// The block of `part` whose first operand stands in `work`.
  private func multiply(
    _ part: borrowing Product, line: Int, lines: Int, row: Int, rows: Int
  ) {
    var block = copy part
    block.a = work.pairs
    block.runOffsets = UnsafePointer(work.offsets)
    block.c = product.c + (line * product.cLineStep + row * product.cRowStep)
    block.lines = lines
    block.rows = rows
    multiplyPacked(block)
  }
}

/// Pairs on both sides: not inlined, so that the register tiles stand in the library once.
@inline(never)
private func multiplyPacked(_ block: borrowing Product) { multiply(Pairs.self, block) }

// MARK: - Rounding

/// Neighbours to neighbours.
private func roundStretch(
  _ source: Source, _ target: UnsafeMutablePointer<UInt16>, _ count: Int
) {
  var i = 0
  while i + 2 * vectorWidth <= count {
    martlet_store_rounded_pairs(
      load(source + i), load(source + (i + vectorWidth)), target + i)
    i += 2 * vectorWidth
  }
  visit(count - i) { at in at.put(rounded(at(source + i)) &>> 16, target + i) }
}

/// first[r] and second[r] to neighbours.
private func roundPairs(
  _ first: Source, _ second: Source, _ target: UnsafeMutablePointer<UInt16>, _ rows: Int
) {
  let pairs = UnsafeMutableRawPointer(target).assumingMemoryBound(to: Float.self)
  visit(rows) { at in at.put(floats(paired(rounded(at(first)), rounded(at(second)))), pairs) }
}

/// The same with zeros for the second ones.
private func roundSingles(
  _ first: Source, _ target: UnsafeMutablePointer<UInt16>, _ rows: Int
) {
  let pairs = UnsafeMutableRawPointer(target).assumingMemoryBound(to: Float.self)
  visit(rows) { at in at.put(floats(rounded(at(first)) &>> 16), pairs) }
}
