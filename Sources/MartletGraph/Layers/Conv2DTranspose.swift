import MartletOps
import MartletTensors

/// 2-D transposed convolution over images, the input gradient of `Conv2D`, with bias and activation.
///
/// `(P, Q, C)` → `(H, W, K)`; weights `kernel` (R, S, K, C) and `bias` (K).
package struct Conv2DTranspose: ConfigurableLayerKind {
  package static let className = "Conv2DTranspose"
  private let filters: Int
  private let arguments: ConvolutionArguments
  /// Points added at the end; `nil` for what follows from padding and strides.
  private let outputPadding: [Int]?
  private let kernel: WeightRules
  private let bias: WeightRules

  package init(_ attributes: inout Attributes) throws(MartletError) {
    filters = try attributes.integer("filters", atLeast: 1)
    arguments = try ConvolutionArguments(&attributes)
    outputPadding =
      attributes.value("output_padding") == nil
      ? nil : try attributes.pair("output_padding", atLeast: 0)
    kernel = try attributes.weight("kernel", initializer: "glorot_uniform")
    bias = try attributes.weight("bias", initializer: "zeros")
    if let outputPadding,
      zip(outputPadding, arguments.strides).contains(where: { $0 >= $1 })
    {
      throw .invalidArgument(
        "Conv2DTranspose: output_padding must be less than strides, received "
          + "output_padding=\(Shape.text(outputPadding)), "
          + "strides=\(Shape.text(arguments.strides))")
    }
  }

  package var configuration: JSONObject {
    arguments.configuration(
      ["filters": .integer(filters)],
      behindPadding: ["output_padding": outputPadding.map { .integers($0) } ?? .null]
    ).appending(arguments.configurationOfResult)
      .appending(
        WeightRules.configuration([kernel, bias], regularizers: ["activity_regularizer": .null]))
  }

  package var hasWeights: Bool { true }
  package var weightAxis: Int { arguments.format.channelAxis }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let geometry = try geometry(inputs)
    var requests = [try WeightRequest(geometry.kernelExtents, kernel)]
    if arguments.usesBias { requests.append(try WeightRequest([filters], bias)) }
    return requests
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let geometry = try geometry(call.inputs.map { program.shapes[$0] })
    return [
      try arguments.input.withImage(call, into: &program) { image, program throws(MartletError) in
        let sum = try program.apply(
          TransposedConvolutionOp(geometry: geometry, precision: call.precision), to: [image],
          variables: [call.variables[0]], layer: call.layer)
        return try arguments.lowerResult(
          sum, bias: arguments.usesBias ? call.variables[1] : nil, call, into: &program)
      }
    ]
  }

  /// Of the convolution that takes the output to the input.
  private func geometry(_ inputs: [Shape]) throws(MartletError) -> ConvolutionGeometry {
    let (height, width, channels) = try arguments.input.extents(inputs)
    func axis(_ index: Int, _ points: Int) -> WindowAxis? {
      WindowAxis(
        transposing: points, kernel: arguments.kernelSize[index],
        stride: arguments.strides[index], dilation: arguments.dilation[index],
        padding: arguments.padding, outputPadding: outputPadding?[index])
    }
    guard let vertical = axis(0, height), let horizontal = axis(1, width) else {
      throw .invalidArgument(
        "the output would have no points: an input of shape \(inputs[0].batchDescription), "
          + "kernel_size=\(Shape.text(arguments.kernelSize)), padding='same' and "
          + "output_padding=\(Shape.text(outputPadding ?? [])); leave output_padding away")
    }
    return ConvolutionGeometry(
      vertical: vertical, horizontal: horizontal, channels: filters, filters: channels, groups: 1)
  }
}
