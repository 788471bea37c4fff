import Synchronization

/// The tasks of a job that are left of one thread's share: a stretch of neighbours, from whose front
/// its owner takes and from whose end the others help.
///
/// Nobody locks: the stretch is one word, and who has changed it has the task. A word that a thread
/// read long ago may stand here again for a later job; the task it then gets is one of that job.
package struct TaskShare: ~Copyable {
  private let word = Atomic<UInt64>(0)
  // A cache line of its own, so that threads with work of their own do not disturb each other.
  private let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) =
    (0, 0, 0, 0, 0, 0, 0)

  package init() {}

  /// What share `index` of `count` has of so many tasks. The first ones are the larger ones.
  package static func range(_ index: Int, of count: Int, tasks: Int) -> Range<Int> {
    let start = (tasks * index + count - 1) / count
    let end = (tasks * (index + 1) + count - 1) / count
    return start..<end
  }

  /// Only while the share is empty. `range` is within 32 bits.
  package func fill(_ range: Range<Int>) {
    word.store(TaskShare.word(range.lowerBound, range.upperBound), ordering: .releasing)
  }

  package func takeFirst() -> Int? {
    take { start, end in (task: start, rest: TaskShare.word(start + 1, end)) }
  }

  package func takeLast() -> Int? {
    take { start, end in (task: end - 1, rest: TaskShare.word(start, end - 1)) }
  }

  private func take(_ choice: (_ start: Int, _ end: Int) -> (task: Int, rest: UInt64)) -> Int? {
    var current = word.load(ordering: .acquiring)
    while true {
      let (start, end) = (Int(current >> 32), Int(current & 0xffff_ffff))
      guard start < end else { return nil }
      let (task, rest) = choice(start, end)
      let (exchanged, original) = word.weakCompareExchange(
        expected: current, desired: rest, ordering: .acquiringAndReleasing)
      if exchanged { return task }
      current = original
    }
  }

  private static func word(_ start: Int, _ end: Int) -> UInt64 { UInt64(start) << 32 | UInt64(end) }
}
