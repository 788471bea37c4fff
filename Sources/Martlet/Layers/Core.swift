/// A matrix product along the last axis, with bias and activation: `(…, in)` → `(…, units)`.
///
/// Weights `kernel` (in, units) and `bias` (units).
public final class Dense: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - units: Numbers of the output.
  ///   - activation: Applied to the result.
  ///   - useBias: Whether a number is added for each channel of the output.
  ///   - kernelInitializer: First values of the kernel.
  ///   - biasInitializer: First values of the bias.
  ///   - kernelRegularizer: What the size of the kernel adds to the loss.
  ///   - biasRegularizer: What the size of the bias adds to the loss.
  ///   - kernelConstraint: What the kernel is brought back to after each step.
  ///   - biasConstraint: What the bias is brought back to after each step.
  ///   - name: `nil` for an automatic one.
  public init(
    units: Int, activation: ActivationFunction = .linear, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil, name: String? = nil
  ) {
    super.init(
      "Dense", name,
      [
        "units": units, "activation": activation, "use_bias": useBias,
        "kernel_initializer": kernelInitializer, "bias_initializer": biasInitializer,
        "kernel_regularizer": kernelRegularizer, "bias_regularizer": biasRegularizer,
        "kernel_constraint": kernelConstraint, "bias_constraint": biasConstraint,
      ])
  }
}

/// All numbers of a sample in a row: `(H, W, C)` → `(H · W · C)`.
public final class Flatten: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(dataFormat: DataFormat = .channelsLast, name: String? = nil) {
    super.init("Flatten", name, ["data_format": dataFormat])
  }
}

/// The numbers of a sample in another shape.
public final class Reshape: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - targetShape: Of a sample; -1 for one extent that follows from the others.
  ///   - name: `nil` for an automatic one.
  public init(_ targetShape: [Int], name: String? = nil) {
    super.init("Reshape", name, ["target_shape": targetShape])
  }
}

/// The axes of a sample in another order.
public final class Permute: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - dims: The axes, counted from 1, in their new order.
  ///   - name: `nil` for an automatic one.
  public init(_ dims: [Int], name: String? = nil) {
    super.init("Permute", name, ["dims": dims])
  }
}

/// A vector some times over: `(F)` → `(count, F)`.
public final class RepeatVector: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - count: How often.
  ///   - name: `nil` for an automatic one.
  public init(_ count: Int, name: String? = nil) {
    super.init("RepeatVector", name, ["n": count])
  }
}

/// What it is given.
public final class Identity: Layer, @unchecked Sendable {
  /// - Parameter name: `nil` for an automatic one.
  public init(name: String? = nil) {
    super.init("Identity", name, [:])
  }
}

/// What it is given, whose size is added to the loss: `l1`·Σ|x| + `l2`·Σx², the mean over the
/// samples.
public final class ActivityRegularization: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - l1: Factor of Σ|x|.
  ///   - l2: Factor of Σx².
  ///   - name: `nil` for an automatic one.
  public init(l1: Double = 0, l2: Double = 0, name: String? = nil) {
    super.init("ActivityRegularization", name, ["l1": l1, "l2": l2])
  }
}
