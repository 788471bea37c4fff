import MartletTensors

/// The layers that can be made by name.
package enum LayerRegistry {
  private static let kinds: [any ConfigurableLayerKind.Type] = [
    InputLayer.self, Conv2D.self, MaxPooling2D.self, AveragePooling2D.self,
    GlobalAveragePooling2D.self, Flatten.self, Reshape.self, Dense.self, Dropout.self,
    ActivationLayer.self, ReLU.self, LeakyReLU.self, ELU.self, PReLU.self, Softmax.self,
    BatchNormalization.self, Add.self, Subtract.self, Multiply.self, Average.self, Maximum.self,
    Minimum.self, Concatenate.self, Rescaling.self, Normalization.self, GlobalMaxPooling2D.self,
    ZeroPadding2D.self, Permute.self, SpatialDropout2D.self, GaussianNoise.self,
    ActivityRegularization.self, Resizing.self, CenterCrop.self, RandomCrop.self, RandomFlip.self,
    RandomRotation.self, RandomZoom.self, RandomTranslation.self, RandomContrast.self,
    RandomBrightness.self,
    LayerNormalization.self, GroupNormalization.self, RMSNormalization.self, UnitNormalization.self,
    UpSampling2D.self, Cropping2D.self, ZeroPadding1D.self, UpSampling1D.self, Cropping1D.self,
    RepeatVector.self, Identity.self,
    DepthwiseConv2D.self, SeparableConv2D.self, Conv2DTranspose.self, Conv1D.self,
    MaxPooling1D.self, AveragePooling1D.self, GlobalAveragePooling1D.self, GlobalMaxPooling1D.self,
    BatchReduction.self, LossValues.self, Slice.self, Where.self, Argmax.self,
    Clip.self, Constant.self, ElementFunction.self, Matmul.self, Reduction.self, Weight.self,
  ]

  /// Keras's second names.
  private static let aliases = [
    "MaxPool2D": "MaxPooling2D", "AvgPool2D": "AveragePooling2D",
    "GlobalAvgPool2D": "GlobalAveragePooling2D", "GlobalMaxPool2D": "GlobalMaxPooling2D",
    "Convolution2D": "Conv2D",
    "Convolution1D": "Conv1D",
    "SeparableConvolution2D": "SeparableConv2D", "Convolution2DTranspose": "Conv2DTranspose",
    "MaxPool1D": "MaxPooling1D", "AvgPool1D": "AveragePooling1D",
    "GlobalAvgPool1D": "GlobalAveragePooling1D", "GlobalMaxPool1D": "GlobalMaxPooling1D",
  ]

  private static let kindsByName: [String: any ConfigurableLayerKind.Type] = {
    var result = Dictionary(uniqueKeysWithValues: kinds.map { ($0.className, $0) })
    for (alias, name) in aliases { result[alias] = result[name] }
    return result
  }()

  package static var classNames: [String] { kindsByName.keys.sorted() }

  /// Makes a layer from Keras's class name and arguments.
  ///
  /// - Throws: An error with the nearest name for an unknown class or argument, and one that names
  ///   class, argument, expectation and value for all else.
  package static func make(
    _ className: String, _ arguments: JSONObject = [:]
  ) throws(MartletError) -> Layer {
    guard let kind = kindsByName[className] else {
      throw unknownName(className, kind: "layer", known: classNames)
    }
    return try make(kind, arguments)
  }

  private static func make<Kind: ConfigurableLayerKind>(
    _: Kind.Type, _ arguments: JSONObject
  ) throws(MartletError) -> Layer {
    var attributes = Attributes(className: Kind.className, object: arguments)
    let common = try CommonAttributes(&attributes)
    let kind = try Kind(&attributes)
    try attributes.finish()
    return Layer(
      kind: kind, name: common.name, isTrainable: common.isTrainable, policy: common.policy,
      activityRegularizer: common.activityRegularizer)
  }
}
