/// The greatest number of each window, channel by channel: `(L, C)` → `(Q, C)`.
public final class MaxPooling1D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - poolSize: Size of the window.
  ///   - strides: How far the window moves each time; `nil` for its size.
  ///   - padding: What the window does at the border.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(
    poolSize: Int = 2, strides: Int? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil
  ) {
    super.init(
      "MaxPooling1D", name,
      ["pool_size": poolSize, "strides": strides, "padding": padding, "data_format": dataFormat])
  }
}

/// The greatest number of each window, channel by channel: `(H, W, C)` → `(P, Q, C)`.
public final class MaxPooling2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - poolSize: Size of the window.
  ///   - strides: How far the window moves each time; `nil` for its size.
  ///   - padding: What the window does at the border.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(
    poolSize: any Extent2D = 2, strides: (any Extent2D)? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil
  ) {
    super.init(
      "MaxPooling2D", name,
      [
        "pool_size": given(poolSize), "strides": given(strides), "padding": padding,
        "data_format": dataFormat,
      ])
  }
}

/// The mean of each window, channel by channel: `(L, C)` → `(Q, C)`. Points beyond the border do
/// not count.
public final class AveragePooling1D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - poolSize: Size of the window.
  ///   - strides: How far the window moves each time; `nil` for its size.
  ///   - padding: What the window does at the border.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(
    poolSize: Int, strides: Int? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil
  ) {
    super.init(
      "AveragePooling1D", name,
      ["pool_size": poolSize, "strides": strides, "padding": padding, "data_format": dataFormat])
  }
}

/// The mean of each window, channel by channel: `(H, W, C)` → `(P, Q, C)`. Points beyond the border
/// do not count.
public final class AveragePooling2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - poolSize: Size of the window.
  ///   - strides: How far the window moves each time; `nil` for its size.
  ///   - padding: What the window does at the border.
  ///   - dataFormat: Where the channels stand.
  ///   - name: `nil` for an automatic one.
  public init(
    poolSize: any Extent2D, strides: (any Extent2D)? = nil, padding: Padding = .valid,
    dataFormat: DataFormat = .channelsLast, name: String? = nil
  ) {
    super.init(
      "AveragePooling2D", name,
      [
        "pool_size": given(poolSize), "strides": given(strides), "padding": padding,
        "data_format": dataFormat,
      ])
  }
}

/// The greatest number of each channel: `(L, C)` → `(C)`.
public final class GlobalMaxPooling1D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - dataFormat: Where the channels stand.
  ///   - keepdims: Whether the axes stay, with the extent 1.
  ///   - name: `nil` for an automatic one.
  public init(dataFormat: DataFormat = .channelsLast, keepdims: Bool = false, name: String? = nil) {
    super.init("GlobalMaxPooling1D", name, ["data_format": dataFormat, "keepdims": keepdims])
  }
}

/// The greatest number of each channel: `(H, W, C)` → `(C)`.
public final class GlobalMaxPooling2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - dataFormat: Where the channels stand.
  ///   - keepdims: Whether the axes stay, with the extent 1.
  ///   - name: `nil` for an automatic one.
  public init(dataFormat: DataFormat = .channelsLast, keepdims: Bool = false, name: String? = nil) {
    super.init("GlobalMaxPooling2D", name, ["data_format": dataFormat, "keepdims": keepdims])
  }
}

/// The mean of each channel: `(L, C)` → `(C)`.
public final class GlobalAveragePooling1D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - dataFormat: Where the channels stand.
  ///   - keepdims: Whether the axes stay, with the extent 1.
  ///   - name: `nil` for an automatic one.
  public init(dataFormat: DataFormat = .channelsLast, keepdims: Bool = false, name: String? = nil) {
    super.init("GlobalAveragePooling1D", name, ["data_format": dataFormat, "keepdims": keepdims])
  }
}

/// The mean of each channel: `(H, W, C)` → `(C)`.
public final class GlobalAveragePooling2D: Layer, @unchecked Sendable {
  /// - Parameters:
  ///   - dataFormat: Where the channels stand.
  ///   - keepdims: Whether the axes stay, with the extent 1.
  ///   - name: `nil` for an automatic one.
  public init(dataFormat: DataFormat = .channelsLast, keepdims: Bool = false, name: String? = nil) {
    super.init("GlobalAveragePooling2D", name, ["data_format": dataFormat, "keepdims": keepdims])
  }
}
