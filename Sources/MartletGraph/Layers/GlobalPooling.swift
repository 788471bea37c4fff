import MartletOps
import MartletTensors

/// What the poolings over whole images, and over whole sequences, share.
struct GlobalPoolingArguments: Sendable {
  private let input: SpatialInput
  let keepsDimensions: Bool

  /// - Parameter axes: 2 for images, 1 for sequences.
  init(_ attributes: inout Attributes, axes: Int = 2) throws(MartletError) {
    input = try SpatialInput(&attributes, axes: axes)
    keepsDimensions = try attributes.flag("keepdims", default: false)
  }

  var configuration: JSONObject {
    ["data_format": .text(input.format.rawValue), "keepdims": .boolean(keepsDimensions)]
  }

  func check(_ inputs: [Shape]) throws(MartletError) {
    _ = try input.extents(inputs)
  }

  /// Appends the operation that makes one number per channel of an image with channels last.
  func lower(
    _ operation: some Operation, _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [
      try input.withImage(call, into: &program) { image, program throws(MartletError) in
        try program.apply(operation, to: [image], layer: call.layer)
      }
    ]
  }
}
