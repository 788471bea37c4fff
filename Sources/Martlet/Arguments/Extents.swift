import MartletGraph

/// A size along the height and the width of an image: an `Int` for the same along both, or
/// `[height, width]`.
///
/// `Int` and `[Int]` are all that conform. Another number of sizes is an error of the layer that is given
/// them.
public protocol Extent2D: Sendable {}

extension Int: Extent2D {}
extension Array: Extent2D where Element == Int {}

/// Axes of a batch: an `Int` or a list of them, counted with the samples' axis as 0, or from the end with
/// -1.
///
/// `Int` and `[Int]` are all that conform.
public protocol Axes: Sendable {}

extension Int: Axes {}
extension Array: Axes where Element == Int {}

/// One number for all, or a list with one for each position: `0.5`, `[0.2, 0.3, 0.4]`.
///
/// `Double` and `[Double]` are all that conform: where an `Int` would do, too, `1 / 255` would be 0.
public protocol Numbers: Sendable {}

extension Double: Numbers {}
extension Array: Numbers where Element == Double {}

/// The range that a random factor is drawn from: `0.2` for -0.2 to 0.2, or `-0.1...0.3`.
///
/// `Double` and `ClosedRange<Double>` are all that conform.
public protocol RandomFactor: Sendable {}

extension Double: RandomFactor {}
extension ClosedRange: RandomFactor where Bound == Double {}

extension ClosedRange: Argument where Bound == Double {
  var json: JSONValue { [lowerBound, upperBound].json }
}

/// A value of one of these kinds as an argument: all that conform to them are arguments, too.
func given(_ value: (any Sendable)?) -> any Argument { value as? any Argument ?? Nothing() }

private struct Nothing: Argument {
  var json: JSONValue { .null }
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
