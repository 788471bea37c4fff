import Martlet
import Testing

@Suite(.serialized) struct LibraryTests {
  @Test func version() {
    #expect(Library.version.split(separator: ".").count == 3)
    #expect(["portable", "avx2", "avx512"].contains(Library.instructionSet))
  }

  @Test func threadCount() throws {
    let automatic = Library.threadCount
    try Library.setThreadCount(3)
    #expect(Library.threadCount == 3)
    try Library.setThreadCount(0)
    #expect(Library.threadCount == automatic)
    #expect {
      try Library.setThreadCount(-1)
    } throws: {
      ($0 as? LibraryError)?.message
        == "the number of threads must be from 1 to 1024, or 0 for what the machine allows, "
        + "received -1"
    }
  }

  @Test func seeds() {
    Library.setRandomSeed(4)
    let first = Library.nextRandomSeed()
    #expect(Library.nextRandomSeed() != first)
    Library.setRandomSeed(4)
    #expect(Library.nextRandomSeed() == first)
  }
}
