import MartletOps
import MartletTensors

/// 2-D convolution over images, with bias and activation.
///
/// `(H, W, C)` → `(P, Q, K)`; weights `kernel` (R, S, C / groups, K) and `bias` (K).
package struct Conv2D: ConfigurableLayerKind {
  package static let className = "Conv2D"
  private let filters: Int
  private let kernelSize: [Int]
  private let strides: [Int]
  private let padding: Padding
  private let dilation: [Int]
  private let groups: Int
  private let activation: ActivationFunction
  private let usesBias: Bool
  private let format: DataFormat
  private let kernel: WeightRules
  private let bias: WeightRules

  package init(_ attributes: inout Attributes) throws(MartletError) {
    filters = try attributes.integer("filters", atLeast: 1)
    kernelSize = try attributes.pair("kernel_size")
    strides = try attributes.pair("strides", default: [1, 1])
    padding = try attributes.padding()
    format = try attributes.imageFormat()
    dilation = try attributes.pair("dilation_rate", default: [1, 1])
    groups = try attributes.integer("groups", default: 1, atLeast: 1)
    activation = try attributes.activation()
    usesBias = try attributes.flag("use_bias", default: true)
    kernel = try attributes.weight("kernel", initializer: "glorot_uniform")
    bias = try attributes.weight("bias", initializer: "zeros")
    guard filters.isMultiple(of: groups) else {
      throw .invalidArgument(
        "Conv2D: the number of filters must be evenly divisible by the number of groups, "
          + "received groups=\(groups), filters=\(filters)")
    }
    guard strides == [1, 1] || dilation == [1, 1] else {
      throw .invalidArgument(
        "Conv2D: strides > 1 are not supported together with dilation_rate > 1, "
          + "received strides=\(Shape.text(strides)), dilation_rate=\(Shape.text(dilation))")
    }
  }

  package var configuration: JSONObject {
    let own: JSONObject = [
      "filters": .integer(filters), "kernel_size": .integers(kernelSize),
      "strides": .integers(strides), "padding": .text(padding.rawValue),
      "data_format": .text(format.rawValue), "dilation_rate": .integers(dilation),
      "groups": .integer(groups), "activation": .text(activation.rawValue),
      "use_bias": .boolean(usesBias),
    ]
    return own.appending(
      WeightRules.configuration([kernel, bias], regularizers: ["activity_regularizer": .null]))
  }

  package var hasWeights: Bool { true }
  package var weightAxis: Int { format.channelAxis }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let geometry = try geometry(inputs)
    var requests = [try WeightRequest(geometry.kernelExtents, kernel)]
    if usesBias { requests.append(try WeightRequest([filters], bias)) }
    return requests
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let geometry = try geometry(call.inputs.map { program.shapes[$0] })
    return [
      try format.withChannelsLast(call, into: &program) { image, program throws(MartletError) in
        var value = try program.apply(
          ConvolutionOp(geometry: geometry, precision: call.precision), to: [image],
          variables: [call.variables[0]], layer: call.layer)
        if usesBias {
          value = try program.apply(
            BiasOp(), to: [value], variables: [call.variables[1]], layer: call.layer)
        }
        return try activation.lower(value, into: &program, layer: call.layer)
      }
    ]
  }

  private func geometry(_ inputs: [Shape]) throws(MartletError) -> ConvolutionGeometry {
    let (height, width, channels) = try imageInput(inputs, format)
    guard channels.isMultiple(of: groups) else {
      throw .invalidArgument(
        "the number of input channels must be evenly divisible by the number of groups, "
          + "received groups=\(groups), but the input has \(channels) channels "
          + "(full input shape is \(inputs[0].batchDescription))")
    }
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
        ? "" : " with dilation_rate=\(Shape.text(dilation))"
      throw .invalidArgument(
        "a kernel of \(Shape.text(kernelSize))\(reach) does not fit into an input of shape "
          + "\(inputs[0].batchDescription) with padding='valid'; "
          + "use padding='same' or a smaller kernel")
    }
    return ConvolutionGeometry(
      vertical: vertical, horizontal: horizontal, channels: channels, filters: filters,
      groups: groups)
  }
}
