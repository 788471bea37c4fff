import MartletOps
import MartletTensors

/// What is added around an image, or left out: before and after, along the height and the width.
struct ImageBorder: Sendable {
  /// No more than 0 for a sequence, which is an image of one row.
  let vertical: [Int]
  let horizontal: [Int]
  /// 2 for images, 1 for sequences.
  private let axes: Int

  /// Of an image: one number, one for the height and one for the width, or those before and after for
  /// each. Of a sequence: one number, or those before and after.
  init(
    _ attributes: inout Attributes, _ name: String, axes: Int = 2, default fallback: Int
  ) throws(MartletError) {
    self.axes = axes
    guard axes == 2 else {
      vertical = [0, 0]
      horizontal = try attributes.pair(name, default: [fallback, fallback], atLeast: 0)
      return
    }
    let value = attributes.value(name) ?? .integer(fallback)
    let pairs = try attributes.pairs(name, value)
    (vertical, horizontal) = (pairs[0], pairs[1])
  }

  var configuration: JSONValue {
    axes == 1 ? .integers(horizontal) : .array([.integers(vertical), .integers(horizontal)])
  }

  // MARK: Adding

  var padding: PaddingOp {
    PaddingOp(
      top: vertical[0], bottom: vertical[1], left: horizontal[0], right: horizontal[1])
  }

  // MARK: Leaving out

  func cropping(of image: (height: Int, width: Int)) -> ResizeOp {
    let height = image.height - vertical[0] - vertical[1]
    let width = image.width - horizontal[0] - horizontal[1]
    return ResizeOp(
      part: ResizeOp.Part(top: vertical[0], left: horizontal[0], height: height, width: width),
      height: height, width: width, isBilinear: false)
  }

  /// Refuses images of which nothing would be left.
  func checkCropping(_ inputs: [Shape], _ input: SpatialInput) throws(MartletError) {
    let (height, width, _) = try input.extents(inputs)
    let isLeft = vertical[0] + vertical[1] < height && horizontal[0] + horizontal[1] < width
    guard !isLeft else { return }
    let (sides, sizes) =
      axes == 1
      ? (Shape.text(horizontal), "the \(width) steps")
      : (
        "(\(Shape.text(vertical)), \(Shape.text(horizontal)))",
        "the height \(height) and the width \(width)"
      )
    throw .invalidArgument(
      "cropping \(sides) must leave something of \(sizes) of an input of shape "
        + "\(inputs[0].batchDescription)")
  }
}

extension Attributes {
  /// Two pairs: `2` stands for `[[2, 2], [2, 2]]`, `[1, 2]` for `[[1, 1], [2, 2]]`.
  fileprivate func pairs(_ name: String, _ value: JSONValue) throws(MartletError) -> [[Int]] {
    let sides: [JSONValue]
    if case .array(let array) = value { sides = array } else { sides = [value, value] }
    var pairs: [[Int]] = []
    for side in sides {
      let ends: [JSONValue]
      if case .array(let array) = side { ends = array } else { ends = [side, side] }
      var pair: [Int] = []
      for case .integer(let end) in ends { pair.append(end) }
      if pair.count == 2, ends.count == 2 { pairs.append(pair) }
    }
    guard pairs.count == 2, sides.count == 2 else {
      throw wrongType(
        name, expected: "an integer, 2 integers, or 2 pairs of integers", value)
    }
    guard pairs.joined().allSatisfy({ $0 >= 0 && $0 <= Attributes.largestSize }) else {
      throw invalid(name, expected: "integers from 0 to \(Attributes.largestSize)", value)
    }
    return pairs
  }
}
