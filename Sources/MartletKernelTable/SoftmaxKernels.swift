package struct SoftmaxKernels: Sendable {
  /// Softmax along the middle axis of [outer, size, inner]. `y` may be `x`.
  package var forward:
    @Sendable (_ x: Source, _ y: Target, _ outer: Int, _ size: Int, _ inner: Int) -> Void
  /// dx = y · (dy − Σ dy·y) along the middle axis. `dx` may be `dy`.
  package var backward:
    @Sendable (
      _ y: Source, _ dy: Source, _ dx: Target, _ outer: Int, _ size: Int, _ inner: Int
    ) -> Void
  /// Losses of `rows` predictions of `size` values each, and their gradient.
  ///
  /// - labels: Class of each row, for the sparse loss, in `0 ..< size`; else `nil`.
  /// - targets: `rows × size` values, for the other losses; else `nil`.
  /// - weights: One factor a row on loss and gradient, or `nil` for 1.
  /// - losses: `rows` values, overwritten: weight · (loss of the row: the mean over `size` where each
  ///   element has a loss of its own, the sum for the divergence).
  /// - gradient: `rows × size` values, overwritten with ∂losses/∂prediction · gradientScale, or `nil`.
  package var loss:
    @Sendable (
      LossFunction, _ prediction: Source, _ labels: UnsafePointer<Int32>?, _ targets: Source?,
      _ weights: Source?, _ rows: Int, _ size: Int, _ losses: Target, _ gradient: Target?,
      _ gradientScale: Float
    ) -> Void

  package init(
    forward:
      @escaping @Sendable (_ x: Source, _ y: Target, _ outer: Int, _ size: Int, _ inner: Int) ->
      Void,
    backward:
      @escaping @Sendable (
        _ y: Source, _ dy: Source, _ dx: Target, _ outer: Int, _ size: Int, _ inner: Int
      ) -> Void,
    loss:
      @escaping @Sendable (
        LossFunction, _ prediction: Source, _ labels: UnsafePointer<Int32>?, _ targets: Source?,
        _ weights: Source?, _ rows: Int, _ size: Int, _ losses: Target, _ gradient: Target?,
        _ gradientScale: Float
      ) -> Void
  ) {
    self.forward = forward
    self.backward = backward
    self.loss = loss
  }
}
