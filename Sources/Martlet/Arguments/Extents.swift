import MartletGraph

/// A size along the height and the width of an image: `3` for the same along both, `[3, 5]` for a height
/// of 3 and a width of 5.
public struct Extent2D: Sendable, Hashable, Argument, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral
{
  /// As given: one number for both, or the height and the width.
  private let extents: [Int]

  /// The same size along both axes.
  public init(_ size: Int) { extents = [size] }

  /// A size along the height and one along the width.
  public init(height: Int, width: Int) { extents = [height, width] }

  /// The same size along both axes.
  public init(integerLiteral size: Int) { self.init(size) }

  /// The size along the height, then that along the width. Another number of them is an error of the
  /// layer that is given it.
  public init(arrayLiteral extents: Int...) { self.extents = extents }

  /// One number as both.
  var json: JSONValue {
    .integers(extents.count == 1 ? [extents[0], extents[0]] : extents)
  }
}

/// What is added around an image, or cut off it: `2` on all sides, `[1, 2]` for 1 above and below and 2 on
/// the left and right.
public struct Edges2D: Sendable, Hashable, Argument, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral
{
  private let sides: [[Int]]

  /// The same on all sides.
  public init(_ size: Int) { sides = [[size, size], [size, size]] }

  /// Each side by itself.
  public init(top: Int, bottom: Int, left: Int, right: Int) {
    sides = [[top, bottom], [left, right]]
  }

  /// The same on all sides.
  public init(integerLiteral size: Int) { self.init(size) }

  /// Above and below, then left and right. Another number of them is an error of the layer that is given
  /// it.
  public init(arrayLiteral sizes: Int...) { sides = sizes.map { [$0, $0] } }

  var json: JSONValue { sides.json }
}

/// What is added before and after a sequence, or cut off it: `1` for both ends, `[2, 0]` for 2 before.
public struct Edges1D: Sendable, Hashable, Argument, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral
{
  private let ends: [Int]

  /// The same at both ends.
  public init(_ size: Int) { ends = [size, size] }

  /// Either end by itself.
  public init(before: Int, after: Int) { ends = [before, after] }

  /// The same at both ends.
  public init(integerLiteral size: Int) { self.init(size) }

  /// Before, then after. Another number of them is an error of the layer that is given it.
  public init(arrayLiteral ends: Int...) { self.ends = ends }

  var json: JSONValue { ends.json }
}

/// Axes of a batch, counted with the samples' axis as 0, or from the end with -1: `-1`, `[1, 2]`.
public struct Axes: Sendable, Hashable, Argument, ExpressibleByIntegerLiteral,
  ExpressibleByArrayLiteral
{
  private let axes: [Int]
  private let isOne: Bool

  /// One axis.
  public init(_ axis: Int) { (axes, isOne) = ([axis], true) }

  /// Several axes.
  public init(_ axes: [Int]) { (self.axes, isOne) = (axes, false) }

  /// One axis.
  public init(integerLiteral axis: Int) { self.init(axis) }

  /// Several axes.
  public init(arrayLiteral axes: Int...) { self.init(axes) }

  var json: JSONValue { isOne ? axes[0].json : axes.json }
}

/// One number, or one for each position along the last axis: `0.5`, `[0.2, 0.3, 0.4]`.
public struct Numbers: Sendable, Hashable, Argument, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral, ExpressibleByArrayLiteral
{
  private let numbers: [Double]
  private let isOne: Bool

  /// The same number everywhere.
  public init(_ number: Double) { (numbers, isOne) = ([number], true) }

  /// One number for each position.
  public init(_ numbers: [Double]) { (self.numbers, isOne) = (numbers, false) }

  /// The same number everywhere.
  public init(integerLiteral number: Int) { self.init(Double(number)) }

  /// The same number everywhere.
  public init(floatLiteral number: Double) { self.init(number) }

  /// One number for each position.
  public init(arrayLiteral numbers: Double...) { self.init(numbers) }

  var json: JSONValue { isOne ? numbers[0].json : numbers.json }
}

/// The range that a random factor is drawn from: `0.2` for -0.2 to 0.2, or ``range(_:)``.
public struct RandomFactor: Sendable, Hashable, Argument, ExpressibleByIntegerLiteral,
  ExpressibleByFloatLiteral
{
  private let bounds: [Double]

  /// From `-bound` to `bound`.
  public init(_ bound: Double) { bounds = [bound] }

  /// From one number to another: `.range(-0.1...0.3)`.
  public static func range(_ range: ClosedRange<Double>) -> RandomFactor {
    RandomFactor(bounds: [range.lowerBound, range.upperBound])
  }

  private init(bounds: [Double]) { self.bounds = bounds }

  /// From `-bound` to `bound`.
  public init(integerLiteral bound: Int) { self.init(Double(bound)) }

  /// From `-bound` to `bound`.
  public init(floatLiteral bound: Double) { self.init(bound) }

  var json: JSONValue { bounds.count == 1 ? bounds[0].json : bounds.json }
}

extension ClosedRange: Argument where Bound == Double {
  var json: JSONValue { [lowerBound, upperBound].json }
}
