import MartletOps
import MartletTensors

/// What layers with windows see of their input: images, or sequences, which they treat as images of
/// one row; and where the channels stand.
struct SpatialInput: Sendable {
  /// Axes that a window moves along: 2 for images, 1 for sequences.
  let axes: Int
  let format: DataFormat

  init(_ attributes: inout Attributes, axes: Int) throws(MartletError) {
    self.axes = axes
    format = try attributes.imageFormat()
  }

  init(axes: Int, format: DataFormat) {
    self.axes = axes
    self.format = format
  }

  /// The sizes of an argument along the axes of an image, as `Attributes.sizes` gives them.
  func ofImage(_ sizes: [Int]) -> [Int] { axes == 1 ? [1] + sizes : sizes }

  /// The extents of the one input, as those of an image.
  func extents(
    _ inputs: [Shape]
  ) throws(MartletError) -> (height: Int, width: Int, channels: Int) {
    guard axes == 1 else { return try imageInput(inputs, format) }
    let input = try onlyInput(inputs)
    guard input.rank == 2 else {
      let expected =
        format == .channelsLast ? "(batch, steps, channels)" : "(batch, channels, steps)"
      var message = "expected an input of 3 axes \(expected), received \(input.batchDescription)"
      if input.rank == 1 {
        let extents = format == .channelsLast ? "\(input[0]), 1" : "1, \(input[0])"
        message += "; sequences without a channel axis become some with Reshape((\(extents)))"
      }
      throw .invalidArgument(message)
    }
    return format == .channelsLast ? (1, input[0], input[1]) : (1, input[1], input[0])
  }

  /// Appends operations on an image with channels last, and what brings their result back.
  ///
  /// - Parameter body: Gets the image of the call, and gives another one or one number per channel.
  func withImage(
    _ call: LayerCall, into program: inout Program,
    _ body: (Program.ValueID, inout Program) throws(MartletError) -> Program.ValueID
  ) throws(MartletError) -> Program.ValueID {
    try format.withChannelsLast(call, into: &program) { value, program throws(MartletError) in
      guard axes == 1 else { return try body(value, &program) }
      let image = try program.apply(
        ReshapeOp(shape: try Shape([1] + program.shapes[value].extents)), to: [value],
        layer: call.layer)
      let result = try body(image, &program)
      let extents = program.shapes[result].extents
      guard extents.count == 3 else { return result }
      return try program.apply(
        ReshapeOp(shape: try Shape(Array(extents.dropFirst()))), to: [result], layer: call.layer)
    }
  }
}
