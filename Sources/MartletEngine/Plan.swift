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
  private let preparation: [Segment]
  private let segments: [Segment]
  private let commitment: Segment
  private var gradientSum: Segment
  private let chunks: [GradientChunk]
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

  /// What runs between two moments at which all threads have met.
  private struct Segment {
    enum Body {
      case groups([(borrowing Task) -> Void])
      case batch(tasks: Int, (Int, borrowing Task) -> Void)
    }
    var body: Body
    var work = Work()
  }

  /// What runs now. Kept here so that a step allocates nothing: threads are handed `perform`, made
  /// once with the plan, and find the rest in place.
  private var running = Segment.Body.groups([])
  private var batch: Batch?
  private var update: Update = { _, _, _ in }
  private var perform: ThreadPool.Body = { _, _ in }

  private struct Batch {
    let feed: Unmanaged<Feed>
    let count: Int
    let step: UInt64
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
  ///   - precision: Of products for which no layer's policy says otherwise.
  ///   - clock: Times every stage; results are the same bits with it and without.
  /// - Throws: `outOfMemory`.
  package init(
    _ program: Program, capacity: Int, isTraining: Bool, heads: [LossHead] = [],
    computesGradients: Bool = false, clock: StageClock? = nil,
    kernels: Kernels = KernelSelection.current.kernels,
    precision: ProductPrecision = .float32
  ) throws(MartletError) {
    try Plan.checkSize(program, capacity)
    var program = program
    // What the heads read must survive fusion like an output.
    let outputs = program.outputs
    program.outputs += heads.map(\.lossInput)
    program = program.fused(isTraining: isTraining, computesGradients: computesGradients)
    program.outputs = outputs

    let draft = PlanDraft(
      program, capacity: capacity, isTraining: isTraining, heads: heads,
      computesGradients: computesGradients, kernels: kernels, precision: precision)
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
        results: resultBuffer.floats), clock)
    let variableBytes = variables.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.stride
    // What operations do first is done by all of them together, then what they do next.
    let turns = bound.preparation.map(\.count).max() ?? 0
    preparation = (0..<turns).map { turn in
      Plan.together(
        bound.preparation.compactMap { $0.indices.contains(turn) ? $0[turn] : nil },
        Work(bytesPerBatch: 2 * variableBytes))
    }
    commitment = Plan.together(
      bound.commitment.flatMap { $0 }, Work(bytesPerBatch: variableBytes))
    // The gradient is read; the weight and two moments, as Adam has them, are read and written.
    gradientSum = Segment(
      body: .groups([]), work: Work(bytesPerBatch: 7 * gradientBuffer.byteCount))
    segments = Plan.segments(bound.steps)

    chunks = draft.trained.enumerated().flatMap { index, trained in
      stride(from: 0, to: trained.variable.count, by: Plan.chunkCount).map { start in
        GradientChunk(
          variable: index,
          range: start..<min(start + Plan.chunkCount, trained.variable.count),
          offset: trained.offset + start, isSlab: trained.sum == .groups)
      }
    }
    // The closures live no longer than the plan that holds them.
    perform = { [unowned(unsafe) self] in runTasks($0, worker: $1) }
    if let rows = clock?.updateRows(trainedVariables, program) {
      gradientSum.body = .batch(tasks: chunks.count) { [unowned(unsafe) self] index, _ in
        rows[chunks[index].variable].measure { sumAndUpdate(chunks[index]) }
      }
    } else {
      gradientSum.body = .batch(tasks: chunks.count) { [unowned(unsafe) self] index, _ in
        sumAndUpdate(chunks[index])
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

  /// Batch stages that do not wait for each other as one.
  private static func together(_ stages: [Stage], _ work: Work) -> Segment {
    let tasks = stages.flatMap { stage -> [(index: Int, body: (Int, borrowing Task) -> Void)] in
      guard case .batch(let tasks, let body) = stage else {
        preconditionFailure("preparation and commitment are batch stages")
      }
      return (0..<tasks).map { ($0, body) }
    }
    return Segment(
      body: .batch(tasks: tasks.count) { tasks[$0].body(tasks[$0].index, $1) }, work: work)
  }

  private static func segments(_ steps: [(stages: [Stage], work: Work)]) -> [Segment] {
    var segments: [Segment] = []
    for step in steps {
      // Of several stages each one counts as the whole step: no guess is made about their shares.
      for stage in step.stages {
        switch stage {
        case .batch(let tasks, let body):
          segments.append(Segment(body: .batch(tasks: tasks, body), work: step.work))
        case .groups(let body):
          if case .groups(let bodies) = segments.last?.body {
            segments[segments.count - 1].body = .groups(bodies + [body])
            segments[segments.count - 1].work += step.work
          } else {
            segments.append(Segment(body: .groups([body]), work: step.work))
          }
        }
      }
    }
    return segments
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
    batch = Batch(feed: .passUnretained(feed), count: count, step: step)
    let version = variables.reduce(0) { $0 + $1.version }
    if preparedVersion != version {
      for segment in preparation { run(segment, on: pool) }
      preparedVersion = version
    }
    for segment in segments { run(segment, on: pool) }
    batch = nil
  }

  /// Takes the gradient of a stretch of a variable: its number in `trainedVariables`, the stretch,
  /// and the gradient of that stretch. Called from several threads.
  package typealias Update = (
    _ variable: Int, _ range: Range<Int>, _ gradient: UnsafePointer<Float>
  ) -> Void

  /// Accepts the batch that `run` worked on: carries out the operations' own changes, sums the
  /// gradients of the groups in a fixed order and hands each stretch to `update` while it is in
  /// cache.
  package func finish(_ feed: Feed, count: Int, step: UInt64, update: @escaping Update) {
    let pool = ThreadPool.current
    batch = Batch(feed: .passUnretained(feed), count: count, step: step)
    self.update = update
    run(commitment, on: pool)
    run(gradientSum, on: pool)
    self.update = { _, _, _ in }
    batch = nil
  }

  private func run(_ segment: Segment, on pool: ThreadPool) {
    let count = batch?.count ?? 0
    running = segment.body
    let tasks =
      switch segment.body {
      case .groups: groupCount(count)
      case .batch(let tasks, _): tasks
      }
    let nanoseconds = segment.work.nanoseconds(count: count, vectorWidth: kernels.vectorWidth)
    pool.run(tasks, nanoseconds: nanoseconds, perform)
  }

  private func runTasks(_ tasks: Range<Int>, worker: Int) {
    guard let batch else { preconditionFailure("no batch is running") }
    switch running {
    case .groups(let bodies):
      for group in tasks {
        let first = group * groupSize
        let task = task(
          batch, samples: first..<min(first + groupSize, batch.count), group: group, worker: worker)
        for body in bodies { body(task) }
      }
    case .batch(_, let body):
      let task = task(batch, samples: 0..<batch.count, group: 0, worker: worker)
      for index in tasks { body(index, task) }
    }
  }

  private func sumAndUpdate(_ chunk: GradientChunk) {
    let gradient = gradientBuffer.floats + chunk.offset
    if chunk.isSlab {
      kernels.reduction.sumParts(
        UnsafePointer(slabs.floats + chunk.offset), slabCount, groupCount(batch?.count ?? 0),
        gradient, chunk.range.count)
    }
    update(chunk.variable, chunk.range, UnsafePointer(gradient))
  }

  private func task(_ batch: Batch, samples: Range<Int>, group: Int, worker: Int) -> Task {
    Task(
      batchCount: batch.count, samples: samples, group: group, step: batch.step,
      scratch: workers[worker].scratch.floats, local: workers[worker].local.bytes,
      slab: slabs.floats + group * slabCount, feed: batch.feed)
  }
}
