import MartletTensors
import MartletTraining

extension Model {
  // MARK: What it looks at

  /// How much every number of the inputs raises the outputs: the gradients of the sum of all outputs times
  /// factors. Layers compute as in `predict`, and the model need not be compiled.
  ///
  /// ```swift
  /// // What speaks for class 3.
  /// var factors = [Float](repeating: 0, count: images.shape[0] * 10)
  /// for sample in 0..<images.shape[0] { factors[sample * 10 + 3] = 1 }
  /// let map = try model.inputGradients(
  ///   images, factors: Tensor(shape: [images.shape[0], 10], scalars: factors), ofScores: true)
  /// ```
  ///
  /// A model that begins in the middle of another one, ``output(of:call:)``, gives the gradients there.
  ///
  /// - Parameters:
  ///   - x: Samples, along the first axis.
  ///   - factors: In the shape of the output.
  ///   - ofScores: Whether to take what a softmax or sigmoid at the end is given instead of what it makes of it.
  ///   - batchSize: Samples that are worked on together. Results do not depend on it.
  /// - Returns: As many numbers as the input has.
  /// - Throws: ``MartletError`` for data that does not fit, and for models of several inputs or outputs, which
  ///   take lists.
  public func inputGradients(
    _ x: any TensorData, factors: any TensorData, ofScores: Bool = false, batchSize: Int = 32
  ) throws(MartletError) -> Tensor<Float> {
    guard inputs.count == 1 else {
      throw .invalidArgument(
        "model '\(session.model.name)' has \(inputs.count) inputs: give lists of inputs and factors"
      )
    }
    return try inputGradients([x], factors: [factors], ofScores: ofScores, batchSize: batchSize)[0]
  }

  /// The gradients of a model of any number of inputs and outputs: a tensor for each input.
  ///
  /// Otherwise as the form of one input and one output.
  public func inputGradients(
    _ x: [any TensorData], factors: [any TensorData], ofScores: Bool = false, batchSize: Int = 32
  ) throws(MartletError) -> [Tensor<Float>] {
    let session = session
    let options = try PassOptions(batchSize: batchSize)
    return try x.withViews("x") { views throws(MartletError) in
      try factors.withViews("factors") { factors throws(MartletError) in
        try tensors(of: views.map(\.extents)) { places throws(MartletError) in
          try session.inputGradients(
            views, factors: factors, ofScores: ofScores, options, into: places)
        }
      }
    }
  }

  // MARK: What it spends its time on

  /// Times what the time of a training step goes into. Weights and optimizer are afterwards what they were.
  ///
  /// One batch runs before the clock starts, then all whole batches of the data, again from the first one until
  /// there are ten or a second has passed.
  ///
  /// - Throws: ``MartletError`` where the model is not compiled or data does not fit it.
  public func profile(
    _ samples: Samples, batchSize: Int = 32
  ) throws(MartletError) -> Profile {
    let session = session
    return try samples.withData { data throws(MartletError) in
      // A prediction has no targets to be checked.
      if !data.y.isEmpty { try session.check(data) }
      return Profile(try session.profile(data, PassOptions(batchSize: batchSize)))
    }
  }

  /// Times what the time of a prediction goes into, as for training steps.
  ///
  /// - Throws: ``MartletError`` for data that does not fit the model.
  public func profile(
    predicting x: any TensorData..., batchSize: Int = 32
  ) throws(MartletError) -> Profile {
    try profile(Samples(x, []), batchSize: batchSize)
  }
}

/// What the time of a model's batches went into: `print` shows it as a table.
public struct Profile: Sendable {
  /// One operation in one pass.
  public struct Row: Sendable, Equatable {
    /// The layer that it belongs to; empty for what belongs to none.
    public let layer: String
    /// What is done, such as `convolution + bias + activation`.
    public let operation: String
    /// `prepare`, `forward`, `loss`, `backward` or `update`.
    public let pass: String
    /// Of one batch, of all threads together: the median over the batches.
    public let milliseconds: Double
    /// Which part it is of the rows' sum.
    public let share: Double
    /// Speed of a thread, in 10⁹ operations a second; `nil` where memory sets the pace.
    public let gigaflops: Double?
    /// What a thread moves, each tensor that is read or written counted once.
    public let gigabytesPerSecond: Double
  }

  /// Whether it is of training steps, not of predictions.
  public let isTraining: Bool
  /// Samples of a batch.
  public let batchSize: Int
  /// Batches that were timed.
  public let batchCount: Int
  /// Threads that worked.
  public let threadCount: Int
  /// From the beginning of a batch to its end.
  public let milliseconds: Double
  /// In the order of execution.
  public let rows: [Row]

  init(_ core: MartletTraining.Profile) {
    isTraining = core.isTraining
    batchSize = core.batchSize
    batchCount = core.batchCount
    threadCount = core.threadCount
    milliseconds = core.milliseconds
    rows = core.rows.map {
      Row(
        layer: $0.layer, operation: $0.operation, pass: $0.pass, milliseconds: $0.milliseconds,
        share: $0.share, gigaflops: $0.gigaflops, gigabytesPerSecond: $0.gigabytesPerSecond)
    }
  }
}

extension Profile: CustomStringConvertible {
  /// A table of the rows, those that take longest first.
  public var description: String {
    let header = ["Layer", "Operation", "Pass", "ms", "Share", "GFLOP/s", "GB/s"]
    let cells = rows.sorted { $0.milliseconds > $1.milliseconds }.map { row in
      [
        row.layer, row.operation, row.pass, decimals(row.milliseconds, 3),
        decimals(100 * row.share, 1) + " %", row.gigaflops.map { decimals($0, 1) } ?? "",
        decimals(row.gigabytesPerSecond, 1),
      ]
    }
    let what = isTraining ? "training step" : "prediction"
    let title =
      "One \(what) of \(batchSize) sample\(batchSize == 1 ? "" : "s") takes "
      + "\(decimals(milliseconds, 3)) ms with \(threadCount) thread\(threadCount == 1 ? "" : "s")"
    return ([title] + table([header] + cells, rightAligned: [3, 4, 5, 6])).joined(separator: "\n")
      + "\n"
  }
}
