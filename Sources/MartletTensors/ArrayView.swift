import MartletKernelTable

/// Somebody else's array, looked at in place: never owned, never written.
///
/// The first axis counts samples. Strides are in bytes and may be negative or zero.
package struct ArrayView: @unchecked Sendable {
  package let data: UnsafeRawPointer
  package let elementType: ElementType
  package let extents: [Int]
  package let byteStrides: [Int]
  /// Number of trailing axes, the first one excepted, that lie contiguous in memory.
  private let contiguousAxes: Int
  private let contiguousCount: Int

  /// - Parameter byteStrides: One per axis, or `nil` for a contiguous array.
  package init(
    data: UnsafeRawPointer, elementType: ElementType, extents: [Int], byteStrides: [Int]? = nil
  ) {
    self.data = data
    self.elementType = elementType
    self.extents = extents
    let strides = byteStrides ?? ArrayView.denseStrides(extents, elementType.byteCount)
    self.byteStrides = strides
    var axes = 0
    var count = 1
    for axis in extents.indices.dropFirst().reversed() {
      // An axis of one element is contiguous whatever its stride says.
      guard strides[axis] == count * elementType.byteCount || extents[axis] == 1 else { break }
      axes += 1
      count *= extents[axis]
    }
    contiguousAxes = axes
    contiguousCount = count
  }

  private static func denseStrides(_ extents: [Int], _ width: Int) -> [Int] {
    var strides = extents
    var step = width
    for axis in extents.indices.reversed() {
      strides[axis] = step
      step *= max(extents[axis], 1)
    }
    return strides
  }

  package var sampleCount: Int { extents.first ?? 0 }
  package var sampleExtents: ArraySlice<Int> { extents.dropFirst() }

  /// Writes one sample as floats, in row-major order.
  package func gather(
    _ index: Int, into target: UnsafeMutablePointer<Float>, with kernels: ConversionKernels
  ) {
    let start = data + index * byteStrides[0]
    let strided = extents.count - 1 - contiguousAxes
    if strided == 0 {
      kernels.toFloat(elementType, start, elementType.byteCount, target, contiguousCount)
      return
    }
    if contiguousAxes == 0 {
      // The innermost axis itself is strided: convert it line by line.
      walk(axes: 1..<(extents.count - 1), from: start, into: target, step: extents.last!) {
        kernels.toFloat(elementType, $0, byteStrides.last!, $1, extents.last!)
      }
    } else {
      walk(axes: 1..<(1 + strided), from: start, into: target, step: contiguousCount) {
        kernels.toFloat(elementType, $0, elementType.byteCount, $1, contiguousCount)
      }
    }
  }

  /// Writes all of it as floats, in row-major order.
  package func copy(
    into target: UnsafeMutablePointer<Float>, with kernels: ConversionKernels
  ) {
    let step = sampleExtents.reduce(1, *)
    for index in 0..<sampleCount { gather(index, into: target + index * step, with: kernels) }
  }

  /// Visits every index of `axes` in row-major order; the target moves on by `step` each time.
  private func walk(
    axes: Range<Int>, from start: UnsafeRawPointer, into target: UnsafeMutablePointer<Float>,
    step: Int, visit: (UnsafeRawPointer, UnsafeMutablePointer<Float>) -> Void
  ) {
    func descend(
      _ axis: Int, _ source: UnsafeRawPointer, _ target: inout UnsafeMutablePointer<Float>
    ) {
      if axis == axes.upperBound {
        visit(source, target)
        target += step
        return
      }
      for index in 0..<extents[axis] {
        descend(axis + 1, source + index * byteStrides[axis], &target)
      }
    }
    var target = target
    descend(axes.lowerBound, start, &target)
  }

  /// Element (`sample`, 0, 0, …) as a double, for labels and checks outside the hot path.
  package func double(sample: Int, element: Int = 0) -> Double {
    var offset = sample * byteStrides[0]
    var rest = element
    for axis in extents.indices.dropFirst().reversed() {
      offset += rest % extents[axis] * byteStrides[axis]
      rest /= extents[axis]
    }
    let pointer = data + offset
    switch elementType {
    case .float32: return Double(pointer.loadUnaligned(as: Float.self))
    case .float64: return pointer.loadUnaligned(as: Double.self)
    case .int8: return Double(pointer.loadUnaligned(as: Int8.self))
    case .uint8: return Double(pointer.loadUnaligned(as: UInt8.self))
    case .bool: return pointer.loadUnaligned(as: UInt8.self) == 0 ? 0 : 1
    case .int16: return Double(pointer.loadUnaligned(as: Int16.self))
    case .uint16: return Double(pointer.loadUnaligned(as: UInt16.self))
    case .int32: return Double(pointer.loadUnaligned(as: Int32.self))
    case .uint32: return Double(pointer.loadUnaligned(as: UInt32.self))
    case .int64: return Double(pointer.loadUnaligned(as: Int64.self))
    case .uint64: return Double(pointer.loadUnaligned(as: UInt64.self))
    case .float16: return Double(halfToFloat(pointer.loadUnaligned(as: UInt16.self)))
    }
  }
}
