/// Element types that data may come in.
package enum ElementType: Int32, CaseIterable, Sendable {
  case float32 = 0
  case float64 = 1
  case int8 = 2
  case uint8 = 3
  case int16 = 4
  case uint16 = 5
  case int32 = 6
  case uint32 = 7
  case int64 = 8
  case uint64 = 9
  case bool = 10
  case float16 = 11

  package var byteCount: Int {
    switch self {
    case .int8, .uint8, .bool: 1
    case .int16, .uint16, .float16: 2
    case .float32, .int32, .uint32: 4
    case .float64, .int64, .uint64: 8
    }
  }
}

package struct ConversionKernels: Sendable {
  /// y[i] = Float(element at source + i·byteStep). Unaligned sources and negative steps are fine.
  package var toFloat:
    @Sendable (
      ElementType, _ source: UnsafeRawPointer, _ byteStep: Int, _ y: Target, _ count: Int
    ) -> Void

  package init(
    toFloat:
      @escaping @Sendable (
        ElementType, _ source: UnsafeRawPointer, _ byteStep: Int, _ y: Target, _ count: Int
      ) -> Void
  ) {
    self.toFloat = toFloat
  }
}

/// The value of IEEE 754 binary16 `bits`, by hand: `Float16` is not there on every platform Swift
/// runs on. Exact; NaN keeps its payload.
@inlinable @inline(__always) package func halfToFloat(_ bits: UInt16) -> Float {
  let sign = UInt32(bits & 0x8000) << 16
  let magnitude = UInt32(bits & 0x7fff) << 13
  // Moving the exponent's bias by a multiplication also makes subnormal halves normal floats.
  let finite = Float(bitPattern: magnitude) * 0x1p112
  let isFinite = bits & 0x7c00 != 0x7c00
  return Float(bitPattern: sign | (isFinite ? finite.bitPattern : magnitude | 0x7f80_0000))
}
