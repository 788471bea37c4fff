import MartletOps
import MartletTensors

/// What the poolings over whole images share.
struct GlobalPoolingArguments: Sendable {
  let format: DataFormat
  let keepsDimensions: Bool

  init(_ attributes: inout Attributes) throws(MartletError) {
    format = try attributes.imageFormat()
    keepsDimensions = try attributes.flag("keepdims", default: false)
  }

  var configuration: JSONObject {
    ["data_format": .text(format.rawValue), "keepdims": .boolean(keepsDimensions)]
  }

  func check(_ inputs: [Shape]) throws(MartletError) {
    _ = try imageInput(inputs, format)
  }

  /// Appends the operation that makes one number per channel of an image with channels last.
  func lower(
    _ operation: some Operation, _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [
      try format.withChannelsLast(call, into: &program) { image, program throws(MartletError) in
        try program.apply(operation, to: [image], layer: call.layer)
      }
    ]
  }
}
