import MartletTensors
import MartletTraining

extension Model {
  // MARK: Training

  /// Trains the model.
  ///
  /// All data is checked before the first weight changes. Data of every type of number is read where it
  /// is, batch by batch, and never copied whole.
  ///
  /// ```swift
  /// let history = try model.fit(images, labels, epochs: 5, validation: Samples(unseen, theirLabels)) {
  ///   if $0.isEndOfEpoch { print($0.results) }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - x: Samples, along the first axis.
  ///   - y: What should come out for them.
  ///   - epochs: Passes over the data.
  ///   - batchSize: Samples per step. The last batch of an epoch may be smaller.
  ///   - shuffle: Whether each epoch takes the samples in a new order.
  ///   - validation: Evaluated after each epoch.
  ///   - nonFiniteLoss: What happens when the loss becomes NaN or infinite.
  ///   - progress: Called after each batch and at the end of each epoch, on the calling thread. What it
  ///     throws ends the training: ``StopTraining`` without an error, all else is thrown on.
  /// - Returns: What was reached in each epoch.
  /// - Throws: ``MartletError`` where the model is not compiled or data does not fit it: nothing has
  ///   changed then; or when the loss is not finite.
  @discardableResult
  public func fit(
    _ x: any TensorData, _ y: any TensorData, epochs: Int = 1, batchSize: Int = 32,
    shuffle: Bool = true, validation: Samples? = nil, nonFiniteLoss: NonFiniteLoss = .stop,
    progress: ((Progress) throws -> Void)? = nil
  ) throws -> History {
    try fit(
      Samples(x, y), epochs: epochs, batchSize: batchSize, shuffle: shuffle,
      validation: validation, nonFiniteLoss: nonFiniteLoss, progress: progress)
  }

  /// Trains a model of any number of inputs and outputs, with weights for samples or classes.
  ///
  /// Otherwise as the form of one input and one output.
  @discardableResult
  public func fit(
    _ samples: Samples, epochs: Int = 1, batchSize: Int = 32, shuffle: Bool = true,
    validation: Samples? = nil, nonFiniteLoss: NonFiniteLoss = .stop,
    progress: ((Progress) throws -> Void)? = nil
  ) throws -> History {
    try fit(
      samples, epochs: epochs, batchSize: batchSize, shuffle: shuffle, validation: validation,
      nonFiniteLoss: nonFiniteLoss, watch: Watch(report: progress))
  }

  /// Who looks on while the model works.
  struct Watch {
    var report: ((Progress) throws -> Void)?
    /// Asked after each batch.
    var isCancelled: (() -> Bool)?
  }

  final func fit(
    _ samples: Samples, epochs: Int, batchSize: Int, shuffle: Bool, validation: Samples?,
    nonFiniteLoss: NonFiniteLoss, watch: Watch
  ) throws -> History {
    guard epochs >= 1 else {
      throw MartletError.invalidArgument("epochs must be at least 1, received \(epochs)")
    }
    var options = try PassOptions(batchSize: batchSize)
    options.shuffles = shuffle
    options.nonFinitePolicy = nonFiniteLoss.core
    let session = session
    // The outcome travels as a value, since the report may throw anything.
    let outcome = try samples.withData { data throws(MartletError) in
      try session.check(data)
      guard let validation else {
        return TrainingRun(session, data, nil, options, epochs: epochs, watch).run()
      }
      return try validation.withData { heldOut throws(MartletError) in
        do throws(MartletError) {
          try session.check(heldOut)
        } catch {
          throw MartletError(error.kind, "validation: \(error.message)")
        }
        return TrainingRun(session, data, heldOut, options, epochs: epochs, watch).run()
      }
    }
    return try outcome.get()
  }

  /// One step on all samples given.
  ///
  /// - Returns: Loss and metrics of this batch from before the step.
  /// - Throws: As `fit`.
  @discardableResult
  public func trainBatch(_ samples: Samples) throws(MartletError) -> Results {
    let session = session
    return try samples.withData { data throws(MartletError) in
      try session.check(data)
      return session.results(try session.train(data, PassOptions(wholeBatchOf: data)))
    }
  }

  /// One step on all samples given.
  ///
  /// - Returns: Loss and metrics of this batch from before the step.
  /// - Throws: As `fit`.
  @discardableResult
  public func trainBatch(
    _ x: any TensorData, _ y: any TensorData
  ) throws(MartletError) -> Results {
    try trainBatch(Samples(x, y))
  }

  // MARK: Evaluating

  /// Loss and metrics of the model as it is.
  ///
  /// - Throws: ``MartletError`` where the model is not compiled or data does not fit it.
  public func evaluate(
    _ samples: Samples, batchSize: Int = 32
  ) throws(MartletError) -> Results {
    try evaluate(samples, batchSize: batchSize, isCancelled: nil)
  }

  /// Loss and metrics of the model as it is.
  ///
  /// - Throws: ``MartletError`` where the model is not compiled or data does not fit it.
  public func evaluate(
    _ x: any TensorData, _ y: any TensorData, batchSize: Int = 32
  ) throws(MartletError) -> Results {
    try evaluate(Samples(x, y), batchSize: batchSize)
  }

  final func evaluate(
    _ samples: Samples, batchSize: Int, isCancelled: (() -> Bool)?
  ) throws(MartletError) -> Results {
    let session = session
    return try samples.withData { data throws(MartletError) in
      try session.check(data)
      let options = try PassOptions(batchSize: batchSize, isCancelled: isCancelled)
      return session.results(try session.evaluate(data, options))
    }
  }

  /// Loss and metrics of all samples given, as one batch.
  ///
  /// - Throws: As `evaluate`.
  public func testBatch(_ samples: Samples) throws(MartletError) -> Results {
    let session = session
    return try samples.withData { data throws(MartletError) in
      try session.check(data)
      return session.results(try session.evaluate(data, PassOptions(wholeBatchOf: data)))
    }
  }

  /// Loss and metrics of all samples given, as one batch.
  ///
  /// - Throws: As `evaluate`.
  public func testBatch(_ x: any TensorData, _ y: any TensorData) throws(MartletError) -> Results {
    try testBatch(Samples(x, y))
  }

  // MARK: Predicting

  /// What the model gives for each sample; it need not be compiled.
  ///
  /// - Parameters:
  ///   - x: Samples, along the first axis.
  ///   - batchSize: Samples that are worked on together. Results do not depend on it.
  ///   - training: Whether dropout and batch normalization do what they do in training. Moving averages
  ///     stay as they are; every call draws new random numbers.
  /// - Throws: ``MartletError`` for data that does not fit, and for models of several outputs, which
  ///   `predictAll` takes.
  public func predict(
    _ x: any TensorData, batchSize: Int = 32, training: Bool = false
  ) throws(MartletError) -> Tensor<Float> {
    try requireOneOutput()
    return try predictAll([x], batchSize: batchSize, training: training)[0]
  }

  final func requireOneOutput() throws(MartletError) {
    guard outputs.count == 1 else {
      throw .invalidArgument(
        "model '\(session.model.name)' has \(outputs.count) outputs: call predictAll(_:)")
    }
  }

  /// What a model of any number of inputs and outputs gives: one tensor for each output.
  ///
  /// Otherwise as `predict`.
  public func predictAll(
    _ x: [any TensorData], batchSize: Int = 32, training: Bool = false
  ) throws(MartletError) -> [Tensor<Float>] {
    try predictAll(x, batchSize: batchSize, training: training, isCancelled: nil)
  }

  final func predictAll(
    _ x: [any TensorData], batchSize: Int, training: Bool, isCancelled: (() -> Bool)?
  ) throws(MartletError) -> [Tensor<Float>] {
    let session = session
    let options = try PassOptions(batchSize: batchSize, isCancelled: isCancelled)
    return try x.withViews("x") { views throws(MartletError) in
      let count = views.first?.sampleCount ?? 0
      let shapes = try session.outputShapes(for: views).map { [count] + $0.extents }
      return try tensors(of: shapes) { places throws(MartletError) in
        try session.predict(views, isTraining: training, options, into: places)
      }
    }
  }
}

/// Tensors of these shapes, filled by `body`.
func tensors(
  of shapes: [[Int]], _ body: ([UnsafeMutablePointer<Float>]) throws(MartletError) -> Void
) throws(MartletError) -> [Tensor<Float>] {
  var arrays = shapes.map { [Float](repeating: 0, count: $0.reduce(1, *)) }
  try withPlaces(&arrays, body)
  return zip(shapes, arrays).map { Tensor(checked: $0, $1) }
}

/// Lends the memory of several arrays together.
private func withPlaces(
  _ arrays: inout [[Float]],
  _ body: ([UnsafeMutablePointer<Float>]) throws(MartletError) -> Void
) throws(MartletError) {
  func lend(_ places: [UnsafeMutablePointer<Float>]) throws(MartletError) {
    guard places.count < arrays.count else { return try body(places) }
    // Taken out meanwhile, so that no array is looked at while its memory is lent.
    let index = places.count
    var array: [Float] = []
    swap(&array, &arrays[index])
    defer { swap(&array, &arrays[index]) }
    try array.withUnsafeMutableBufferPointer { buffer throws(MartletError) in
      guard let place = buffer.baseAddress else {
        throw .invalidArgument("output \(index) of the model is empty")
      }
      try lend(places + [place])
    }
  }
  try lend([])
}

extension NonFiniteLoss {
  fileprivate var core: NonFinitePolicy {
    switch self {
    case .stop: .stop
    case .ignore: .ignore
    case .restore: .restore
    }
  }
}

extension PassOptions {
  /// - Parameter isCancelled: Asked after each batch.
  fileprivate init(batchSize: Int, isCancelled: (() -> Bool)?) throws(MartletError) {
    try self.init(batchSize: batchSize)
    if let isCancelled { progress = { _, _, _ in isCancelled() } }
  }

  fileprivate init(wholeBatchOf data: TrainingData) throws(MartletError) {
    try self.init(batchSize: max(data.sampleCount, 1))
  }
}

extension Session {
  fileprivate func results(_ values: [Double]) -> Results {
    Results(names: resultNames, extents: resultExtents, values: values)
  }
}

/// One call of `fit`, when everything has been checked.
private final class TrainingRun {
  typealias Watch = Model.Watch

  private let session: Session
  private let data: TrainingData
  private let validation: TrainingData?
  private let options: PassOptions
  private let epochs: Int
  private let watch: Watch
  private let names: [String]
  private let extents: [[Int]]

  private var history = History()
  /// Of the epoch that is running.
  private var done = (batches: 0, total: 0, values: [Double]())
  /// Why the training ends before its time.
  private var cause: (any Error)?

  init(
    _ session: Session, _ data: TrainingData, _ validation: TrainingData?, _ options: PassOptions,
    epochs: Int, _ watch: Watch
  ) {
    self.session = session
    self.data = data
    self.validation = validation
    self.options = options
    self.epochs = epochs
    self.watch = watch
    names = session.resultNames
    extents = session.resultExtents
  }

  func run() -> Result<History, any Error> {
    Result {
      for epoch in 1...epochs where !history.isStopped { try run(epoch) }
      try session.finalizeWeights()
      return history
    }
  }

  private func run(_ epoch: Int) throws {
    var isOver = false
    do throws(MartletError) {
      let training = results(try train(epoch))
      let heldOut = try validate()
      history.epochs.append(
        History.Epoch(training: training, validation: heldOut, batches: done.batches))
      isOver = !tell(epoch, training, heldOut, isEndOfEpoch: true)
    } catch {
      switch error.kind {
      case .stopped:
        history.epochs.append(
          History.Epoch(
            training: results(done.values), validation: nil, batches: done.batches))
        isOver = true
      case .notFinite: throw MartletError(.notFinite, "epoch \(epoch): \(error.message)")
      default: throw error
      }
    }
    if isOver { try stop() }
  }

  private func train(_ epoch: Int) throws(MartletError) -> [Double] {
    var options = options
    options.progress = { [self] batches, total, values in
      done = (batches, total, values)
      return isCancelled || !(watch.report == nil || tell(epoch, results(values)))
    }
    return try session.train(data, options)
  }

  private func validate() throws(MartletError) -> Results? {
    guard let validation else { return nil }
    var options = options
    options.progress = { [self] _, _, _ in isCancelled }
    return results(try session.evaluate(validation, options))
  }

  /// Ends the training: as the one who asked for it wants, or with what was thrown.
  private func stop() throws {
    if let cause, !(cause is StopTraining) { throw cause }
    history.isStopped = true
  }

  private var isCancelled: Bool {
    guard watch.isCancelled?() == true else { return false }
    cause = CancellationError()
    return true
  }

  /// - Returns: Whether to go on.
  private func tell(
    _ epoch: Int, _ results: Results, _ validation: Results? = nil, isEndOfEpoch: Bool = false
  ) -> Bool {
    do {
      try watch.report?(
        Progress(
          epoch: epoch, epochs: epochs, batch: done.batches, batches: done.total,
          results: results, validation: validation, isEndOfEpoch: isEndOfEpoch))
      return true
    } catch {
      cause = error
      return false
    }
  }

  private func results(_ values: [Double]) -> Results {
    Results(names: names, extents: extents, values: values)
  }
}
