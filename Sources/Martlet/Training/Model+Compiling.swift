import MartletGraph
import MartletTensors
import MartletTraining

extension Model {
  /// Says what training makes small, how, and what is watched meanwhile. What an earlier call said is
  /// forgotten, the state of its optimizer included.
  ///
  /// - Parameters:
  ///   - optimizer: The rule for steps.
  ///   - loss: Of every output.
  ///   - metrics: Of every output.
  ///   - weightedMetrics: Metrics in which samples count what they count in the loss.
  /// - Throws: ``MartletError`` for arguments that are wrong, and losses or metrics that do not suit the
  ///   output. What was compiled before stays then.
  public func compile(
    optimizer: Optimizer = .rmsprop(), loss: Loss, metrics: [Metric] = [],
    weightedMetrics: [Metric] = []
  ) throws(MartletError) {
    let count = outputs.count
    try compile(
      optimizer: optimizer, losses: [Loss](repeating: loss, count: count),
      metrics: [[Metric]](repeating: metrics, count: count),
      weightedMetrics: [[Metric]](repeating: weightedMetrics, count: count))
  }

  /// The same with a loss for each output, in the order of the outputs.
  ///
  /// - Parameters:
  ///   - optimizer: The rule for steps.
  ///   - losses: One for each output.
  ///   - lossWeights: What each counts in the sum that is made small; `nil` for 1.
  ///   - metrics: A list for each output; `nil` for none.
  ///   - weightedMetrics: A list for each output; `nil` for none.
  /// - Throws: As the short form.
  public func compile(
    optimizer: Optimizer = .rmsprop(), losses: [Loss], lossWeights: [Double]? = nil,
    metrics: [[Metric]]? = nil, weightedMetrics: [[Metric]]? = nil
  ) throws(MartletError) {
    // Losses and metrics that are put together of symbols.
    var graphs: [MartletGraph.Model] = []
    func described(_ source: ValueSource, _ index: Int) throws(MartletError) -> JSONValue {
      try source.json(for: outputs.indices.contains(index) ? outputs[index] : nil, &graphs)
    }
    func described(_ metrics: [[Metric]]?) throws(MartletError) -> JSONValue {
      guard let metrics else { return .null }
      return .array(
        try metrics.enumerated().map { index, ofOutput throws(MartletError) in
          .array(
            try ofOutput.map { metric throws(MartletError) in try described(metric.source, index) })
        })
    }
    let configuration: JSONObject = [
      "optimizer": optimizer.json,
      "losses": .array(
        try losses.enumerated().map { index, loss throws(MartletError) in
          try described(loss.source, index)
        }),
      "loss_weights": lossWeights.json, "metrics": try described(metrics),
      "weighted_metrics": try described(weightedMetrics),
    ]
    try session.compile(configuration, graphs: graphs)
  }

  /// Whether the model can be trained and evaluated.
  public var isCompiled: Bool { session.isCompiled }

  /// The names of what training and evaluation report: `["loss", "accuracy"]`.
  public var resultNames: [String] { session.resultNames }

  // MARK: The optimizer

  /// The size of the next step.
  ///
  /// - Throws: ``MartletError`` where the model is not compiled.
  public var learningRate: Double {
    get throws(MartletError) { try session.optimizerValue("learning_rate") }
  }

  /// Steps done.
  ///
  /// - Throws: ``MartletError`` where the model is not compiled.
  public var stepCount: Int {
    get throws(MartletError) { Int(try session.optimizerValue("iterations")) }
  }

  /// Sets the size of the steps that follow: a number, or a schedule, which goes by the number of steps
  /// done since the model was compiled.
  ///
  /// - Throws: ``MartletError`` where the model is not compiled, for a number below 0, and for a number
  ///   where the rate follows a schedule.
  public func setLearningRate(_ rate: LearningRate) throws(MartletError) {
    if rate.isSchedule {
      try session.setLearningRate(following: rate.json)
    } else {
      try session.setOptimizerValue("learning_rate", rate.json.double ?? .nan)
    }
  }

  /// Sets the size of the steps that follow.
  ///
  /// - Throws: ``MartletError`` as for a ``LearningRate``.
  public func setLearningRate(_ rate: Double) throws(MartletError) {
    try setLearningRate(LearningRate(rate))
  }

  /// Asks a function for the size of each step that follows.
  ///
  /// - Parameter rate: Is given the steps done. A rate that is not finite is an error of the step.
  public func setLearningRate(
    _ rate: @escaping @Sendable (_ steps: Int) -> Double
  ) throws(MartletError) {
    try session.setLearningRate { rate($0) }
  }
}
