/// Sums over the steps of a sequence under a sliding window, with bias and activation: `(L, C)` →
/// `(Q, filters)`.
///
/// Weights `kernel` (S, C / groups, filters) and `bias` (filters).
public final class Conv1D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - filters: Channels of the output.
  ///   - kernelSize: Length of the window.
  ///   - strides: How far the window moves each time.
  ///   - padding: What the window does at the border.
  ///   - dataFormat: Where the channels stand.
  ///   - dilationRate: How far apart the points under the window are.
  ///   - groups: Into how many parts channels and filters are divided, each by itself.
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
    filters: Int, kernelSize: Int, strides: Int = 1, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, dilationRate: Int = 1, groups: Int = 1,
    activation: ActivationFunction = .linear, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil, name: String? = nil
  ) {
    super.init(
      "Conv1D", name,
      [
        "filters": filters, "kernel_size": kernelSize, "strides": strides, "padding": padding,
        "data_format": dataFormat, "dilation_rate": dilationRate, "groups": groups,
        "activation": activation, "use_bias": useBias, "kernel_initializer": kernelInitializer,
        "bias_initializer": biasInitializer, "kernel_regularizer": kernelRegularizer,
        "bias_regularizer": biasRegularizer, "kernel_constraint": kernelConstraint,
        "bias_constraint": biasConstraint,
      ])
  }
}

/// Sums over the points of an image under a sliding window, with bias and activation: `(H, W, C)` →
/// `(P, Q, filters)`.
///
/// Weights `kernel` (R, S, C / groups, filters) and `bias` (filters).
public final class Conv2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - filters: Channels of the output.
  ///   - kernelSize: Height and width of the window.
  ///   - strides: How far the window moves each time.
  ///   - padding: What the window does at the border.
  ///   - dataFormat: Where the channels stand.
  ///   - dilationRate: How far apart the points under the window are.
  ///   - groups: Into how many parts channels and filters are divided, each by itself.
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
    filters: Int, kernelSize: any Extent2D, strides: any Extent2D = 1, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, dilationRate: any Extent2D = 1, groups: Int = 1,
    activation: ActivationFunction = .linear, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil, name: String? = nil
  ) {
    super.init(
      "Conv2D", name,
      [
        "filters": filters, "kernel_size": given(kernelSize), "strides": given(strides),
        "padding": padding, "data_format": dataFormat, "dilation_rate": given(dilationRate),
        "groups": groups, "activation": activation, "use_bias": useBias,
        "kernel_initializer": kernelInitializer, "bias_initializer": biasInitializer,
        "kernel_regularizer": kernelRegularizer, "bias_regularizer": biasRegularizer,
        "kernel_constraint": kernelConstraint, "bias_constraint": biasConstraint,
      ])
  }
}

/// A convolution run backwards, which enlarges images: `(H, W, C)` → `(P, Q, filters)`.
///
/// Weights `kernel` (R, S, filters, C) and `bias` (filters).
public final class Conv2DTranspose: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - filters: Channels of the output.
  ///   - kernelSize: Height and width of the window.
  ///   - strides: How far the window moves each time.
  ///   - padding: What the window does at the border.
  ///   - outputPadding: Rows and columns added to one side of the output; `nil` for what strides
  ///     and padding suggest.
  ///   - dataFormat: Where the channels stand.
  ///   - dilationRate: How far apart the points under the window are.
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
    filters: Int, kernelSize: any Extent2D, strides: any Extent2D = 1, padding: Padding = .valid,
    outputPadding: (any Extent2D)? = nil, dataFormat: DataFormat = .channelsLast,
    dilationRate: any Extent2D = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
    kernelInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
    kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    kernelConstraint: Constraint? = nil, biasConstraint: Constraint? = nil, name: String? = nil
  ) {
    super.init(
      "Conv2DTranspose", name,
      [
        "filters": filters, "kernel_size": given(kernelSize), "strides": given(strides),
        "padding": padding, "output_padding": given(outputPadding), "data_format": dataFormat,
        "dilation_rate": given(dilationRate), "activation": activation, "use_bias": useBias,
        "kernel_initializer": kernelInitializer, "bias_initializer": biasInitializer,
        "kernel_regularizer": kernelRegularizer, "bias_regularizer": biasRegularizer,
        "kernel_constraint": kernelConstraint, "bias_constraint": biasConstraint,
      ])
  }
}

/// A convolution of each channel with filters of its own: `(H, W, C)` → `(P, Q, C ·
/// depthMultiplier)`.
///
/// Weights `kernel` (R, S, C, depthMultiplier) and `bias` (C · depthMultiplier).
public final class DepthwiseConv2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - kernelSize: Height and width of the window.
  ///   - strides: How far the window moves each time.
  ///   - padding: What the window does at the border.
  ///   - depthMultiplier: Filters of each channel.
  ///   - dataFormat: Where the channels stand.
  ///   - dilationRate: How far apart the points under the window are.
  ///   - activation: Applied to the result.
  ///   - useBias: Whether a number is added for each channel of the output.
  ///   - depthwiseInitializer: First values of the kernel.
  ///   - biasInitializer: First values of the bias.
  ///   - depthwiseRegularizer: What the size of the kernel adds to the loss.
  ///   - biasRegularizer: What the size of the bias adds to the loss.
  ///   - depthwiseConstraint: What the kernel is brought back to after each step.
  ///   - biasConstraint: What the bias is brought back to after each step.
  ///   - name: `nil` for an automatic one.
  public init(
    kernelSize: any Extent2D, strides: any Extent2D = 1, padding: Padding = .valid,
    depthMultiplier: Int = 1, dataFormat: DataFormat = .channelsLast,
    dilationRate: any Extent2D = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
    depthwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
    depthwiseRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
    depthwiseConstraint: Constraint? = nil, biasConstraint: Constraint? = nil, name: String? = nil
  ) {
    super.init(
      "DepthwiseConv2D", name,
      [
        "kernel_size": given(kernelSize), "strides": given(strides), "padding": padding,
        "depth_multiplier": depthMultiplier, "data_format": dataFormat,
        "dilation_rate": given(dilationRate), "activation": activation, "use_bias": useBias,
        "depthwise_initializer": depthwiseInitializer, "bias_initializer": biasInitializer,
        "depthwise_regularizer": depthwiseRegularizer, "bias_regularizer": biasRegularizer,
        "depthwise_constraint": depthwiseConstraint, "bias_constraint": biasConstraint,
      ])
  }
}

/// A convolution of each channel by itself, then one of 1 × 1 over all of them: `(H, W, C)` → `(P,
/// Q, filters)`.
///
/// Weights `depthwise_kernel` (R, S, C, depthMultiplier), `pointwise_kernel` (1, 1, C ·
/// depthMultiplier, filters) and `bias` (filters).
public final class SeparableConv2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - filters: Channels of the output.
  ///   - kernelSize: Height and width of the window.
  ///   - strides: How far the window moves each time.
  ///   - padding: What the window does at the border.
  ///   - dataFormat: Where the channels stand.
  ///   - dilationRate: How far apart the points under the window are.
  ///   - depthMultiplier: Filters of each channel.
  ///   - activation: Applied to the result.
  ///   - useBias: Whether a number is added for each channel of the output.
  ///   - depthwiseInitializer: First values of the kernel of each channel.
  ///   - pointwiseInitializer: First values of the kernel of 1 × 1.
  ///   - biasInitializer: First values of the bias.
  ///   - depthwiseRegularizer: What the size of the kernel of each channel adds to the loss.
  ///   - pointwiseRegularizer: What the size of the kernel of 1 × 1 adds to the loss.
  ///   - biasRegularizer: What the size of the bias adds to the loss.
  ///   - depthwiseConstraint: What the kernel of each channel is brought back to after each step.
  ///   - pointwiseConstraint: What the kernel of 1 × 1 is brought back to after each step.
  ///   - biasConstraint: What the bias is brought back to after each step.
  ///   - name: `nil` for an automatic one.
  public init(
    filters: Int, kernelSize: any Extent2D, strides: any Extent2D = 1, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, dilationRate: any Extent2D = 1,
    depthMultiplier: Int = 1, activation: ActivationFunction = .linear, useBias: Bool = true,
    depthwiseInitializer: Initializer = .glorotUniform,
    pointwiseInitializer: Initializer = .glorotUniform, biasInitializer: Initializer = .zeros,
    depthwiseRegularizer: Regularizer? = nil, pointwiseRegularizer: Regularizer? = nil,
    biasRegularizer: Regularizer? = nil, depthwiseConstraint: Constraint? = nil,
    pointwiseConstraint: Constraint? = nil, biasConstraint: Constraint? = nil, name: String? = nil
  ) {
    super.init(
      "SeparableConv2D", name,
      [
        "filters": filters, "kernel_size": given(kernelSize), "strides": given(strides),
        "padding": padding, "data_format": dataFormat, "dilation_rate": given(dilationRate),
        "depth_multiplier": depthMultiplier, "activation": activation, "use_bias": useBias,
        "depthwise_initializer": depthwiseInitializer,
        "pointwise_initializer": pointwiseInitializer, "bias_initializer": biasInitializer,
        "depthwise_regularizer": depthwiseRegularizer,
        "pointwise_regularizer": pointwiseRegularizer, "bias_regularizer": biasRegularizer,
        "depthwise_constraint": depthwiseConstraint, "pointwise_constraint": pointwiseConstraint,
        "bias_constraint": biasConstraint,
      ])
  }
}
