/// A row of overlapping image tiles on one side, their transforms on the other.
///
/// Legend: an *output tile* is `side × side` points, the *input tile* it is worked out from
/// `WinogradKernels.points` squared; tile t begins `t · side` points into the row. The transform of
/// a tile has `points²` *positions*; one position of all tiles is a matrix, tiles × channels, at
/// `position · positionStep`.
package struct TileRow {
  package var tiles = 0
  package var channels = 0
  /// Points of an output tile along either axis: `points + 1 − kernel`.
  package var side = 0
  /// Elements of the image plane from row to row; points are `channels` apart.
  package var rowStep = 0
  /// Rows, and points of each row, of the output plane from the first tile's corner on: the last
  /// tiles may reach over its border.
  package var rows = 0
  package var width = 0
  /// Elements of the matrices from tile to tile, and from position to position.
  package var tileStep = 0
  package var positionStep = 0

  package init() {}
}

/// Convolution by minimal filtering: output tiles of `side²` points from `points²` products per
/// channel and filter instead of `side² · kernel²`.
///
/// Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A (Winograd 1980; Lavin & Gray 2016, arXiv:1509.09308). With six points
/// on either axis a kernel of 3, 4 or 5 gives output tiles of 4, 3 or 2. The products are summed
/// over channels as one matrix product for each position. Gradients use the adjoints of the same
/// transforms.
package struct WinogradKernels: Sendable {
  /// Points at which polynomials are compared along each axis, infinity among them.
  package static let points = 6
  package static let positions = points * points
  /// Side of the output tile for each side of a kernel that has one.
  package static func side(kernel: Int) -> Int? {
    (3...5).contains(kernel) ? points + 1 - kernel : nil
  }

  /// Matrices from the input plane, Bᵀ d B. Reads `points` rows of `(tiles − 1) · side + points`
  /// points.
  package let spreadInput:
    @Sendable (_ image: Source, _ matrices: Target, borrowing TileRow) -> Void
  /// Its adjoint, the sum over tiles of B v Bᵀ: adds to the `kernel − 1` first rows and columns of
  /// each tile, which the tiles before it have reached, and overwrites the rest of the plane.
  package let gatherInput:
    @Sendable (_ matrices: Source, _ image: Target, borrowing TileRow) -> Void
  /// The output plane from matrices, Aᵀ m A, plus the bias, then max(0, ·) where asked for. Writes
  /// only points within `rows` and `width`.
  package let gatherOutput:
    @Sendable (
      _ matrices: Source, _ image: Target, _ bias: Source?, _ clampsAtZero: Bool,
      borrowing TileRow
    ) -> Void
  /// Its adjoint: matrices A y Aᵀ from the output plane, of which only points within `rows` and
  /// `width` are read.
  package let spreadOutput:
    @Sendable (_ image: Source, _ matrices: Target, borrowing TileRow) -> Void
  /// Matrices G g Gᵀ from the `kernel²` taps of filters, `count` elements each, one tap behind the
  /// other. Element by element: packed taps make packed matrices.
  package let spreadFilters:
    @Sendable (
      _ filters: Source, _ kernel: Int, _ count: Int, _ matrices: Target, _ positionStep: Int
    ) -> Void
  /// Its adjoint: adds Gᵀ u G, from `positions` matrices of `count` elements one behind the other, to
  /// the `kernel²` taps of a filter gradient.
  package let gatherFilters:
    @Sendable (_ matrices: Source, _ kernel: Int, _ count: Int, _ filters: Target) -> Void

  package init(
    spreadInput: @escaping @Sendable (Source, Target, borrowing TileRow) -> Void,
    gatherInput: @escaping @Sendable (Source, Target, borrowing TileRow) -> Void,
    gatherOutput: @escaping @Sendable (Source, Target, Source?, Bool, borrowing TileRow) -> Void,
    spreadOutput: @escaping @Sendable (Source, Target, borrowing TileRow) -> Void,
    spreadFilters: @escaping @Sendable (Source, Int, Int, Target, Int) -> Void,
    gatherFilters: @escaping @Sendable (Source, Int, Int, Target) -> Void
  ) {
    self.spreadInput = spreadInput
    self.gatherInput = gatherInput
    self.gatherOutput = gatherOutput
    self.spreadOutput = spreadOutput
    self.spreadFilters = spreadFilters
    self.gatherFilters = gatherFilters
  }
}
