import MartletKernelTable
import MartletTensors

/// The type of the numbers in a ``TensorData``.
public enum ScalarType: Int32, CaseIterable, Sendable {
  /// `Float`.
  case float32 = 0
  /// `Double`.
  case float64 = 1
  /// `Int8`.
  case int8 = 2
  /// `UInt8`.
  case uint8 = 3
  /// `Int16`.
  case int16 = 4
  /// `UInt16`.
  case uint16 = 5
  /// `Int32`.
  case int32 = 6
  /// `UInt32`.
  case uint32 = 7
  /// `Int64` and `Int`.
  case int64 = 8
  /// `UInt64` and `UInt`.
  case uint64 = 9
  /// `Bool`.
  case bool = 10
  /// `Float16`.
  case float16 = 11

  var core: ElementType {
    // The numbers are the same; a test sees to it.
    ElementType(rawValue: rawValue) ?? .float32
  }
}

/// A number that data may consist of. Computing is in single precision whatever it is.
///
/// Not meant for types of your own: their memory must be that of ``scalarType``.
public protocol TensorScalar: Sendable, BitwiseCopyable {
  /// What its memory holds.
  static var scalarType: ScalarType { get }
}

extension Float: TensorScalar {
  /// Single precision.
  public static var scalarType: ScalarType { .float32 }
}

extension Double: TensorScalar {
  /// Double precision.
  public static var scalarType: ScalarType { .float64 }
}

#if !(os(macOS) && arch(x86_64))
  extension Float16: TensorScalar {
    /// Half precision.
    public static var scalarType: ScalarType { .float16 }
  }
#endif

extension Int8: TensorScalar {
  /// 8 bits with sign.
  public static var scalarType: ScalarType { .int8 }
}

extension UInt8: TensorScalar {
  /// 8 bits.
  public static var scalarType: ScalarType { .uint8 }
}

extension Int16: TensorScalar {
  /// 16 bits with sign.
  public static var scalarType: ScalarType { .int16 }
}

extension UInt16: TensorScalar {
  /// 16 bits.
  public static var scalarType: ScalarType { .uint16 }
}

extension Int32: TensorScalar {
  /// 32 bits with sign.
  public static var scalarType: ScalarType { .int32 }
}

extension UInt32: TensorScalar {
  /// 32 bits.
  public static var scalarType: ScalarType { .uint32 }
}

extension Int64: TensorScalar {
  /// 64 bits with sign.
  public static var scalarType: ScalarType { .int64 }
}

extension UInt64: TensorScalar {
  /// 64 bits.
  public static var scalarType: ScalarType { .uint64 }
}

extension Int: TensorScalar {
  /// 64 bits, as on all machines that Martlet runs on.
  public static var scalarType: ScalarType { .int64 }
}

extension UInt: TensorScalar {
  /// 64 bits, as on all machines that Martlet runs on.
  public static var scalarType: ScalarType { .uint64 }
}

extension Bool: TensorScalar {
  /// True or false, which count as 1 and 0.
  public static var scalarType: ScalarType { .bool }
}

/// Numbers with a shape: what models take. ``Tensor``, ``TensorView`` and arrays of numbers are data; a
/// type of your own becomes it by saying where its numbers lie.
///
/// The first axis counts samples. Data is read in place, batch by batch, and never copied whole.
public protocol TensorData: Sendable {
  /// The extents, outermost first.
  var shape: [Int] { get }

  /// The type of its numbers.
  var scalarType: ScalarType { get }

  /// Lends the numbers in row-major order, without gaps, for the length of `body`.
  func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result
}

/// Numbers in the shape of a box: a batch of images, labels, predictions.
///
/// ```swift
/// let images = try Tensor(shape: [100, 28, 28, 1], scalars: pixels)
/// ```
public struct Tensor<Scalar: TensorScalar>: TensorData {
  /// The extents, outermost first. The first axis counts samples.
  public let shape: [Int]

  /// The numbers in row-major order.
  public private(set) var scalars: [Scalar]

  /// - Parameters:
  ///   - shape: The extents, outermost first.
  ///   - scalars: As many numbers as the product of the extents, in row-major order.
  /// - Throws: ``MartletError`` for another number of them, or an extent below 0.
  public init(shape: [Int], scalars: [Scalar]) throws(MartletError) {
    guard let count = elementCount(shape) else { throw invalid(shape) }
    guard count == scalars.count else {
      throw .invalidArgument(
        "a tensor of shape \(Shape.text(shape)) has \(count) scalars, received \(scalars.count)")
    }
    self.init(checked: shape, scalars)
  }

  /// One number everywhere.
  ///
  /// - Throws: ``MartletError`` for an extent below 0.
  public init(shape: [Int], repeating scalar: Scalar) throws(MartletError) {
    guard let count = elementCount(shape) else { throw invalid(shape) }
    self.init(checked: shape, [Scalar](repeating: scalar, count: count))
  }

  /// Numbers in a row: one for each sample.
  public init(_ scalars: [Scalar]) { self.init(checked: [scalars.count], scalars) }

  /// Whose numbers are as many as the shape says.
  init(checked shape: [Int], _ scalars: [Scalar]) {
    self.shape = shape
    self.scalars = scalars
  }

  /// That of `Scalar`.
  public var scalarType: ScalarType { Scalar.scalarType }

  /// Lends the numbers for the length of `body`.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try scalars.withBytes(body)
  }

  /// The same numbers in another shape.
  ///
  /// - Throws: ``MartletError`` for a shape of another number of elements.
  public func reshaped(to shape: [Int]) throws(MartletError) -> Tensor {
    try Tensor(shape: shape, scalars: scalars)
  }

  /// Some of the samples: a range of the first axis.
  ///
  /// - Throws: ``MartletError`` for a range beyond its extent.
  public func samples(_ range: Range<Int>) throws(MartletError) -> Tensor {
    guard let count = shape.first, range.lowerBound >= 0, range.upperBound <= count else {
      throw .invalidArgument(
        "samples \(range) were asked for, but the shape is \(Shape.text(shape))")
    }
    let size = shape.dropFirst().reduce(1, *)
    let part = scalars[(range.lowerBound * size)..<(range.upperBound * size)]
    return Tensor(checked: [range.count] + shape.dropFirst(), Array(part))
  }
}

extension Tensor: Equatable where Scalar: Equatable {}
extension Tensor: Hashable where Scalar: Hashable {}

extension Tensor where Scalar: Comparable {
  /// Where the greatest number of each row stands, the last axis being the rows: the classes that are
  /// most probable. Of equals, the first.
  public func argmax() -> [Int] {
    guard let size = shape.last, size > 0 else { return [] }
    return (0..<(scalars.count / size)).map { row in
      var best = row * size
      for index in best..<(best + size) where scalars[index] > scalars[best] { best = index }
      return best - row * size
    }
  }
}

/// Numbers of someone else's, read where they are: memory that a camera, a decoder or another library
/// has filled.
///
/// Whoever makes one sees to it that the memory lives and stays as it is while the view is in use.
public struct TensorView<Scalar: TensorScalar>: TensorData, @unchecked Sendable {
  /// The extents, outermost first. The first axis counts samples.
  public let shape: [Int]
  private let scalars: UnsafeBufferPointer<Scalar>

  /// - Parameters:
  ///   - shape: The extents, outermost first.
  ///   - scalars: As many numbers as the product of the extents, in row-major order.
  /// - Throws: ``MartletError`` for another number of them, or an extent below 0.
  public init(shape: [Int], scalars: UnsafeBufferPointer<Scalar>) throws(MartletError) {
    guard let count = elementCount(shape) else { throw invalid(shape) }
    guard count == scalars.count else {
      throw .invalidArgument(
        "a view of shape \(Shape.text(shape)) has \(count) scalars, received \(scalars.count)")
    }
    self.shape = shape
    self.scalars = scalars
  }

  /// That of `Scalar`.
  public var scalarType: ScalarType { Scalar.scalarType }

  /// Lends the numbers for the length of `body`.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try body(UnsafeRawBufferPointer(scalars))
  }
}

/// Numbers in a row: one for each sample.
extension Array: TensorData where Element: TensorScalar {
  /// The number of elements.
  public var shape: [Int] { [count] }

  /// That of the elements.
  public var scalarType: ScalarType { Element.scalarType }

  /// Lends the numbers for the length of `body`.
  public func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try withUnsafeBufferPointer { buffer throws(Failure) in
      try body(UnsafeRawBufferPointer(buffer))
    }
  }
}

/// Some of the samples of other data.
struct TensorPart: TensorData {
  let whole: any TensorData
  /// Within the extent of the first axis.
  let range: Range<Int>

  var shape: [Int] { [range.count] + whole.shape.dropFirst() }

  var scalarType: ScalarType { whole.scalarType }

  func withBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    try whole.withBytes { bytes throws(Failure) in
      let size = bytes.count / max(whole.shape[0], 1)
      let part = bytes[(range.lowerBound * size)..<(range.upperBound * size)]
      return try body(UnsafeRawBufferPointer(rebasing: part))
    }
  }
}

/// `nil` for an extent below 0, and for more elements than memory could hold.
private func elementCount(_ shape: [Int]) -> Int? {
  var count = 1
  for extent in shape {
    let (product, overflow) = count.multipliedReportingOverflow(by: extent)
    guard extent >= 0, !overflow, product < 1 << 56 else { return nil }
    count = product
  }
  return count
}

private func invalid(_ shape: [Int]) -> MartletError {
  .invalidArgument("\(Shape.text(shape)) cannot be the shape of a tensor")
}

// MARK: - As the core reads it

extension TensorData {
  /// - Parameter argument: What messages call it.
  func withView<Result>(
    _ argument: String, _ body: (ArrayView) throws(MartletError) -> Result
  ) throws(MartletError) -> Result {
    let type = scalarType.core
    // A single number is an array of one.
    let extents = shape.isEmpty ? [1] : shape
    guard extents.count <= 8 else {
      throw .invalidArgument("\(argument) has \(extents.count) axes, expected at most 8")
    }
    guard let count = elementCount(extents) else {
      throw .invalidArgument("\(argument): \(invalid(extents).message)")
    }
    return try withBytes { bytes throws(MartletError) in
      guard bytes.count == count * type.byteCount else {
        throw .invalidArgument(
          "\(argument) of shape \(Shape.text(extents)) must have \(count * type.byteCount) bytes, "
            + "received \(bytes.count)")
      }
      // An empty array may have no memory; nothing is ever read from it.
      guard let data = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64) else {
        throw .invalidArgument("\(argument) has no memory")
      }
      return try body(ArrayView(data: data, elementType: type, extents: extents))
    }
  }
}

extension [any TensorData] {
  /// Lends all of them together.
  ///
  /// - Parameter name: What messages call them; each also by its number where there are several.
  func withViews<Result>(
    _ name: String, _ body: ([ArrayView]) throws(MartletError) -> Result
  ) throws(MartletError) -> Result {
    func lend(_ views: [ArrayView]) throws(MartletError) -> Result {
      guard views.count < count else { return try body(views) }
      let argument = count == 1 ? name : "\(name)[\(views.count)]"
      return try self[views.count].withView(argument) { view throws(MartletError) in
        try lend(views + [view])
      }
    }
    return try lend([])
  }
}
