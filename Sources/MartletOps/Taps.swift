import MartletTensors

/// Offsets that a kernel reads while a plan lives.
package final class OffsetTable: @unchecked Sendable {
  package let pointer: UnsafePointer<Int>
  package let count: Int

  package init(_ offsets: [Int]) {
    let memory = UnsafeMutablePointer<Int>.allocate(capacity: max(offsets.count, 1))
    memory.initialize(repeating: 0, count: max(offsets.count, 1))
    for (index, offset) in offsets.enumerated() { memory[index] = offset }
    pointer = UnsafePointer(memory)
    count = offsets.count
  }

  deinit { UnsafeMutablePointer(mutating: pointer).deallocate() }
}

/// A set of kernel taps against a channels-last image, cut into runs of equal length that lie
/// contiguous in the image: what `Product` calls runs.
///
/// Where a kernel row's taps are neighbours and all channels take part, a run is a whole row of the
/// kernel, S·C elements; otherwise a run is the channels of one tap.
package struct TapRuns {
  /// Kernel positions (r, s) in the order in which the runs read them.
  package let taps: [(r: Int, s: Int)]
  package let offsets: OffsetTable
  package let runLength: Int

  /// - Parameters:
  ///   - rows, columns: Kernel rows r and columns s that take part, each with the image row or
  ///     column it reads relative to the output position.
  ///   - channels: Channels each tap reads, of `pointStep` in the image.
  ///   - rowStep: Elements from one image row to the next.
  package init(
    rows: [(r: Int, at: Int)], columns: [(s: Int, at: Int)], channels: Int, pointStep: Int,
    rowStep: Int
  ) {
    let rows = rows.sorted { $0.at < $1.at }
    let columns = columns.sorted { $0.at < $1.at }
    taps = rows.flatMap { row in columns.map { (r: row.r, s: $0.s) } }
    let areNeighbours = zip(columns, columns.dropFirst()).allSatisfy { $0.at + 1 == $1.at }
    if channels == pointStep && areNeighbours, let first = columns.first {
      runLength = columns.count * channels
      offsets = OffsetTable(rows.map { $0.at * rowStep + first.at * pointStep })
    } else {
      runLength = channels
      offsets = OffsetTable(
        rows.flatMap { row in columns.map { row.at * rowStep + $0.at * pointStep } })
    }
  }

  package var runCount: Int { offsets.count }
  /// Depth of the product: elements that one output sums over.
  package var depth: Int { runCount * runLength }
}
