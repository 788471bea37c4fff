import MartletDispatch
import MartletKernelTable
import MartletTensors
import Testing

@Suite struct ArrayViewTests {
  private func gather(_ view: ArrayView, _ sample: Int) -> [Float] {
    let count = view.sampleExtents.reduce(1, *)
    return [Float](unsafeUninitializedCapacity: count) { target, filled in
      view.gather(
        sample, into: target.baseAddress!, with: KernelSelection.current.kernels.conversion)
      filled = count
    }
  }

  /// A 2 × 3 × 4 array of its own indices, seen through all kinds of strides.
  @Test func stridesOfEveryKind() {
    let numbers = (0..<24).map { Int16($0) }
    numbers.withUnsafeBytes { bytes in
      let start = bytes.baseAddress!
      func view(_ offset: Int, _ extents: [Int], _ steps: [Int]?) -> ArrayView {
        ArrayView(
          data: start + 2 * offset, elementType: .int16, extents: extents,
          byteStrides: steps?.map { 2 * $0 })
      }
      #expect(gather(view(0, [2, 3, 4], nil), 1) == (12..<24).map(Float.init))
      // Every second column, the axes exchanged, one of them backwards, repeated rows.
      #expect(gather(view(0, [2, 3, 2], [12, 4, 2]), 1) == [12, 14, 16, 18, 20, 22])
      #expect(gather(view(0, [4, 3], [1, 4]), 2) == [2, 6, 10])
      #expect(
        gather(view(3, [2, 3, 4], [12, 4, -1]), 0) == [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8])
      #expect(gather(view(4, [2, 2, 4], [12, 0, 1]), 0) == [4, 5, 6, 7, 4, 5, 6, 7])
      #expect(gather(view(5, [3], [4]), 2) == [13])
      #expect(gather(view(0, [2, 1, 4, 1], [12, 99, 1, 99]), 1) == [12, 13, 14, 15])
    }
  }

  @Test func everyElementTypeAsDouble() {
    func value<T>(_ number: T, _ type: ElementType) -> Double {
      withUnsafeBytes(of: number) {
        ArrayView(data: $0.baseAddress!, elementType: type, extents: [1]).double(sample: 0)
      }
    }
    #expect(value(Float(1.5), .float32) == 1.5)
    #expect(value(Double(-2.25), .float64) == -2.25)
    #expect(value(Int8(-3), .int8) == -3)
    #expect(value(UInt8(255), .uint8) == 255)
    #expect(value(Int16(-300), .int16) == -300)
    #expect(value(UInt16(60000), .uint16) == 60000)
    #expect(value(Int32(-70000), .int32) == -70000)
    #expect(value(UInt32(4_000_000_000), .uint32) == 4e9)
    #expect(value(Int64(-5_000_000_000), .int64) == -5e9)
    #expect(value(UInt64(1) << 63, .uint64) == 0x1p63)
    #expect(value(UInt8(7), .bool) == 1)
    #expect(value(UInt16(0x3e00), .float16) == 1.5)
  }

  @Test func elementsOfASample() {
    let numbers = (0..<24).map { Float($0) }
    numbers.withUnsafeBytes { bytes in
      let view = ArrayView(data: bytes.baseAddress!, elementType: .float32, extents: [2, 3, 4])
      #expect(view.double(sample: 1, element: 7) == 19)
    }
  }
}
