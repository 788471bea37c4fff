import MartletTensors
import Testing

@Suite struct ShapeTests {
  @Test func countAndText() throws {
    let shape = try Shape([28, 28, 1])
    #expect(shape.count == 784)
    #expect(shape.description == "(28, 28, 1)")
    #expect(shape.batchDescription == "(None, 28, 28, 1)")
    #expect(try Shape([10]).description == "(10,)")
    #expect(try Shape([]).count == 1)
    #expect(try Shape([]).batchDescription == "(None,)")
  }

  @Test func refusesWhatCannotBeAShape() {
    #expect(throws: MartletError.invalidArgument("shape (3, 0) has an extent below 1")) {
      try Shape([3, 0])
    }
    #expect(throws: MartletError.invalidArgument("shape (-1,) has an extent below 1")) {
      try Shape([-1])
    }
    let huge = Int.max / 2
    #expect(
      throws: MartletError.invalidArgument("shape (\(huge), \(huge)) has too many elements")
    ) { try Shape([huge, huge]) }
  }

  @Test func bufferIsAlignedAndZero() throws {
    for count in [0, 1, 63, 64, 65, 1 << 20] {
      let buffer = try Buffer(byteCount: count)
      #expect(Int(bitPattern: buffer.bytes) % Buffer.alignment == 0)
      #expect((0..<count).allSatisfy { buffer.bytes.load(fromByteOffset: $0, as: UInt8.self) == 0 })
    }
  }

  @Test func bufferSaysWhatWasTooMuch() {
    #expect(throws: MartletError(.outOfMemory, "no memory for \(1 << 60) bytes")) {
      try Buffer(byteCount: 1 << 60)
    }
  }
}
