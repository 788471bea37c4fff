/// In training sets a share of the elements to zero and scales the others by 1 / (1 − rate); else
/// the identity (Srivastava et al. 2014).
public final class Dropout: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - rate: The share, from 0 to 1.
  ///   - noiseShape: With the batch in front: 1 along axes whose elements fall together, `nil` for
  ///     the extent of the input.
  ///   - seed: Of the random numbers; `nil` for the next of ``Library/setRandomSeed(_:)``.
  ///   - name: `nil` for an automatic one.
  public init(_ rate: Double, noiseShape: [Int?]? = nil, seed: Int? = nil, name: String? = nil) {
    super.init("Dropout", name, ["rate": rate, "noise_shape": noiseShape, "seed": seed])
  }
}

/// Dropout of whole channels of an image (Tompson et al. 2014, arXiv:1411.4280).
public final class SpatialDropout2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - rate: The share, from 0 to 1.
  ///   - dataFormat: Where the channels stand.
  ///   - seed: Of the random numbers; `nil` for the next of ``Library/setRandomSeed(_:)``.
  ///   - name: `nil` for an automatic one.
  public init(
    _ rate: Double, dataFormat: DataFormat = .channelsLast, seed: Int? = nil, name: String? = nil
  ) {
    super.init("SpatialDropout2D", name, ["rate": rate, "data_format": dataFormat, "seed": seed])
  }
}

/// In training adds normally distributed numbers around 0; else the identity.
public final class GaussianNoise: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - stddev: Their standard deviation, from 0 to 1.
  ///   - seed: Of the random numbers; `nil` for the next of ``Library/setRandomSeed(_:)``.
  ///   - name: `nil` for an automatic one.
  public init(_ stddev: Double, seed: Int? = nil, name: String? = nil) {
    super.init("GaussianNoise", name, ["stddev": stddev, "seed": seed])
  }
}
