/// How a window treats the border of an image. Keras's names.
package enum Padding: String, CaseIterable, Sendable {
  /// Windows lie inside the image.
  case valid
  /// Zeros around the image, so that output = ⌈input / stride⌉; where their number is odd the extra
  /// one goes after, as in TensorFlow and Keras.
  case same
  /// Zeros before the image alone, so that no output sees what comes after it: for sequences.
  case causal
}

/// One axis of a window that slides over an image: the only place that knows how sizes follow from
/// kernel, stride, dilation and padding (Dumoulin & Visin 2016, arXiv:1603.07285; TensorFlow's `same`).
package struct WindowAxis: Hashable, Sendable {
  package let input: Int
  package let kernel: Int
  package let stride: Int
  package let dilation: Int
  package let padding: Padding
  package let output: Int
  /// Zeros before the first and after the last input element. With `valid` padding, or a stride
  /// that leaves a rest, the last inputs may not be read at all.
  package let padBefore: Int
  package let padAfter: Int

  /// The stretch of input one window covers.
  package var span: Int { (kernel - 1) * dilation + 1 }

  /// - Returns: `nil` where no window fits into the input.
  package init?(input: Int, kernel: Int, stride: Int, dilation: Int = 1, padding: Padding) {
    let span = (kernel - 1) * dilation + 1
    self.input = input
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
    switch padding {
    case .valid:
      guard input >= span else { return nil }
      output = (input - span) / stride + 1
      padBefore = 0
      padAfter = 0
    case .same:
      output = (input + stride - 1) / stride
      let total = max((output - 1) * stride + span - input, 0)
      padBefore = total / 2
      padAfter = total - padBefore
    case .causal:
      output = (input - 1) / stride + 1
      padBefore = span - 1
      padAfter = 0
    }
  }
}

extension WindowAxis {
  /// Points that are read one by one.
  package init(points: Int) {
    input = points
    output = points
    (kernel, stride, dilation) = (1, 1, 1)
    padding = .valid
    (padBefore, padAfter) = (0, 0)
  }

  /// The axis of the convolution whose gradient takes `output` points to its inputs: what a transposed
  /// convolution makes of them, as Keras does. An uneven zero goes after.
  ///
  /// - Parameter outputPadding: Points added at the end; `nil` for as many as make
  ///   output · stride points with `same`, and all that a window or its stride reaches with `valid`.
  /// - Returns: `nil` where nothing would be left.
  package init?(
    transposing output: Int, kernel: Int, stride: Int, dilation: Int, padding: Padding,
    outputPadding: Int?
  ) {
    let span = (kernel - 1) * dilation + 1
    let reach = (output - 1) * stride + span
    switch (padding, outputPadding) {
    case (.same, nil): input = output * stride
    case (.same, let added?): input = (output - 1) * stride + span % 2 + added
    case (_, let added): input = reach + (added ?? max(stride - span, 0))
    }
    guard input > 0 else { return nil }
    self.output = output
    self.kernel = kernel
    self.stride = stride
    self.dilation = dilation
    self.padding = padding
    padBefore = max(reach - input, 0) / 2
    padAfter = max(reach - padBefore - input, 0)
  }

  private init(
    _ axis: WindowAxis, input: Int, output: Int, padBefore: Int? = nil, padAfter: Int
  ) {
    self.input = input
    kernel = axis.kernel
    stride = axis.stride
    dilation = axis.dilation
    padding = axis.padding
    self.output = output
    self.padBefore = padBefore ?? axis.padBefore
    self.padAfter = padAfter
  }

  /// Input elements from the first to the last that any window reads.
  package var inputRead: Int { min((output - 1) * stride + span - padBefore, input) }

  /// The same axis with the last outputs left away.
  package func cropped(output count: Int) -> WindowAxis {
    WindowAxis(
      self, input: input, output: count,
      padAfter: max((count - 1) * stride + span - padBefore - input, 0))
  }

  /// The axis of some of the outputs, on the inputs from `first` on that they read.
  package func part(_ outputs: Range<Int>) -> (axis: WindowAxis, first: Int) {
    let start = outputs.lowerBound * stride - padBefore
    let end = (outputs.upperBound - 1) * stride + span - padBefore
    let first = min(max(start, 0), input - 1)
    let last = max(min(end, input), first + 1)
    return (
      WindowAxis(
        self, input: last - first, output: outputs.count, padBefore: max(-start, 0),
        padAfter: max(end - last, 0)),
      first
    )
  }

  /// The same axis on an input whose last elements, which no window reads, are left away.
  package func cropped(input count: Int) -> WindowAxis {
    WindowAxis(self, input: count, output: output, padAfter: padAfter)
  }
}

/// The inputs a, a + stride, … of an axis: how many there are, and the taps whose output reaches them,
/// with the output that each reads relative to the input's number.
package struct InputPhase {
  package let count: Int
  package let taps: [(tap: Int, at: Int)]
}

extension WindowAxis {
  /// The phases 0 ..< stride. Each makes an ordinary convolution of what goes backward.
  package var inputPhases: [InputPhase] {
    (0..<stride).map { phase in
      InputPhase(
        count: max((input - phase + stride - 1) / stride, 0),
        taps: (0..<kernel).compactMap { tap -> (tap: Int, at: Int)? in
          let distance = phase + padBefore - tap * dilation
          guard distance % stride == 0 else { return nil }
          return (tap, distance / stride)
        })
    }
  }
}

/// Sizes of a 2-D convolution over channels-last images.
///
/// Legend: `H W C` input, `R S` kernel, `P Q K` output.
package struct ConvolutionGeometry: Hashable, Sendable {
  package let vertical: WindowAxis
  package let horizontal: WindowAxis
  package let channels: Int
  package let filters: Int
  package let groups: Int

  package init(
    vertical: WindowAxis, horizontal: WindowAxis, channels: Int, filters: Int, groups: Int
  ) {
    self.vertical = vertical
    self.horizontal = horizontal
    self.channels = channels
    self.filters = filters
    self.groups = groups
  }

  /// The same convolution of the outputs that such a pooling reads.
  package func cropped(to pooling: PoolingGeometry) -> ConvolutionGeometry {
    ConvolutionGeometry(
      vertical: vertical.cropped(output: pooling.vertical.inputRead),
      horizontal: horizontal.cropped(output: pooling.horizontal.inputRead), channels: channels,
      filters: filters, groups: groups)
  }

  /// The same convolution for some of the output's rows, on the input's rows from `first` on.
  package func part(rows: Range<Int>) -> (geometry: ConvolutionGeometry, first: Int) {
    let (axis, first) = vertical.part(rows)
    return (
      ConvolutionGeometry(
        vertical: axis, horizontal: horizontal, channels: channels, filters: filters,
        groups: groups),
      first
    )
  }

  /// The same convolution with some of the filters.
  ///
  /// - Precondition: There is one group.
  package func part(filters count: Int) -> ConvolutionGeometry {
    precondition(groups == 1)
    return ConvolutionGeometry(
      vertical: vertical, horizontal: horizontal, channels: channels, filters: count, groups: 1)
  }

  /// The convolution of the outputs of this one with kernels of a single point.
  package func pointwise(filters count: Int) -> ConvolutionGeometry {
    ConvolutionGeometry(
      vertical: WindowAxis(points: vertical.output),
      horizontal: WindowAxis(points: horizontal.output), channels: filters, filters: count,
      groups: 1)
  }

  /// The same sums where each filter has a channel to itself.
  package var depthwise: ConvolutionGeometry {
    ConvolutionGeometry(
      vertical: vertical, horizontal: horizontal, channels: filters, filters: filters,
      groups: filters)
  }

  package var channelsPerGroup: Int { channels / groups }
  package var filtersPerGroup: Int { filters / groups }
  /// `[R, S, C / groups, K]`.
  package var kernelExtents: [Int] {
    [vertical.kernel, horizontal.kernel, channelsPerGroup, filters]
  }
  package var outputExtents: [Int] { [vertical.output, horizontal.output, filters] }
  /// The image with its zero border.
  package var paddedHeight: Int { vertical.input + vertical.padBefore + vertical.padAfter }
  package var paddedWidth: Int { horizontal.input + horizontal.padBefore + horizontal.padAfter }
  package var isPadded: Bool {
    paddedHeight != vertical.input || paddedWidth != horizontal.input
  }
}

/// Sizes of a 2-D pooling over channels-last images.
package struct PoolingGeometry: Hashable, Sendable {
  package let vertical: WindowAxis
  package let horizontal: WindowAxis
  package let channels: Int

  package init(vertical: WindowAxis, horizontal: WindowAxis, channels: Int) {
    self.vertical = vertical
    self.horizontal = horizontal
    self.channels = channels
  }

  /// The same pooling for some of the output's rows, on the input's rows from `first` on.
  package func part(rows: Range<Int>) -> (geometry: PoolingGeometry, first: Int) {
    let (axis, first) = vertical.part(rows)
    return (
      PoolingGeometry(vertical: axis, horizontal: horizontal, channels: channels), first
    )
  }

  /// The same pooling with some of the channels.
  package func part(channels count: Int) -> PoolingGeometry {
    PoolingGeometry(vertical: vertical, horizontal: horizontal, channels: count)
  }

  /// The same pooling of an image without the last rows and columns, if no window reads them.
  package var cropped: PoolingGeometry {
    PoolingGeometry(
      vertical: vertical.cropped(input: vertical.inputRead),
      horizontal: horizontal.cropped(input: horizontal.inputRead), channels: channels)
  }

  package var outputExtents: [Int] { [vertical.output, horizontal.output, channels] }
}
