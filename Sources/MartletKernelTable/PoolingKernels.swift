/// One image plane and its windows: y[P, Q, channels] from x[H, W, channels].
/// Points beyond the image are never read; `same` padding shows as `padTop` and `padLeft`.
package struct PoolingWindow: Sendable {
  package var height: Int, width: Int, channels: Int
  package var outputHeight: Int, outputWidth: Int
  package var poolHeight: Int, poolWidth: Int
  package var strideHeight: Int, strideWidth: Int
  package var padTop: Int, padLeft: Int
  /// Elements between image rows and between points, of the large plane and of the pooled one:
  /// the plane may be a few channels of a wider one.
  package var rowStep: Int, pointStep: Int
  package var outputRowStep: Int, outputPointStep: Int

  package init(
    height: Int, width: Int, channels: Int, outputHeight: Int, outputWidth: Int, poolHeight: Int,
    poolWidth: Int, strideHeight: Int, strideWidth: Int, padTop: Int, padLeft: Int, rowStep: Int,
    pointStep: Int, outputRowStep: Int, outputPointStep: Int
  ) {
    self.height = height
    self.width = width
    self.channels = channels
    self.outputHeight = outputHeight
    self.outputWidth = outputWidth
    self.poolHeight = poolHeight
    self.poolWidth = poolWidth
    self.strideHeight = strideHeight
    self.strideWidth = strideWidth
    self.padTop = padTop
    self.padLeft = padLeft
    self.rowStep = rowStep
    self.pointStep = pointStep
    self.outputRowStep = outputRowStep
    self.outputPointStep = outputPointStep
  }
}

package struct PoolingKernels: Sendable {
  /// The greatest value of each window and which tap held it: `r·poolWidth + s`, the first of equal
  /// ones in row-major order, as Keras sends the gradient. NaN wins. `taps` has the layout of
  /// `y`; `nil` where no gradient will be asked for.
  package var maximum:
    @Sendable (
      _ x: Source, _ y: Target, _ taps: UnsafeMutablePointer<UInt16>?, borrowing PoolingWindow
    ) -> Void
  /// Adds each dy to the point of `dx` that `taps` names. The caller has filled `dx`, with zeros
  /// for a plain gradient.
  package var maximumBackward:
    @Sendable (
      _ dy: Source, _ taps: UnsafePointer<UInt16>, _ dx: Target, borrowing PoolingWindow
    ) -> Void
  /// The mean of each window's points inside the image (padding does not count, as in Keras).
  package var average: @Sendable (_ x: Source, _ y: Target, borrowing PoolingWindow) -> Void
  /// Adds dy / (points inside) to every point of the window. The caller has filled `dx`.
  package var averageBackward:
    @Sendable (_ dy: Source, _ dx: Target, borrowing PoolingWindow) -> Void
  /// The greatest value of each column; NaN wins.
  package var columnMaxima:
    @Sendable (_ x: Source, _ y: Target, _ rows: Int, _ columns: Int) -> Void
  /// The gradient of the columns' maxima, in equal parts to all that are equal to them, as Keras
  /// sends it. Overwrites `dx`.
  package var columnMaximaBackward:
    @Sendable (
      _ x: Source, _ y: Source, _ dy: Source, _ dx: Target, _ rows: Int, _ columns: Int
    ) -> Void

  package init(
    maximum:
      @escaping @Sendable (
        _ x: Source, _ y: Target, _ taps: UnsafeMutablePointer<UInt16>?, borrowing PoolingWindow
      ) -> Void,
    maximumBackward:
      @escaping @Sendable (
        _ dy: Source, _ taps: UnsafePointer<UInt16>, _ dx: Target, borrowing PoolingWindow
      ) -> Void,
    average: @escaping @Sendable (_ x: Source, _ y: Target, borrowing PoolingWindow) -> Void,
    averageBackward:
      @escaping @Sendable (_ dy: Source, _ dx: Target, borrowing PoolingWindow) -> Void,
    columnMaxima: @escaping @Sendable (Source, Target, Int, Int) -> Void,
    columnMaximaBackward: @escaping @Sendable (Source, Source, Source, Target, Int, Int) -> Void
  ) {
    self.maximum = maximum
    self.maximumBackward = maximumBackward
    self.average = average
    self.averageBackward = averageBackward
    self.columnMaxima = columnMaxima
    self.columnMaximaBackward = columnMaximaBackward
  }
}
