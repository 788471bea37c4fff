/// Zeros before and after a sequence: `(L, C)` → `(before + L + after, C)`.
public final class ZeroPadding1D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - padding: How many.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(padding: Edges1D = 1, dataFormat: DataFormat = .channelsLast, name: String? = nil) {
    super.init("ZeroPadding1D", name, ["padding": padding, "data_format": dataFormat])
  }
}

/// Zeros around an image: `(H, W, C)` → `(top + H + bottom, left + W + right, C)`.
public final class ZeroPadding2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - padding: How many.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(padding: Edges2D = 1, dataFormat: DataFormat = .channelsLast, name: String? = nil) {
    super.init("ZeroPadding2D", name, ["padding": padding, "data_format": dataFormat])
  }
}

/// A sequence without some of its first and last steps.
public final class Cropping1D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - cropping: How many.
  ///   - name: `nil` for an automatic one.
  public init(cropping: Edges1D = 1, name: String? = nil) {
    super.init("Cropping1D", name, ["cropping": cropping])
  }
}

/// An image without some of its border.
public final class Cropping2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - cropping: How much of it.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(cropping: Edges2D = 0, dataFormat: DataFormat = .channelsLast, name: String? = nil) {
    super.init("Cropping2D", name, ["cropping": cropping, "data_format": dataFormat])
  }
}

/// Every step some times over: `(L, C)` → `(size · L, C)`.
public final class UpSampling1D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - size: How often.
  ///   - name: `nil` for an automatic one.
  public init(size: Int = 2, name: String? = nil) {
    super.init("UpSampling1D", name, ["size": size])
  }
}

/// An image enlarged by whole factors.
public final class UpSampling2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - size: The factors.
  ///   - dataFormat: Where the channels stand.
  ///   - interpolation: How points between those of the image are found.
  ///   - name: `nil` for an automatic one.
  public init(
    size: any Extent2D = 2, dataFormat: DataFormat = .channelsLast,
    interpolation: Interpolation = .nearest, name: String? = nil
  ) {
    super.init(
      "UpSampling2D", name,
      ["size": given(size), "data_format": dataFormat, "interpolation": interpolation])
  }
}

/// An image of a given size.
public final class Resizing: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - height: Of the result.
  ///   - width: Of the result.
  ///   - interpolation: How points between those of the image are found.
  ///   - cropToAspectRatio: Whether parts are cut off, so that nothing is distorted.
  ///   - padToAspectRatio: Whether a border is added, so that nothing is distorted.
  ///   - fillValue: Of that border.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(
    height: Int, width: Int, interpolation: Interpolation = .bilinear,
    cropToAspectRatio: Bool = false, padToAspectRatio: Bool = false, fillValue: Double = 0,
    dataFormat: DataFormat = .channelsLast, name: String? = nil
  ) {
    super.init(
      "Resizing", name,
      [
        "height": height, "width": width, "interpolation": interpolation,
        "crop_to_aspect_ratio": cropToAspectRatio, "pad_to_aspect_ratio": padToAspectRatio,
        "fill_value": fillValue, "data_format": dataFormat,
      ])
  }
}

/// A part of a given size out of the middle of an image. Images that are too small are cut to the
/// ratio of that size and enlarged.
public final class CenterCrop: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - height: Of the result.
  ///   - width: Of the result.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(
    height: Int, width: Int, dataFormat: DataFormat = .channelsLast, name: String? = nil
  ) {
    super.init("CenterCrop", name, ["height": height, "width": width, "data_format": dataFormat])
  }
}
