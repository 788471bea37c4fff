/// The extents of a tensor, outermost first. Shapes in a graph leave the batch axis out: they are
/// the shape of one sample.
package struct Shape: Hashable, Sendable, CustomStringConvertible {
  package let extents: [Int]
  /// Product of the extents; 1 for a scalar.
  package let count: Int

  /// More elements than this in one sample or weight are refused, so that no product of an extent and
  /// the largest argument that a layer takes (2²⁴) can overflow.
  package static let largestCount = 1 << 38

  /// - Throws: `invalidArgument` for an extent below 1 or a count beyond `largestCount`.
  package init(_ extents: [Int]) throws(MartletError) {
    var count = 1
    for extent in extents {
      guard extent >= 1 else {
        throw .invalidArgument("shape \(Shape.text(extents)) has an extent below 1")
      }
      let (product, overflow) = count.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= Shape.largestCount else {
        throw .invalidArgument("shape \(Shape.text(extents)) has too many elements")
      }
      count = product
    }
    self.extents = extents
    self.count = count
  }

  /// That of a single number.
  package static let scalar = Shape()

  private init() {
    extents = []
    count = 1
  }

  package var rank: Int { extents.count }
  package subscript(axis: Int) -> Int { extents[axis] }
  package var last: Int? { extents.last }

  /// As Python writes a tuple: `(28, 28, 1)`, `(10,)`, `()`.
  package var description: String { Shape.text(extents) }

  /// With the batch axis in front, as Keras prints shapes: `(None, 28, 28, 1)`.
  package var batchDescription: String {
    "(" + (["None"] + extents.map(String.init)).joined(separator: ", ") + (rank == 0 ? ",)" : ")")
  }

  package static func text(_ extents: [Int]) -> String {
    "(" + extents.map(String.init).joined(separator: ", ") + (extents.count == 1 ? ",)" : ")")
  }
}
