/// An activation function as a layer of its own.
public final class Activation: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - function: The function.
  ///   - name: `nil` for an automatic one.
  public init(_ function: ActivationFunction, name: String? = nil) {
    super.init("Activation", name, ["activation": function])
  }
}

/// The rectifier: x above `threshold` and up to `maxValue`, and `negativeSlope`·(x − threshold)
/// else.
public final class ReLU: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - maxValue: The greatest output; `nil` for none.
  ///   - negativeSlope: Slope below the threshold.
  ///   - threshold: Where the slope becomes 1.
  ///   - name: `nil` for an automatic one.
  public init(
    maxValue: Double? = nil, negativeSlope: Double = 0, threshold: Double = 0, name: String? = nil
  ) {
    super.init(
      "ReLU", name,
      ["max_value": maxValue, "negative_slope": negativeSlope, "threshold": threshold])
  }
}

/// x above 0, `negativeSlope`·x below.
public final class LeakyReLU: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - negativeSlope: Slope below 0.
  ///   - name: `nil` for an automatic one.
  public init(negativeSlope: Double = 0.3, name: String? = nil) {
    super.init("LeakyReLU", name, ["negative_slope": negativeSlope])
  }
}

/// x above 0, `alpha`·(eˣ − 1) below.
public final class ELU: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - alpha: What large negative numbers come near to, with the sign turned.
  ///   - name: `nil` for an automatic one.
  public init(alpha: Double = 1, name: String? = nil) {
    super.init("ELU", name, ["alpha": alpha])
  }
}

/// x above 0, α·x below, where α is trained.
///
/// The weight `alpha` has the shape of a sample, and the extent 1 along shared axes.
public final class PReLU: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - alphaInitializer: First values of `alpha`.
  ///   - alphaRegularizer: What the size of `alpha` adds to the loss.
  ///   - alphaConstraint: What `alpha` is brought back to after each step.
  ///   - sharedAxes: Axes along which one α serves all.
  ///   - name: `nil` for an automatic one.
  public init(
    alphaInitializer: Initializer = .zeros, alphaRegularizer: Regularizer? = nil,
    alphaConstraint: Constraint? = nil, sharedAxes: (any Axes)? = nil, name: String? = nil
  ) {
    super.init(
      "PReLU", name,
      [
        "alpha_initializer": alphaInitializer, "alpha_regularizer": alphaRegularizer,
        "alpha_constraint": alphaConstraint, "shared_axes": given(sharedAxes),
      ])
  }
}

/// Shares that add up to 1: eˣ / Σeˣ.
public final class Softmax: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - axis: Along which they do.
  ///   - name: `nil` for an automatic one.
  public init(axis: Int = -1, name: String? = nil) {
    super.init("Softmax", name, ["axis": axis])
  }
}
