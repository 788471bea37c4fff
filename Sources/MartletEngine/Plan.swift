import MartletDispatch
import MartletKernelTable
import MartletOps
import MartletTensors

/// A program made ready to run on batches: fused, every tensor in its place, every pass cut into
/// stages whose partition no thread count can change.
///
/// Neighbouring stages that work group by group form a segment: a few samples run through all of
/// them while their data is in cache, one group of samples per thread. Stages that need the whole
/// batch stand between segments. A value that lives within one segment gets memory for one group
/// only; the others share an arena by their lifetimes.
///
/// A plan belongs to one caller at a time.
package final class Plan {
  package let capacity: Int
  package let groupSize: Int
  /// Variables with a gradient, in the order of the gradient buffer.
  package let trainedVariables: [Variable]
  /// Where each of them starts in `gradients`.
  package let gradientOffsets: [Int]
  /// `heads[h].resultCount` rows of `capacity` numbers for each head, one head after the other.
  package let results: UnsafeMutablePointer<Float>

  private let kernels: Kernels
  private let variables: [Variable]
  private let preparation: [Part]
  private let segments: [Segment]
  private let commitment: [Part]
  private let finish: [GradientChunk]
  private let slabCount: Int

  // The memory that stages point into.
  private let arena: Buffer
  private let persistent: Buffer
  private let slabs: Buffer
  private let gradientBuffer: Buffer
  private let resultBuffer: Buffer
  private let scratchByteCount: Int
  private let localByteCount: Int
  private var workers: [(scratch: Buffer, local: Buffer)] = []
  private var preparedVersion: Int?

  /// One task of a batch stage.
  struct Part {
    let task: Int
    let body: (Int, borrowing Task) -> Void
  }

  enum Segment {
    case groups([(borrowing Task) -> Void])
    case batch(tasks: Int, (Int, borrowing Task) -> Void)
  }

  /// A stretch of one variable's gradient.
  private struct GradientChunk {
    let variable: Int
    let range: Range<Int>
    /// Into the gradient buffer, and where the groups' parts are summed into the slabs too.
    let offset: Int
    let isSlab: Bool
  }

  /// Elements that one task of the optimizer takes: its weights, gradients and moments stay in the
  /// first cache level.
  private static let chunkCount = 4096

  /// - Parameters:
  ///   - program: As lowered from the graph; fusion happens here.
  ///   - capacity: Most samples in one batch, from 1 up.
  ///   - isTraining: Whether dropout drops and batch normalization uses the batch.
  ///   - heads: Losses and metrics; without them the outputs are written to the feed's predictions.
  ///   - computesGradients: Whether there is a backward pass.
  /// - Throws: `outOfMemory`.
  package init(
    _ program: Program, capacity: Int, isTraining: Bool, heads: [LossHead] = [],
    computesGradients: Bool = false, kernels: Kernels = KernelSelection.current.kernels
  ) throws(MartletError) {
    try Plan.checkSize(program, capacity)
    var program = program
    // What the heads read must survive fusion like an output.
    let outputs = program.outputs
    program.outputs += heads.map(\.lossInput)
    program = program.fused()
    program.outputs = outputs

    let draft = PlanDraft(
      program, capacity: capacity, isTraining: isTraining, heads: heads,
      computesGradients: computesGradients, kernels: kernels)
    self.capacity = capacity
    self.kernels = kernels
    groupSize = draft.groupSize
    slabCount = draft.slabCount
    variables = program.variables
    trainedVariables = draft.trained.map(\.variable)
    gradientOffsets = draft.trained.map(\.offset)
    localByteCount = draft.localByteCount
    scratchByteCount = draft.scratchCount * MemoryLayout<Float>.stride

    arena = try Buffer(byteCount: draft.arenaByteCount)
    persistent = try Buffer(byteCount: draft.persistentByteCount)
    slabs = try Buffer(floatCount: draft.slabCount * draft.groupCapacity)
    gradientBuffer = try Buffer(floatCount: draft.trained.reduce(0) { $0 + $1.variable.count })
    resultBuffer = try Buffer(floatCount: draft.resultRowCount * capacity)
    results = resultBuffer.floats

    let bound = draft.bind(
      PlanMemory(
        arena: arena.bytes, persistent: persistent.bytes, gradients: gradientBuffer.floats,
        results: resultBuffer.floats))
    preparation = Plan.parts(bound.preparation)
    commitment = Plan.parts(bound.commitment)
    segments = Plan.segments(bound.stages)

    finish = draft.trained.enumerated().flatMap { index, trained in
      stride(from: 0, to: trained.variable.count, by: Plan.chunkCount).map { start in
        GradientChunk(
          variable: index,
          range: start..<min(start + Plan.chunkCount, trained.variable.count),
          offset: trained.offset + start, isSlab: trained.sum == .groups)
      }
    }
  }

  /// Refuses what no machine has memory for, so that no sum of sizes overflows: no buffer is larger
  /// than a few times all values of a batch.
  private static func checkSize(_ program: Program, _ capacity: Int) throws(MartletError) {
    let perSample = program.shapes.reduce(0) { $0 + $1.count }
    let (total, overflow) = perSample.multipliedReportingOverflow(by: capacity)
    guard !overflow, total < 1 << 50 else {
      throw MartletError(
        .outOfMemory,
        "no memory for batches of \(capacity) samples of \(perSample) numbers each; use a smaller "
          + "batch_size")
    }
  }

  private static func parts(_ stages: [Stage]) -> [Part] {
    stages.flatMap { stage -> [Part] in
      guard case .batch(let tasks, let body) = stage else {
        preconditionFailure("preparation and commitment are batch stages")
      }
      return (0..<tasks).map { Part(task: $0, body: body) }
    }
  }

  private static func segments(_ stages: [Stage]) -> [Segment] {
    stages.reduce(into: []) { segments, stage in
      switch stage {
      case .batch(let tasks, let body): segments.append(.batch(tasks: tasks, body))
      case .groups(let body):
        if case .groups(let bodies) = segments.last {
          segments[segments.count - 1] = .groups(bodies + [body])
        } else {
          segments.append(.groups([body]))
        }
      }
    }
  }

  // MARK: Running

  /// Sums of gradients of the last batch; valid after `finish`. In `trainedVariables` order.
  package var gradients: UnsafePointer<Float> { UnsafePointer(gradientBuffer.floats) }

  private func groupCount(_ count: Int) -> Int { (count + groupSize - 1) / groupSize }

  /// Runs all stages on a batch.
  ///
  /// - Parameters:
  ///   - count: Samples in the batch, at most `capacity`.
  ///   - step: Counter of the random numbers.
  /// - Throws: `outOfMemory`, before anything has run.
  package func run(_ feed: Feed, count: Int, step: UInt64) throws(MartletError) {
    let pool = ThreadPool.current
    while workers.count < pool.threadCount {
      workers.append(
        (try Buffer(byteCount: scratchByteCount), try Buffer(byteCount: localByteCount)))
    }
    let version = variables.reduce(0) { $0 + $1.version }
    if preparedVersion != version {
      run(preparation, on: pool, feed, count: count, step: step)
      preparedVersion = version
    }
    for segment in segments {
      switch segment {
      case .groups(let bodies):
        pool.run(groupCount(count)) { group, worker in
          let first = group * groupSize
          let task = task(
            feed, count: count, step: step, samples: first..<min(first + groupSize, count),
            group: group, worker: worker)
          for body in bodies { body(task) }
        }
      case .batch(let tasks, let body):
        pool.run(tasks) { index, worker in
          body(
            index,
            task(
              feed, count: count, step: step, samples: 0..<count, group: 0, worker: worker))
        }
      }
    }
  }

  private func run(_ parts: [Part], on pool: ThreadPool, _ feed: Feed, count: Int, step: UInt64) {
    pool.run(parts.count) { index, worker in
      parts[index].body(
        parts[index].task,
        task(feed, count: count, step: step, samples: 0..<count, group: 0, worker: worker))
    }
  }

  /// Accepts the batch that `run` worked on: carries out the operations' own changes, sums the
  /// gradients of the groups in a fixed order and hands each stretch to `update` while it is in
  /// cache.
  ///
  /// - Parameter update: Gets the number of the variable in `trainedVariables`, the range within
  ///   it, and the gradient of that range. Called from several threads.
  package func finish(
    _ feed: Feed, count: Int, step: UInt64,
    update: (_ variable: Int, _ range: Range<Int>, _ gradient: UnsafePointer<Float>) -> Void
  ) {
    let pool = ThreadPool.current
    run(commitment, on: pool, feed, count: count, step: step)
    let parts = groupCount(count)
    pool.run(finish.count) { index, _ in
      let chunk = finish[index]
      let gradient = gradientBuffer.floats + chunk.offset
      if chunk.isSlab {
        kernels.reduction.sumParts(
          UnsafePointer(slabs.floats + chunk.offset), slabCount, parts, gradient, chunk.range.count)
      }
      update(chunk.variable, chunk.range, UnsafePointer(gradient))
    }
  }

  private func task(
    _ feed: Feed, count: Int, step: UInt64, samples: Range<Int>, group: Int, worker: Int
  ) -> Task {
    Task(
      batchCount: count, samples: samples, group: group, step: step,
      scratch: workers[worker].scratch.floats, local: workers[worker].local.bytes,
      slab: slabs.floats + group * slabCount, feed: Unmanaged.passUnretained(feed))
  }
}
