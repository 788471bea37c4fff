import Martlet
import MartletSettings
import Testing

@Suite(.serialized) struct LibraryTests {
  @Test func settings() throws {
    #expect(Library.version == Settings.version)
    #expect(Library.instructionSet == Settings.instructionSet)
    let automatic = Library.threadCount
    try Library.setThreadCount(3)
    #expect(Library.threadCount == 3)
    try Library.setThreadCount(0)
    #expect(Library.threadCount == automatic)
    #expect(
      message { try Library.setThreadCount(-1) }
        == "the number of threads must be from 1 to 1024, or 0 for what the machine allows, "
        + "received -1")
  }

  @Test func matmulPrecision() {
    let before = Library.matmulPrecision
    defer { Library.matmulPrecision = before }
    for precision in Library.MatmulPrecision.allCases {
      Library.matmulPrecision = precision
      #expect(Library.matmulPrecision == precision)
      #expect(Settings.matmulPrecision == precision.rawValue)
    }
  }
}
