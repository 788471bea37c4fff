import MartletGraph

/// How large the steps of training are: a number, `0.01`, or a schedule that makes it fall. A number that
/// the program works out is said as `LearningRate(rate)`.
///
/// ```swift
/// .adam(learningRate: .cosineDecay(1e-3, steps: 10_000, warmupTarget: 3e-3, warmupSteps: 500))
/// ```
public struct LearningRate: Sendable, Argument, ExpressibleByFloatLiteral,
  ExpressibleByIntegerLiteral
{
  let json: JSONValue

  /// The same in every step.
  public init(_ rate: Double) { json = rate.json }

  /// The same in every step.
  public init(floatLiteral rate: Double) { self.init(rate) }

  /// The same in every step.
  public init(integerLiteral rate: Int) { self.init(Double(rate)) }

  private init(_ className: String, _ arguments: Arguments) {
    json = .described(className, arguments)
  }

  var isSchedule: Bool { json.double == nil }
}

extension LearningRate {
  /// `initial` · `rate`^(step / `steps`).
  ///
  /// - Parameters:
  ///   - initial: The first rate.
  ///   - steps: Over how many steps.
  ///   - rate: How much the rate falls in so many steps.
  ///   - staircase: Whether it falls in stairs.
  public static func exponentialDecay(
    _ initial: Double, steps: Int, rate: Double, staircase: Bool = false
  ) -> LearningRate {
    LearningRate(
      "ExponentialDecay",
      [
        "initial_learning_rate": initial, "decay_steps": steps, "decay_rate": rate,
        "staircase": staircase,
      ])
  }

  /// `initial` / (1 + `rate` · step / `steps`).
  ///
  /// - Parameters:
  ///   - initial: The first rate.
  ///   - steps: Over how many steps.
  ///   - rate: How much the rate falls in so many steps.
  ///   - staircase: Whether it falls in stairs.
  public static func inverseTimeDecay(
    _ initial: Double, steps: Int, rate: Double, staircase: Bool = false
  ) -> LearningRate {
    LearningRate(
      "InverseTimeDecay",
      [
        "initial_learning_rate": initial, "decay_steps": steps, "decay_rate": rate,
        "staircase": staircase,
      ])
  }

  /// From `initial` down to `end` along (1 − step / `steps`)^`power`.
  ///
  /// - Parameters:
  ///   - initial: The first rate.
  ///   - steps: Over how many steps.
  ///   - end: The last rate.
  ///   - power: 1 for a straight line.
  ///   - cycle: Whether it begins again behind the end.
  public static func polynomialDecay(
    _ initial: Double, steps: Int, end: Double = 0.0001, power: Double = 1, cycle: Bool = false
  ) -> LearningRate {
    LearningRate(
      "PolynomialDecay",
      [
        "initial_learning_rate": initial, "decay_steps": steps, "end_learning_rate": end,
        "power": power, "cycle": cycle,
      ])
  }

  /// Half a cosine wave from `initial` down to its part `alpha`; with a target a straight line up
  /// to that comes first (Loshchilov & Hutter 2016, arXiv:1608.03983).
  ///
  /// - Parameters:
  ///   - initial: The first rate.
  ///   - steps: Over how many steps.
  ///   - alpha: The least rate, as a part of the first one.
  ///   - warmupTarget: Where a warm-up leads.
  ///   - warmupSteps: How long it takes.
  public static func cosineDecay(
    _ initial: Double, steps: Int, alpha: Double = 0, warmupTarget: Double? = nil,
    warmupSteps: Int = 0
  ) -> LearningRate {
    LearningRate(
      "CosineDecay",
      [
        "initial_learning_rate": initial, "decay_steps": steps, "alpha": alpha,
        "warmup_target": warmupTarget, "warmup_steps": warmupSteps,
      ])
  }

  /// Half cosine waves, each longer and lower than the one before (Loshchilov & Hutter 2016,
  /// arXiv:1608.03983).
  ///
  /// - Parameters:
  ///   - initial: The first rate.
  ///   - firstSteps: Length of the first wave.
  ///   - growth: By how much each wave is longer.
  ///   - damping: By how much it is lower.
  ///   - alpha: The least rate, as a part of the first one.
  public static func cosineDecayRestarts(
    _ initial: Double, firstSteps: Int, growth: Double = 2, damping: Double = 1, alpha: Double = 0
  ) -> LearningRate {
    LearningRate(
      "CosineDecayRestarts",
      [
        "initial_learning_rate": initial, "first_decay_steps": firstSteps, "t_mul": growth,
        "m_mul": damping, "alpha": alpha,
      ])
  }

  /// `values[i]` while the step is not above `boundaries[i]`, and the last value then.
  ///
  /// - Parameters:
  ///   - boundaries: Steps, rising.
  ///   - values: One more than boundaries.
  public static func piecewiseConstantDecay(boundaries: [Int], values: [Double]) -> LearningRate {
    LearningRate("PiecewiseConstantDecay", ["boundaries": boundaries, "values": values])
  }
}
