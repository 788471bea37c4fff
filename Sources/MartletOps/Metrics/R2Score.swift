import MartletKernelTable

/// The share of the targets' variance that predictions explain. The sums are, for each column, targets,
/// their squares, squared errors and weights; then the number of values.
package struct R2Score: MetricFunction {
  package enum Average: String, CaseIterable, Sendable {
    case uniform = "uniform_average"
    case byVariance = "variance_weighted_average"
  }
  /// `nil`: a score for each column.
  package var average: Average?
  /// Independent variables, for the adjusted score; 0 for the plain one.
  package var regressorCount: Int

  package init(average: Average?, regressorCount: Int) {
    self.average = average
    self.regressorCount = regressorCount
  }

  package var targets: TargetForm { .values }

  package func complaint(rows: Int, size: Int) -> String? {
    rows == 1 ? nil : "needs predictions of shape (samples, values)"
  }

  package func stateCount(size: Int) -> Int { 4 * size + 1 }

  package func add(_ sample: borrowing MetricSample, to state: UnsafeMutablePointer<Double>) {
    let size = sample.size
    for index in 0..<size {
      let target = Double(sample.target(index))
      let error = target - Double(sample.prediction[index])
      state[index] += sample.weight * target
      state[size + index] += sample.weight * target * target
      state[2 * size + index] += sample.weight * error * error
      state[3 * size + index] += sample.weight
    }
    state[4 * size] += Double(size)
  }

  package func resultExtents(size: Int) -> [Int] { average == nil ? [size] : [] }

  package func result(_ state: UnsafePointer<Double>, size: Int) -> [Double] {
    let totals = (0..<size).map { state[size + $0] - state[$0] * state[$0] / state[3 * size + $0] }
    var scores = (0..<size).map { index in
      let score = 1 - state[2 * size + index] / totals[index]
      return score.isInfinite ? 0 : score
    }
    switch average {
    case .uniform: scores = [scores.reduce(0, +) / Double(size)]
    case .byVariance:
      scores = [zip(totals, scores).reduce(0) { $0 + $1.0 * $1.1 } / totals.reduce(0, +)]
    case nil: break
    }
    let freedom = state[4 * size] - 1
    guard regressorCount > 0, Double(regressorCount) < freedom else { return scores }
    return scores.map { 1 - (1 - $0) * freedom / (freedom - Double(regressorCount)) }
  }
}
