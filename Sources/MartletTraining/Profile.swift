import MartletDispatch
import MartletEngine
import MartletGraph

/// What the time of a model's batches went into, operation by operation and pass by pass.
///
/// Times are medians over the batches: another program that takes the processor for a moment hardly
/// shows in them.
package struct Profile {
  private let isTraining: Bool
  private let batchSize: Int
  private let batchCount: Int
  private let threadCount = ThreadPool.threadCount
  /// From the beginning of a batch to its end, in milliseconds.
  private let elapsed: Double
  /// Rows that ran, with the milliseconds of all threads together.
  private let rows: [(row: StageClock.Row, time: Double)]

  /// - Parameter times: Of each batch, in nanoseconds: from beginning to end, and in each row.
  init(
    isTraining: Bool, batchSize: Int, rows: [StageClock.Row],
    times: [(elapsed: Int, rows: [Int])]
  ) {
    self.isTraining = isTraining
    self.batchSize = batchSize
    batchCount = times.count
    elapsed = Profile.median(times.map(\.elapsed)) / 1e6
    self.rows = rows.enumerated()
      .map { index, row in (row, Profile.median(times.map { $0.rows[index] }) / 1e6) }
      .filter { $0.1 > 0 }
  }

  private static func median(_ values: [Int]) -> Double {
    let sorted = values.sorted()
    let (low, high) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
    return Double(low + high) / 2
  }

  /// In the form that `martlet_model_profile` documents.
  package var description: JSONObject {
    let busy = rows.reduce(0) { $0 + $1.time }
    return [
      "training": .boolean(isTraining), "batch_size": .integer(batchSize),
      "batches": .integer(batchCount), "threads": .integer(threadCount),
      "instruction_set": .text(KernelSelection.current.kernels.name),
      "milliseconds": .number(elapsed), "busy_milliseconds": .number(busy),
      "rows": .array(
        rows.map { row, time in
          let multiplyAdds = row.multiplyAdds(count: batchSize)
          return [
            "layer": .text(row.layer), "operation": .text(row.operation),
            "pass": .text(row.pass.rawValue), "milliseconds": .number(time),
            "share": .number(time / busy),
            "gflops": multiplyAdds == 0 ? .null : .number(2e-6 * Double(multiplyAdds) / time),
            "gigabytes_per_second": .number(1e-6 * Double(row.bytes(count: batchSize)) / time),
          ]
        }),
    ]
  }
}
