/// One axis of a depthwise correlation: output o reads the inputs first + o·stride + t·tapStep for its
/// taps t. Those outside `0 ..< input` count as zero and are never read.
package struct DepthwiseAxis: Sendable {
  package let input: Int, output: Int
  package let taps: Int
  package let first: Int
  package let stride: Int
  package let tapStep: Int
  /// The outputs whose taps all lie inside: from the first one to the one behind the last.
  package let innerFirst: Int, innerEnd: Int

  package init(input: Int, output: Int, taps: Int, first: Int, stride: Int, tapStep: Int) {
    self.input = input
    self.output = output
    self.taps = taps
    self.first = first
    self.stride = stride
    self.tapStep = tapStep
    let room = input - 1 - first - max(taps - 1, 0) * tapStep
    innerFirst = min(max((stride - 1 - first) / stride, 0), output)
    innerEnd = room < 0 ? innerFirst : max(innerFirst, min(room / stride + 1, output))
  }
}

/// One image plane x [height, width, channels], contiguous, and the plane y that is made of it.
package struct DepthwisePlane: Sendable {
  package let vertical: DepthwiseAxis, horizontal: DepthwiseAxis
  package let channels: Int
  /// Elements of y between rows and between points.
  package let rowStep: Int, pointStep: Int
  /// Points of a row that are worked on as one with so many times the channels, so that few channels
  /// fill vectors, too. More than one only where neighbours read neighbours: the horizontal stride is
  /// 1 and `pointStep` the number of channels.
  package let repeats: Int

  package init(
    vertical: DepthwiseAxis, horizontal: DepthwiseAxis, channels: Int, rowStep: Int,
    pointStep: Int, repeats: Int
  ) {
    self.vertical = vertical
    self.horizontal = horizontal
    self.channels = channels
    self.rowStep = rowStep
    self.pointStep = pointStep
    self.repeats = repeats
  }

  /// Elements of a row of weights.
  package var weightStep: Int { repeats * channels }
  /// Rows of the weights without that of the bias.
  package var tapCount: Int { vertical.taps * horizontal.taps }
}

package struct DepthwiseKernels: Sendable {
  /// y[p, q, c] = clamp(b[c] + Σ(r, s) x[…, c] · w[r, s, c]), clamped to `lowest ... highest`; NaN stays.
  ///
  /// The rows of `weights` hold the numbers of all channels, `repeats` times: first that of the bias,
  /// then those of the taps, row-major. Every result is one chain of multiply-adds in this order.
  package var correlate:
    @Sendable (
      _ x: Source, _ weights: Source, _ y: Target, _ lowest: Float, _ highest: Float,
      borrowing DepthwisePlane
    ) -> Void
  /// dw[r, s, c] += Σ(p, q) x[…, c] · dy[p, q, c]. The rows of `dw` are those of the taps alone; the
  /// gradient of a weight is the sum of its `repeats`.
  package var addWeightGradient:
    @Sendable (_ x: Source, _ dy: Source, _ dw: Target, borrowing DepthwisePlane) -> Void

  package init(
    correlate:
      @escaping @Sendable (
        _ x: Source, _ weights: Source, _ y: Target, _ lowest: Float, _ highest: Float,
        borrowing DepthwisePlane
      ) -> Void,
    addWeightGradient:
      @escaping @Sendable (
        _ x: Source, _ dy: Source, _ dw: Target, borrowing DepthwisePlane
      ) -> Void
  ) {
    self.correlate = correlate
    self.addWeightGradient = addWeightGradient
  }
}
