import MartletDispatch
import MartletKernelTable
import MartletTensors
import MartletTestSupport
import Testing

@Suite struct ConversionTests {
  /// Converts `values` laid out with gaps, backwards, and from an odd address.
  private func check<T: BitwiseCopyable>(
    _ kernels: Kernels, _ type: ElementType, _ values: [T], _ convert: (T) -> Float
  ) {
    let size = MemoryLayout<T>.size
    #expect(type.byteCount == size)
    for count in awkwardCounts(kernels) {
      for step in [size, 3 * size, size + 1, -size, 0] {
        let span = abs(step) * count + size
        let memory = UnsafeMutableRawPointer.allocate(byteCount: span + 1, alignment: 16)
        defer { memory.deallocate() }
        let start = memory + 1 + (step < 0 ? -step * (count - 1) : 0)
        let chosen = (0..<count).map { values[($0 * 7 + count) % values.count] }
        for (i, value) in chosen.enumerated() {
          (start + i * step).storeBytes(of: value, as: T.self)
        }
        let y = GuardedFloats(count: count)
        kernels.conversion.toFloat(type, start, step, y.pointer, count)
        let expected =
          step == 0 ? chosen.map { _ in convert(chosen[count - 1]) } : chosen.map(convert)
        #expect(
          y.values.map(\.bitPattern) == expected.map(\.bitPattern),
          "\(type), \(count) elements, step \(step)")
        y.expectGuards("\(type), \(count) elements, step \(step)")
      }
    }
  }

  private func integers<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) -> [T] {
    var generator = SeededGenerator(seed: T.bitWidth)
    return [.min, .max, .max - 1, 0, 1, .max / 2, .max / 2 + 1]
      + (0..<50).map { _ in T.random(in: .min ... .max, using: &generator) }
  }

  @Test(arguments: KernelSelection.available)
  func integersRoundToTheNearestFloat(_ kernels: Kernels) {
    check(kernels, .int8, integers(Int8.self)) { Float($0) }
    check(kernels, .uint8, integers(UInt8.self)) { Float($0) }
    check(kernels, .int16, integers(Int16.self)) { Float($0) }
    check(kernels, .uint16, integers(UInt16.self)) { Float($0) }
    check(kernels, .int32, integers(Int32.self)) { Float($0) }
    check(kernels, .uint32, integers(UInt32.self)) { Float($0) }
    check(kernels, .int64, integers(Int64.self)) { Float($0) }
    check(kernels, .uint64, integers(UInt64.self)) { Float($0) }
    check(kernels, .bool, [0, 1, 2, 255] as [UInt8]) { $0 == 0 ? 0 : 1 }
  }

  @Test(arguments: KernelSelection.available)
  func floatsKeepTheirValue(_ kernels: Kernels) {
    let floats: [Float] = [0, -0.0, 1.5, -.infinity, .infinity, .leastNonzeroMagnitude, 3e38]
    check(kernels, .float32, floats) { $0 }
    let doubles: [Double] = [0, -0.0, 0.1, 1e300, -1e300, 1e-50, .infinity, 1 + 0x1p-24]
    check(kernels, .float64, doubles) { Float($0) }
  }

  @Test func everyHalfIsExact() {
    for bits in UInt16.min...UInt16.max {
      let exponent = Int(bits >> 10) & 31
      let fraction = Double(bits & 0x3ff) / 1024
      let sign: Double = bits & 0x8000 == 0 ? 1 : -1
      let value = halfToFloat(bits)
      switch exponent {
      case 0: #expect(Double(value) == sign * fraction * 0x1p-14)
      case 31 where fraction > 0: #expect(value.isNaN)
      case 31: #expect(Double(value) == sign * .infinity)
      default:
        let scale = Double(sign: .plus, exponent: exponent - 15, significand: 1)
        #expect(Double(value) == sign * (1 + fraction) * scale)
      }
    }
  }

  @Test(arguments: KernelSelection.available)
  func halves(_ kernels: Kernels) {
    check(
      kernels, .float16,
      [0, 0x8000, 0x3c00, 0x7bff, 0xfc00, 0x7c00, 1, 0x03ff, 0x0400, 0x3555] as [UInt16]
    ) {
      halfToFloat($0)
    }
  }
}
