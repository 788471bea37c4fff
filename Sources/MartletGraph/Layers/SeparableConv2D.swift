import MartletOps
import MartletTensors

/// 2-D convolution of each channel of an image by itself and then of all channels point by point,
/// with bias and activation.
///
/// `(H, W, C)` → `(P, Q, K)`; weights `depthwise_kernel` (R, S, C, M), `pointwise_kernel`
/// (1, 1, C · M, K) and `bias` (K).
package struct SeparableConv2D: ConfigurableLayerKind {
  package static let className = "SeparableConv2D"
  private let filters: Int
  private let multiplier: Int
  private let arguments: ConvolutionArguments
  private let depthwise: WeightRules
  private let pointwise: WeightRules
  private let bias: WeightRules

  package init(_ attributes: inout Attributes) throws(MartletError) {
    filters = try attributes.integer("filters", atLeast: 1)
    multiplier = try attributes.integer("depth_multiplier", default: 1, atLeast: 1)
    arguments = try ConvolutionArguments(&attributes, stridesDilated: true)
    depthwise = try attributes.weight("depthwise", initializer: "glorot_uniform")
    pointwise = try attributes.weight("pointwise", initializer: "glorot_uniform")
    bias = try attributes.weight("bias", initializer: "zeros")
  }

  package var configuration: JSONObject {
    let first: JSONObject = [
      "depth_multiplier": .integer(multiplier), "filters": .integer(filters),
    ]
    return arguments.configuration(first)
      .appending(arguments.configurationOfResult)
      .appending(
        WeightRules.configuration(
          [depthwise, pointwise, bias], regularizers: ["activity_regularizer": .null]))
  }

  package var hasWeights: Bool { true }
  package var weightAxis: Int { arguments.format.channelAxis }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let geometry = try geometry(inputs)
    let extents = arguments.kernelExtents(geometry.channels, multiplier)
    var requests = [
      try WeightRequest(extents, depthwise, name: "depthwise_kernel"),
      try WeightRequest([1, 1, geometry.filters, filters], pointwise, name: "pointwise_kernel"),
    ]
    if arguments.usesBias { requests.append(try WeightRequest([filters], bias)) }
    return requests
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let geometry = try geometry(call.inputs.map { program.shapes[$0] })
    return [
      try arguments.input.withImage(call, into: &program) { image, program throws(MartletError) in
        let between = try program.convolveDepthwise(image, call.variables[0], geometry, call)
        let sum = try program.convolve(
          between, call.variables[1], geometry.pointwise(filters: filters), call)
        return try arguments.lowerResult(
          sum, bias: arguments.usesBias ? call.variables[2] : nil, call, into: &program)
      }
    ]
  }

  private func geometry(_ inputs: [Shape]) throws(MartletError) -> ConvolutionGeometry {
    try arguments.depthwiseGeometry(inputs, multiplier: multiplier)
  }
}
