import Martlet
import Testing

import struct MartletGraph.JSONObject
import enum MartletGraph.JSONValue
import enum MartletGraph.LayerRegistry

/// Every layer of the core in Swift's words, twice: with what it needs, and with all it takes.
private struct LayerCase: Sendable {
  let className: String
  let least: Layer
  let leastArguments: String
  let full: Layer
  let fullArguments: String

  init(
    _ className: String, _ least: Layer, _ leastArguments: String, _ full: Layer,
    _ fullArguments: String
  ) {
    self.className = className
    self.least = least
    self.leastArguments = leastArguments
    self.full = full
    self.fullArguments = fullArguments
  }
}

private let rules = """
  "kernel_initializer": {"class_name": "HeNormal", "config": {"seed": 3}},
  "bias_initializer": "ones", "kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.5}},
  "bias_regularizer": "l1", "kernel_constraint": "non_neg",
  "bias_constraint": {"class_name": "MaxNorm", "config": {"max_value": 3, "axis": 0}}
  """
private let depthwiseRules = rules.replacing("kernel_", with: "depthwise_")
private let scaling = """
  "center": false, "scale": false, "beta_initializer": "ones",
  "gamma_initializer": {"class_name": "Constant", "config": {"value": 2.5}},
  "beta_regularizer": "l1", "gamma_regularizer": "l2", "beta_constraint": "non_neg",
  "gamma_constraint": {"class_name": "UnitNorm", "config": {"axis": 0}}
  """
private let sampling = """
  "fill_mode": "constant", "interpolation": "nearest", "fill_value": 0.5,
  "data_format": "channels_first", "seed": 4
  """

private let cases: [LayerCase] = [
  LayerCase(
    "InputLayer", Input(28, 28, 1), #"{"shape": [28, 28, 1]}"#, Input(nil, nil, 3),
    #"{"shape": [null, null, 3], "batch_shape": null}"#),
  LayerCase(
    "Conv1D", Conv1D(filters: 4, kernelSize: 3), #"{"filters": 4, "kernel_size": 3}"#,
    Conv1D(
      filters: 4, kernelSize: 3, strides: 2, padding: .causal, dataFormat: .channelsFirst,
      dilationRate: 1, groups: 2, activation: .relu, useBias: false,
      kernelInitializer: .heNormal(seed: 3), biasInitializer: .ones, kernelRegularizer: .l2(0.5),
      biasRegularizer: .l1(), kernelConstraint: .nonNegative, biasConstraint: .maxNorm(3)),
    """
    {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "causal",
     "data_format": "channels_first", "dilation_rate": 1, "groups": 2, "activation": "relu",
     "use_bias": false, \(rules)}
    """),
  LayerCase(
    "Conv2D", Conv2D(filters: 4, kernelSize: 3), #"{"filters": 4, "kernel_size": 3}"#,
    Conv2D(
      filters: 4, kernelSize: [3, 5], strides: 1, padding: .same, dataFormat: .channelsFirst,
      dilationRate: [2, 1], groups: 2, activation: .relu, useBias: false,
      kernelInitializer: .heNormal(seed: 3), biasInitializer: .ones, kernelRegularizer: .l2(0.5),
      biasRegularizer: .l1(), kernelConstraint: .nonNegative, biasConstraint: .maxNorm(3)),
    """
    {"filters": 4, "kernel_size": [3, 5], "strides": 1, "padding": "same",
     "data_format": "channels_first", "dilation_rate": [2, 1], "groups": 2, "activation": "relu",
     "use_bias": false, \(rules)}
    """),
  LayerCase(
    "Conv2DTranspose", Conv2DTranspose(filters: 4, kernelSize: 3),
    #"{"filters": 4, "kernel_size": 3}"#,
    Conv2DTranspose(
      filters: 4, kernelSize: 3, strides: 2, padding: .same, outputPadding: 1,
      dataFormat: .channelsFirst, dilationRate: 1, activation: .relu, useBias: false,
      kernelInitializer: .heNormal(seed: 3), biasInitializer: .ones, kernelRegularizer: .l2(0.5),
      biasRegularizer: .l1(), kernelConstraint: .nonNegative, biasConstraint: .maxNorm(3)),
    """
    {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": [1, 1],
     "data_format": "channels_first", "dilation_rate": 1, "activation": "relu", "use_bias": false,
     \(rules)}
    """),
  LayerCase(
    "DepthwiseConv2D", DepthwiseConv2D(kernelSize: 3), #"{"kernel_size": 3}"#,
    DepthwiseConv2D(
      kernelSize: 3, strides: 2, padding: .same, depthMultiplier: 2, dataFormat: .channelsFirst,
      dilationRate: 2, activation: .relu, useBias: false,
      depthwiseInitializer: .heNormal(seed: 3), biasInitializer: .ones,
      depthwiseRegularizer: .l2(0.5), biasRegularizer: .l1(), depthwiseConstraint: .nonNegative,
      biasConstraint: .maxNorm(3)),
    """
    {"kernel_size": 3, "strides": 2, "padding": "same", "depth_multiplier": 2,
     "data_format": "channels_first", "dilation_rate": 2, "activation": "relu", "use_bias": false,
     \(depthwiseRules)}
    """),
  LayerCase(
    "SeparableConv2D", SeparableConv2D(filters: 4, kernelSize: 3),
    #"{"filters": 4, "kernel_size": 3}"#,
    SeparableConv2D(
      filters: 4, kernelSize: 3, strides: 2, padding: .same, dataFormat: .channelsFirst,
      dilationRate: 2, depthMultiplier: 2, activation: .relu, useBias: false,
      depthwiseInitializer: .heNormal(seed: 3), pointwiseInitializer: .zeros,
      biasInitializer: .ones, depthwiseRegularizer: .l2(0.5), pointwiseRegularizer: .l1l2(l1: 0.5),
      biasRegularizer: .l1(), depthwiseConstraint: .nonNegative,
      pointwiseConstraint: .minMaxNorm(0.5...2, rate: 0.5, axis: [0, 1]),
      biasConstraint: .maxNorm(3)),
    """
    {"filters": 4, "kernel_size": 3, "strides": 2, "padding": "same", "depth_multiplier": 2,
     "data_format": "channels_first", "dilation_rate": 2, "activation": "relu", "use_bias": false,
     "pointwise_initializer": "zeros",
     "pointwise_regularizer": {"class_name": "L1L2", "config": {"l1": 0.5}},
     "pointwise_constraint": {"class_name": "MinMaxNorm",
       "config": {"min_value": 0.5, "max_value": 2, "rate": 0.5, "axis": [0, 1]}},
     \(depthwiseRules)}
    """),
  LayerCase(
    "Dense", Dense(units: 4), #"{"units": 4}"#,
    Dense(
      units: 4, activation: .softmax, useBias: false, kernelInitializer: .heNormal(seed: 3),
      biasInitializer: .ones, kernelRegularizer: .l2(0.5), biasRegularizer: .l1(),
      kernelConstraint: .nonNegative, biasConstraint: .maxNorm(3)),
    #"{"units": 4, "activation": "softmax", "use_bias": false, "# + rules + "}"),
  LayerCase(
    "Flatten", Flatten(), "{}", Flatten(dataFormat: .channelsFirst),
    #"{"data_format": "channels_first"}"#),
  LayerCase(
    "Reshape", Reshape([4, -1]), #"{"target_shape": [4, -1]}"#, Reshape([4, -1]),
    #"{"target_shape": [4, -1]}"#),
  LayerCase(
    "Permute", Permute([2, 1]), #"{"dims": [2, 1]}"#, Permute([1, 2]), #"{"dims": [1, 2]}"#),
  LayerCase("RepeatVector", RepeatVector(2), #"{"n": 2}"#, RepeatVector(3), #"{"n": 3}"#),
  LayerCase(
    "ActivityRegularization", ActivityRegularization(), "{}",
    ActivityRegularization(l1: 0.5, l2: 0.25), #"{"l1": 0.5, "l2": 0.25}"#),
  LayerCase(
    "MaxPooling1D", MaxPooling1D(), "{}",
    MaxPooling1D(poolSize: 3, strides: 2, padding: .same, dataFormat: .channelsFirst),
    """
    {"pool_size": 3, "strides": 2, "padding": "same", "data_format": "channels_first"}
    """),
  LayerCase(
    "MaxPooling2D", MaxPooling2D(), "{}",
    MaxPooling2D(poolSize: [3, 2], strides: 2, padding: .same, dataFormat: .channelsFirst),
    """
    {"pool_size": [3, 2], "strides": 2, "padding": "same", "data_format": "channels_first"}
    """),
  LayerCase(
    "AveragePooling1D", AveragePooling1D(poolSize: 2), #"{"pool_size": 2}"#,
    AveragePooling1D(poolSize: 3, strides: 2, padding: .same, dataFormat: .channelsFirst),
    """
    {"pool_size": 3, "strides": 2, "padding": "same", "data_format": "channels_first"}
    """),
  LayerCase(
    "AveragePooling2D", AveragePooling2D(poolSize: 2), #"{"pool_size": 2}"#,
    AveragePooling2D(poolSize: [3, 2], strides: 2, padding: .same, dataFormat: .channelsFirst),
    """
    {"pool_size": [3, 2], "strides": 2, "padding": "same", "data_format": "channels_first"}
    """),
  LayerCase(
    "GlobalMaxPooling1D", GlobalMaxPooling1D(), "{}",
    GlobalMaxPooling1D(dataFormat: .channelsFirst, keepdims: true),
    #"{"data_format": "channels_first", "keepdims": true}"#),
  LayerCase(
    "GlobalMaxPooling2D", GlobalMaxPooling2D(), "{}",
    GlobalMaxPooling2D(dataFormat: .channelsFirst, keepdims: true),
    #"{"data_format": "channels_first", "keepdims": true}"#),
  LayerCase(
    "GlobalAveragePooling1D", GlobalAveragePooling1D(), "{}",
    GlobalAveragePooling1D(dataFormat: .channelsFirst, keepdims: true),
    #"{"data_format": "channels_first", "keepdims": true}"#),
  LayerCase(
    "GlobalAveragePooling2D", GlobalAveragePooling2D(), "{}",
    GlobalAveragePooling2D(dataFormat: .channelsFirst, keepdims: true),
    #"{"data_format": "channels_first", "keepdims": true}"#),
  LayerCase(
    "Activation", Activation(.relu), #"{"activation": "relu"}"#, Activation(.gelu),
    #"{"activation": "gelu"}"#),
  LayerCase(
    "ReLU", ReLU(), "{}", ReLU(maxValue: 6, negativeSlope: 0.1, threshold: 0.5),
    #"{"max_value": 6, "negative_slope": 0.1, "threshold": 0.5}"#),
  LayerCase(
    "LeakyReLU", LeakyReLU(), "{}", LeakyReLU(negativeSlope: 0.1), #"{"negative_slope": 0.1}"#),
  LayerCase("ELU", ELU(), "{}", ELU(alpha: 0.5), #"{"alpha": 0.5}"#),
  LayerCase(
    "PReLU", PReLU(), "{}",
    PReLU(
      alphaInitializer: .constant(0.25), alphaRegularizer: .l2(), alphaConstraint: .nonNegative,
      sharedAxes: [1, 2]),
    """
    {"alpha_initializer": {"class_name": "Constant", "config": {"value": 0.25}},
     "alpha_regularizer": "l2", "alpha_constraint": "non_neg", "shared_axes": [1, 2]}
    """),
  LayerCase("Softmax", Softmax(), "{}", Softmax(axis: 1), #"{"axis": 1}"#),
  LayerCase(
    "BatchNormalization", BatchNormalization(), "{}",
    BatchNormalization(
      axis: 1, momentum: 0.9, epsilon: 0.01, center: false, scale: false, betaInitializer: .ones,
      gammaInitializer: .constant(2.5), movingMeanInitializer: .ones,
      movingVarianceInitializer: .zeros, betaRegularizer: .l1(), gammaRegularizer: .l2(),
      betaConstraint: .nonNegative, gammaConstraint: .unitNorm()),
    """
    {"axis": 1, "momentum": 0.9, "epsilon": 0.01, "moving_mean_initializer": "ones",
     "moving_variance_initializer": "zeros", \(scaling)}
    """),
  LayerCase(
    "LayerNormalization", LayerNormalization(), "{}",
    LayerNormalization(
      axis: [1, 2], epsilon: 0.01, center: false, scale: false, betaInitializer: .ones,
      gammaInitializer: .constant(2.5), betaRegularizer: .l1(), gammaRegularizer: .l2(),
      betaConstraint: .nonNegative, gammaConstraint: .unitNorm()),
    #"{"axis": [1, 2], "epsilon": 0.01, "# + scaling + "}"),
  LayerCase(
    "GroupNormalization", GroupNormalization(), "{}",
    GroupNormalization(
      groups: 4, axis: 1, epsilon: 0.01, center: false, scale: false, betaInitializer: .ones,
      gammaInitializer: .constant(2.5), betaRegularizer: .l1(), gammaRegularizer: .l2(),
      betaConstraint: .nonNegative, gammaConstraint: .unitNorm()),
    #"{"groups": 4, "axis": 1, "epsilon": 0.01, "# + scaling + "}"),
  LayerCase(
    "RMSNormalization", RMSNormalization(), "{}", RMSNormalization(axis: [1], epsilon: 0.01),
    #"{"axis": [1], "epsilon": 0.01}"#),
  LayerCase(
    "UnitNormalization", UnitNormalization(), "{}", UnitNormalization(axis: 1), #"{"axis": 1}"#),
  LayerCase(
    "Normalization", Normalization(), "{}",
    Normalization(axis: [1, 2], mean: [0.5, 1.5], variance: [0.25, 2.5], invert: true),
    #"{"axis": [1, 2], "mean": [0.5, 1.5], "variance": [0.25, 2.5], "invert": true}"#),
  LayerCase(
    "Rescaling", Rescaling(scale: 0.5), #"{"scale": 0.5}"#,
    Rescaling(scale: [0.5, 2], offset: -1.0), #"{"scale": [0.5, 2], "offset": -1}"#),
  LayerCase(
    "Dropout", Dropout(0.5), #"{"rate": 0.5}"#, Dropout(0.5, noiseShape: [nil, 1, 3], seed: 4),
    #"{"rate": 0.5, "noise_shape": [null, 1, 3], "seed": 4}"#),
  LayerCase(
    "SpatialDropout2D", SpatialDropout2D(0.5), #"{"rate": 0.5}"#,
    SpatialDropout2D(0.5, dataFormat: .channelsFirst, seed: 4),
    #"{"rate": 0.5, "data_format": "channels_first", "seed": 4}"#),
  LayerCase(
    "GaussianNoise", GaussianNoise(0.5), #"{"stddev": 0.5}"#, GaussianNoise(0.25, seed: 4),
    #"{"stddev": 0.25, "seed": 4}"#),
  LayerCase("Concatenate", Concatenate(), "{}", Concatenate(axis: 1), #"{"axis": 1}"#),
  LayerCase(
    "ZeroPadding1D", ZeroPadding1D(), "{}",
    ZeroPadding1D(padding: [2, 0], dataFormat: .channelsFirst),
    #"{"padding": [2, 0], "data_format": "channels_first"}"#),
  LayerCase(
    "ZeroPadding2D", ZeroPadding2D(), "{}",
    ZeroPadding2D(
      padding: Edges2D(top: 1, bottom: 2, left: 3, right: 4), dataFormat: .channelsFirst),
    #"{"padding": [[1, 2], [3, 4]], "data_format": "channels_first"}"#),
  LayerCase(
    "Cropping1D", Cropping1D(), "{}", Cropping1D(cropping: Edges1D(before: 2, after: 0)),
    #"{"cropping": [2, 0]}"#),
  LayerCase(
    "Cropping2D", Cropping2D(), "{}", Cropping2D(cropping: [1, 2], dataFormat: .channelsFirst),
    #"{"cropping": [1, 2], "data_format": "channels_first"}"#),
  LayerCase("UpSampling1D", UpSampling1D(), "{}", UpSampling1D(size: 3), #"{"size": 3}"#),
  LayerCase(
    "UpSampling2D", UpSampling2D(), "{}",
    UpSampling2D(
      size: [2, 3], dataFormat: .channelsFirst, interpolation: .bilinear),
    #"{"size": [2, 3], "data_format": "channels_first", "interpolation": "bilinear"}"#),
  LayerCase(
    "Resizing", Resizing(height: 4, width: 5), #"{"height": 4, "width": 5}"#,
    Resizing(
      height: 4, width: 5, interpolation: .nearest, cropToAspectRatio: false,
      padToAspectRatio: true, fillValue: 0.5, dataFormat: .channelsFirst),
    """
    {"height": 4, "width": 5, "interpolation": "nearest", "crop_to_aspect_ratio": false,
     "pad_to_aspect_ratio": true, "fill_value": 0.5, "data_format": "channels_first"}
    """),
  LayerCase(
    "CenterCrop", CenterCrop(height: 4, width: 5), #"{"height": 4, "width": 5}"#,
    CenterCrop(height: 4, width: 5, dataFormat: .channelsFirst),
    #"{"height": 4, "width": 5, "data_format": "channels_first"}"#),
  LayerCase(
    "RandomCrop", RandomCrop(height: 4, width: 5), #"{"height": 4, "width": 5}"#,
    RandomCrop(height: 4, width: 5, seed: 4, dataFormat: .channelsFirst),
    #"{"height": 4, "width": 5, "seed": 4, "data_format": "channels_first"}"#),
  LayerCase(
    "RandomFlip", RandomFlip(), "{}",
    RandomFlip(.vertical, seed: 4, dataFormat: .channelsFirst),
    #"{"mode": "vertical", "seed": 4, "data_format": "channels_first"}"#),
  LayerCase(
    "RandomRotation", RandomRotation(0.25), #"{"factor": 0.25}"#,
    RandomRotation(
      -0.25...0.5, fillMode: .constant, interpolation: .nearest, fillValue: 0.5,
      dataFormat: .channelsFirst, seed: 4),
    #"{"factor": [-0.25, 0.5], "# + sampling + "}"),
  LayerCase(
    "RandomTranslation", RandomTranslation(heightFactor: 0.25, widthFactor: 0.5),
    #"{"height_factor": 0.25, "width_factor": 0.5}"#,
    RandomTranslation(
      heightFactor: -0.25...0.5, widthFactor: 0.5, fillMode: .constant,
      interpolation: .nearest, fillValue: 0.5, dataFormat: .channelsFirst, seed: 4),
    #"{"height_factor": [-0.25, 0.5], "width_factor": 0.5, "# + sampling + "}"),
  LayerCase(
    "RandomZoom", RandomZoom(heightFactor: 0.25), #"{"height_factor": 0.25}"#,
    RandomZoom(
      heightFactor: -0.25...0.5, widthFactor: 0.5, fillMode: .constant,
      interpolation: .nearest, fillValue: 0.5, dataFormat: .channelsFirst, seed: 4),
    #"{"height_factor": [-0.25, 0.5], "width_factor": 0.5, "# + sampling + "}"),
  LayerCase(
    "RandomContrast", RandomContrast(0.25), #"{"factor": 0.25}"#,
    RandomContrast(0.25...0.5, valueRange: 0...1, seed: 4),
    #"{"factor": [0.25, 0.5], "value_range": [0, 1], "seed": 4}"#),
  LayerCase(
    "RandomBrightness", RandomBrightness(0.25), #"{"factor": 0.25}"#,
    RandomBrightness(-0.25...0.5, valueRange: 0...1, seed: 4),
    #"{"factor": [-0.25, 0.5], "value_range": [0, 1], "seed": 4}"#),
  LayerCase("Identity", Identity(), "{}", Identity(), "{}"),
  LayerCase("Add", Add(), "{}", Add(), "{}"),
  LayerCase("Subtract", Subtract(), "{}", Subtract(), "{}"),
  LayerCase("Multiply", Multiply(), "{}", Multiply(), "{}"),
  LayerCase("Average", Average(), "{}", Average(), "{}"),
  LayerCase("Maximum", Maximum(), "{}", Maximum(), "{}"),
  LayerCase("Minimum", Minimum(), "{}", Minimum(), "{}"),
]

@Suite(.serialized) struct LayerTests {
  /// Those that only tracing makes, which have no face in Swift.
  private static let tracedOnly: Set = [
    "BatchReduction", "LossValues", "Slice", "Where", "Argmax", "Clip", "Constant",
    "ElementFunction", "Matmul", "Reduction", "Weight",
  ]

  /// Keras's second names.
  private static let aliases: Set = [
    "MaxPool2D", "AvgPool2D", "GlobalAvgPool2D", "GlobalMaxPool2D", "Convolution2D",
    "Convolution1D", "SeparableConvolution2D", "Convolution2DTranspose", "MaxPool1D", "AvgPool1D",
    "GlobalAvgPool1D", "GlobalMaxPool1D",
  ]

  /// Arguments that have one value alone, or that every layer takes.
  private static let settled: Set = [
    "name", "trainable", "dtype", "activity_regularizer", "synchronized", "renorm",
    "renorm_clipping", "renorm_momentum", "quantization_config", "rms_scaling", "antialias",
    "fill_mode of Resizing", "batch_shape", "sparse", "ragged", "optional",
  ]

  @Test func allLayersAreThere() {
    let known = Set(LayerRegistry.classNames)
      .subtracting(LayerTests.tracedOnly).subtracting(LayerTests.aliases)
    #expect(Set(cases.map(\.className)) == known)
    #expect(cases.count == known.count)
  }

  @Test(arguments: cases.indices) func equalsItsClass(_ index: Int) throws {
    let each = cases[index]
    #expect(each.least.className == each.className)
    #expect(
      try nameless(each.least.configuration) == registered(each.className, each.leastArguments))
    #expect(
      try nameless(each.full.configuration) == registered(each.className, each.fullArguments))
  }

  /// The words of the case are all those that the class has, and Swift gives every one.
  @Test(arguments: cases.indices) func allArgumentsCanBeGiven(_ index: Int) throws {
    let each = cases[index]
    let written = try object(each.fullArguments)
    for name in try each.full.configuration.keys
    where !LayerTests.settled.contains(name)
      && !LayerTests.settled.contains("\(name) of \(each.className)")
    {
      #expect(written.keys.contains(name), "\(each.className): \(name)")
      #expect(each.full.givenArguments.keys.contains(name), "\(each.className): \(name)")
    }
  }

  @Test func argumentsOfAllLayers() throws {
    let layer = Dense(units: 2, name: "head").policy(.mixedBFloat16)
      .activityRegularizer(.l2(0.5)).trainable(false)
    #expect(layer.name == "head")
    #expect(!layer.isTrainable)
    let made = try LayerRegistry.make(
      "Dense",
      object(
        """
        {"units": 2, "name": "head", "dtype": "mixed_bfloat16", "trainable": false,
         "activity_regularizer": {"class_name": "L2", "config": {"l2": 0.5}}}
        """))
    #expect(try layer.configuration == made.configuration)
    layer.isTrainable = true
    #expect(try layer.configuration["trainable"] == true)
  }

  @Test func argumentsThatComeTooLate() throws {
    let layer = Dense(units: 2, name: "head")
    _ = try layer(Input(3))
    layer.policy(.mixedBFloat16)
    #expect(
      message { _ = try layer(Input(3)) }
        == "layer 'head': 'dtype' belongs to a layer for good and must be said before its first call"
    )
  }

  @Test func automaticNames() throws {
    Library.resetNames()
    let layers = [Dense(units: 1), Dense(units: 1), Dense(units: 1, name: "own")]
    #expect(layers.map(\.name) == [nil, nil, "own"])
    for layer in layers { _ = try layer(Input(3)) }
    #expect(layers.map(\.name) == ["dense", "dense_1", "own"])
  }

  @Test func messages() {
    #expect(
      message { _ = try Conv2D(filters: 0, kernelSize: 3)(Input(8, 8, 1)) }
        == "Conv2D: invalid value for argument 'filters': expected an integer of at least 1, "
        + "received 0")
    #expect(
      message { _ = try Conv2D(filters: 1, kernelSize: [3, 3, 3])(Input(8, 8, 1)) }
        == "Conv2D: argument 'kernel_size' must be an integer or a list of 2 integers, "
        + "received [3, 3, 3]")
    #expect(
      message { _ = try Conv2D(filters: 1, kernelSize: 3, padding: .causal)(Input(8, 8, 1)) }
        == "Conv2D: invalid value for argument 'padding': expected 'valid' or 'same', "
        + "received \"causal\"")
    #expect(
      message { _ = try Dropout(.nan)(Input(3)) }
        == "Dropout: invalid value for argument 'rate': expected a number within single precision, "
        + "received null")
    #expect(
      message { _ = try Dense(units: 2, name: "head")(Input(3, name: "a"), Input(3, name: "b")) }
        == "layer 'head': expected 1 input, received 2; the inputs come from 'a', 'b'")
    #expect(
      message { _ = try Dense(units: 2, name: "a/b")(Input(3)) }
        == "Dense: argument 'name' must not be empty nor contain '/' or control characters, "
        + "received \"a/b\"")
    #expect(
      message { _ = try Dense(units: 2)(Input(0, 3)) }
        == "InputLayer: shape (0, 3) has an extent below 1")
  }

  @Test func enumerationsOfTheCore() throws {
    for activation in ActivationFunction.allCases {
      _ = try LayerRegistry.make("Activation", ["activation": .text(activation.rawValue)])
    }
    // A name that is none lists those there are.
    let listed = message { _ = try LayerRegistry.make("Activation", ["activation": "0123456789"]) }
    let names = try #require(listed).split(separator: "'").filter { $0.allSatisfy(\.isNameLetter) }
    #expect(
      Set(names.map(String.init)).subtracting(["swish", "hard_swish", "0123456789"])
        == Set(ActivationFunction.allCases.map(\.rawValue)))
  }

  @Test func operators() throws {
    let a = Input(2)
    let b = Input(2)
    let y = try (a + b) * a - b * 3 + 1
    let model = try Model(inputs: a, b, outputs: y / 2)
    let output = try model.predictAll([
      Tensor(shape: [1, 2], scalars: [1, 2] as [Float]),
      Tensor(shape: [1, 2], scalars: [3, 5] as [Float]),
    ])
    // ((1 + 3) · 1 − 3 · 3 + 1) / 2 and ((2 + 5) · 2 − 5 · 3 + 1) / 2.
    #expect(output[0].scalars == [-2, 0])
  }
}

extension Character {
  fileprivate var isNameLetter: Bool { isLetter || isNumber || self == "_" }
}

/// An argument as the class reads it; the names differ.
private func nameless(_ configuration: JSONObject) -> JSONObject {
  JSONObject(configuration.members.filter { $0.key != "name" })
}

private func registered(_ className: String, _ arguments: String) throws -> JSONObject {
  nameless(try LayerRegistry.make(className, object(arguments)).configuration)
}
