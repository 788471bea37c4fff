/// One call of the multiply-add kernel: convolution, its two gradients and the matrix product are
/// all this sum with other steps.
///
///     c[line, row, column] (+)= Σ(run, depth) a[line·aLineStep + row·aRowStep + runOffsets[run] + depth·aDepthStep]
///                                           · b(run·bRunStep + depth·bDepthStep, column)
///
/// A *line* is an image row (or 1), a *row* one of its points, a *run* a stretch of depth that is
/// evenly spaced in both operands: for a convolution the taps of one kernel row times the channels,
/// which lie side by side in a channels-last image. So images are read in place, nothing is unfolded.
///
/// The second operand is either a matrix in place, `bPanelStep == panelWidth` and `bDepthStep` its row
/// step; or panels laid out by `pack` (`bIsPacked`), `bDepthStep` the width of a panel and its runs
/// one behind the other. Its rows are read in whole vectors: up to `vectorWidth − 1` elements behind
/// the last column are read, and come to nothing. Buffers and arenas therefore end with that much
/// slack (`Buffer.slack`).
package struct Product {
  package var a: Source
  package var aLineStep = 0
  package var aRowStep = 0
  package var aDepthStep = 1
  package var runOffsets: UnsafePointer<Int>
  package var runCount = 1
  package var runLength = 0

  package var b: Source
  package var bIsPacked = false
  package var bPanelStep = 0
  package var bRunStep = 0
  package var bDepthStep = 0

  package var c: Target
  package var cLineStep = 0
  package var cRowStep = 0

  package var lines = 1
  package var rows = 0
  package var columns = 0

  /// Added to every row before the activation; `columns` elements.
  package var bias: Source?
  /// Adds to `c` instead of overwriting it. Not together with `bias` or `clampsAtZero`.
  package var accumulates = false
  /// Applies max(0, ·) to the result.
  package var clampsAtZero = false

  /// Room for `ProductKernels.workCount` elements.
  package var work: Target?

  package init(a: Source, runOffsets: UnsafePointer<Int>, b: Source, c: Target) {
    self.a = a
    self.runOffsets = runOffsets
    self.b = b
    self.c = c
  }
}

/// How exactly products are worked out; sums are always float32.
package enum ProductPrecision: Sendable {
  /// Fused multiply-add of floats.
  case float32
  /// Each factor as the sum of two bfloat16 numbers, and three of their four products: about 16 good
  /// bits.
  case split
  /// Factors rounded to bfloat16: 8 good bits.
  case bfloat16
}

package struct ProductKernels: Sendable {
  package let precision: ProductPrecision
  /// About how many times as fast as multiply-adds of floats.
  package let speed: Int
  /// Columns of one panel: the width of the widest register tile.
  package let panelWidth: Int
  /// Rows of the tallest register tile.
  package let tileHeight: Int
  package let multiply: @Sendable (borrowing Product) -> Void
  /// Lays out a `depth × columns` matrix in panels, zeros in the columns beyond the last.
  ///
  /// Element (k, n) is read from `source[k·depthStep + n·columnStep]` and written to panel
  /// `n / panelWidth`, which starts at `target + panel·panelStep`, row k of it. Rows are `width`
  /// elements long: `packedWidth` of the columns of the whole matrix, of which this may be a part.
  /// In bfloat16 two rows make a pair (see `BFloat16.swift`): the depth is then even, and that of
  /// every part.
  package let pack:
    @Sendable (
      _ source: Source, _ depthStep: Int, _ columnStep: Int, _ depth: Int, _ columns: Int,
      _ target: Target, _ width: Int, _ panelStep: Int
    ) -> Void
  /// Rows behind a packed matrix that may be read.
  private let packedSlack: Int
  /// Elements that `multiply` works with beside a packed copy of an operand in place, ...
  private let ownWork: Int
  /// ... of which it packs so many rows at a time.
  private let packedDepth: Int

  package init(
    precision: ProductPrecision = .float32, speed: Int = 1, panelWidth: Int, tileHeight: Int,
    packedSlack: Int = 0, ownWork: Int = 0, packedDepth: Int = .max,
    multiply: @escaping @Sendable (borrowing Product) -> Void,
    pack: @escaping @Sendable (Source, Int, Int, Int, Int, Target, Int, Int) -> Void
  ) {
    self.precision = precision
    self.speed = speed
    self.panelWidth = panelWidth
    self.tileHeight = tileHeight
    self.packedSlack = packedSlack
    self.ownWork = ownWork
    self.packedDepth = packedDepth
    self.multiply = multiply
    self.pack = pack
  }

  /// Row length of packed panels: a single vector where the columns fit into one.
  package func packedWidth(_ columns: Int) -> Int {
    columns <= panelWidth / 2 ? panelWidth / 2 : panelWidth
  }

  /// Floats that a packed `depth × columns` matrix takes.
  package func packedCount(depth: Int, columns: Int) -> Int {
    (depth * ((columns + panelWidth - 1) / panelWidth) + packedSlack) * packedWidth(columns)
  }

  /// Floats of `Product.work` for a second operand in place, `depth × columns`; without them, for one
  /// that is packed.
  package func workCount(depth: Int = 0, columns: Int = 0) -> Int {
    precision == .float32
      ? 0 : ownWork + packedCount(depth: min(depth + 1, packedDepth), columns: columns)
  }
}

/// Products of bfloat16 numbers, where the processor has something faster for them than for floats.
package struct BFloat16Kernels: Sendable {
  /// `nil` where three products of such numbers take longer than one of floats.
  package let split: ProductKernels?
  package let bfloat16: ProductKernels

  package init(split: ProductKernels?, bfloat16: ProductKernels) {
    self.split = split
    self.bfloat16 = bfloat16
  }
}
