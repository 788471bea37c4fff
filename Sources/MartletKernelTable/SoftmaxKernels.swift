/// What a loss compares. Semantics of Keras 3, `keras/src/losses/losses.py` and
/// `keras/src/backend/tensorflow/nn.py` (clip to [1e-7, 1 − 1e-7] where probabilities are given).
package enum LossFunction: Hashable, Sendable {
  case sparseCategoricalCrossentropy(fromLogits: Bool)
  case categoricalCrossentropy(fromLogits: Bool, labelSmoothing: Float)
  case binaryCrossentropy(fromLogits: Bool, labelSmoothing: Float)
  case meanSquaredError
}

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
  /// - losses: `rows` values, overwritten: weight · (loss of the row, mean over `size` for the
  ///   binary loss and the squared error).
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
