package struct ReductionKernels: Sendable {
  /// y[column] (+)= scale · Σ over rows of x[row·rowStep + column], rows in a fixed order.
  package var columnSums:
    @Sendable (
      _ x: Source, _ rowStep: Int, _ rows: Int, _ columns: Int, _ scale: Float, _ y: Target,
      _ accumulates: Bool
    ) -> Void
  /// y[i] = Σ over parts of x[part·partStep + i], parts in rising order. Overwrites `y`, which may
  /// be the first part.
  package var sumParts:
    @Sendable (_ x: Source, _ partStep: Int, _ parts: Int, _ y: Target, _ count: Int) -> Void
  /// Σ x².
  package var sumOfSquares: @Sendable (_ x: Source, _ count: Int) -> Float
  /// Whether no element is NaN or infinite.
  package var isFinite: @Sendable (_ x: Source, _ count: Int) -> Bool
  /// Index of the greatest of `count` values, the first of equal ones; NaN counts as greatest.
  package var argmax: @Sendable (_ x: Source, _ count: Int) -> Int

  package init(
    columnSums:
      @escaping @Sendable (
        _ x: Source, _ rowStep: Int, _ rows: Int, _ columns: Int, _ scale: Float, _ y: Target,
        _ accumulates: Bool
      ) -> Void,
    sumParts:
      @escaping @Sendable (_ x: Source, _ partStep: Int, _ parts: Int, _ y: Target, _ count: Int) ->
      Void,
    sumOfSquares: @escaping @Sendable (_ x: Source, _ count: Int) -> Float,
    isFinite: @escaping @Sendable (_ x: Source, _ count: Int) -> Bool,
    argmax: @escaping @Sendable (_ x: Source, _ count: Int) -> Int
  ) {
    self.columnSums = columnSums
    self.sumParts = sumParts
    self.sumOfSquares = sumOfSquares
    self.isFinite = isFinite
    self.argmax = argmax
  }
}
