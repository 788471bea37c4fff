/// A part of a given size from a random place, the same for all images of a batch; outside training
/// from the middle.
public final class RandomCrop: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - height: Of the result.
  ///   - width: Of the result.
  ///   - seed: Of the random numbers; `nil` for the next of ``Library/setRandomSeed(_:)``.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(
    height: Int, width: Int, seed: Int? = nil, dataFormat: DataFormat = .channelsLast,
    name: String? = nil
  ) {
    super.init(
      "RandomCrop", name,
      ["height": height, "width": width, "seed": seed, "data_format": dataFormat])
  }
}

/// Flips images by chance. In training only; else the identity.
public final class RandomFlip: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - mode: How.
  ///   - seed: Of the random numbers; `nil` for the next of ``Library/setRandomSeed(_:)``.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(
    _ mode: FlipMode = .horizontalAndVertical, seed: Int? = nil,
    dataFormat: DataFormat = .channelsLast, name: String? = nil
  ) {
    super.init("RandomFlip", name, ["mode": mode, "seed": seed, "data_format": dataFormat])
  }
}

/// Turns images by a random angle. In training only; else the identity.
public final class RandomRotation: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - factor: Range of the angle, in whole turns.
  ///   - fillMode: What lies beyond the edges.
  ///   - interpolation: How points between those of the image are found.
  ///   - fillValue: What lies beyond the edges with ``FillMode/constant``.
  ///   - dataFormat: Where the channels stand.
  ///   - seed: Of the random numbers; `nil` for the next of ``Library/setRandomSeed(_:)``.
  ///   - name: `nil` for an automatic one.
  public init(
    _ factor: any RandomFactor, fillMode: FillMode = .reflect,
    interpolation: Interpolation = .bilinear, fillValue: Double = 0,
    dataFormat: DataFormat = .channelsLast, seed: Int? = nil, name: String? = nil
  ) {
    super.init(
      "RandomRotation", name,
      [
        "factor": given(factor), "fill_mode": fillMode, "interpolation": interpolation,
        "fill_value": fillValue, "data_format": dataFormat, "seed": seed,
      ])
  }
}

/// Shifts images by random distances. In training only; else the identity.
public final class RandomTranslation: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - heightFactor: Range of the shift down, in heights.
  ///   - widthFactor: Range of the shift to the right, in widths.
  ///   - fillMode: What lies beyond the edges.
  ///   - interpolation: How points between those of the image are found.
  ///   - fillValue: What lies beyond the edges with ``FillMode/constant``.
  ///   - dataFormat: Where the channels stand.
  ///   - seed: Of the random numbers; `nil` for the next of ``Library/setRandomSeed(_:)``.
  ///   - name: `nil` for an automatic one.
  public init(
    heightFactor: any RandomFactor, widthFactor: any RandomFactor, fillMode: FillMode = .reflect,
    interpolation: Interpolation = .bilinear, fillValue: Double = 0,
    dataFormat: DataFormat = .channelsLast, seed: Int? = nil, name: String? = nil
  ) {
    super.init(
      "RandomTranslation", name,
      [
        "height_factor": given(heightFactor), "width_factor": given(widthFactor),
        "fill_mode": fillMode, "interpolation": interpolation, "fill_value": fillValue,
        "data_format": dataFormat, "seed": seed,
      ])
  }
}

/// Enlarges or shrinks images by a random factor. In training only; else the identity.
public final class RandomZoom: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - heightFactor: Range of the growth in height of what is seen: 0.2 shows a fifth more.
  ///   - widthFactor: The same for the width; `nil` keeps the ratio.
  ///   - fillMode: What lies beyond the edges.
  ///   - interpolation: How points between those of the image are found.
  ///   - fillValue: What lies beyond the edges with ``FillMode/constant``.
  ///   - dataFormat: Where the channels stand.
  ///   - seed: Of the random numbers; `nil` for the next of ``Library/setRandomSeed(_:)``.
  ///   - name: `nil` for an automatic one.
  public init(
    heightFactor: any RandomFactor, widthFactor: (any RandomFactor)? = nil,
    fillMode: FillMode = .reflect, interpolation: Interpolation = .bilinear, fillValue: Double = 0,
    dataFormat: DataFormat = .channelsLast, seed: Int? = nil, name: String? = nil
  ) {
    super.init(
      "RandomZoom", name,
      [
        "height_factor": given(heightFactor), "width_factor": given(widthFactor),
        "fill_mode": fillMode, "interpolation": interpolation, "fill_value": fillValue,
        "data_format": dataFormat, "seed": seed,
      ])
  }
}

/// Stretches the values of each channel around their mean by a random factor. In training only;
/// else the identity.
public final class RandomContrast: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - factor: 0.2 for factors from 0.8 to 1.2; `a...b` for those from 1 − a to 1 + b.
  ///   - valueRange: Values that pixels may have.
  ///   - seed: Of the random numbers; `nil` for the next of ``Library/setRandomSeed(_:)``.
  ///   - name: `nil` for an automatic one.
  public init(
    _ factor: any RandomFactor, valueRange: ClosedRange<Double> = 0...255, seed: Int? = nil,
    name: String? = nil
  ) {
    super.init(
      "RandomContrast", name,
      ["factor": given(factor), "value_range": valueRange, "seed": seed])
  }
}

/// Adds a random number to all values of an image. In training only; else the identity.
public final class RandomBrightness: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - factor: Its range, as a share of that of the values.
  ///   - valueRange: Values that pixels may have.
  ///   - seed: Of the random numbers; `nil` for the next of ``Library/setRandomSeed(_:)``.
  ///   - name: `nil` for an automatic one.
  public init(
    _ factor: any RandomFactor, valueRange: ClosedRange<Double> = 0...255, seed: Int? = nil,
    name: String? = nil
  ) {
    super.init(
      "RandomBrightness", name,
      ["factor": given(factor), "value_range": valueRange, "seed": seed])
  }
}
