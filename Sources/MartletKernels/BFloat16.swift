import MartletKernelTable

// Factors rounded to bfloat16, and how the second one is laid out: what the kernels for products on
// tile registers and on pairs in vectors have in common.
//
// Packed panels take the place that floats would: two rows of the depth, 2j and 2j + 1, make a pair.
// In the memory of these two rows stand first the pairs of each column, then, where a float is the sum
// of two bfloat16 numbers, those of the remainders.

// MARK: - Rounding

/// The nearest bfloat16 number, the even one of two, in the upper half of each lane. NaN stays NaN.
@inline(__always) func rounded(_ v: Vector) -> Words {
  let word = bits(v)
  let half = Words(repeating: 0x7fff) &+ ((word &>> 16) & Words(repeating: 1))
  let up = (word &+ half) & Words(repeating: 0xffff_0000)
  return select(v .== v, up, word | Words(repeating: 0x0040_0000)) & Words(repeating: 0xffff_0000)
}

/// What rounding left over, rounded; nothing of infinities. (Infinite factors still give NaN in `split`
/// precision, where the low part of the other one is zero.)
@inline(__always) func remainder(_ v: Vector, _ high: Words) -> Words {
  let rest = v - floats(high)
  return rounded(select(rest .== rest, rest, splat(0)))
}

/// Two rounded numbers of the depth in one word, the first in the lower half.
@inline(__always) func paired(_ first: Words, _ second: Words) -> Words {
  (first &>> 16) | second
}

@inline(__always) func storeWords(_ words: Words, _ target: UnsafeMutableRawPointer) {
  store(floats(words), target.assumingMemoryBound(to: Float.self))
}

// MARK: - Panels

/// The layout of the second operand.
struct PairedPanels: Sendable {
  /// Columns of one panel.
  let width: Int
  /// Whether remainders are kept, too.
  let splits: Bool

  /// As `ProductKernels.pack`; `rowWidth` is the length of a row there.
  func pack(
    _ source: Source, _ depthStep: Int, _ columnStep: Int, _ depth: Int, _ columns: Int,
    _ target: Target, _ rowWidth: Int, _ panelStep: Int
  ) {
    var column = 0
    var panel = target
    while column < columns {
      packPanel(
        source + column * columnStep, depthStep, columnStep, depth, min(columns - column, rowWidth),
        panel, rowWidth)
      column += width
      panel += panelStep
    }
  }

  /// Packs `depth` rows from `start` on of a product's second operand, which is there in place, run by
  /// run.
  func pack(
    _ product: borrowing Product, from start: Int, depth: Int, _ target: Target, _ rowWidth: Int,
    _ panelStep: Int
  ) {
    let followingRun = product.runLength * product.bDepthStep
    if (product.runCount == 1 ? followingRun : product.bRunStep) == followingRun {
      return pack(
        product.b + start * product.bDepthStep, product.bDepthStep, 1, depth, product.columns,
        target, rowWidth, panelStep)
    }
    // Runs may be of odd length: pairs then lie across two of them.
    var column = 0
    var panel = target
    while column < product.columns {
      let columns = min(product.columns - column, rowWidth)
      var k = 0
      while k < depth {
        let place = inPlace(product, start + k)
        let isPair = k + 1 < depth
        let step = isPair ? inPlace(product, start + k + 1) - place : 0
        packPanel(
          product.b + (column + place), step, 1, isPair ? 2 : 1, columns, panel + k * rowWidth,
          rowWidth)
        k += 2
      }
      column += width
      panel += panelStep
    }
  }

  @inline(__always) private func inPlace(_ product: borrowing Product, _ k: Int) -> Int {
    k / product.runLength * product.bRunStep + k % product.runLength * product.bDepthStep
  }

  @inline(__always)
  private func packPanel(
    _ source: Source, _ depthStep: Int, _ columnStep: Int, _ depth: Int, _ columns: Int,
    _ panel: Target, _ rowWidth: Int
  ) {
    var k = 0
    while k < depth {
      let isPair = k + 1 < depth
      let high = UnsafeMutableRawPointer(panel + k * rowWidth)
      let low = high + 4 * rowWidth
      var column = 0
      while column < rowWidth {
        let first =
          column < columns
          ? columnValues(source, k, column, depthStep, columnStep, columns) : splat(0)
        let second =
          column < columns && isPair
          ? columnValues(source, k + 1, column, depthStep, columnStep, columns) : splat(0)
        let (a, b) = (rounded(first), rounded(second))
        storeWords(paired(a, b), high + 4 * column)
        if splits {
          storeWords(paired(remainder(first, a), remainder(second, b)), low + 4 * column)
        }
        column += vectorWidth
      }
      k += 2
    }
  }
}

/// Neighbouring columns of row k, zeros beyond the last.
@inline(__always)
private func columnValues(
  _ source: Source, _ k: Int, _ column: Int, _ depthStep: Int, _ columnStep: Int, _ columns: Int
) -> Vector {
  let from = source + (k * depthStep + column * columnStep)
  let count = columns - column
  if columnStep == 1 { return count < vectorWidth ? loadPartial(from, count) : load(from) }
  var values = splat(0)
  var lane = 0
  while lane < vectorWidth && lane < count {
    values[lane] = from[lane * columnStep]
    lane += 1
  }
  return values
}
