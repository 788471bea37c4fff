import MartletDispatch
import MartletSettings
import MartletTensors
import Testing

@Suite(.serialized) struct SettingsTests {
  @Test func version() {
    #expect(Settings.version.split(separator: ".").count == 3)
    #expect(KernelSelection.knownNames.contains(Settings.instructionSet))
  }

  @Test func threadCount() throws {
    let automatic = Settings.threadCount
    try Settings.setThreadCount(3)
    #expect(Settings.threadCount == 3)
    try Settings.setThreadCount(0)
    #expect(Settings.threadCount == automatic)
    #expect {
      try Settings.setThreadCount(-1)
    } throws: {
      ($0 as? MartletError)?.message
        == "the number of threads must be from 1 to 1024, or 0 for what the machine allows, "
        + "received -1"
    }
  }

  @Test func matmulPrecision() throws {
    let before = Settings.matmulPrecision
    defer { try? Settings.setMatmulPrecision(before) }
    for name in ["high", "highest"] {
      try Settings.setMatmulPrecision(name)
      #expect(Settings.matmulPrecision == name)
    }
    #expect {
      try Settings.setMatmulPrecision("medium")
    } throws: {
      ($0 as? MartletError)?.message
        == "the precision of matrix products must be 'highest' or 'high', received 'medium'"
    }
    #expect(Settings.matmulPrecision == "highest")
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
    Settings.setRandomSeed(4)
    let first = Settings.nextRandomSeed()
    #expect(Settings.nextRandomSeed() != first)
    Settings.setRandomSeed(4)
    #expect(Settings.nextRandomSeed() == first)
  }
}
