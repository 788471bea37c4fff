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
  /// Called after each batch with the batches done, their total and the means so far; `true` stops.
  package var progress: ((_ done: Int, _ total: Int, _ means: [Double]) -> Bool)?

  package init() {}
}

/// A model with all that training and prediction need: what was compiled, and plans for the batch
/// sizes in use. Calls wait for each other, and for those of models that share layers.
package final class Session: @unchecked Sendable {
  package let model: Model
  private let lock = Lock()
  private(set) var compiled: CompiledModel?
  package private(set) var plans = PlanCache()
  private var lowered: Lowered?

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

  package init(_ model: Model) { self.model = model }

  func exclusively<Result>(
    _ body: () throws(MartletError) -> Result
  ) throws(MartletError) -> Result {
    lock.lock()
    defer { lock.unlock() }
    return try model.withComputeLock(body)
  }

  // MARK: Compiling

  /// - Parameter configuration: See `martlet_model_compile`.
  /// - Throws: What is wrong with it; an earlier configuration then stays.
  package func compile(_ configuration: JSONObject) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      compiled = try CompiledModel(model, configuration)
      plans.removeAll()
    }
  }

  package var isCompiled: Bool { lock.withLock { compiled != nil } }
  package var resultNames: [String] { lock.withLock { compiled?.resultNames ?? [] } }

  package var optimizerParameterCount: Int {
    lock.withLock {
      guard let compiled else { return 0 }
      // Step count and learning rate, as Keras counts.
      let weights = compiled.program.variables.filter(\.receivesGradient)
      return 2 + compiled.optimizer.rule.slotCount * weights.reduce(0) { $0 + $1.count }
    }
  }

  package func optimizerValue(_ name: String) throws(MartletError) -> Double {
    try exclusively { () throws(MartletError) in
      let optimizer = try requireCompiled("reading the optimizer").optimizer
      switch name {
      case "learning_rate": return optimizer.learningRate
      case "iterations": return Double(optimizer.iterations)
      default: throw Session.unknownOptimizerValue(name)
      }
    }
  }

  package func setOptimizerValue(_ name: String, _ value: Double) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      let optimizer = try requireCompiled("setting the optimizer").optimizer
      switch name {
      case "learning_rate":
        guard value.isFinite, value >= 0 else {
          throw .invalidArgument("learning_rate: expected a number from 0 up, got \(value)")
        }
        optimizer.learningRate = value
      case "iterations":
        guard let count = Int(exactly: value), (0...(1 << 53)).contains(count) else {
          throw .invalidArgument("iterations: expected a whole number from 0 up, got \(value)")
        }
        optimizer.setIterations(count)
      default: throw Session.unknownOptimizerValue(name)
      }
    }
  }

  private static func unknownOptimizerValue(_ name: String) -> MartletError {
    unknownName(name, kind: "optimizer value", known: ["learning_rate", "iterations"])
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
      let compiled = try requireCompiled("training or evaluating")
      let check = DataCheck(model: model, program: compiled.program, heads: compiled.heads)
      try check.check(data)
      try check.checkValues(data)
    }
  }

  // MARK: Passes

  /// One pass over the data that updates the weights after each batch.
  ///
  /// - Returns: Means over the samples, in the order of `resultNames`. They mix weights from before
  ///   each update, as Keras's do.
  package func train(
    _ data: TrainingData, _ options: PassOptions
  ) throws(MartletError) -> [Double] {
    try exclusively { () throws(MartletError) in
      let compiled = try requireCompiled("fit()")
      let capacity = try prepare(data, options, compiled)
      let precision = currentPrecision()
      let plan = try plans.training(capacity) { () throws(MartletError) in
        try Plan(
          compiled.program, capacity: capacity, isTraining: true, heads: compiled.heads,
          computesGradients: true, precision: precision)
      }
      try compiled.optimizer.prepare(plan.trainedVariables)
      let snapshot =
        options.nonFinitePolicy == .restore
        ? try Snapshot(compiled.program.variables, compiled.optimizer) : nil
      let update = try UpdateStep(plan, compiled.optimizer)
      let order = options.shuffles ? Session.shuffled(data.sampleCount) : nil
      return try pass(data, options, compiled, plan, order) {
        (feed, count, batch, total, loss) throws(MartletError) in
        if !loss.isFinite, options.nonFinitePolicy != .ignore {
          snapshot?.restore()
          throw Session.nonFinite(loss, batch, total, isRestored: snapshot != nil)
        }
        update.run(feed, count: count)
      }
    }
  }

  /// One pass over the data that changes nothing.
  package func evaluate(
    _ data: TrainingData, _ options: PassOptions
  ) throws(MartletError) -> [Double] {
    try exclusively { () throws(MartletError) in
      let compiled = try requireCompiled("evaluate()")
      let capacity = try prepare(data, options, compiled)
      let precision = currentPrecision()
      let plan = try plans.evaluation(capacity) { () throws(MartletError) in
        try Plan(
          compiled.program, capacity: capacity, isTraining: false, heads: compiled.heads,
          precision: precision)
      }
      return try pass(data, options, compiled, plan, nil) { _, _, _, _, _ in }
    }
  }

  /// Outputs for every sample.
  ///
  /// - Parameters:
  ///   - isTraining: Runs dropout and batch normalization as in training; moving averages stay.
  ///   - outputs: One place per output of the model, for all samples.
  package func predict(
    _ x: [ArrayView], isTraining: Bool, _ options: PassOptions,
    into outputs: [UnsafeMutablePointer<Float>]
  ) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      let lowered = try lower()
      let program = lowered.program
      try DataCheck(model: model, program: program, heads: []).checkInputs(x)
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
      let step = UInt64(compiled?.optimizer.iterations ?? 0)
      for batch in 0..<total {
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

  /// The model as primitive operations, kept from call to call: only freezing and thawing layers
  /// makes another program of it.
  func lower() throws(MartletError) -> Lowered {
    let version = Layer.trainabilityVersion
    if let lowered, lowered.version == version { return lowered }
    let made = Lowered(try model.lower(), version: version)
    lowered = made
    return made
  }

  /// The process's precision of products. Plans made for another are dropped.
  private func currentPrecision() -> ProductPrecision {
    let precision = MatmulPrecision.current.products
    plans.use(precision)
    return precision
  }

  func prepare(
    _ data: TrainingData, _ options: PassOptions, _ compiled: CompiledModel
  ) throws(MartletError) -> Int {
    try DataCheck(model: model, program: compiled.program, heads: compiled.heads).check(data)
    return min(options.batchSize, data.sampleCount)
  }

  static func stopped(_ batch: Int, _ total: Int) -> MartletError {
    MartletError(.stopped, "stopped after batch \(batch) of \(total)")
  }

  private static func nonFinite(
    _ loss: Double, _ batch: Int, _ total: Int, isRestored: Bool
  ) -> MartletError {
    MartletError(
      .notFinite,
      "the loss became \(loss.isNaN ? "NaN" : "infinite") in batch \(batch) of \(total); "
        + (isRestored
          ? "weights and optimizer are as they were before this epoch"
          : "the batch has changed no weight")
        + ". Usual causes: a learning rate too high, inputs not scaled, a loss that does not suit "
        + "the last activation")
  }

  /// Runs the batches and adds up what they report.
  ///
  /// - Parameter accept: Called with each batch's mean loss, before anything has changed.
  private func pass(
    _ data: TrainingData, _ options: PassOptions, _ compiled: CompiledModel, _ plan: Plan,
    _ order: [Int]?,
    _ accept: (
      _ feed: Feed, _ count: Int, _ batch: Int, _ total: Int, _ loss: Double
    ) throws(MartletError) -> Void
  ) throws(MartletError) -> [Double] {
    let feed = data.feed(outputCount: compiled.heads.count)
    let orderMemory = order.map { OffsetTable($0) }
    feed.order = orderMemory?.pointer
    let count = data.sampleCount
    let total = (count + plan.capacity - 1) / plan.capacity
    var sums = ResultSums(compiled.heads, capacity: plan.capacity)
    for batch in 0..<total {
      feed.first = batch * plan.capacity
      let samples = min(plan.capacity, count - feed.first)
      let step = UInt64(compiled.optimizer.iterations)
      try FloatingPointMode.flushingDenormals { () throws(MartletError) in
        try plan.run(feed, count: samples, step: step)
        let loss = sums.add(plan.results, samples, penalty: plan.penalty(count: samples))
        try accept(feed, samples, batch + 1, total, loss)
      }
      if let progress = options.progress, progress(batch + 1, total, sums.means) {
        throw Session.stopped(batch + 1, total)
      }
    }
    withExtendedLifetime(orderMemory) {}
    return sums.means
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

/// Sums of what the heads report, over the samples of a pass.
private struct ResultSums {
  private let heads: [LossHead]
  private let capacity: Int
  private var losses: [Double]
  private var metrics: [Double]
  /// Of the batches, each times its samples.
  private var penalties = 0.0
  private var count = 0

  init(_ heads: [LossHead], capacity: Int) {
    self.heads = heads
    self.capacity = capacity
    losses = [Double](repeating: 0, count: heads.count)
    metrics = [Double](repeating: 0, count: heads.reduce(0) { $0 + $1.metrics.count })
  }

  /// - Parameter penalty: What regularizers add to the loss of the batch.
  /// - Returns: The batch's mean loss, all outputs together.
  mutating func add(
    _ results: UnsafePointer<Float>, _ samples: Int, penalty: Double
  ) -> Double {
    var row = results
    var metric = 0
    var batchLoss = 0.0
    for head in heads.indices {
      let loss = sum(row, samples)
      losses[head] += loss
      batchLoss += loss * Double(heads[head].weight)
      for index in heads[head].metrics.indices {
        metrics[metric] += sum(row + (1 + index) * capacity, samples)
        metric += 1
      }
      row += heads[head].resultCount * capacity
    }
    count += samples
    penalties += penalty * Double(samples)
    return batchLoss / Double(samples) + penalty
  }

  private func sum(_ values: UnsafePointer<Float>, _ count: Int) -> Double {
    var sum = 0.0
    for index in 0..<count { sum += Double(values[index]) }
    return sum
  }

  /// In the order of `CompiledModel.resultNames`.
  var means: [Double] {
    let scale = 1 / Double(max(count, 1))
    let total = zip(losses, heads).reduce(penalties) { $0 + $1.0 * Double($1.1.weight) }
    return [total * scale] + (heads.count > 1 ? losses.map { $0 * scale } : [])
      + metrics.map { $0 * scale }
  }
}
