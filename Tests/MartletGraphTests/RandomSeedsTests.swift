import MartletGraph
import Testing

struct RandomSeedsTests {
  @Test func aSeedFixesTheStream() {
    let (a, b) = (RandomSeeds(), RandomSeeds())
    a.set(7)
    b.set(7)
    #expect((0..<100).map { _ in a.next() } == (0..<100).map { _ in b.next() })
    b.set(8)
    #expect(a.next() != b.next())
  }

  /// First outputs of SplitMix64 from state 0 (the generator's published reference values), shifted
  /// to 53 bits.
  @Test func isSplitMix64() {
    let seeds = RandomSeeds()
    seeds.set(0)
    #expect(seeds.next() == 0xE220_A839_7B1D_CDAF >> 11)
    #expect(seeds.next() == 0x6E78_9E6A_A1B9_65F4 >> 11)
  }

  @Test func goesOnFromAPosition() {
    let (a, b) = (RandomSeeds(), RandomSeeds())
    for _ in 0..<5 { _ = a.next() }
    b.set(a.position)
    #expect((0..<10).map { _ in a.next() } == (0..<10).map { _ in b.next() })
    #expect(RandomSeeds().position != RandomSeeds().position)
  }

  @Test func unseededStreamsDifferAndFitADouble() {
    let (a, b) = (RandomSeeds(), RandomSeeds())
    let (x, y) = (a.next(), b.next())
    #expect(x != y)
    #expect(x < 1 << 53 && y < 1 << 53)
  }
}
