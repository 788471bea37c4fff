import MartletGraph

/// What the size of weights or outputs adds to the loss.
public struct Regularizer: Sendable, Argument {
  let json: JSONValue

  private init(_ className: String, _ arguments: Arguments) {
    json = .described(className, arguments)
  }

  /// `factor`·Σ|w|.
  public static func l1(_ factor: Double = 0.01) -> Regularizer {
    Regularizer("L1", ["l1": factor])
  }

  /// `factor`·Σw².
  public static func l2(_ factor: Double = 0.01) -> Regularizer {
    Regularizer("L2", ["l2": factor])
  }

  /// `l1`·Σ|w| + `l2`·Σw².
  public static func l1l2(l1: Double = 0, l2: Double = 0) -> Regularizer {
    Regularizer("L1L2", ["l1": l1, "l2": l2])
  }
}

/// What weights are brought back to after each step.
public struct Constraint: Sendable, Argument {
  let json: JSONValue

  private init(_ className: String, _ arguments: Arguments = [:]) {
    json = .described(className, arguments)
  }

  /// No weight below 0.
  public static let nonNegative = Constraint("NonNeg")

  /// No norm along `axis` above `maximum`.
  public static func maxNorm(_ maximum: Double = 2, axis: any Axes = 0) -> Constraint {
    Constraint("MaxNorm", ["max_value": maximum, "axis": given(axis)])
  }

  /// All norms along `axis` are 1.
  public static func unitNorm(axis: any Axes = 0) -> Constraint {
    Constraint("UnitNorm", ["axis": given(axis)])
  }

  /// Norms along `axis` come nearer to a range, by the part `rate` of the way.
  public static func minMaxNorm(
    _ range: ClosedRange<Double> = 0...1, rate: Double = 1, axis: any Axes = 0
  ) -> Constraint {
    Constraint(
      "MinMaxNorm",
      [
        "min_value": range.lowerBound, "max_value": range.upperBound, "rate": rate,
        "axis": given(axis),
      ])
  }
}
