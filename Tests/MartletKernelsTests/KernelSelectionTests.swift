import MartletDispatch
import Testing

/// `MARTLET_ISA`: what it may be, and what is said where it cannot be followed.
@Suite struct KernelSelectionTests {
  private let available = KernelSelection.available

  @Test func theWidestUnlessAsked() throws {
    let widest = try #require(available.last).name
    for requested in [nil, ""] {
      let selection = KernelSelection(requested: requested, among: available)
      #expect(selection.kernels.name == widest)
      #expect(selection.warning == nil)
    }
  }

  @Test func everyLevelOfThisMachineInAnyLetterCase() {
    for level in available {
      for requested in [level.name, level.name.uppercased()] {
        let selection = KernelSelection(requested: requested, among: available)
        #expect(selection.kernels.name == level.name)
        #expect(selection.warning == nil)
      }
    }
  }

  @Test func unknownLevelsAreNamed() throws {
    let selection = KernelSelection(requested: "avx3", among: available)
    let widest = try #require(available.last).name
    #expect(selection.kernels.name == widest)
    #expect(KernelSelection.knownNames.starts(with: ["portable", "avx2", "avx512"]))
    let known = KernelSelection.knownNames.joined(separator: ", ")
    #expect(
      selection.warning
        == "MARTLET_ISA=avx3 is not followed: accepted are \(known); using \(widest)")
  }

  @Test func levelsTheProcessorLacksAreNamed() {
    let selection = KernelSelection(requested: "AVX512", among: [available[0]])
    #expect(selection.kernels.name == "portable")
    #expect(
      selection.warning
        == "MARTLET_ISA=AVX512 is not followed: this processor cannot run it; accepted are "
        + "portable; using portable")
  }
}
