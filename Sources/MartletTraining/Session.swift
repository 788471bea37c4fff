import MartletDispatch
import MartletEngine
import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors

/// What to do when a loss turns NaN or infinite.
package enum NonFinitePolicy: Sendable {
  /// Stop before the batch changes a weight.
  case stop
  /// Go on, as Keras does.
  case ignore
  /// Stop, and give weights and optimizer state the values they had when the pass began.
  case restore
}

package struct PassOptions {
  package var batchSize = 32
  package var shuffles = false
  package var nonFinitePolicy = NonFinitePolicy.stop
  /// Whether the data goes on where that of the session's previous pass of the same kind ended:
  /// results are then the means over both, and a batch may have as many samples as there.
  package var continues = false
  /// Called after each batch with the batches done, their total and the values so far; `true` stops.
  package var progress: ((_ done: Int, _ total: Int, _ values: [Double]) -> Bool)?

  package init() {}

  /// - Throws: `invalidArgument` for a size below 1.
  package init(batchSize: Int) throws(MartletError) {
    guard batchSize >= 1 else {
      throw .invalidArgument("batch_size must be at least 1, received \(batchSize)")
    }
    self.batchSize = batchSize
  }
}

/// A model with all that training and prediction need: what was compiled, and plans for the batch
/// sizes in use; where the size of the inputs is left open, for the latest sizes that came. Calls wait
/// for each other, and for those of models that share layers.
package final class Session: @unchecked Sendable {
  package let model: Model
  let lock = Lock()
  /// For some size of the inputs: what it says of results and optimizer holds for all.
  private(set) var compiled: CompiledModel?
  /// The size in use first.
  private var sizes: [Size]
  private var trainingPass: PassState?
  private var evaluationPass: PassState?
  /// Where each batch of training and evaluation is handed out; `nil` for nowhere.
  private var observation: Observation?
  /// Batches predicted as in training: each draws random numbers of its own.
  private var trainingPredictions: UInt64 = 0
  /// Where the stream of seeds stood when the training was stored that goes on here.
  var continuesAt: RandomSeeds.Position?

  /// What there is for inputs of one size.
  private struct Size {
    /// Of one sample of each input.
    let shapes: [Shape]
    var lowered: Lowered?
    var compiled: CompiledModel?
    var plans = PlanCache()
  }

  /// Sizes whose programs and plans are kept.
  private static let sizeLimit = 4

  struct Lowered {
    let program: Program
    /// `Layer.trainabilityVersion` before it was made.
    let version: Int
    /// Freezing a layer changes what batch normalization does; the rest of a program stays.
    let fingerprint: [Bool]

    init(_ program: Program, version: Int) {
      self.program = program
      self.version = version
      fingerprint = program.variables.map(\.isFrozen)
    }
  }

  package init(_ model: Model) {
    self.model = model
    sizes = [Size(shapes: model.inputShapes.map(\.small))]
  }

  /// For the size in use.
  package private(set) var plans: PlanCache {
    get { sizes[0].plans }
    _modify { yield &sizes[0].plans }
  }

  /// What a caller sees of every batch, before `PassOptions.progress` is told of it.
  package struct Observation {
    /// One array per output, for all samples of a batch.
    package var outputs: [UnsafeMutablePointer<Float>]
    /// The places of the samples in the data.
    package var samples: UnsafeMutablePointer<Int64>
    /// Samples that there is room for.
    package var capacity: Int

    package init(
      outputs: [UnsafeMutablePointer<Float>], samples: UnsafeMutablePointer<Int64>, capacity: Int
    ) {
      self.outputs = outputs
      self.samples = samples
      self.capacity = capacity
    }
  }

  /// Has outputs handed out by the passes that follow, where a metric is the caller's.
  package func observe(_ observation: Observation?) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      if let observation {
        let count = try requireCompiled("observing it").heads.count
        guard observation.outputs.count == count else {
          throw .invalidArgument(
            "the model has \(count) outputs, got \(observation.outputs.count) places for them")
        }
      }
      self.observation = observation
    }
  }

  func exclusively<Result>(
    _ body: () throws(MartletError) -> Result
  ) throws(MartletError) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try model.withComputeLock(body)
  }

  // MARK: Compiling

  /// - Parameters:
  ///   - configuration: See `martlet_model_compile`.
  /// - Throws: What is wrong with it; an earlier configuration then stays.
  ///   - graphs: Losses and metrics that are put together of operations.
  package func compile(
    _ configuration: JSONObject, graphs: [Model] = []
  ) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      let keepsOptimizer = try Session.keepsOptimizer(configuration)
      let earlier = keepsOptimizer ? try requireCompiled("keeping its optimizer") : nil
      // Files hold what there is: the optimizer that stayed, and not that it was asked to.
      let gone = keepsOptimizer ? ["keeps_optimizer", "optimizer"] : ["keeps_optimizer"]
      var described = JSONObject(configuration.members.filter { !gone.contains($0.key) })
      if let earlier { described["optimizer"] = earlier.configuration["optimizer"] }
      use(
        try CompiledModel(model, described, graphs: graphs, after: earlier),
        for: model.inputShapes.map(\.small))
      observation = nil
    }
  }

  private static func keepsOptimizer(_ configuration: JSONObject) throws(MartletError) -> Bool {
    switch configuration["keeps_optimizer"] {
    case .boolean(let keeps)?: return keeps
    case nil: return false
    case let value?:
      throw MartletError(
        .invalidType,
        "compile: \"keeps_optimizer\" is true or false, got \(value.excerpt())")
    }
  }

  /// - Parameter shapes: What it was made for.
  private func use(_ made: CompiledModel, for shapes: [Shape]) {
    compiled = made
    sizes = [Size(shapes: shapes, compiled: made)]
    trainingPass = nil
    evaluationPass = nil
  }

  package var isCompiled: Bool { lock.withLock { compiled != nil } }
  package var resultNames: [String] { lock.withLock { compiled?.results.map(\.name) ?? [] } }
  /// Of each result; none for a single number.
  package var resultExtents: [[Int]] { lock.withLock { compiled?.results.map(\.extents) ?? [] } }

  /// What was compiled, for the size of the data, which may have to choose between losses first. The
  /// data has been checked then.
  func requireCompiled(
    _ purpose: String, for data: TrainingData
  ) throws(MartletError) -> CompiledModel {
    let compiled = try requireCompiled(purpose)
    if let name = compiled.waiting.first {
      throw MartletError(
        .invalidState,
        "'\(name)' has no graph yet: compile with graphs for the shape of the targets before \(purpose)"
      )
    }
    try select(data.x)
    var fitting = sizes[0].compiled ?? compiled
    let mayChoose = data.y.count == compiled.heads.count
    if sizes[0].compiled == nil || (fitting.isOpen && mayChoose) {
      fitting = try CompiledModel(
        model, compiled.configuration, shapes: sizes[0].shapes, graphs: compiled.graphs,
        after: compiled, targets: mayChoose ? data.y : nil)
    }
    // Data that does not fit must not settle anything.
    try DataCheck(model: model, program: fitting.program, heads: fitting.heads).check(data)
    if compiled.isOpen {
      use(fitting, for: sizes[0].shapes)
    } else {
      sizes[0].compiled = fitting
    }
    return fitting
  }

  func requireCompiled(_ purpose: String) throws(MartletError) -> CompiledModel {
    guard let compiled else {
      throw MartletError(
        .invalidState, "model '\(model.name)' is not compiled: call compile() before \(purpose)")
    }
    return compiled
  }

  // MARK: Checking

  package func check(_ data: TrainingData) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      let compiled = try requireCompiled("training or evaluating", for: data)
      try DataCheck(model: model, program: compiled.program, heads: compiled.heads)
        .checkValues(data)
    }
  }

  // MARK: Passes

  /// One pass over the data that updates the weights after each batch.
  ///
  /// - Returns: The values in the order of `resultNames`, those of more than one number row by row. They
  ///   mix weights from before each update, as Keras's do.
  package func train(
    _ data: TrainingData, _ options: PassOptions
  ) throws(MartletError) -> [Double] {
    try exclusively { () throws(MartletError) in
      let compiled = try requireCompiled("fit()", for: data)
      if let position = continuesAt { RandomSeeds.shared.resume(at: position) }
      continuesAt = nil
      let earlier = options.continues ? trainingPass : nil
      trainingPass = nil
      let capacity = capacity(data, options, after: earlier)
      let precision = currentPrecision()
      let plan = try plans.training(capacity) { () throws(MartletError) in
        try Plan(
          compiled.program, capacity: capacity, isTraining: true, heads: compiled.heads,
          copiesOutputs: compiled.copiesOutputs, computesGradients: true, precision: precision)
      }
      try compiled.optimizer.prepare(plan.trainedVariables)
      var state = earlier ?? PassState(compiled)
      if options.nonFinitePolicy == .restore, state.snapshot == nil {
        state.snapshot = try Snapshot(compiled.program.variables, compiled.optimizer)
      }
      let snapshot = state.snapshot
      let update = try UpdateStep(compiled.optimizer, plan.trainedVariables)
      let order = options.shuffles ? Session.shuffled(data.sampleCount) : nil
      try pass(data, options, compiled, plan, order, &state) {
        (feed, count, batch, total, loss) throws(MartletError) in
        if !loss.isFinite, options.nonFinitePolicy != .ignore {
          snapshot?.restore()
          throw Session.nonFinite(loss, batch, total, isRestored: snapshot != nil)
        }
        try update.run(plan, feed, count: count)
      }
      trainingPass = state
      return state.sums.values
    }
  }

  /// One pass over the data that changes nothing.
  package func evaluate(
    _ data: TrainingData, _ options: PassOptions
  ) throws(MartletError) -> [Double] {
    try exclusively { () throws(MartletError) in
      let compiled = try requireCompiled("evaluate()", for: data)
      let earlier = options.continues ? evaluationPass : nil
      evaluationPass = nil
      let capacity = capacity(data, options, after: earlier)
      let precision = currentPrecision()
      let plan = try plans.evaluation(capacity) { () throws(MartletError) in
        try Plan(
          compiled.program, capacity: capacity, isTraining: false, heads: compiled.heads,
          copiesOutputs: compiled.copiesOutputs, precision: precision)
      }
      var state = earlier ?? PassState(compiled)
      try pass(data, options, compiled, plan, nil, &state) { _, _, _, _, _ in }
      evaluationPass = state
      return state.sums.values
    }
  }

  /// Outputs for every sample.
  ///
  /// - Parameters:
  ///   - isTraining: Runs dropout and batch normalization as in training; moving averages stay.
  ///     Every call draws new random numbers.
  ///   - outputs: One place per output of the model, for all samples.
  package func predict(
    _ x: [ArrayView], isTraining: Bool, _ options: PassOptions,
    into outputs: [UnsafeMutablePointer<Float>]
  ) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      let lowered = try lower(for: x)
      let program = lowered.program
      guard outputs.count == program.outputs.count else {
        throw .invalidArgument(
          "the model has \(program.outputs.count) outputs, got \(outputs.count) places for them")
      }
      let count = x[0].sampleCount
      let capacity = min(options.batchSize, count)
      let precision = currentPrecision()
      let plan = try plans.prediction(
        capacity, isTraining: isTraining, fingerprint: lowered.fingerprint
      ) { capacity throws(MartletError) in
        try Plan(program, capacity: capacity, isTraining: isTraining, precision: precision)
      }
      let feed = Feed()
      feed.inputs = x
      feed.predictions = outputs
      let total = (count + capacity - 1) / capacity
      for batch in 0..<total {
        let step = trainingPredictions
        if isTraining { trainingPredictions += 1 }
        feed.first = batch * capacity
        let samples = min(capacity, count - feed.first)
        try FloatingPointMode.flushingDenormals { () throws(MartletError) in
          try plan.run(feed, count: samples, step: step)
        }
        if options.progress?(batch + 1, total, []) == true {
          throw Session.stopped(batch + 1, total)
        }
      }
    }
  }

  /// Shapes of one sample of each output that the model gives for these inputs.
  package func outputShapes(for x: [ArrayView]) throws(MartletError) -> [Shape] {
    try exclusively { () throws(MartletError) in
      let program = try lower(for: x).program
      return program.outputs.map { program.shapes[$0] }
    }
  }

  /// The model as primitive operations, for inputs of this size. Kept from call to call: only freezing
  /// and thawing layers makes another program of it.
  func lower(for x: [ArrayView]) throws(MartletError) -> Lowered {
    try select(x)
    let version = Layer.trainabilityVersion
    if let lowered = sizes[0].lowered, lowered.version == version { return lowered }
    let made = Lowered(try model.lower(sizes[0].shapes), version: version)
    sizes[0].lowered = made
    return made
  }

  /// Makes the size of these inputs the one in use.
  private func select(_ x: [ArrayView]) throws(MartletError) {
    let shapes = try DataCheck.inputShapes(x, of: model)
    let index = sizes.firstIndex { $0.shapes == shapes }
    guard index != 0 else { return }
    let size = index.map { sizes.remove(at: $0) } ?? Size(shapes: shapes)
    sizes.insert(size, at: 0)
    if sizes.count > Session.sizeLimit { sizes.removeLast() }
  }

  /// The process's precision of products. Plans made for another are dropped.
  private func currentPrecision() -> ProductPrecision {
    let precision = MatmulPrecision.current.products
    plans.use(precision)
    return precision
  }

  /// - Parameter earlier: The pass that the data belongs to. A batch that is smaller than those before
  ///   it runs in their plan, as the last one of a whole pass does.
  /// - Returns: The capacity of the plan to use.
  func capacity(
    _ data: TrainingData, _ options: PassOptions, after earlier: PassState? = nil
  ) -> Int {
    max(min(options.batchSize, data.sampleCount), earlier?.capacity ?? 0)
  }

  static func stopped(_ batch: Int, _ total: Int) -> MartletError {
    MartletError(.stopped, "stopped after batch \(batch) of \(total)")
  }

  private static func nonFinite(
    _ loss: Double, _ batch: Int, _ total: Int?, isRestored: Bool
  ) -> MartletError {
    let place = total.map { "\(batch) of \($0)" } ?? "\(batch)"
    return MartletError(
      .notFinite,
      "the loss became \(loss.isNaN ? "NaN" : "infinite") in batch \(place); "
        + (isRestored
          ? "weights and optimizer are as they were before this epoch"
          : "the batch has changed no weight")
        + ". Usual causes: a learning rate too high, inputs not scaled, a loss that does not suit "
        + "the last activation")
  }

  /// Runs the batches and adds up what they report.
  ///
  /// - Parameter accept: Called with each batch's mean loss, before anything has changed. The total is
  ///   `nil` where more batches may come.
  private func pass(
    _ data: TrainingData, _ options: PassOptions, _ compiled: CompiledModel, _ plan: Plan,
    _ order: [Int]?, _ state: inout PassState,
    _ accept: (
      _ feed: Feed, _ count: Int, _ batch: Int, _ total: Int?, _ loss: Double
    ) throws(MartletError) -> Void
  ) throws(MartletError) {
    let feed = data.feed(outputCount: compiled.heads.count)
    let orderMemory = order.map { OffsetTable($0) }
    feed.order = orderMemory?.pointer
    let count = data.sampleCount
    let total = (count + plan.capacity - 1) / plan.capacity
    state.capacity = plan.capacity
    // Data in parts comes batch by batch.
    let isWhole = state.batches == 0 && total > 1
    if let observation, compiled.copiesOutputs {
      guard min(plan.capacity, count) <= observation.capacity else {
        throw .invalidArgument(
          "batches of \(min(plan.capacity, count)) samples are observed with room for "
            + "\(observation.capacity)")
      }
      feed.predictions = observation.outputs
    }
    for batch in 0..<total {
      feed.first = batch * plan.capacity
      feed.firstPrediction = feed.first
      let samples = min(plan.capacity, count - feed.first)
      if let observation, !feed.predictions.isEmpty {
        for sample in 0..<samples { observation.samples[sample] = Int64(feed.index(sample)) }
      }
      let step = UInt64(compiled.optimizer.iterations)
      try FloatingPointMode.flushingDenormals { () throws(MartletError) in
        try plan.run(feed, count: samples, step: step)
        let loss = state.sums.add(plan, samples)
        state.batches += 1
        try accept(feed, samples, state.batches, isWhole ? total : nil, loss)
      }
      if let progress = options.progress, progress(batch + 1, total, state.sums.values) {
        throw Session.stopped(batch + 1, total)
      }
    }
    withExtendedLifetime(orderMemory) {}
  }

  /// The numbers below `count` in random order (Fisher & Yates), from the stream of seeds.
  private static func shuffled(_ count: Int) -> [Int] {
    var generator = SeededGenerator(seed: RandomSeeds.shared.next())
    var order = Array(0..<count)
    for index in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(index, Int(generator.next(below: UInt64(index + 1))))
    }
    return order
  }
}

/// Where a pass stands that may go on with more data.
struct PassState {
  fileprivate var sums: ResultSums
  /// Of the plan in use.
  fileprivate(set) var capacity = 0
  fileprivate var batches = 0
  /// From before the first batch.
  fileprivate var snapshot: Snapshot?

  fileprivate init(_ compiled: CompiledModel) { sums = ResultSums(compiled) }
}

/// Sums of what the heads report, over the samples of a pass.
private struct ResultSums {
  private let compiled: CompiledModel
  private var losses: [Double]
  /// Of all heads, one head after the other.
  private var states: [Double]
  /// Of each metric of each head.
  private var offsets: [[Int]] = []
  /// What regularizers added to the losses of the batches, each times its samples.
  private var penalties = 0.0
  private var count = 0

  init(_ compiled: CompiledModel) {
    self.compiled = compiled
    losses = [Double](repeating: 0, count: compiled.heads.count)
    var offset = 0
    for head in compiled.heads {
      let shape = compiled.shape(of: head)
      offsets.append(head.stateOffsets(shape).map { $0 + offset })
      offset += head.stateCount(shape)
    }
    states = [Double](repeating: 0, count: offset)
  }

  /// - Returns: The batch's mean loss, all outputs together.
  mutating func add(_ plan: Plan, _ samples: Int) -> Double {
    var batchLoss = 0.0
    for (index, head) in compiled.heads.enumerated() {
      var loss = 0.0
      for sample in 0..<samples { loss += Double(plan.losses[index * plan.capacity + sample]) }
      losses[index] += loss
      batchLoss += loss * Double(head.weight)
    }
    states.withUnsafeMutableBufferPointer {
      guard let sums = $0.baseAddress else { return }
      plan.addStates(ofBatch: samples, to: sums)
    }
    count += samples
    let penalty = plan.penalty(count: samples)
    penalties += penalty * Double(samples)
    return batchLoss / Double(samples) + penalty
  }

  /// In the order of `CompiledModel.results`.
  var values: [Double] {
    let scale = 1 / Double(max(count, 1))
    var values: [Double] = []
    for result in compiled.results {
      switch result.source {
      case .loss:
        let total = zip(losses, compiled.heads).reduce(penalties) {
          $0 + $1.0 * Double($1.1.weight)
        }
        values.append(total * scale)
      case .outputLoss(let head): values.append(losses[head] * scale)
      case .metric(let head, let index):
        let use = compiled.heads[head].metrics[index]
        let shape = compiled.shape(of: compiled.heads[head])
        values += states.withUnsafeBufferPointer { buffer -> [Double] in
          guard let states = buffer.baseAddress else { return [] }
          return use.function.result(
            states + offsets[head][index], size: LossHead.size(shape))
        }
      }
    }
    return values
  }
}
