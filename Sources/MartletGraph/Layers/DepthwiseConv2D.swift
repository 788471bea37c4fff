import MartletOps
import MartletTensors

/// 2-D convolution of each channel of an image with `depth_multiplier` filters of its own, with bias
/// and activation.
///
/// `(H, W, C)` → `(P, Q, C · M)`, where channel c gives the outputs from c · M on; weights `kernel`
/// (R, S, C, M) and `bias` (C · M).
package struct DepthwiseConv2D: ConfigurableLayerKind {
  package static let className = "DepthwiseConv2D"
  private let multiplier: Int
  private let arguments: ConvolutionArguments
  private let kernel: WeightRules
  private let bias: WeightRules

  package init(_ attributes: inout Attributes) throws(MartletError) {
    multiplier = try attributes.integer("depth_multiplier", default: 1, atLeast: 1)
    arguments = try ConvolutionArguments(&attributes, stridesDilated: true)
    kernel = try attributes.weight("depthwise", initializer: "glorot_uniform")
    bias = try attributes.weight("bias", initializer: "zeros")
  }

  package var configuration: JSONObject {
    arguments.configuration(["depth_multiplier": .integer(multiplier)])
      .appending(arguments.configurationOfResult)
      .appending(
        WeightRules.configuration([kernel, bias], regularizers: ["activity_regularizer": .null]))
  }

  package var hasWeights: Bool { true }
  package var weightAxis: Int { arguments.format.channelAxis }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let geometry = try geometry(inputs)
    let extents = arguments.kernelExtents(geometry.channels, multiplier)
    var requests = [try WeightRequest(extents, kernel, name: "kernel")]
    if arguments.usesBias { requests.append(try WeightRequest([geometry.filters], bias)) }
    return requests
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let geometry = try geometry(call.inputs.map { program.shapes[$0] })
    return [
      try arguments.input.withImage(call, into: &program) { image, program throws(MartletError) in
        let sum = try program.convolveDepthwise(image, call.variables[0], geometry, call)
        return try arguments.lowerResult(
          sum, bias: arguments.usesBias ? call.variables[1] : nil, call, into: &program)
      }
    ]
  }

  private func geometry(_ inputs: [Shape]) throws(MartletError) -> ConvolutionGeometry {
    try arguments.depthwiseGeometry(inputs, multiplier: multiplier)
  }
}
