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
  /// The loss of each sample: `capacity` numbers for each head, one head after the other; then as
  /// many for each penalty of a layer's output.
  package let losses: UnsafeMutablePointer<Float>
  /// For each group the sums of all heads, one head after the other.
  private let states: UnsafeMutablePointer<Double>
  private let stateCount: Int

  private let kernels: Kernels
  private let variables: [Variable]
  private let preparation: [Segment]
  private let segments: [Segment]
  private let commitment: Segment
  private var gradientSum: Segment
  /// What one task of the optimizer takes.
  private let chunks: [[GradientStretch]]
  /// Of each stretch's gradient, and of each variable's; made where somebody asks for them.
  private let stretchSquares: Buffer
  private var squares: [Double]
  /// The parts of the weights' penalties, and the rows of those of outputs.
  private let weightPenalties: UnsafeBufferPointer<Float>
  private let activityPenalties: [UnsafePointer<Float>]
  private let slabStart: Int
  private let slabCount: Int

  // The memory that stages point into.
  private let arena: Buffer
  private let persistent: Buffer
  /// Gradients, those of the groups in the first group's slab; then the other slabs.
  private let gradientBuffer: Buffer
  private let lossBuffer: Buffer
  private let stateBuffer: Buffer
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
    var work: Work

    init(_ stage: Stage, _ work: Work) {
      switch stage {
      case .groups(let stage): body = .groups([stage])
      case .batch(let tasks, let stage): body = .batch(tasks: tasks, stage)
      }
      self.work = work
    }
  }

  /// What runs now. Kept here so that a step allocates nothing: threads are handed `perform`, made
  /// once with the plan, and find the rest in place.
  private var running = Segment.Body.groups([])
  private var batch: Batch?
  private var update: Update = { _, _, _ in }
  private var gradientPass = GradientPass.sumAndUpdate

  /// What is done to the gradients while they are in cache: all at once, or in two passes where
  /// their lengths must be known before the first weight changes.
  private enum GradientPass {
    case sumAndUpdate, sum, update
  }
  private var perform: ThreadPool.Body = { _, _ in }

  private struct Batch {
    let feed: Unmanaged<Feed>
    let count: Int
    let step: UInt64
  }

  /// A stretch of one variable's gradient.
  private struct GradientStretch {
    /// Among all stretches.
    let number: Int
    let variable: Int
    let range: Range<Int>
    /// Into the gradient buffer, and where the groups' parts are summed into the slabs too.
    let offset: Int
    let isSlab: Bool
  }

  /// Elements that one task of the optimizer takes: its weights, gradients and moments stay in the
  /// first cache level.
  static let chunkCount = 4096
  /// Some ten microseconds of work, so that sharing it out does not cost more than it gains.
  package static let leastGroupWork = 3 << 18

  /// - Parameters:
  ///   - program: As lowered from the graph; fusion happens here.
  ///   - capacity: Most samples in one batch, from 1 up.
  ///   - isTraining: Whether dropout drops and batch normalization uses the batch.
  ///   - heads: Losses and metrics; without them the outputs are written to the feed's predictions.
  ///   - copiesOutputs: Whether they are written there with heads as well, where the feed has places.
  ///   - computesGradients: Whether there is a backward pass, from the heads to the variables.
  ///   - givesInputGradients: Whether there is one from `Feed.outputGradients` to
  ///     `Feed.inputGradients` instead, and no heads; outputs then go nowhere.
  ///   - precision: Of products for which no layer's policy says otherwise.
  ///   - groupWork: Multiply-adds of the forward pass that a group of samples has at least.
  ///   - clock: Times every stage; results are the same bits with it and without.
  /// - Throws: `outOfMemory`.
  package init(
    _ program: Program, capacity: Int, isTraining: Bool, heads: [LossHead] = [],
    copiesOutputs: Bool = false,
    computesGradients: Bool = false, givesInputGradients: Bool = false,
    groupWork: Int = Plan.leastGroupWork, clock: StageClock? = nil,
    kernels: Kernels = KernelSelection.current.kernels,
    precision: ProductPrecision = .float32
  ) throws(MartletError) {
    try Plan.checkSize(program, capacity)
    var program = program
    // What the heads read must survive fusion like an output.
    let outputs = program.outputs
    if heads.isEmpty { program.activityPenalties = [] }
    program.outputs += heads.flatMap { [$0.lossInput] + $0.metrics.compactMap(\.value) }
    program = program.fused(
      isTraining: isTraining, computesGradients: computesGradients || givesInputGradients)
    program.outputs = outputs

    let draft = PlanDraft(
      program, capacity: capacity, isTraining: isTraining, heads: heads,
      copiesOutputs: copiesOutputs, computesGradients: computesGradients,
      givesInputGradients: givesInputGradients,
      groupWork: groupWork, kernels: kernels, precision: precision)
    self.capacity = capacity
    self.kernels = kernels
    groupSize = draft.groupSize
    slabStart = draft.slabStart
    slabCount = draft.slabCount
    variables = program.variables
    trainedVariables = draft.trained.map(\.variable)
    gradientOffsets = draft.trained.map(\.offset)
    localByteCount = draft.localByteCount
    scratchByteCount = draft.scratchCount * MemoryLayout<Float>.stride

    arena = try Buffer(byteCount: draft.arenaByteCount)
    persistent = try Buffer(byteCount: draft.persistentByteCount)
    gradientBuffer = try Buffer(
      floatCount: draft.slabStart + draft.slabCount * draft.groupCapacity)
    lossBuffer = try Buffer(floatCount: draft.lossRowCount * capacity)
    losses = lossBuffer.floats
    stateCount = draft.stateCount
    stateBuffer = try Buffer(
      byteCount: draft.groupCapacity * draft.stateCount * MemoryLayout<Double>.stride)
    states = stateBuffer.bytes.assumingMemoryBound(to: Double.self)
    weightPenalties = UnsafeBufferPointer(
      start: (persistent.bytes + draft.weightPenaltyOffset).assumingMemoryBound(to: Float.self),
      count: draft.weightPenaltyChunks.count)
    activityPenalties = program.activityPenalties.indices.map { [losses] index in
      UnsafePointer(losses + draft.lossRow(ofPenalty: index) * capacity)
    }

    let bound = draft.bind(
      PlanMemory(
        arena: arena.bytes, persistent: persistent.bytes, gradients: gradientBuffer.floats,
        losses: losses, states: states), clock)
    let variableBytes = variables.reduce(0) { $0 + $1.count } * MemoryLayout<Float>.stride
    // What operations do first is done by all of them together, then what they do next.
    let turns = bound.preparation.map(\.count).max() ?? 0
    preparation = (0..<turns).map { turn in
      Segment(
        Plan.together(bound.preparation.compactMap { $0.indices.contains(turn) ? $0[turn] : nil }),
        Work(bytesPerBatch: 2 * variableBytes))
    }
    commitment = Segment(
      Plan.together(bound.commitment.flatMap { $0 }), Work(bytesPerBatch: variableBytes))
    // The gradient is read; the weight and two moments, as Adam has them, are read and written.
    gradientSum = Segment(
      .groups { _ in },
      Work(bytesPerBatch: 7 * (slabStart + slabCount) * MemoryLayout<Float>.stride))
    segments = Plan.segments(bound.steps)

    chunks = Plan.chunks(draft.trained)
    stretchSquares = try Buffer(floatCount: chunks.reduce(0) { $0 + $1.count })
    squares = [Double](repeating: 0, count: trainedVariables.count)
    // The closures live no longer than the plan that holds them.
    perform = { [unowned(unsafe) self] in runTasks($0, worker: $1) }
    if let rows = clock?.updateRows(trainedVariables, program) {
      gradientSum.body = .batch(tasks: chunks.count) { [unowned(unsafe) self] index, _ in
        for stretch in chunks[index] { rows[stretch.variable].measure { work(on: stretch) } }
      }
    } else {
      gradientSum.body = .batch(tasks: chunks.count) { [unowned(unsafe) self] index, _ in
        for stretch in chunks[index] { work(on: stretch) }
      }
    }
  }

  /// Equal parts of all gradients, so that threads have equal shares; small variables stand together.
  private static func chunks(_ trained: [PlanDraft.Trained]) -> [[GradientStretch]] {
    var chunks: [[GradientStretch]] = []
    var number = 0
    var room = 0
    for (index, trained) in trained.enumerated() {
      var start = 0
      while start < trained.variable.count {
        if room == 0 {
          chunks.append([])
          room = chunkCount
        }
        let count = min(room, trained.variable.count - start)
        chunks[chunks.count - 1].append(
          GradientStretch(
            number: number, variable: index, range: start..<(start + count),
            offset: trained.offset + start,
            isSlab: trained.sum == .groups))
        number += 1
        start += count
        room -= count
      }
    }
    return chunks
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
  private static func together(_ stages: [Stage]) -> Stage {
    let tasks = stages.flatMap { stage -> [(index: Int, body: (Int, borrowing Task) -> Void)] in
      guard case .batch(let tasks, let body) = stage else {
        preconditionFailure("only batch stages need not wait for each other")
      }
      return (0..<tasks).map { ($0, body) }
    }
    return .batch(tasks: tasks.count) { tasks[$0].body(tasks[$0].index, $1) }
  }

  private static func segments(_ steps: [BoundStep]) -> [Segment] {
    var segments: [Segment] = []
    for step in joined(steps) {
      // Of several stages each one counts as the whole step: no guess is made about their shares.
      for stage in step.stages {
        if case .groups(let body) = stage, case .groups(let bodies)? = segments.last?.body {
          segments[segments.count - 1].body = .groups(bodies + [body])
          segments[segments.count - 1].work += step.work
        } else {
          segments.append(Segment(stage, step.work))
        }
      }
    }
    return segments
  }

  /// Neighbours that need not wait for each other as one step.
  private static func joined(_ steps: [BoundStep]) -> [BoundStep] {
    var result: [BoundStep] = []
    for step in steps {
      if step.isIndependent, let last = result.last, last.isIndependent {
        var work = last.work
        work += step.work
        result[result.count - 1] = BoundStep(
          stages: [together(last.stages + step.stages)], work: work, isIndependent: true)
      } else {
        result.append(step)
      }
    }
    return result
  }

  // MARK: Running

  /// What the penalties of weights and outputs added to the loss of the last batch, of `count`
  /// samples.
  package func penalty(count: Int) -> Double {
    let ofWeights = weightPenalties.reduce(0.0) { $0 + Double($1) }
    return activityPenalties.reduce(ofWeights) { sum, row in
      sum + (0..<count).reduce(0.0) { $0 + Double(row[$1]) } / Double(count)
    }
  }

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

  /// Adds the sums that the heads made of the last batch, of all groups in rising order.
  ///
  /// - Parameters:
  ///   - batchCount: Samples in that batch.
  ///   - sums: Those of all heads, one head after the other.
  package func addStates(ofBatch batchCount: Int, to sums: UnsafeMutablePointer<Double>) {
    for group in 0..<groupCount(batchCount) {
      let part = states + group * stateCount
      for index in 0..<stateCount { sums[index] += part[index] }
    }
  }

  /// Takes the gradient of a stretch of a variable: its number in `trainedVariables`, the stretch,
  /// and the gradient of that stretch, which it may overwrite. Called from several threads.
  package typealias Update = (
    _ variable: Int, _ range: Range<Int>, _ gradient: UnsafeMutablePointer<Float>
  ) -> Void

  /// Accepts the batch that `run` worked on: carries out the operations' own changes, sums the
  /// gradients of the groups in a fixed order and hands each stretch to `update` while it is in
  /// cache.
  ///
  /// - Parameter measured: Told the square of the length of each gradient, in the order of
  ///   `trainedVariables`, before the first update. Takes a pass over the gradients of its own.
  package func finish(
    _ feed: Feed, count: Int, step: UInt64, measured: (([Double]) -> Void)? = nil,
    update: @escaping Update
  ) {
    let pool = ThreadPool.current
    batch = Batch(feed: .passUnretained(feed), count: count, step: step)
    self.update = update
    run(commitment, on: pool)
    gradientPass = .sumAndUpdate
    if let measured {
      gradientPass = .sum
      run(gradientSum, on: pool)
      sumSquares()
      measured(squares)
      gradientPass = .update
    }
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

  private func work(on stretch: GradientStretch) {
    let gradient = gradientBuffer.floats + stretch.offset
    if gradientPass != .update { completeGradient(of: stretch, gradient) }
    if gradientPass == .sum {
      stretchSquares.floats[stretch.number] = kernels.reduction.sumOfSquares(
        UnsafePointer(gradient), stretch.range.count)
    } else {
      update(stretch.variable, stretch.range, gradient)
    }
  }

  /// The groups' parts together, and what the variable's penalty adds.
  private func completeGradient(
    of stretch: GradientStretch, _ gradient: UnsafeMutablePointer<Float>
  ) {
    let count = stretch.range.count
    if stretch.isSlab {
      kernels.reduction.sumParts(
        UnsafePointer(gradient), slabCount, groupCount(batch?.count ?? 0), gradient, count)
    }
    let variable = trainedVariables[stretch.variable]
    if let penalty = variable.penalty {
      kernels.penalty.addGradient(
        variable.values + stretch.range.lowerBound, penalty.l1, penalty.l2, 1, gradient, count)
    }
  }

  /// In the order of the stretches, so that the sums are the same bits for any number of threads.
  private func sumSquares() {
    for variable in squares.indices { squares[variable] = 0 }
    for stretch in chunks.joined() {
      squares[stretch.variable] += Double(stretchSquares.floats[stretch.number])
    }
  }

  private func task(_ batch: Batch, samples: Range<Int>, group: Int, worker: Int) -> Task {
    Task(
      batchCount: batch.count, samples: samples, group: group, step: batch.step,
      scratch: workers[worker].scratch.floats, local: workers[worker].local.bytes,
      slab: gradientBuffer.floats + slabStart + group * slabCount, feed: batch.feed)
  }
}
