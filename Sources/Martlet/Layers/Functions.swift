import MartletGraph
import MartletTensors

/// Functions of symbols, to put losses and metrics of one's own together, or what no layer does:
///
/// ```swift
/// let energy = try image.squared().mean(axes: [1, 2, 3])
/// ```
///
/// Axes are counted with that of the samples as 0, or from the end; `nil` stands for all but the samples'.
extension GraphValue {
  /// The size of every element, without its sign.
  public func absolute() throws(MartletError) -> Symbol { try mapped("abs") }

  /// e to the power of every element.
  public func exponential() throws(MartletError) -> Symbol { try mapped("exp") }

  /// The natural logarithm of every element.
  public func logarithm() throws(MartletError) -> Symbol { try mapped("log") }

  /// 1 divided by every element.
  public func reciprocal() throws(MartletError) -> Symbol { try mapped("reciprocal") }

  /// -1, 0 or 1 for every element.
  public func sign() throws(MartletError) -> Symbol { try mapped("sign") }

  /// The square root of every element.
  public func squareRoot() throws(MartletError) -> Symbol { try mapped("sqrt") }

  /// The square of every element.
  public func squared() throws(MartletError) -> Symbol { try mapped("square") }

  /// Every element, or the bound of the range that it is beyond.
  public func clipped(to range: ClosedRange<Double>) throws(MartletError) -> Symbol {
    try Layer("Clip", nil, ["minimum": range.lowerBound, "maximum": range.upperBound])(self)
  }

  /// The sum along axes.
  ///
  /// - Parameters:
  ///   - axes: `nil` for all but the samples'.
  ///   - keepsAxes: Whether they stay, with an extent of 1.
  /// - Throws: ``MartletError`` for axes that there are not.
  public func sum(
    axes: (any Axes)? = nil, keepsAxes: Bool = false
  ) throws(MartletError) -> Symbol {
    try reduced("sum", axes, keepsAxes)
  }

  /// The mean along axes.
  ///
  /// - Parameters:
  ///   - axes: `nil` for all but the samples'.
  ///   - keepsAxes: Whether they stay, with an extent of 1.
  /// - Throws: ``MartletError`` for axes that there are not.
  public func mean(
    axes: (any Axes)? = nil, keepsAxes: Bool = false
  ) throws(MartletError) -> Symbol {
    try reduced("mean", axes, keepsAxes)
  }

  /// The greatest element along axes.
  ///
  /// - Parameters:
  ///   - axes: `nil` for all but the samples'.
  ///   - keepsAxes: Whether they stay, with an extent of 1.
  /// - Throws: ``MartletError`` for axes that there are not.
  public func maximum(
    axes: (any Axes)? = nil, keepsAxes: Bool = false
  ) throws(MartletError) -> Symbol {
    try reduced("max", axes, keepsAxes)
  }

  /// The least element along axes.
  ///
  /// - Parameters:
  ///   - axes: `nil` for all but the samples'.
  ///   - keepsAxes: Whether they stay, with an extent of 1.
  /// - Throws: ``MartletError`` for axes that there are not.
  public func minimum(
    axes: (any Axes)? = nil, keepsAxes: Bool = false
  ) throws(MartletError) -> Symbol {
    try reduced("min", axes, keepsAxes)
  }

  private func mapped(_ function: String) throws(MartletError) -> Symbol {
    try Layer("ElementFunction", nil, ["function": function])(self)
  }

  private func reduced(
    _ function: String, _ axes: (any Axes)?, _ keepsAxes: Bool
  ) throws(MartletError) -> Symbol {
    let arguments: Arguments = [
      "function": function, "axis": given(axes), "keepdims": keepsAxes,
    ]
    return try Layer("Reduction", nil, arguments)(self)
  }
}
