import MartletOps
import MartletTensors

/// What max and average pooling share: the window and how it moves.
struct PoolingArguments: Sendable {
  /// Of images, vertical first; 1 for sequences, which are images of one row.
  private let poolSize: [Int]
  private let strides: [Int]
  private let padding: Padding
  private let input: SpatialInput

  /// - Parameters:
  ///   - axes: 2 for images, 1 for sequences.
  ///   - defaultSize: Along each axis; `nil` where Keras wants the size to be said.
  init(
    _ attributes: inout Attributes, axes: Int = 2, defaultSize: Int?
  ) throws(MartletError) {
    let poolSize = try attributes.sizes(
      "pool_size", count: axes,
      default: defaultSize.map { [Int](repeating: $0, count: axes) })
    let strides = try attributes.sizes("strides", count: axes, default: poolSize)
    padding = try attributes.padding()
    input = try SpatialInput(&attributes, axes: axes)
    // The winner of a window is remembered in 16 bits.
    guard poolSize.reduce(1, *) <= 1 << 16 else {
      throw attributes.invalid(
        "pool_size", expected: "a window of at most 65536 points", .integers(poolSize))
    }
    self.poolSize = input.ofImage(poolSize)
    self.strides = input.ofImage(strides)
  }

  var configuration: JSONObject {
    [
      "pool_size": .integers(poolSize.suffix(input.axes)), "padding": .text(padding.rawValue),
      "strides": .integers(strides.suffix(input.axes)),
      "data_format": .text(input.format.rawValue),
    ]
  }

  func check(_ inputs: [Shape]) throws(MartletError) { _ = try geometry(inputs) }

  /// Appends the pooling that `operation` makes of the sizes.
  func lower<Pooling: Operation>(
    _ call: LayerCall, into program: inout Program, _ operation: (PoolingGeometry) -> Pooling
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = operation(try geometry(call.inputs.map { program.shapes[$0] }))
    return [
      try input.withImage(call, into: &program) { image, program throws(MartletError) in
        try program.apply(operation, to: [image], layer: call.layer)
      }
    ]
  }

  private func geometry(_ inputs: [Shape]) throws(MartletError) -> PoolingGeometry {
    let (height, width, channels) = try input.extents(inputs)
    guard
      let vertical = WindowAxis(
        input: height, kernel: poolSize[0], stride: strides[0], padding: padding),
      let horizontal = WindowAxis(
        input: width, kernel: poolSize[1], stride: strides[1], padding: padding)
    else {
      throw .invalidArgument(
        "a pooling window of \(Shape.text(poolSize.suffix(input.axes))) does not fit into an "
          + "input of shape \(inputs[0].batchDescription): the output would have no points; "
          + "use padding='same', a smaller pool_size or fewer poolings")
    }
    return PoolingGeometry(vertical: vertical, horizontal: horizontal, channels: channels)
  }
}
