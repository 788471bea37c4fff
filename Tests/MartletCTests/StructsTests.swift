import CMartlet
import MartletC
import MartletTensors
import Testing

/// Structs of the header as programs with older and newer headers have them.
struct StructsTests {
  /// As if the second field had been added to the header later.
  private struct Grown: GrowingStruct {
    static var structName: StaticString { "grown" }
    static var firstByteCount: Int { 16 }
    var size = 0
    var first = 0
    var second = 0
  }

  @Test func whatAnOlderCallerDoesNotHaveIsZero() throws {
    var struct16 = Grown(size: 16, first: 5, second: 7)
    let known = try readStruct(&struct16)
    #expect((known.size, known.first, known.second) == (16, 5, 0))
  }

  @Test func whatAnOlderCallerDoesNotHaveIsNotWrittenTo() throws {
    var struct16 = Grown(size: 16, first: 0, second: 7)
    try writeStruct(Grown(size: 0, first: 1, second: 2), to: &struct16)
    #expect((struct16.size, struct16.first, struct16.second) == (16, 1, 7))
  }

  @Test func aNewerCallerHasMore() throws {
    var struct24 = Grown(size: 4096, first: 5, second: 7)
    let known = try readStruct(&struct24)
    #expect((known.first, known.second) == (5, 7))
    try writeStruct(Grown(size: 0, first: 1, second: 2), to: &struct24)
    #expect((struct24.size, struct24.first, struct24.second) == (4096, 1, 2))
  }

  @Test func aSizeThatWasNotSetIsAnError() {
    var unset = Grown()
    #expect(
      throws: MartletError.invalidArgument(
        "struct_size of grown must be sizeof(grown), 24, received 0")
    ) { try readStruct(&unset) }
  }

  @Test func firstVersionsFitTheHeader() {
    #expect(martlet_data.firstByteCount <= MemoryLayout<martlet_data>.stride)
    #expect(martlet_epoch_options.firstByteCount <= MemoryLayout<martlet_epoch_options>.stride)
    #expect(martlet_weight_info.firstByteCount <= MemoryLayout<martlet_weight_info>.stride)
  }
}
