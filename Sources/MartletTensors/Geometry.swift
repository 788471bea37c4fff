/// How a window treats the border of an image. Keras's names.
package enum Padding: String, Sendable {
  /// Windows lie inside the image.
  case valid
  /// Zeros around the image, so that output = ⌈input / stride⌉; where their number is odd the extra
  /// one goes after, as in TensorFlow and Keras.
  case same
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
    }
  }
}

extension WindowAxis {
  private init(_ axis: WindowAxis, input: Int, output: Int, padAfter: Int) {
    self.input = input
    kernel = axis.kernel
    stride = axis.stride
    dilation = axis.dilation
    padding = axis.padding
    self.output = output
    padBefore = axis.padBefore
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

  /// The same axis on an input whose last elements, which no window reads, are left away.
  package func cropped(input count: Int) -> WindowAxis {
    WindowAxis(self, input: count, output: output, padAfter: padAfter)
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

  /// The same pooling of an image without the last rows and columns, if no window reads them.
  package var cropped: PoolingGeometry {
    PoolingGeometry(
      vertical: vertical.cropped(input: vertical.inputRead),
      horizontal: horizontal.cropped(input: horizontal.inputRead), channels: channels)
  }

  package var outputExtents: [Int] { [vertical.output, horizontal.output, channels] }
}
