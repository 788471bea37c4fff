import MartletGraph
import MartletTensors

/// What a layer can be called on: a ``Symbol``, or an ``Input``.
public protocol GraphValue: Sendable {
  /// The tensor to be.
  ///
  /// - Throws: ``MartletError`` for an input that cannot be made, such as one of a shape with a 0.
  var symbol: Symbol { get throws(MartletError) }
}

/// A tensor to be: what a layer gives for its inputs. It knows how it comes about, so the symbols at both
/// ends of a network are enough to make a ``Model`` of it.
public struct Symbol: GraphValue, Hashable, CustomStringConvertible {
  let core: MartletGraph.Symbol

  init(_ core: MartletGraph.Symbol) { self.core = core }

  /// Itself.
  public var symbol: Symbol { self }

  /// The shape of one sample; `nil` for a size that ``Input`` leaves open.
  public var shape: [Int?] { core.shape.extents }

  /// The name of the layer that it comes from.
  public var layerName: String { core.layer.name }

  /// `conv2d: (None, 26, 26, 32)`.
  public var description: String { "\(layerName): \(core.shape.batchDescription)" }
}

extension GraphValue {
  /// The sum, as ``Add`` gives it.
  public static func + (a: Self, b: some GraphValue) throws(MartletError) -> Symbol {
    try Add()(a, b)
  }

  /// The difference, as ``Subtract`` gives it.
  public static func - (a: Self, b: some GraphValue) throws(MartletError) -> Symbol {
    try Subtract()(a, b)
  }

  /// The product, element by element, as ``Multiply`` gives it.
  public static func * (a: Self, b: some GraphValue) throws(MartletError) -> Symbol {
    try Multiply()(a, b)
  }

  /// Every element plus a number, as ``Rescaling`` gives it.
  public static func + (a: Self, number: Double) throws(MartletError) -> Symbol {
    try Rescaling(scale: 1, offset: number)(a)
  }

  /// Every element less a number, as ``Rescaling`` gives it.
  public static func - (a: Self, number: Double) throws(MartletError) -> Symbol {
    try Rescaling(scale: 1, offset: -number)(a)
  }

  /// Every element times a number, as ``Rescaling`` gives it.
  public static func * (a: Self, number: Double) throws(MartletError) -> Symbol {
    try Rescaling(scale: number)(a)
  }

  /// Every element times a number, as ``Rescaling`` gives it.
  public static func * (number: Double, a: Self) throws(MartletError) -> Symbol {
    try a * number
  }

  /// Every element divided by a number, as ``Rescaling`` gives it.
  public static func / (a: Self, number: Double) throws(MartletError) -> Symbol {
    try a * (1 / number)
  }
}
