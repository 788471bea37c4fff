/// Normalizes each channel by mean and variance of the batch in training, and by their moving
/// averages else (Ioffe & Szegedy 2015, arXiv:1502.03167).
///
/// Weights of the extent of `axis`: `gamma` if `scale`, `beta` if `center`, then `moving_mean` and
/// `moving_variance`. A layer that is not trainable uses the averages always.
public final class BatchNormalization: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - axis: The axis whose positions are normalized each by itself.
  ///   - momentum: How much of the moving averages stays in each step.
  ///   - epsilon: Added to the variance, so that nothing is divided by 0.
  ///   - center: Whether `beta` is added.
  ///   - scale: Whether the result is multiplied by `gamma`.
  ///   - betaInitializer: First values of `beta`.
  ///   - gammaInitializer: First values of `gamma`.
  ///   - movingMeanInitializer: First values of the moving means.
  ///   - movingVarianceInitializer: First values of the moving variances.
  ///   - betaRegularizer: What the size of `beta` adds to the loss.
  ///   - gammaRegularizer: What the size of `gamma` adds to the loss.
  ///   - betaConstraint: What `beta` is brought back to after each step.
  ///   - gammaConstraint: What `gamma` is brought back to after each step.
  ///   - name: `nil` for an automatic one.
  public init(
    axis: Int = -1, momentum: Double = 0.99, epsilon: Double = 0.001, center: Bool = true,
    scale: Bool = true, betaInitializer: Initializer = .zeros,
    gammaInitializer: Initializer = .ones, movingMeanInitializer: Initializer = .zeros,
    movingVarianceInitializer: Initializer = .ones, betaRegularizer: Regularizer? = nil,
    gammaRegularizer: Regularizer? = nil, betaConstraint: Constraint? = nil,
    gammaConstraint: Constraint? = nil, name: String? = nil
  ) {
    super.init(
      "BatchNormalization", name,
      [
        "axis": axis, "momentum": momentum, "epsilon": epsilon, "center": center, "scale": scale,
        "beta_initializer": betaInitializer, "gamma_initializer": gammaInitializer,
        "moving_mean_initializer": movingMeanInitializer,
        "moving_variance_initializer": movingVarianceInitializer,
        "beta_regularizer": betaRegularizer, "gamma_regularizer": gammaRegularizer,
        "beta_constraint": betaConstraint, "gamma_constraint": gammaConstraint,
      ])
  }
}

/// Normalizes each sample along `axis` (Ba et al. 2016, arXiv:1607.06450).
public final class LayerNormalization: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - axis: The axes that mean and variance are taken over.
  ///   - epsilon: Added to the variance, so that nothing is divided by 0.
  ///   - center: Whether `beta` is added.
  ///   - scale: Whether the result is multiplied by `gamma`.
  ///   - betaInitializer: First values of `beta`.
  ///   - gammaInitializer: First values of `gamma`.
  ///   - betaRegularizer: What the size of `beta` adds to the loss.
  ///   - gammaRegularizer: What the size of `gamma` adds to the loss.
  ///   - betaConstraint: What `beta` is brought back to after each step.
  ///   - gammaConstraint: What `gamma` is brought back to after each step.
  ///   - name: `nil` for an automatic one.
  public init(
    axis: any Axes = -1, epsilon: Double = 0.001, center: Bool = true, scale: Bool = true,
    betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
    betaRegularizer: Regularizer? = nil, gammaRegularizer: Regularizer? = nil,
    betaConstraint: Constraint? = nil, gammaConstraint: Constraint? = nil, name: String? = nil
  ) {
    super.init(
      "LayerNormalization", name,
      [
        "axis": given(axis), "epsilon": epsilon, "center": center, "scale": scale,
        "beta_initializer": betaInitializer, "gamma_initializer": gammaInitializer,
        "beta_regularizer": betaRegularizer, "gamma_regularizer": gammaRegularizer,
        "beta_constraint": betaConstraint, "gamma_constraint": gammaConstraint,
      ])
  }
}

/// Normalizes each sample over groups of channels (Wu & He 2018, arXiv:1803.08494).
public final class GroupNormalization: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - groups: How many; -1 for one channel each.
  ///   - axis: The axis of the channels.
  ///   - epsilon: Added to the variance, so that nothing is divided by 0.
  ///   - center: Whether `beta` is added.
  ///   - scale: Whether the result is multiplied by `gamma`.
  ///   - betaInitializer: First values of `beta`.
  ///   - gammaInitializer: First values of `gamma`.
  ///   - betaRegularizer: What the size of `beta` adds to the loss.
  ///   - gammaRegularizer: What the size of `gamma` adds to the loss.
  ///   - betaConstraint: What `beta` is brought back to after each step.
  ///   - gammaConstraint: What `gamma` is brought back to after each step.
  ///   - name: `nil` for an automatic one.
  public init(
    groups: Int = 32, axis: Int = -1, epsilon: Double = 0.001, center: Bool = true,
    scale: Bool = true, betaInitializer: Initializer = .zeros,
    gammaInitializer: Initializer = .ones, betaRegularizer: Regularizer? = nil,
    gammaRegularizer: Regularizer? = nil, betaConstraint: Constraint? = nil,
    gammaConstraint: Constraint? = nil, name: String? = nil
  ) {
    super.init(
      "GroupNormalization", name,
      [
        "groups": groups, "axis": axis, "epsilon": epsilon, "center": center, "scale": scale,
        "beta_initializer": betaInitializer, "gamma_initializer": gammaInitializer,
        "beta_regularizer": betaRegularizer, "gamma_regularizer": gammaRegularizer,
        "beta_constraint": betaConstraint, "gamma_constraint": gammaConstraint,
      ])
  }
}

/// Divides each sample by the root of its mean square along `axis` (Zhang & Sennrich 2019,
/// arXiv:1910.07467).
public final class RMSNormalization: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - axis: The axes that the mean is taken over.
  ///   - epsilon: Added to the variance, so that nothing is divided by 0.
  ///   - name: `nil` for an automatic one.
  public init(axis: any Axes = -1, epsilon: Double = 1e-6, name: String? = nil) {
    super.init("RMSNormalization", name, ["axis": given(axis), "epsilon": epsilon])
  }
}

/// Divides each sample by its length along `axis`.
public final class UnitNormalization: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - axis: The axes that the length is taken over.
  ///   - name: `nil` for an automatic one.
  public init(axis: any Axes = -1, name: String? = nil) {
    super.init("UnitNormalization", name, ["axis": given(axis)])
  }
}

/// (x − mean) / √variance, with numbers for each position along `axis`: given, or the weights
/// `mean` and `variance`, which ``Weight/set(_:)`` writes.
public final class Normalization: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - axis: Positions along it have numbers of their own; `[]` for one for all.
  ///   - mean: The means; given together with `variance`.
  ///   - variance: The variances.
  ///   - invert: Whether it goes back: x · √variance + mean.
  ///   - name: `nil` for an automatic one.
  public init(
    axis: any Axes = -1, mean: (any Numbers)? = nil, variance: (any Numbers)? = nil,
    invert: Bool = false, name: String? = nil
  ) {
    super.init(
      "Normalization", name,
      ["axis": given(axis), "mean": given(mean), "variance": given(variance), "invert": invert])
  }
}

/// x · `scale` + `offset`, such as `Rescaling(scale: 1 / 255)` for pixels.
public final class Rescaling: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - scale: For all channels.
  ///   - offset: For all channels.
  ///   - name: `nil` for an automatic one.
  public init(scale: Double, offset: Double = 0, name: String? = nil) {
    super.init("Rescaling", name, ["scale": scale, "offset": offset])
  }

  /// - Parameters:
  ///   - scale: One number, or one for each channel.
  ///   - offset: One number, or one for each channel.
  ///   - name: `nil` for an automatic one.
  public init(scale: any Numbers, offset: any Numbers = 0.0, name: String? = nil) {
    super.init("Rescaling", name, ["scale": given(scale), "offset": given(offset)])
  }
}
