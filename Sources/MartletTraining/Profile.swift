import MartletDispatch
import MartletEngine
import MartletGraph

/// What the time of a model's batches went into, operation by operation and pass by pass.
///
/// Times are medians over the batches: another program that takes the processor for a moment hardly
/// shows in them.
package struct Profile {
  /// One operation in one pass.
  package struct Row {
    package let layer: String
    package let operation: String
    package let pass: String
    /// Of all threads together.
    package let milliseconds: Double
    /// Which part it is of all rows' milliseconds.
    package fileprivate(set) var share = 0.0
    /// 10⁹ operations a second, two for each multiplication of the direct algorithm; `nil` where memory sets
    /// the pace. Per thread.
    package let gigaflops: Double?
    /// Each tensor that is read or written counts once. Per thread.
    package let gigabytesPerSecond: Double

    fileprivate init(_ row: StageClock.Row, _ milliseconds: Double, count: Int) {
      (layer, operation, pass) = (row.layer, row.operation, row.pass.rawValue)
      self.milliseconds = milliseconds
      let multiplyAdds = row.multiplyAdds(count: count)
      gigaflops = multiplyAdds == 0 ? nil : 2e-6 * Double(multiplyAdds) / milliseconds
      gigabytesPerSecond = 1e-6 * Double(row.bytes(count: count)) / milliseconds
    }
  }

  package let isTraining: Bool
  package let batchSize: Int
  package let batchCount: Int
  package let threadCount = ThreadPool.threadCount
  /// From the beginning of a batch to its end.
  package let milliseconds: Double
  /// What ran, in the order of execution.
  package let rows: [Row]

  /// - Parameter times: Of each batch, in nanoseconds: from beginning to end, and in each row.
  init(
    isTraining: Bool, batchSize: Int, rows: [StageClock.Row],
    times: [(elapsed: Int, rows: [Int])]
  ) {
    self.isTraining = isTraining
    self.batchSize = batchSize
    batchCount = times.count
    milliseconds = Profile.median(times.map(\.elapsed)) / 1e6
    let ran = rows.enumerated()
      .map { index, row in (row, Profile.median(times.map { $0.rows[index] }) / 1e6) }
      .filter { $0.1 > 0 }
      .map { Row($0, $1, count: batchSize) }
    let busy = ran.reduce(0) { $0 + $1.milliseconds }
    self.rows = ran.map { row in
      var row = row
      row.share = row.milliseconds / busy
      return row
    }
  }

  private static func median(_ values: [Int]) -> Double {
    let sorted = values.sorted()
    let (low, high) = (sorted[(sorted.count - 1) / 2], sorted[sorted.count / 2])
    return Double(low + high) / 2
  }

  /// In the form that `martlet_model_profile` documents.
  package var description: JSONObject {
    [
      "training": .boolean(isTraining), "batch_size": .integer(batchSize),
      "batches": .integer(batchCount), "threads": .integer(threadCount),
      "instruction_set": .text(KernelSelection.current.kernels.name),
      "milliseconds": .number(milliseconds),
      "busy_milliseconds": .number(rows.reduce(0) { $0 + $1.milliseconds }),
      "rows": .array(
        rows.map { row in
          [
            "layer": .text(row.layer), "operation": .text(row.operation), "pass": .text(row.pass),
            "milliseconds": .number(row.milliseconds), "share": .number(row.share),
            "gflops": row.gigaflops.map { .number($0) } ?? .null,
            "gigabytes_per_second": .number(row.gigabytesPerSecond),
          ]
        }),
    ]
  }
}
