import MartletOps
import MartletTensors

/// What convolutions share: the window and how it moves, and what follows the sum.
struct ConvolutionArguments: Sendable {
  /// Of images, vertical first; 1 for sequences, which are images of one row.
  let kernelSize: [Int]
  let strides: [Int]
  let dilation: [Int]
  let padding: Padding
  let input: SpatialInput
  let activation: ActivationFunction
  let usesBias: Bool

  /// - Parameters:
  ///   - axes: 2 for images, 1 for sequences.
  ///   - stridesDilated: Whether strides and dilation may come together.
  init(
    _ attributes: inout Attributes, axes: Int = 2, stridesDilated: Bool = false
  ) throws(MartletError) {
    let ones = [Int](repeating: 1, count: axes)
    let kernelSize = try attributes.sizes("kernel_size", count: axes)
    let strides = try attributes.sizes("strides", count: axes, default: ones)
    padding = try attributes.padding(causal: axes == 1)
    input = try SpatialInput(&attributes, axes: axes)
    let dilation = try attributes.sizes("dilation_rate", count: axes, default: ones)
    activation = try attributes.activation()
    usesBias = try attributes.flag("use_bias", default: true)
    guard stridesDilated || strides == ones || dilation == ones else {
      throw .invalidArgument(
        "\(attributes.className): strides > 1 are not supported together with dilation_rate > 1, "
          + "received strides=\(Shape.text(strides)), dilation_rate=\(Shape.text(dilation))")
    }
    self.kernelSize = input.ofImage(kernelSize)
    self.strides = input.ofImage(strides)
    self.dilation = input.ofImage(dilation)
  }

  var format: DataFormat { input.format }

  /// A size as the layer was given it: one number for each axis.
  private func given(_ sizes: [Int]) -> JSONValue { .integers(sizes.suffix(input.axes)) }

  /// The arguments that all have, with `more` behind the padding, in Keras's order.
  func configuration(_ first: JSONObject, behindPadding more: JSONObject = [:]) -> JSONObject {
    first.appending([
      "kernel_size": given(kernelSize), "strides": given(strides),
      "padding": .text(padding.rawValue),
    ]).appending(more).appending([
      "data_format": .text(format.rawValue), "dilation_rate": given(dilation),
    ])
  }

  var configurationOfResult: JSONObject {
    ["activation": .text(activation.rawValue), "use_bias": .boolean(usesBias)]
  }

  /// The shape of a kernel for sequences or images.
  func kernelExtents(_ channels: Int...) -> [Int] { kernelSize.suffix(input.axes) + channels }

  func geometry(
    _ inputs: [Shape], filters: Int, groups: Int
  ) throws(MartletError) -> ConvolutionGeometry {
    let (height, width, channels) = try input.extents(inputs)
    guard
      let vertical = WindowAxis(
        input: height, kernel: kernelSize[0], stride: strides[0], dilation: dilation[0],
        padding: padding),
      let horizontal = WindowAxis(
        input: width, kernel: kernelSize[1], stride: strides[1], dilation: dilation[1],
        padding: padding)
    else {
      let reach =
        dilation == [1, 1]
        ? "" : " with dilation_rate=\(Shape.text(dilation.suffix(input.axes)))"
      throw .invalidArgument(
        "a kernel of \(Shape.text(kernelSize.suffix(input.axes)))\(reach) does not fit into an "
          + "input of shape \(inputs[0].batchDescription) with padding='valid'; "
          + "use padding='same' or a smaller kernel")
    }
    return ConvolutionGeometry(
      vertical: vertical, horizontal: horizontal, channels: channels, filters: filters,
      groups: groups)
  }

  /// Of filters that each have a channel to themselves.
  func depthwiseGeometry(
    _ inputs: [Shape], multiplier: Int
  ) throws(MartletError) -> ConvolutionGeometry {
    let channels = try input.extents(inputs).channels
    return try geometry(inputs, filters: channels * multiplier, groups: channels)
  }

  /// Appends what follows the sum.
  ///
  /// - Parameter bias: `nil` without one.
  func lowerResult(
    _ sum: Program.ValueID, bias: Variable?, _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> Program.ValueID {
    var value = sum
    if let bias {
      value = try program.apply(BiasOp(), to: [value], variables: [bias], layer: call.layer)
    }
    return try activation.lower(value, into: &program, layer: call.layer)
  }
}

extension Program {
  /// Appends a convolution with the operation that suits its groups.
  mutating func convolve(
    _ image: ValueID, _ kernel: Variable, _ geometry: ConvolutionGeometry, _ call: LayerCall
  ) throws(MartletError) -> ValueID {
    guard geometry.groups == 1 || geometry.channelsPerGroup > 1 else {
      return try convolveDepthwise(image, kernel, geometry, call)
    }
    return try apply(
      ConvolutionOp(geometry: geometry, precision: call.precision), to: [image],
      variables: [kernel], layer: call.layer)
  }

  /// Appends a convolution whose groups have one channel each.
  mutating func convolveDepthwise(
    _ image: ValueID, _ kernel: Variable, _ geometry: ConvolutionGeometry, _ call: LayerCall
  ) throws(MartletError) -> ValueID {
    let repeated = try apply(
      ChannelRepetitionOp(count: geometry.filtersPerGroup), to: [image], layer: call.layer)
    return try apply(
      DepthwiseConvolutionOp(geometry: geometry.depthwise), to: [repeated], variables: [kernel],
      layer: call.layer)
  }
}
