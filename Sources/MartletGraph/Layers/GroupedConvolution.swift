import MartletOps
import MartletTensors

/// What `Conv1D` and `Conv2D` share: all but the number of axes.
struct GroupedConvolution: Sendable {
  let arguments: ConvolutionArguments
  private let filters: Int
  private let groups: Int
  private let kernel: WeightRules
  private let bias: WeightRules

  init(_ attributes: inout Attributes, axes: Int) throws(MartletError) {
    filters = try attributes.integer("filters", atLeast: 1)
    arguments = try ConvolutionArguments(&attributes, axes: axes)
    groups = try attributes.integer("groups", default: 1, atLeast: 1)
    kernel = try attributes.weight("kernel", initializer: "glorot_uniform")
    bias = try attributes.weight("bias", initializer: "zeros")
    guard filters.isMultiple(of: groups) else {
      throw .invalidArgument(
        "\(attributes.className): the number of filters must be evenly divisible by the number of "
          + "groups, received groups=\(groups), filters=\(filters)")
    }
  }

  var configuration: JSONObject {
    arguments.configuration(["filters": .integer(filters)])
      .appending(["groups": .integer(groups)])
      .appending(arguments.configurationOfResult)
      .appending(
        WeightRules.configuration([kernel, bias], regularizers: ["activity_regularizer": .null]))
  }

  func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let geometry = try geometry(inputs)
    let extents = arguments.kernelExtents(geometry.channelsPerGroup, filters)
    var requests = [try WeightRequest(extents, kernel)]
    if arguments.usesBias { requests.append(try WeightRequest([filters], bias)) }
    return requests
  }

  func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let geometry = try geometry(call.inputs.map { program.shapes[$0] })
    return [
      try arguments.input.withImage(call, into: &program) { image, program throws(MartletError) in
        let sum = try program.convolve(image, call.variables[0], geometry, call)
        return try arguments.lowerResult(
          sum, bias: arguments.usesBias ? call.variables[1] : nil, call, into: &program)
      }
    ]
  }

  private func geometry(_ inputs: [Shape]) throws(MartletError) -> ConvolutionGeometry {
    let channels = try arguments.input.extents(inputs).channels
    guard channels.isMultiple(of: groups) else {
      throw .invalidArgument(
        "the number of input channels must be evenly divisible by the number of groups, "
          + "received groups=\(groups), but the input has \(channels) channels "
          + "(full input shape is \(inputs[0].batchDescription))")
    }
    return try arguments.geometry(inputs, filters: filters, groups: groups)
  }
}
