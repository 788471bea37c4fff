import MartletTensors

/// The stream of seeds that layers without a seed of their own, and shuffling, draw from.
package final class RandomSeeds: @unchecked Sendable {
  /// The process's.
  package static let shared = RandomSeeds()

  private let lock = Lock()
  /// `nil` until first used: then from the operating system.
  private var generator: SeededGenerator?
  private var restarts = 0

  package init() {}

  /// Starts the stream afresh: the seeds that follow depend on `seed` alone.
  package func set(_ seed: UInt64) {
    lock.withLock {
      generator = SeededGenerator(seed: seed)
      restarts += 1
    }
  }

  /// A place to go on from, where a training was stored.
  package struct Position: Sendable {
    fileprivate let state: UInt64
    fileprivate let restarts: Int
  }

  package func position(at state: UInt64) -> Position {
    lock.withLock { Position(state: state, restarts: restarts) }
  }

  /// Makes the stream go on from a position. A seed that was set after the position was made is
  /// stronger.
  package func resume(at position: Position) {
    lock.withLock {
      if restarts == position.restarts { generator = SeededGenerator(seed: position.state) }
    }
  }

  /// The next seed, below 2⁵³ so that it survives a JSON reader that knows only doubles.
  package func next() -> UInt64 {
    lock.withLock {
      var current = started()
      defer { generator = current }
      return current.next() >> 11
    }
  }

  /// Where the stream stands: given to `set`, the seeds that follow are those that follow now.
  package var position: UInt64 {
    lock.withLock {
      let current = started()
      generator = current
      return current.state
    }
  }

  private func started() -> SeededGenerator {
    // SystemRandomNumberGenerator asks getrandom or arc4random.
    generator ?? SeededGenerator(seed: .random(in: .min ... .max))
  }
}
