import MartletOps
import MartletTensors

/// What max and average pooling share: the window and how it moves.
struct PoolingArguments: Sendable {
  let poolSize: [Int]
  let strides: [Int]
  let padding: Padding
  let format: DataFormat

  /// - Parameter defaultSize: `nil` where Keras wants the size to be said.
  init(_ attributes: inout Attributes, defaultSize: [Int]?) throws(MartletError) {
    poolSize = try attributes.pair("pool_size", default: defaultSize)
    strides = try attributes.pair("strides", default: poolSize)
    padding = try attributes.padding()
    format = try attributes.imageFormat()
    // The winner of a window is remembered in 16 bits.
    guard poolSize[0] * poolSize[1] <= 1 << 16 else {
      throw attributes.invalid(
        "pool_size", expected: "a window of at most 65536 points", .integers(poolSize))
    }
  }

  var configuration: JSONObject {
    [
      "pool_size": .integers(poolSize), "padding": .text(padding.rawValue),
      "strides": .integers(strides), "data_format": .text(format.rawValue),
    ]
  }

  func geometry(_ inputs: [Shape]) throws(MartletError) -> PoolingGeometry {
    let (height, width, channels) = try imageInput(inputs, format)
    guard
      let vertical = WindowAxis(
        input: height, kernel: poolSize[0], stride: strides[0], padding: padding),
      let horizontal = WindowAxis(
        input: width, kernel: poolSize[1], stride: strides[1], padding: padding)
    else {
      throw .invalidArgument(
        "a pooling window of \(Shape.text(poolSize)) does not fit into an input of shape "
          + "\(inputs[0].batchDescription): the output would have no points; "
          + "use padding='same', a smaller pool_size or fewer poolings")
    }
    return PoolingGeometry(vertical: vertical, horizontal: horizontal, channels: channels)
  }
}
