import MartletKernelTable

/// Metrics that are means over samples: the sums are Σ weight · value and Σ weight.
package enum MeanMetric: MetricFunction, Equatable {
  /// Share of values on the same side of the threshold as the target (strictly above is 1).
  case binaryAccuracy(threshold: Float)
  /// Share of values equal to the target.
  case equality
  /// Whether the greatest value is where that of the target is, or at the label.
  case classAccuracy(TargetForm)
  /// Whether fewer than `k` values are greater than that of the class.
  case topClasses(Int, TargetForm)
  /// A loss as a metric; `sign` is −1 for the cosine.
  case loss(LossFunction, ignoring: Int32?, sign: Double)
  case rootMeanSquare
  /// The values themselves.
  case values
  case sumOfValues

  package var targets: TargetForm {
    switch self {
    case .classAccuracy(let form), .topClasses(_, let form): form
    case .loss(let function, _, _): function.takesLabels ? .labels : .values
    case .values, .sumOfValues: .none
    case .binaryAccuracy, .equality, .rootMeanSquare: .values
    }
  }

  package var reducesLastAxis: Bool {
    switch self {
    case .classAccuracy, .topClasses, .loss: true
    default: false
    }
  }

  package func complaint(rows: Int, size: Int) -> String? {
    guard size == 1, targets == .labels else { return nil }
    return "needs one output per class; use 'accuracy', or binary metrics for a single output"
  }

  package func stateCount(size: Int) -> Int { 2 }

  package func add(_ sample: borrowing MetricSample, to state: UnsafeMutablePointer<Double>) {
    var counted = 1.0
    let value: Double
    switch self {
    case .binaryAccuracy(let threshold):
      value = share(sample.count) {
        (sample.prediction[$0] > threshold ? 1 : 0) == sample.target($0)
      }
    case .equality: value = share(sample.count) { sample.prediction[$0] == sample.target($0) }
    case .classAccuracy:
      value = share(sample.rows) { sample.predictedClass($0) == sample.targetClass($0) }
    case .topClasses(let k, _): value = share(sample.rows) { isAmongTop(k, $0, sample) }
    case .loss(let function, let ignored, let sign):
      value = sign * meanLoss(function, sample, ignored, &counted)
    case .rootMeanSquare:
      var sum = 0.0
      for index in 0..<sample.count {
        let error = Double(sample.prediction[index] - sample.target(index))
        sum += error * error
      }
      value = sum / Double(sample.count)
    case .values, .sumOfValues:
      var sum = 0.0
      for index in 0..<sample.count { sum += Double(sample.prediction[index]) }
      value = self == .sumOfValues ? sum : sum / Double(sample.count)
    }
    state[0] += sample.weight * value
    state[1] += sample.weight * counted
  }

  package func result(_ state: UnsafePointer<Double>, size: Int) -> [Double] {
    if self == .sumOfValues { return [state[0]] }
    let mean = ratio(state[0], state[1])
    return [self == .rootMeanSquare ? mean.squareRoot() : mean]
  }

  private func share(_ count: Int, _ isHit: (Int) -> Bool) -> Double {
    var hits = 0
    for index in 0..<count where isHit(index) { hits += 1 }
    return Double(hits) / Double(count)
  }

  private func isAmongTop(_ k: Int, _ row: Int, _ sample: borrowing MetricSample) -> Bool {
    let label = sample.targetClass(row)
    guard (0..<sample.size).contains(label) else { return false }
    let values = sample.prediction + row * sample.size
    let own = values[label]
    var greater = 0
    for index in 0..<sample.size where values[index] > own { greater += 1 }
    return greater < k && own.isFinite
  }

  /// - Parameter counted: Set to the share of the rows that are not ignored, where weights count.
  private func meanLoss(
    _ function: LossFunction, _ sample: borrowing MetricSample, _ ignored: Int32?,
    _ counted: inout Double
  ) -> Double {
    let loss = sample.kernels.softmax.loss
    var sum = 0.0
    var kept = 0
    for row in 0..<sample.rows {
      if let ignored, sample.labels?[row] == ignored { continue }
      kept += 1
      loss(
        function, sample.prediction + row * sample.size, sample.labels.map { $0 + row },
        sample.targets.map { $0 + row * sample.size }, nil, 1, sample.size, sample.scratch, nil, 1)
      sum += Double(sample.scratch[0])
    }
    // Keras leaves ignored rows out of the count only where samples have weights.
    if sample.isWeighted { counted = Double(kept) / Double(sample.rows) }
    return sum / Double(sample.rows)
  }
}
