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

extension DepthwiseAxis {
  /// The same axis with some of the outputs.
  package func part(_ outputs: Range<Int>) -> DepthwiseAxis {
    DepthwiseAxis(
      input: input, output: outputs.count, taps: taps, first: first + outputs.lowerBound * stride,
      stride: stride, tapStep: tapStep)
  }

  /// The axis of an image that has `count` elements where this one has a point, and a tap for each.
  ///
  /// - Precondition: Neighbouring taps read neighbouring points.
  package func spread(over count: Int) -> DepthwiseAxis {
    precondition(taps <= 1 || tapStep == 1)
    return DepthwiseAxis(
      input: input * count, output: output, taps: taps * count, first: first * count,
      stride: stride * count, tapStep: 1)
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
  /// Elements from one row of weights to the next.
  package let weightStep: Int

  /// - Parameter weightStep: `nil` where nothing stands between the rows.
  package init(
    vertical: DepthwiseAxis, horizontal: DepthwiseAxis, channels: Int, rowStep: Int,
    pointStep: Int, repeats: Int = 1, weightStep: Int? = nil
  ) {
    self.vertical = vertical
    self.horizontal = horizontal
    self.channels = channels
    self.rowStep = rowStep
    self.pointStep = pointStep
    self.repeats = repeats
    self.weightStep = weightStep ?? repeats * channels
  }

  /// The same plane with some of the rows of y, which begins with the first of them.
  package func part(rows: Range<Int>) -> DepthwisePlane {
    DepthwisePlane(
      vertical: vertical.part(rows), horizontal: horizontal, channels: channels,
      rowStep: rowStep, pointStep: pointStep, repeats: repeats, weightStep: weightStep)
  }

  /// Rows of the weights.
  package var tapCount: Int { vertical.taps * horizontal.taps }
}

/// Groups of channels laid out so that each filter of a group finds them in a channel of its own.
package struct ChannelSpread: Sendable {
  /// Points of the image, and elements from one to the next.
  package let points: Int, pointStep: Int
  package let channelsPerGroup: Int, filtersPerGroup: Int
  /// The first of the filters that are laid out together, and how many they are.
  package let firstFilter: Int, filters: Int

  package init(
    points: Int, pointStep: Int, channelsPerGroup: Int, filtersPerGroup: Int, firstFilter: Int,
    filters: Int
  ) {
    self.points = points
    self.pointStep = pointStep
    self.channelsPerGroup = channelsPerGroup
    self.filtersPerGroup = filtersPerGroup
    self.firstFilter = firstFilter
    self.filters = filters
  }
}

package struct DepthwiseKernels: Sendable {
  /// y[p, q, c] = clamp(b[c] + Σ(r, s) x[…, c] · w[r, s, c]), clamped to `lowest ... highest`; NaN stays.
  ///
  /// `bias`, and the rows of `weights`, which are those of the taps, row-major, hold the numbers of all
  /// channels, `repeats` times. Every result is one chain of multiply-adds in this order.
  package var correlate:
    @Sendable (
      _ x: Source, _ weights: Source, _ bias: Source, _ y: Target, _ lowest: Float,
      _ highest: Float, borrowing DepthwisePlane
    ) -> Void
  /// dw[r, s, c] += Σ(p, q) x[…, c] · dy[p, q, c]. The gradient of a weight is the sum of its `repeats`.
  package var addWeightGradient:
    @Sendable (_ x: Source, _ dy: Source, _ dw: Target, borrowing DepthwisePlane) -> Void
  /// y[p, i, k] = x[p, g·channelsPerGroup + i], where g is the group of filter k; y is contiguous, and has
  /// room for a vector behind its end.
  package var spread: @Sendable (_ x: Source, _ y: Target, borrowing ChannelSpread) -> Void

  package init(
    correlate:
      @escaping @Sendable (
        _ x: Source, _ weights: Source, _ bias: Source, _ y: Target, _ lowest: Float,
        _ highest: Float, borrowing DepthwisePlane
      ) -> Void,
    addWeightGradient:
      @escaping @Sendable (
        _ x: Source, _ dy: Source, _ dw: Target, borrowing DepthwisePlane
      ) -> Void,
    spread:
      @escaping @Sendable (_ x: Source, _ y: Target, borrowing ChannelSpread) -> Void
  ) {
    self.correlate = correlate
    self.addWeightGradient = addWeightGradient
    self.spread = spread
  }
}
