import MartletOps
import Synchronization

/// Times the stages of a plan that was made with it. A plan without one has no trace of all this in
/// its stages.
package final class StageClock {
  /// When in a step something runs.
  package enum Pass: String {
    /// Lays out weights for the kernels, where they have changed, and clears gradients.
    case prepare
    case forward, loss, backward
    /// Sums gradients, moves weights and moving averages.
    case update
  }

  /// What one operation does in one pass, or what the engine does around the operations.
  package final class Row: Sendable {
    /// Name of the layer that asked for it; of the first one where several were fused. "" for what
    /// belongs to none.
    package let layer: String
    package let operation: String
    package let pass: Pass
    let work: Work
    private let time = Atomic<Int>(0)

    init(_ layer: String, _ operation: String, _ pass: Pass, _ work: Work) {
      self.layer = layer
      self.operation = operation
      self.pass = pass
      self.work = work
    }

    /// Time of all threads together, since this was last asked.
    fileprivate func takeTime() -> Int { time.exchange(0, ordering: .relaxed) }

    /// Multiply-adds of the direct algorithm, and bytes of all tensors read or written, each counted
    /// once, for one batch.
    package func multiplyAdds(count: Int) -> Int { work.multiplyAddsPerSample * count }
    package func bytes(count: Int) -> Int { work.bytesPerSample * count + work.bytesPerBatch }

    func measure(_ body: () -> Void) {
      let start = MonotonicClock.nanoseconds
      body()
      time.add(MonotonicClock.nanoseconds - start, ordering: .relaxed)
    }
  }

  /// What rows are called that no operation names.
  package struct Names {
    package var inputs: [String] = []
    package var outputs: [String] = []
    package var losses: [String] = []
    package var optimizer = ""
    /// Buffers of the weights' size that the optimizer reads and writes.
    package var slotCount = 0

    package init() {}
  }

  let names: Names
  /// In the order of execution.
  package private(set) var rows: [Row] = []

  package init(_ names: Names) { self.names = names }

  /// How long `body` takes.
  package static func nanoseconds<Failure: Error>(
    _ body: () throws(Failure) -> Void
  ) throws(Failure) -> Int {
    let start = MonotonicClock.nanoseconds
    try body()
    return MonotonicClock.nanoseconds - start
  }

  /// The time of each row, of all threads together, since this was last asked; in nanoseconds.
  package func takeTimes() -> [Int] { rows.map { $0.takeTime() } }

  /// The same stages, timed in a row of their own.
  func timed(
    _ stages: [Stage], _ layer: String, _ operation: String, _ pass: Pass, _ work: Work
  ) -> [Stage] {
    guard !stages.isEmpty else { return [] }
    let row = Row(layer, operation, pass, work)
    rows.append(row)
    return stages.map { stage in
      switch stage {
      case .groups(let body): .groups { task in row.measure { body(task) } }
      case .batch(let tasks, let body):
        .batch(tasks: tasks) { index, task in row.measure { body(index, task) } }
      }
    }
  }

  /// For each variable the row in which the update of its layer is timed.
  func updateRows(_ variables: [Variable], _ program: Program) -> [Row] {
    let layers = variables.map { variable in
      program.instructions.first { $0.variables.contains { $0 === variable } }?.layer ?? ""
    }
    var byLayer: [String: Row] = [:]
    for layer in program.instructions.map(\.layer) where byLayer[layer] == nil {
      let count = zip(layers, variables).reduce(0) { $0 + ($1.0 == layer ? $1.1.count : 0) }
      guard count > 0 else { continue }
      // Gradients are read, weights and slots read and written.
      let bytes = count * (3 + 2 * names.slotCount) * MemoryLayout<Float>.stride
      let row = Row(layer, names.optimizer, .update, Work(bytesPerBatch: bytes))
      byLayer[layer] = row
      rows.append(row)
    }
    return layers.compactMap { byLayer[$0] }
  }
}
