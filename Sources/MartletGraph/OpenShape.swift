import MartletTensors

/// The shape of one sample in a graph, where extents may be left open: images of any height and width.
///
/// Operations know whole numbers only. So an open extent is recorded as two trial sizes, and a layer is
/// tried with both: what differs between the two results follows from the size and is open in turn, what
/// agrees is fixed. No shape rule needs to know of this.
package struct OpenShape: Hashable, Sendable, CustomStringConvertible {
  /// With the smaller trial size in each place that is open; the shape itself where none is.
  package let small: Shape
  let large: Shape

  init(small: Shape, large: Shape) {
    self.small = small
    self.large = large
  }

  package init(_ shape: Shape) { self.init(small: shape, large: shape) }

  /// - Parameter extents: `nil` for those left open.
  /// - Throws: `invalidArgument` for an extent below 1 or too many elements.
  package init(_ extents: [Int?]) throws(MartletError) {
    let shapes = try Trial.both(extents.contains(nil)) { trial throws(MartletError) in
      try Shape(extents.map { $0 ?? trial.rawValue })
    }
    self.init(small: shapes.small, large: shapes.large)
  }

  package var isOpen: Bool { small != large }
  package var rank: Int { small.rank }
  /// `nil` for an extent left open.
  package subscript(axis: Int) -> Int? { small[axis] == large[axis] ? small[axis] : nil }
  package var extents: [Int?] { small.extents.indices.map { self[$0] } }

  package var description: String { OpenShape.text(extents) }

  /// With the batch axis in front, as Keras prints shapes: `(None, None, None, 3)`.
  package var batchDescription: String { OpenShape.text([nil] + extents) }

  private static func text(_ extents: [Int?]) -> String {
    let texts = extents.map { $0.map(String.init) ?? "None" }
    return "(" + texts.joined(separator: ", ") + (extents.count == 1 ? ",)" : ")")
  }

  /// The shape of samples of these extents: the same ones, but for a trailing axis of 1, which Keras
  /// adds and drops silently.
  ///
  /// - Returns: `nil` where they do not fit.
  package func fitted(to found: some Collection<Int>) -> Shape? {
    if !isOpen, found.elementsEqual(small.extents) { return small }
    var adjusted = Array(found)
    if adjusted.count == rank + 1, adjusted.last == 1 { adjusted.removeLast() }
    if adjusted.count == rank - 1, self[rank - 1] == 1 { adjusted.append(1) }
    guard adjusted.count == rank else { return nil }
    let isFitting = adjusted.indices.allSatisfy { self[$0] == nil || self[$0] == adjusted[$0] }
    return isFitting ? try? Shape(adjusted) : nil
  }
}

/// A size that stands in for one left open. Divisible by what networks shrink images by, so that branches
/// meet that were halved and doubled.
private enum Trial: Int {
  case small = 1920
  case large = 3840

  /// What `body` gives for both; where nothing is open it is run once.
  ///
  /// - Throws: What `body` throws, with None in place of numbers that follow from open sizes.
  static func both<Value>(
    _ isOpen: Bool, _ body: (Trial) throws(MartletError) -> Value
  ) throws(MartletError) -> (small: Value, large: Value) {
    func attempt(_ trial: Trial) -> Result<Value, MartletError> {
      Result { () throws(MartletError) in try body(trial) }
    }
    guard isOpen else {
      let only = try body(.small)
      return (only, only)
    }
    switch (attempt(.small), attempt(.large)) {
    case (.success(let small), .success(let large)): return (small, large)
    case (.failure(let error), .failure(let other)): throw error.withOpenSizes(comparedTo: other)
    case (.failure(let error), _), (_, .failure(let error)): throw error
    }
  }
}

extension [OpenShape] {
  /// What `body` gives for both trial sizes.
  ///
  /// - Throws: What `body` throws, with None in place of numbers that follow from open sizes.
  func trying<Value>(
    _ body: ([Shape]) throws(MartletError) -> Value
  ) throws(MartletError) -> (small: Value, large: Value) {
    try Trial.both(contains(where: \.isOpen)) { trial throws(MartletError) in
      try body(map { trial == .small ? $0.small : $0.large })
    }
  }
}

extension MartletError {
  /// The error of one trial size, seen beside that of the other.
  fileprivate func withOpenSizes(comparedTo other: MartletError) -> MartletError {
    let (parts, others) = (message.numbersApart, other.message.numbersApart)
    guard parts.count == others.count, parts != others else { return self }
    let merged = zip(parts, others).map { $0 == $1 ? String($0) : "None" }.joined()
    return MartletError(kind, "\(merged); None is a size that Input leaves open")
  }
}

extension String {
  /// Runs of digits, and what stands between them.
  fileprivate var numbersApart: [Substring] {
    var parts: [Substring] = []
    var rest = self[...]
    while let first = rest.first {
      let part = rest.prefix { $0.isWholeNumber == first.isWholeNumber }
      parts.append(part)
      rest = rest[part.endIndex...]
    }
    return parts
  }
}
