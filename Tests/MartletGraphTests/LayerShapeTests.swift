import MartletGraph
import MartletTensors
import Testing

/// Shapes and parameter counts checked by hand, most of them the well-known ones of the MNIST
/// example: 320, 18,496, 1,290.
struct LayerShapeTests {
  @Test(arguments: [
    (#"{"filters": 32, "kernel_size": 3}"#, [28, 28, 1], [26, 26, 32], 320),
    (#"{"filters": 64, "kernel_size": [3, 3]}"#, [13, 13, 32], [11, 11, 64], 18_496),
    (#"{"filters": 4, "kernel_size": [2, 5], "padding": "same"}"#, [7, 9, 3], [7, 9, 4], 124),
    (
      #"{"filters": 4, "kernel_size": 3, "padding": "SAME", "strides": 2}"#, [7, 8, 1], [4, 4, 4],
      40
    ),
    (#"{"filters": 4, "kernel_size": 3, "strides": [2, 3]}"#, [8, 9, 2], [3, 3, 4], 76),
    (#"{"filters": 4, "kernel_size": 3, "dilation_rate": 2}"#, [9, 9, 2], [5, 5, 4], 76),
    (#"{"filters": 4, "kernel_size": 3, "groups": 2}"#, [9, 9, 6], [7, 7, 4], 112),
    (#"{"filters": 4, "kernel_size": 1, "use_bias": false}"#, [9, 9, 6], [9, 9, 4], 24),
  ])
  func convolution(_ arguments: String, _ input: [Int], _ output: [Int], _ count: Int) throws {
    #expect(try outputShape("Conv2D", arguments, input) == output)
    #expect(try parameterCount("Conv2D", arguments, input) == count)
  }

  @Test(arguments: [
    ("DepthwiseConv2D", #"{"kernel_size": 3}"#, [28, 28, 8], [26, 26, 8], 80),
    (
      "DepthwiseConv2D", #"{"kernel_size": [3, 5], "depth_multiplier": 2, "padding": "same"}"#,
      [9, 8, 3], [9, 8, 6], 96
    ),
    (
      "DepthwiseConv2D", #"{"kernel_size": 3, "strides": 2, "dilation_rate": 2}"#, [9, 10, 3],
      [3, 3, 3], 30
    ),
    (
      "SeparableConv2D", #"{"filters": 16, "kernel_size": 3, "depth_multiplier": 2}"#, [9, 9, 4],
      [7, 7, 16], 72 + 128 + 16
    ),
    ("Conv2DTranspose", #"{"filters": 4, "kernel_size": 3}"#, [5, 6, 2], [7, 8, 4], 76),
    (
      "Conv2DTranspose", #"{"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same"}"#,
      [7, 7, 2], [14, 14, 4], 76
    ),
    (
      "Conv2DTranspose",
      #"{"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": [0, 1]}"#,
      [7, 7, 2], [13, 14, 4], 76
    ),
    ("Conv1D", #"{"filters": 4, "kernel_size": 3, "strides": 2}"#, [10, 6], [4, 4], 76),
    ("Conv1D", #"{"filters": 4, "kernel_size": 3, "padding": "causal"}"#, [10, 6], [10, 4], 76),
    (
      "Conv1D", #"{"filters": 4, "kernel_size": 3, "data_format": "channels_first"}"#, [6, 10],
      [4, 8], 76
    ),
    ("MaxPooling1D", "{}", [11, 3], [5, 3], 0),
    ("AveragePooling1D", #"{"pool_size": 2, "padding": "same"}"#, [11, 3], [6, 3], 0),
    ("ZeroPadding1D", #"{"padding": [2, 1]}"#, [11, 3], [14, 3], 0),
    ("ZeroPadding1D", #"{"padding": 2, "data_format": "channels_first"}"#, [3, 11], [3, 15], 0),
    ("Cropping1D", "{}", [11, 3], [9, 3], 0),
    ("Cropping1D", #"{"cropping": [0, 4]}"#, [11, 3], [7, 3], 0),
    ("UpSampling1D", "{}", [11, 3], [22, 3], 0),
    ("UpSampling1D", #"{"size": 3}"#, [11, 3], [33, 3], 0),
    ("GlobalAvgPool1D", "{}", [11, 3], [3], 0),
    ("GlobalMaxPool1D", #"{"keepdims": true}"#, [11, 3], [1, 3], 0),
  ])
  func furtherConvolutionsAndSequences(
    _ className: String, _ arguments: String, _ input: [Int], _ output: [Int], _ count: Int
  ) throws {
    #expect(try outputShape(className, arguments, input) == output)
    #expect(try parameterCount(className, arguments, input) == count)
  }

  @Test func denseActsOnTheLastAxis() throws {
    #expect(try outputShape("Dense", #"{"units": 10}"#, [128]) == [10])
    #expect(try parameterCount("Dense", #"{"units": 10}"#, [128]) == 1290)
    #expect(try outputShape("Dense", #"{"units": 3}"#, [4, 5, 6]) == [4, 5, 3])
    #expect(try parameterCount("Dense", #"{"units": 3, "use_bias": false}"#, [4, 5, 6]) == 18)
  }

  @Test func pooling() throws {
    #expect(try outputShape("MaxPooling2D", "{}", [26, 26, 32]) == [13, 13, 32])
    #expect(try outputShape("MaxPool2D", "{}", [11, 11, 2]) == [5, 5, 2])
    #expect(try outputShape("MaxPooling2D", #"{"padding": "same"}"#, [11, 11, 2]) == [6, 6, 2])
    #expect(
      try outputShape("AveragePooling2D", #"{"pool_size": 3, "strides": 1}"#, [5, 7, 2])
        == [3, 5, 2])
    #expect(try outputShape("AvgPool2D", #"{"pool_size": [2, 3]}"#, [5, 7, 2]) == [2, 2, 2])
    #expect(try outputShape("GlobalAveragePooling2D", "{}", [5, 7, 2]) == [2])
    #expect(try outputShape("GlobalAvgPool2D", #"{"keepdims": true}"#, [5, 7, 2]) == [1, 1, 2])
  }

  @Test func channelsFirst() throws {
    let first = #""data_format": "channels_first""#
    #expect(
      try outputShape("Conv2D", #"{"filters": 4, "kernel_size": 3, \#(first)}"#, [3, 8, 9])
        == [4, 6, 7])
    #expect(
      try parameterCount("Conv2D", #"{"filters": 4, "kernel_size": 3, \#(first)}"#, [3, 8, 9])
        == 112)
    #expect(try outputShape("MaxPooling2D", "{\(first)}", [3, 8, 9]) == [3, 4, 4])
    #expect(
      try outputShape("AveragePooling2D", #"{"pool_size": 2, \#(first)}"#, [3, 8, 9]) == [3, 4, 4])
    #expect(try outputShape("GlobalMaxPool2D", "{\(first)}", [3, 8, 9]) == [3])
    #expect(
      try outputShape("GlobalAvgPool2D", #"{"keepdims": true, \#(first)}"#, [3, 8, 9]) == [3, 1, 1])
    #expect(
      try outputShape("ZeroPadding2D", #"{"padding": [1, 2], \#(first)}"#, [3, 8, 9])
        == [3, 10, 13])
    #expect(
      try outputShape("SpatialDropout2D", #"{"rate": 0.5, \#(first)}"#, [3, 8, 9])
        == [3, 8, 9])
    #expect(try outputShape("Flatten", "{\(first)}", [3, 8, 9]) == [216])
  }

  @Test func permutationAndPadding() throws {
    #expect(try outputShape("Permute", #"{"dims": [3, 1, 2]}"#, [4, 5, 6]) == [6, 4, 5])
    #expect(
      try outputShape("ZeroPadding2D", #"{"padding": [[1, 0], [2, 3]]}"#, [4, 5, 6]) == [5, 10, 6])
    #expect(try outputShape("ZeroPadding2D", "{}", [4, 5, 6]) == [6, 7, 6])
  }

  @Test func slopesOfParametricRelu() throws {
    #expect(try parameterCount("PReLU", "{}", [4, 5, 6]) == 120)
    #expect(try parameterCount("PReLU", #"{"shared_axes": [1, 2]}"#, [4, 5, 6]) == 6)
    #expect(try parameterCount("PReLU", #"{"shared_axes": 3}"#, [4, 5, 6]) == 20)
  }

  @Test func shapeChangers() throws {
    #expect(try outputShape("Flatten", "{}", [5, 5, 64]) == [1600])
    #expect(try outputShape("Flatten", "{}", []) == [1])
    #expect(try outputShape("Reshape", #"{"target_shape": [4, -1]}"#, [2, 6]) == [4, 3])
    #expect(try outputShape("Reshape", #"{"target_shape": [12]}"#, [2, 6]) == [12])
    #expect(try outputShape("Reshape", #"{"target_shape": []}"#, [1, 1]) == [])
  }

  @Test func elementwise() throws {
    for (className, arguments) in [
      ("Dropout", #"{"rate": 0.5}"#), ("Dropout", #"{"rate": 0}"#),
      ("Activation", #"{"activation": "relu"}"#), ("Activation", #"{"activation": null}"#),
      ("ReLU", "{}"), ("LeakyReLU", "{}"), ("Softmax", "{}"), ("Softmax", #"{"axis": 1}"#),
      ("BatchNormalization", "{}"), ("Rescaling", #"{"scale": 0.5}"#),
    ] {
      #expect(try outputShape(className, arguments, [4, 5, 6]) == [4, 5, 6])
    }
  }

  @Test func batchNormalizationHasUpToFourWeightsAnAxis() throws {
    #expect(try parameterCount("BatchNormalization", "{}", [4, 5, 6]) == 24)
    #expect(try parameterCount("BatchNormalization", #"{"axis": 1}"#, [4, 5, 6]) == 16)
    #expect(
      try parameterCount("BatchNormalization", #"{"scale": false, "center": false}"#, [4, 5, 6])
        == 12)
  }

  @Test func normalizationsOfSamplesHaveTwoWeights() throws {
    for className in ["LayerNormalization", "GroupNormalization", "RMSNormalization"] {
      let arguments = className == "GroupNormalization" ? #"{"groups": 3}"# : "{}"
      #expect(try outputShape(className, arguments, [4, 5, 6]) == [4, 5, 6])
      let count = className == "RMSNormalization" ? 6 : 12
      #expect(try parameterCount(className, arguments, [4, 5, 6]) == count)
    }
    #expect(try outputShape("UnitNormalization", #"{"axis": 1}"#, [4, 5, 6]) == [4, 5, 6])
    #expect(try parameterCount("LayerNormalization", #"{"axis": [3, 1]}"#, [4, 5, 6]) == 48)
    #expect(
      try parameterCount("LayerNormalization", #"{"axis": [1, 2, 3], "scale": false}"#, [4, 5, 6])
        == 120)
    #expect(
      try parameterCount("GroupNormalization", #"{"groups": -1, "axis": 1}"#, [4, 5, 6]) == 8)
    #expect(
      try parameterCount("GroupNormalization", #"{"groups": 1, "center": false}"#, [4, 5, 6]) == 6)
  }

  @Test func upSamplingAndCropping() throws {
    let first = #""data_format": "channels_first""#
    #expect(try outputShape("UpSampling2D", "{}", [4, 5, 6]) == [8, 10, 6])
    #expect(
      try outputShape("UpSampling2D", #"{"size": [1, 3], "interpolation": "BILINEAR"}"#, [4, 5, 6])
        == [4, 15, 6])
    #expect(try outputShape("UpSampling2D", #"{"size": 3, \#(first)}"#, [6, 4, 5]) == [6, 12, 15])
    #expect(try outputShape("Cropping2D", "{}", [4, 5, 6]) == [4, 5, 6])
    #expect(try outputShape("Cropping2D", #"{"cropping": [1, 2]}"#, [4, 5, 6]) == [2, 1, 6])
    #expect(
      try outputShape("Cropping2D", #"{"cropping": [[1, 0], [2, 1]], \#(first)}"#, [6, 4, 5])
        == [6, 3, 2])
    #expect(try outputShape("RepeatVector", #"{"n": 3}"#, [5]) == [3, 5])
    #expect(try outputShape("Identity", "{}", [5, 2]) == [5, 2])
  }

  @Test func merging() throws {
    #expect(try outputShape("Add", "{}", [4, 5], [4, 5], [4, 5]) == [4, 5])
    #expect(try outputShape("Add", "{}", [4, 1], [5]) == [4, 5])
    #expect(try outputShape("Add", "{}", [4, 1]) == [4, 1])
    for className in ["Multiply", "Average", "Maximum", "Minimum"] {
      #expect(try outputShape(className, "{}", [4, 1], [5], [4, 5]) == [4, 5])
      #expect(try outputShape(className, "{}", [4, 1]) == [4, 1])
    }
    #expect(try outputShape("Subtract", "{}", [4, 1], [5]) == [4, 5])
    #expect(try outputShape("Concatenate", "{}", [4, 5], [4, 3]) == [4, 8])
    #expect(try outputShape("Concatenate", #"{"axis": 1}"#, [4, 5], [2, 5]) == [6, 5])
    #expect(try outputShape("Concatenate", "{}", [4, 5]) == [4, 5])
  }

  @Test func weightsAreInKerasOrder() throws {
    func names(_ className: String, _ arguments: String, _ extents: [Int]) throws -> [String] {
      let made = try layer(className, arguments)
      #expect(!made.isBuilt)
      #expect(made.variables.isEmpty)
      _ = try made.call([Layer.input(Shape(extents))])
      #expect(made.isBuilt)
      return made.variables.map { "\($0.name) \($0.shape) \($0.isTrainable)" }
    }
    #expect(
      try names("Conv2D", #"{"filters": 4, "kernel_size": [3, 2], "groups": 2}"#, [8, 8, 6])
        == ["kernel (3, 2, 3, 4) true", "bias (4,) true"])
    #expect(
      try names("Dense", #"{"units": 3}"#, [5]) == ["kernel (5, 3) true", "bias (3,) true"])
    #expect(
      try names("BatchNormalization", "{}", [5])
        == [
          "gamma (5,) true", "beta (5,) true", "moving_mean (5,) false",
          "moving_variance (5,) false",
        ])
    #expect(
      try names("LayerNormalization", #"{"axis": [1, 3]}"#, [4, 5, 6])
        == ["gamma (4, 6) true", "beta (4, 6) true"])
    #expect(
      try names("GroupNormalization", #"{"groups": 2}"#, [4, 6])
        == ["gamma (6,) true", "beta (6,) true"])
    #expect(try names("RMSNormalization", "{}", [4, 6]) == ["scale (6,) true"])
    #expect(try layer("Flatten").isBuilt)
  }

  @Test func weightsStartAsKerasSays() throws {
    let normalization = try layer("BatchNormalization")
    _ = try normalization(input(3))
    #expect(
      normalization.variables.map(values) == [[1, 1, 1], [0, 0, 0], [0, 0, 0], [1, 1, 1]])
    let dense = try layer("Dense", #"{"units": 2, "bias_initializer": "ones"}"#)
    _ = try dense(input(3))
    #expect(values(dense.variables[1]) == [1, 1])
    #expect(Set(values(dense.variables[0])).count == 6)
  }

  @Test func seededLayersOfOneShapeAreEqualAndUnseededAreNot() throws {
    func kernel(_ initializer: String) throws -> [Float] {
      let dense = try layer("Dense", #"{"units": 8, "kernel_initializer": \#(initializer)}"#)
      _ = try dense(input(8))
      return values(dense.variables[0])
    }
    let seeded = #"{"class_name": "HeNormal", "config": {"seed": 3}}"#
    #expect(try kernel(seeded) == kernel(seeded))
    #expect(try kernel(#""he_normal""#) != kernel(#""he_normal""#))
  }

  @Test func callingAgainSharesTheWeights() throws {
    let dense = try layer("Dense", #"{"units": 4}"#)
    let first = try dense(input(4))
    let variable = dense.variables[0]
    let second = try dense(first)
    #expect(dense.variables[0] === variable)
    #expect(first != second)
    #expect(second.node.callIndex == 1)
    // Another rank, but the same last axis.
    #expect(try dense(input(7, 4)).shape.extents == [7, 4])
  }
}
