import MartletKernelTable

var conversionKernels: ConversionKernels {
  ConversionKernels(toFloat: toFloat)
}

private func toFloat(
  _ type: ElementType, _ source: UnsafeRawPointer, _ byteStep: Int, _ y: Target, _ count: Int
) {
  switch type {
  case .float32:
    if byteStep == 4 {
      UnsafeMutableRawPointer(y).copyMemory(from: source, byteCount: 4 * count)
    } else {
      convert(source, byteStep, y, count, as: Float.self) { $0.loadUnaligned(as: Float.self) }
    }
  case .float64:
    convert(source, byteStep, y, count, as: Double.self) {
      Float($0.loadUnaligned(as: Double.self))
    }
  case .int8:
    convert(source, byteStep, y, count, as: Int8.self) { Float($0.load(as: Int8.self)) }
  case .uint8:
    convert(source, byteStep, y, count, as: UInt8.self) { Float($0.load(as: UInt8.self)) }
  case .bool:
    convert(source, byteStep, y, count, as: UInt8.self) { $0.load(as: UInt8.self) == 0 ? 0 : 1 }
  case .int16:
    convert(source, byteStep, y, count, as: Int16.self) { Float($0.loadUnaligned(as: Int16.self)) }
  case .uint16:
    convert(source, byteStep, y, count, as: UInt16.self) {
      Float($0.loadUnaligned(as: UInt16.self))
    }
  case .int32:
    convert(source, byteStep, y, count, as: Int32.self) { Float($0.loadUnaligned(as: Int32.self)) }
  case .uint32:
    convert(source, byteStep, y, count, as: UInt32.self) {
      Float($0.loadUnaligned(as: UInt32.self))
    }
  case .int64:
    convert(source, byteStep, y, count, as: Int64.self) { Float($0.loadUnaligned(as: Int64.self)) }
  case .uint64:
    convert(source, byteStep, y, count, as: UInt64.self) {
      Float($0.loadUnaligned(as: UInt64.self))
    }
  case .float16:
    convert(source, byteStep, y, count, as: UInt16.self) {
      halfToFloat($0.loadUnaligned(as: UInt16.self))
    }
  }
}

/// A loop of its own for neighbouring elements, where the step is a constant: LLVM makes vectors of
/// it, with the instructions for each pair of types.
@inline(__always)
private func convert<T>(
  _ source: UnsafeRawPointer, _ byteStep: Int, _ y: Target, _ count: Int,
  as type: T.Type, _ element: (UnsafeRawPointer) -> Float
) {
  var i = 0
  if byteStep == MemoryLayout<T>.size {
    while i < count {
      y[i] = element(source + i * MemoryLayout<T>.size)
      i += 1
    }
  } else {
    while i < count {
      y[i] = element(source + i * byteStep)
      i += 1
    }
  }
}
