import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors
import Testing

/// Configurations as `get_config` of Keras 3.15.1 gives them for the same layers: keys, their order,
/// defaults. (`seed` stands alone in initializers: see there.)
struct ConfigurationTests {
  private static let policy = policy("float32")

  private static func policy(_ name: String) -> String {
    #"{"module": "keras", "class_name": "DTypePolicy", "config": {"name": "\#(name)"}, "#
      + #""registered_name": null}"#
  }

  private static func initializer(_ className: String, _ config: String = "{}") -> String {
    #"{"module": "keras.initializers", "class_name": "\#(className)", "config": \#(config), "#
      + #""registered_name": null}"#
  }

  private static let kernelAndBias =
    #""kernel_initializer": "# + initializer("GlorotUniform", #"{"seed": null}"#)
    + #", "bias_initializer": "# + initializer("Zeros")

  private static let gammaAndBeta =
    #""beta_initializer": \#(initializer("Zeros")), "#
    + #""gamma_initializer": \#(initializer("Ones")), "#
    + #""beta_regularizer": null, "gamma_regularizer": null, "beta_constraint": null, "#
    + #""gamma_constraint": null"#

  @Test(arguments: [
    (
      "Conv2D", #"{"filters": 2, "kernel_size": 3, "activation": "relu"}"#,
      #""filters": 2, "kernel_size": [3, 3], "strides": [1, 1], "padding": "valid", "#
        + #""data_format": "channels_last", "dilation_rate": [1, 1], "groups": 1, "#
        + #""activation": "relu", "use_bias": true, \#(kernelAndBias), "#
        + #""kernel_regularizer": null, "bias_regularizer": null, "activity_regularizer": null, "#
        + #""kernel_constraint": null, "bias_constraint": null"#
    ),
    (
      "MaxPooling2D", "{}",
      #""pool_size": [2, 2], "padding": "valid", "strides": [2, 2], "#
        + #""data_format": "channels_last""#
    ),
    (
      "AveragePooling2D", #"{"pool_size": 2}"#,
      #""pool_size": [2, 2], "padding": "valid", "strides": [2, 2], "#
        + #""data_format": "channels_last""#
    ),
    ("GlobalAveragePooling2D", "{}", #""data_format": "channels_last", "keepdims": false"#),
    ("Flatten", "{}", #""data_format": "channels_last""#),
    ("Reshape", #"{"target_shape": [2, -1]}"#, #""target_shape": [2, -1]"#),
    (
      "Dense", #"{"units": 3}"#,
      #""units": 3, "activation": "linear", "use_bias": true, \#(kernelAndBias), "#
        + #""kernel_regularizer": null, "bias_regularizer": null, "kernel_constraint": null, "#
        + #""bias_constraint": null, "quantization_config": null"#
    ),
    ("Dropout", #"{"rate": 0.5}"#, #""rate": 0.5, "seed": null, "noise_shape": null"#),
    ("Dropout", #"{"rate": 0.5, "seed": -4}"#, #""rate": 0.5, "seed": -4, "noise_shape": null"#),
    ("Activation", #"{"activation": "relu"}"#, #""activation": "relu""#),
    ("ReLU", "{}", #""max_value": null, "negative_slope": 0.0, "threshold": 0.0"#),
    ("LeakyReLU", "{}", #""negative_slope": 0.3"#),
    ("LeakyReLU", #"{"alpha": 0.1}"#, #""negative_slope": 0.1"#),
    ("Softmax", "{}", #""axis": -1"#),
    (
      "BatchNormalization", "{}",
      #""axis": -1, "momentum": 0.99, "epsilon": 0.001, "center": true, "scale": true, "#
        + #""beta_initializer": \#(initializer("Zeros")), "#
        + #""gamma_initializer": \#(initializer("Ones")), "#
        + #""moving_mean_initializer": \#(initializer("Zeros")), "#
        + #""moving_variance_initializer": \#(initializer("Ones")), "#
        + #""beta_regularizer": null, "gamma_regularizer": null, "beta_constraint": null, "#
        + #""gamma_constraint": null, "synchronized": false, "renorm": false, "#
        + #""renorm_clipping": null, "renorm_momentum": 0.99"#
    ),
    (
      "LayerNormalization", #"{"axis": [2, 1]}"#,
      #""axis": [2, 1], "epsilon": 0.001, "center": true, "scale": true, "rms_scaling": false, "#
        + gammaAndBeta
    ),
    (
      "GroupNormalization", "{}",
      #""groups": 32, "axis": -1, "epsilon": 0.001, "center": true, "scale": true, "#
        + gammaAndBeta
    ),
    ("RMSNormalization", "{}", #""axis": -1, "epsilon": 1e-06"#),
    ("UnitNormalization", #"{"axis": 1}"#, #""axis": 1"#),
    (
      "UpSampling2D", #"{"size": 3}"#,
      #""size": [3, 3], "data_format": "channels_last", "interpolation": "nearest""#
    ),
    (
      "Cropping2D", #"{"cropping": [1, 2]}"#,
      #""cropping": [[1, 1], [2, 2]], "data_format": "channels_last""#
    ),
    ("RepeatVector", #"{"n": 3}"#, #""n": 3"#),
    ("Concatenate", "{}", #""axis": -1"#),
    (
      "Rescaling", #"{"scale": 0.00392156862745098}"#,
      #""scale": 0.00392156862745098, "offset": 0.0"#
    ),
    (
      "Rescaling", #"{"scale": [0.5, 2.5], "offset": [-1.5, 0.5]}"#,
      #""scale": [0.5, 2.5], "offset": [-1.5, 0.5]"#
    ),
  ])
  func isKeras(_ className: String, _ arguments: String, _ expected: String) throws {
    let made = try layer(className, arguments)
    let common =
      #"{"name": "\#(made.name)", "trainable": true, "dtype": \#(ConfigurationTests.policy), "#
    #expect(JSONValue.object(made.configuration).description == common + expected + "}")
    // The configuration makes the same layer again.
    let again = try LayerRegistry.make(className, made.configuration)
    #expect(again.configuration == made.configuration)
  }

  @Test func ofLayersWithoutArgumentsAndInputs() throws {
    let add = try layer("Add", #"{"name": "a", "trainable": false}"#)
    #expect(
      JSONValue.object(add.configuration).description
        == #"{"name": "a", "trainable": false, "dtype": \#(ConfigurationTests.policy)}"#)
    let entrance = try input(28, 28, 1, name: "x").layer
    #expect(
      JSONValue.object(entrance.configuration).description
        == #"{"batch_shape": [null, 28, 28, 1], "dtype": "float32", "sparse": false, "#
        + #""ragged": false, "name": "x", "optional": false}"#)
    let again = try LayerRegistry.make("InputLayer", entrance.configuration)
    #expect(again.configuration == entrance.configuration)
  }

  /// By name or as an object, a policy is written as Keras writes it and reaches the products.
  @Test(arguments: [
    (#""mixed_bfloat16""#, "mixed_bfloat16", ProductPrecision.bfloat16),
    (policy("mixed_bfloat16"), "mixed_bfloat16", .bfloat16),
    (#""float32""#, "float32", nil), ("null", "float32", nil),
  ])
  func ofPolicies(_ given: String, _ name: String, _ precision: ProductPrecision?) throws {
    for (className, arguments, shape) in [
      ("Conv2D", #""filters": 8, "kernel_size": 3"#, [9, 9, 8]), ("Dense", #""units": 8"#, [8]),
    ] {
      let made = try layer(className, "{\(arguments), \"dtype\": \(given)}")
      #expect(made.configuration["dtype"]?.description == ConfigurationTests.policy(name))
      let again = try LayerRegistry.make(className, made.configuration)
      #expect(again.configuration == made.configuration)
      let x = try Layer.input(Shape(shape))
      let program = try Model(inputs: [x], outputs: [again(x)]).lower()
      let operation = try #require(program.instructions.first?.operation)
      let found =
        (operation as? ConvolutionOp).map(\.precision)
        ?? (operation as? MatrixProductOp).map(\.precision)
      #expect(found == .some(precision))
    }
  }
}
