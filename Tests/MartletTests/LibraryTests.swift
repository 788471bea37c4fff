import Martlet
import MartletDispatch
import Testing

@Suite(.serialized) struct LibraryTests {
  @Test func version() {
    #expect(Library.version.split(separator: ".").count == 3)
    #expect(KernelSelection.knownNames.contains(Library.instructionSet))
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

  @Test func matmulPrecision() throws {
    let before = Library.matmulPrecision
    defer { try? Library.setMatmulPrecision(before) }
    for name in ["high", "highest"] {
      try Library.setMatmulPrecision(name)
      #expect(Library.matmulPrecision == name)
    }
    #expect {
      try Library.setMatmulPrecision("medium")
    } throws: {
      ($0 as? LibraryError)?.message
        == "the precision of matrix products must be 'highest' or 'high', received 'medium'"
    }
    #expect(Library.matmulPrecision == "highest")
  }

  @Test func matmulPrecisionOfTheEnvironment() {
    #expect(MatmulPrecision.read(nil) == (.highest, nil))
    #expect(MatmulPrecision.read("") == (.highest, nil))
    #expect(MatmulPrecision.read("High") == (.high, nil))
    #expect(
      MatmulPrecision.read("medium")
        == (
          .highest,
          "MARTLET_MATMUL_PRECISION=medium is not followed: accepted are highest, high; "
            + "using highest"
        ))
  }

  @Test func seeds() {
    Library.setRandomSeed(4)
    let first = Library.nextRandomSeed()
    #expect(Library.nextRandomSeed() != first)
    Library.setRandomSeed(4)
    #expect(Library.nextRandomSeed() == first)
  }
}
