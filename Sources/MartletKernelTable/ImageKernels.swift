/// What a point of an image takes that lies outside.
package enum ImageFill: String, CaseIterable, Sendable {
  /// One value everywhere.
  case constant
  /// The point of the edge: a a a | a b c d | d d d.
  case nearest
  /// The image mirrored at its edges: c b a | a b c d | d c b.
  case reflect
  /// The image repeated: b c d | a b c d | a b c.
  case wrap
}

/// Where the points of an image y[P, Q, C] come from in an image x[H, W, C]:
/// row = rowStart + p · rowPerRow + q · rowPerColumn, and the column likewise.
package struct Resampling: Sendable {
  package var height: Int, width: Int, channels: Int
  /// Elements between the rows of x, which may be a part of a larger image. y is contiguous.
  package var rowStep: Int
  package var outputHeight: Int, outputWidth: Int
  package var rowStart: Double, rowPerRow: Double, rowPerColumn: Double
  package var columnStart: Double, columnPerRow: Double, columnPerColumn: Double
  /// Between the four neighbours by their distances, or the nearest of them (halves away from zero).
  package var isBilinear: Bool
  /// What stands above and below the image, and what beside it.
  package var rowFill: ImageFill, columnFill: ImageFill
  package var fillValue: Float

  /// - Parameter fill: For all sides.
  package init(
    height: Int, width: Int, channels: Int, rowStep: Int, outputHeight: Int, outputWidth: Int,
    rowStart: Double, rowPerRow: Double, rowPerColumn: Double, columnStart: Double,
    columnPerRow: Double, columnPerColumn: Double, isBilinear: Bool, fill: ImageFill,
    fillValue: Float
  ) {
    self.height = height
    self.width = width
    self.channels = channels
    self.rowStep = rowStep
    self.outputHeight = outputHeight
    self.outputWidth = outputWidth
    self.rowStart = rowStart
    self.rowPerRow = rowPerRow
    self.rowPerColumn = rowPerColumn
    self.columnStart = columnStart
    self.columnPerRow = columnPerRow
    self.columnPerColumn = columnPerColumn
    self.isBilinear = isBilinear
    self.rowFill = fill
    self.columnFill = fill
    self.fillValue = fillValue
  }
}

/// One number each for the columns of a matrix: y = (x − center) · factor + shift, within bounds.
package struct ColumnAdjustment {
  package var center: Source, factor: Source, shift: Source
  package var lower: Float, upper: Float

  package init(center: Source, factor: Source, shift: Source, lower: Float, upper: Float) {
    self.center = center
    self.factor = factor
    self.shift = shift
    self.lower = lower
    self.upper = upper
  }
}

package struct ImageKernels: Sendable {
  /// y from x. Overwrites `y`, which must not overlap `x`.
  package var resample: @Sendable (_ x: Source, _ y: Target, borrowing Resampling) -> Void
  /// Adds each dy to the points that it came from, by their shares. The caller has filled `dx`.
  package var resampleBackward: @Sendable (_ dy: Source, _ dx: Target, borrowing Resampling) -> Void
  /// y of every element of a matrix with contiguous rows; NaN stays. `y` may be `x`.
  package var adjust:
    @Sendable (
      _ x: Source, _ y: Target, _ rows: Int, _ columns: Int, borrowing ColumnAdjustment
    ) -> Void
  /// dx = dy where the adjusted x is within the bounds, else 0. `dx` may be `dy`.
  package var keepWithinBounds:
    @Sendable (
      _ x: Source, _ dy: Source, _ dx: Target, _ rows: Int, _ columns: Int,
      borrowing ColumnAdjustment
    ) -> Void

  package init(
    resample: @escaping @Sendable (_ x: Source, _ y: Target, borrowing Resampling) -> Void,
    resampleBackward:
      @escaping @Sendable (_ dy: Source, _ dx: Target, borrowing Resampling) -> Void,
    adjust:
      @escaping @Sendable (
        _ x: Source, _ y: Target, _ rows: Int, _ columns: Int, borrowing ColumnAdjustment
      ) -> Void,
    keepWithinBounds:
      @escaping @Sendable (
        _ x: Source, _ dy: Source, _ dx: Target, _ rows: Int, _ columns: Int,
        borrowing ColumnAdjustment
      ) -> Void
  ) {
    self.resample = resample
    self.resampleBackward = resampleBackward
    self.adjust = adjust
    self.keepWithinBounds = keepWithinBounds
  }
}
