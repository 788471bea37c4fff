import MartletEngine
import Testing

@Suite struct PlacementTests {
  @Test func sharesMemoryOverTime() {
    let placement = Placement([
      .init(byteCount: 100, first: 0, last: 1), .init(byteCount: 100, first: 2, last: 3),
    ])
    #expect(placement.offsets == [0, 0])
    #expect(placement.byteCount == 128)
  }

  /// Nothing that is alive at the same time overlaps, whatever the lifetimes.
  @Test(arguments: 1...20)
  func neverOverlaps(_ seed: Int) {
    var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let lifetimes = (0..<30).map { _ in
      let first = next(20)
      return (byteCount: 1 + next(1000), first: first, last: first + next(6))
    }
    let placement = Placement(
      lifetimes.map { .init(byteCount: $0.byteCount, first: $0.first, last: $0.last) })
    for (a, b) in lifetimes.indices.flatMap({ a in (0..<a).map { (a, $0) } }) {
      let (first, second) = (lifetimes[a], lifetimes[b])
      guard first.first <= second.last, second.first <= first.last else { continue }
      let (start, other) = (placement.offsets[a], placement.offsets[b])
      #expect(
        start + first.byteCount <= other || other + second.byteCount <= start, "seed \(seed)")
    }
    for (request, offset) in zip(lifetimes, placement.offsets) {
      #expect(offset + request.byteCount <= placement.byteCount && offset % 64 == 0)
    }
  }
}
