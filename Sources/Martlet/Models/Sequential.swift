import MartletTensors

/// A model of layers that follow each other.
///
/// ```swift
/// let model = try Sequential {
///   Input(28, 28, 1)
///   Conv2D(filters: 32, kernelSize: 3, activation: .relu)
///   MaxPooling2D()
///   for filters in [64, 128] {
///     Conv2D(filters: filters, kernelSize: 3, activation: .relu)
///   }
///   if isRegularized { Dropout(0.5) }
///   Flatten()
///   Dense(units: 10, activation: .softmax)
/// }
/// ```
public final class Sequential: Model, @unchecked Sendable {
  /// - Parameters:
  ///   - name: `nil` for an automatic one.
  ///   - layers: ``Input`` and what follows. A ``Model`` of one input may stand in the place of `Input`.
  /// - Throws: ``MartletError`` for arguments of layers that are wrong, and layers that do not suit what
  ///   comes before them.
  public convenience init(
    name: String? = nil, @LayerBuilder _ layers: () throws(MartletError) -> [Layer]
  ) throws(MartletError) {
    try self.init(layers(), name: name)
  }

  /// - Parameters:
  ///   - layers: As the builder takes them.
  ///   - name: `nil` for an automatic one.
  /// - Throws: As the builder.
  public init(_ layers: [Layer], name: String? = nil) throws(MartletError) {
    guard let first = layers.first else {
      throw .invalidArgument("Sequential: expected layers, the first of them Input, received none")
    }
    let input = try Sequential.input(for: first)
    var value = try input.symbol
    for layer in first === input ? layers.dropFirst() : layers[...] { value = try layer(value) }
    try super.init([input], [value], className: "Sequential", name: name)
  }

  private static func input(for layer: Layer) throws(MartletError) -> Input {
    if let input = layer as? Input { return input }
    if let model = layer as? Model, model.inputs.count == 1 {
      return Input(shape: model.inputs[0].shape)
    }
    throw .invalidArgument(
      "Sequential: the first layer must be Input with the shape of one sample, such as "
        + "Input(28, 28, 1), received \(layer.className)")
  }
}

/// Puts layers together that a ``Sequential`` is made of.
@resultBuilder public enum LayerBuilder {
  /// One layer.
  public static func buildExpression(_ layer: Layer) -> [Layer] { [layer] }

  /// Layers that a function of yours gives.
  public static func buildExpression(_ layers: [Layer]) -> [Layer] { layers }

  /// Layers one behind the other.
  public static func buildBlock(_ parts: [Layer]...) -> [Layer] { parts.flatMap(\.self) }

  /// `if` without `else`.
  public static func buildOptional(_ layers: [Layer]?) -> [Layer] { layers ?? [] }

  /// `if`, and cases of `switch`.
  public static func buildEither(first layers: [Layer]) -> [Layer] { layers }

  /// `else`, and further cases.
  public static func buildEither(second layers: [Layer]) -> [Layer] { layers }

  /// `for`.
  public static func buildArray(_ parts: [[Layer]]) -> [Layer] { parts.flatMap(\.self) }

  /// `if #available`.
  public static func buildLimitedAvailability(_ layers: [Layer]) -> [Layer] { layers }
}
