/// What windows do at the border of an image or sequence.
public enum Padding: String, CaseIterable, Sendable, Argument {
  /// Windows lie inside.
  case valid
  /// Zeros around, so that the output is as large as the input, divided by the stride and rounded up.
  case same
  /// Zeros before a sequence, so that no output sees later steps. ``Conv1D`` alone takes it.
  case causal
}

/// Where the channels stand in a batch of images.
public enum DataFormat: String, CaseIterable, Sendable, Argument {
  /// `(batch, height, width, channels)`.
  case channelsLast = "channels_last"
  /// `(batch, channels, height, width)`.
  case channelsFirst = "channels_first"
}

/// A function that is applied to every element, or with ``softmax`` along the last axis.
public enum ActivationFunction: String, CaseIterable, Sendable, Argument {
  /// x.
  case linear
  /// max(x, 0).
  case relu
  /// x between 0 and 6.
  case relu6
  /// x above 0, 0.2·x below.
  case leakyRelu = "leaky_relu"
  /// x above 0, eˣ − 1 below.
  case elu
  /// Another name of `elu`, whose slope at 0 is 1.
  case celu
  /// ELU scaled so that means and variances stay (Klambauer et al. 2017, arXiv:1706.02515).
  case selu
  /// x·Φ(x) with the normal distribution's Φ (Hendrycks & Gimpel 2016, arXiv:1606.08415).
  case gelu
  /// GELU, nearly, by a hyperbolic tangent.
  case geluByTanh = "gelu_tanh"
  /// x·sigmoid(x), also known as swish.
  case silu
  /// x / 6 + 0.5 between 0 and 1.
  case hardSigmoid = "hard_sigmoid"
  /// x·hardSigmoid(x).
  case hardSilu = "hard_silu"
  /// x between -1 and 1.
  case hardTanh = "hard_tanh"
  /// 1 / (1 + e⁻ˣ).
  case sigmoid
  /// log(sigmoid(x)).
  case logSigmoid = "log_sigmoid"
  /// log(1 + eˣ).
  case softplus
  /// x / (1 + |x|).
  case softsign
  /// The hyperbolic tangent.
  case tanh
  /// eˣ.
  case exponential
  /// x·tanh(softplus(x)) (Misra 2019, arXiv:1908.08681).
  case mish
  /// Shares that add up to 1 along the last axis.
  case softmax
}

/// In what type of number a layer works out its products. Weights, sums and the values between layers are
/// in single precision either way.
public enum DTypePolicy: String, CaseIterable, Sendable, Argument {
  /// In single precision.
  case float32
  /// Factors rounded to bfloat16, where the processor multiplies those faster.
  case mixedBFloat16 = "mixed_bfloat16"
}

/// How points between those of an image are found.
public enum Interpolation: String, CaseIterable, Sendable, Argument {
  /// The nearest one.
  case nearest
  /// From the four around, in proportion to how near they are.
  case bilinear
}

/// What an image shows beyond its edges.
public enum FillMode: String, CaseIterable, Sendable, Argument {
  /// One value everywhere.
  case constant
  /// The point of the edge: a a a | a b c d | d d d.
  case nearest
  /// The image mirrored: c b a | a b c d | d c b.
  case reflect
  /// The image repeated: b c d | a b c d | a b c.
  case wrap
}

/// How images are flipped.
public enum FlipMode: String, CaseIterable, Sendable, Argument {
  /// Left and right are swapped.
  case horizontal
  /// Above and below are swapped.
  case vertical
  /// Either, each by a chance of its own.
  case horizontalAndVertical = "horizontal_and_vertical"
}
