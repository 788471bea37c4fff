/// The stream of seeds that layers without a seed of their own draw from: SplitMix64 (Steele, Lea &
/// Flood 2014, doi:10.1145/2660193.2660195), whose every state is as good a start as any other.
package final class RandomSeeds: @unchecked Sendable {
  /// The process's.
  package static let shared = RandomSeeds()

  private let lock = Lock()
  /// `nil` until first used: then from the operating system.
  private var state: UInt64?

  package init() {}

  /// Starts the stream afresh: the seeds that follow depend on `seed` alone.
  package func set(_ seed: UInt64) {
    lock.withLock { state = seed }
  }

  /// The next seed, below 2⁵³ so that it survives a JSON reader that knows only doubles.
  package func next() -> UInt64 {
    lock.withLock {
      // SystemRandomNumberGenerator asks getrandom or arc4random.
      let current = (state ?? UInt64.random(in: .min ... .max)) &+ 0x9E37_79B9_7F4A_7C15
      state = current
      var z = current
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return (z ^ (z >> 31)) >> 11
    }
  }
}
