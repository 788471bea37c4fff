import MartletGraph

/// How a weight gets its first values.
///
/// The same initializer fills two weights of equal shape with equal values only if it has a seed. One
/// without draws its own from ``Library/setRandomSeed(_:)``.
public struct Initializer: Sendable, Argument {
  let json: JSONValue

  private init(_ className: String, _ arguments: Arguments = [:]) {
    json = .described(className, arguments)
  }

  /// All 0.
  public static let zeros = Initializer("Zeros")

  /// All 1.
  public static let ones = Initializer("Ones")

  /// All of one value.
  public static func constant(_ value: Double) -> Initializer {
    Initializer("Constant", ["value": value])
  }

  /// Evenly from a range.
  public static func randomUniform(
    _ range: ClosedRange<Double> = -0.05...0.05, seed: Int? = nil
  ) -> Initializer {
    Initializer(
      "RandomUniform",
      ["minval": range.lowerBound, "maxval": range.upperBound, "seed": seed])
  }

  /// From a normal distribution.
  public static func randomNormal(
    mean: Double = 0, stddev: Double = 0.05, seed: Int? = nil
  ) -> Initializer {
    Initializer("RandomNormal", ["mean": mean, "stddev": stddev, "seed": seed])
  }

  /// From a normal distribution, where values beyond two deviations are drawn again.
  public static func truncatedNormal(
    mean: Double = 0, stddev: Double = 0.05, seed: Int? = nil
  ) -> Initializer {
    Initializer("TruncatedNormal", ["mean": mean, "stddev": stddev, "seed": seed])
  }

  /// What a variance is divided by.
  public enum Fan: String, CaseIterable, Sendable, Argument {
    /// The inputs of each output.
    case input = "fan_in"
    /// The outputs of each input.
    case output = "fan_out"
    /// The mean of both.
    case average = "fan_avg"
  }

  /// What random values are distributed like.
  public enum Distribution: String, CaseIterable, Sendable, Argument {
    /// Normally, without values beyond two deviations.
    case truncatedNormal = "truncated_normal"
    /// Normally.
    case untruncatedNormal = "untruncated_normal"
    /// Evenly.
    case uniform
  }

  /// With the variance `scale` / fan.
  public static func varianceScaling(
    _ scale: Double = 1, fan: Fan = .input, distribution: Distribution = .truncatedNormal,
    seed: Int? = nil
  ) -> Initializer {
    Initializer(
      "VarianceScaling",
      ["scale": scale, "mode": fan, "distribution": distribution, "seed": seed])
  }

  /// Evenly, with the variance 2 / (inputs + outputs) (Glorot & Bengio 2010).
  public static var glorotUniform: Initializer { glorotUniform(seed: nil) }

  /// ``glorotUniform`` with a seed.
  public static func glorotUniform(seed: Int?) -> Initializer {
    Initializer("GlorotUniform", ["seed": seed])
  }

  /// Normally, with the variance 2 / (inputs + outputs) (Glorot & Bengio 2010).
  public static var glorotNormal: Initializer { glorotNormal(seed: nil) }

  /// ``glorotNormal`` with a seed.
  public static func glorotNormal(seed: Int?) -> Initializer {
    Initializer("GlorotNormal", ["seed": seed])
  }

  /// Evenly, with the variance 2 / inputs (He et al. 2015, arXiv:1502.01852).
  public static var heUniform: Initializer { heUniform(seed: nil) }

  /// ``heUniform`` with a seed.
  public static func heUniform(seed: Int?) -> Initializer {
    Initializer("HeUniform", ["seed": seed])
  }

  /// Normally, with the variance 2 / inputs (He et al. 2015, arXiv:1502.01852).
  public static var heNormal: Initializer { heNormal(seed: nil) }

  /// ``heNormal`` with a seed.
  public static func heNormal(seed: Int?) -> Initializer {
    Initializer("HeNormal", ["seed": seed])
  }

  /// Evenly, with the variance 1 / inputs.
  public static var lecunUniform: Initializer { lecunUniform(seed: nil) }

  /// ``lecunUniform`` with a seed.
  public static func lecunUniform(seed: Int?) -> Initializer {
    Initializer("LecunUniform", ["seed": seed])
  }

  /// Normally, with the variance 1 / inputs.
  public static var lecunNormal: Initializer { lecunNormal(seed: nil) }

  /// ``lecunNormal`` with a seed.
  public static func lecunNormal(seed: Int?) -> Initializer {
    Initializer("LecunNormal", ["seed": seed])
  }
}
