import CMartlet
import MartletKernelTable
import MartletTensors

/// The extents that a caller gives as a pointer and a rank. Their signs are the business of whoever
/// makes a shape of them.
func extents(
  _ shape: UnsafePointer<Int64>?, rank: Int32, from least: Int32, to most: Int32
) throws(MartletError) -> [Int] {
  guard rank >= least, rank <= most else {
    throw .invalidArgument("rank must be from \(least) to \(most), received \(rank)")
  }
  guard rank > 0 else { return [] }
  let shape = try notNull(shape, "shape")
  return (0..<Int(rank)).map { Int(clamping: shape[$0]) }
}

extension ArrayView {
  /// The caller's array, looked at in place.
  ///
  /// - Throws: `invalidType` for an unknown dtype; `invalidArgument` for a rank beyond 1 to 8, a
  ///   negative extent, missing pointers, and sizes or strides whose addresses would overflow.
  init(_ array: martlet_array) throws(MartletError) {
    guard let type = ElementType(rawValue: array.dtype) else {
      throw MartletError(.invalidType, "unknown dtype \(array.dtype) of an array")
    }
    let extents = try MartletC.extents(array.shape, rank: array.rank, from: 1, to: 8)
    guard extents.allSatisfy({ $0 >= 0 }) else {
      throw .invalidArgument("an array has the shape \(Shape.text(extents))")
    }
    let isEmpty = extents.contains(0)
    // An empty array may have no memory; nothing is ever read from it.
    guard let data = array.data ?? (isEmpty ? UnsafeRawPointer(bitPattern: 64) : nil) else {
      throw .invalidArgument("data of an array of shape \(Shape.text(extents)) is NULL")
    }
    let strides = array.strides.map { given in extents.indices.map { Int(clamping: given[$0]) } }
    guard isEmpty || ArrayView.isAddressable(extents, strides, type.byteCount) else {
      throw .invalidArgument(
        "an array of shape \(Shape.text(extents)) does not fit into memory")
    }
    self.init(data: data, elementType: type, extents: extents, byteStrides: strides)
  }

  /// Whether neither the byte count nor the farthest offset overflows.
  private static func isAddressable(_ extents: [Int], _ strides: [Int]?, _ width: Int) -> Bool {
    let limit = 1 << 62
    var bytes = width
    for extent in extents {
      let (product, overflow) = bytes.multipliedReportingOverflow(by: extent)
      guard !overflow, product < limit else { return false }
      bytes = product
    }
    var farthest = 0
    for (extent, stride) in zip(extents, strides ?? []) {
      let (reach, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
      guard !overflow, reach.magnitude < UInt(limit) else { return false }
      farthest += Int(reach.magnitude)
      guard farthest < limit else { return false }
    }
    return true
  }
}

/// The caller's arrays.
func arrays(
  _ pointer: UnsafePointer<martlet_array>?, _ count: Int, _ name: StaticString
) throws(MartletError) -> [ArrayView] {
  guard count >= 0 else { throw .invalidArgument("the number of \(name) is negative: \(count)") }
  guard count > 0 else { return [] }
  let pointer = try notNull(pointer, name)
  var result: [ArrayView] = []
  for index in 0..<count {
    do {
      result.append(try ArrayView(pointer[index]))
    } catch {
      throw MartletError(error.kind, "\(name)[\(index)]: \(error.message)")
    }
  }
  return result
}
