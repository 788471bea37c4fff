import MartletKernelTable

/// The weighted harmonic mean of precision and recall. The sums are, for each class, true positives,
/// false positives, false negatives and targets.
package struct FScore: MetricFunction {
  package enum Average: String, CaseIterable, Sendable {
    case micro, macro, weighted
  }
  /// `nil`: a score for each class.
  package var average: Average?
  /// What recall counts compared with precision.
  package var beta: Double
  /// `nil`: the greatest value of a row is positive.
  package var threshold: Float?

  package init(average: Average?, beta: Double, threshold: Float?) {
    self.average = average
    self.beta = beta
    self.threshold = threshold
  }

  package var targets: TargetForm { .values }

  package func complaint(rows: Int, size: Int) -> String? {
    rows == 1 ? nil : "needs predictions of shape (samples, classes)"
  }

  package func stateCount(size: Int) -> Int { 4 * size }

  package func add(_ sample: borrowing MetricSample, to state: UnsafeMutablePointer<Double>) {
    let size = sample.size
    let greatest = sample.prediction[sample.predictedClass(0)]
    for index in 0..<size {
      let value = sample.prediction[index]
      let isPositive =
        threshold.map { value > $0 } ?? (value >= greatest && value.magnitude > 1e-9)
      let target = Double(sample.target(index)) * sample.weight
      let rest = sample.weight - target
      state[index] += isPositive ? target : 0
      state[size + index] += isPositive ? rest : 0
      state[2 * size + index] += isPositive ? 0 : target
      state[3 * size + index] += target
    }
  }

  package func resultExtents(size: Int) -> [Int] { average == nil ? [size] : [] }

  package func result(_ state: UnsafePointer<Double>, size: Int) -> [Double] {
    let epsilon = 1e-7
    func score(_ classes: Range<Int>) -> Double {
      func sum(_ part: Int) -> Double { classes.reduce(0) { $0 + state[part * size + $1] } }
      let truePositives = sum(0)
      let precision = truePositives / (truePositives + sum(1) + epsilon)
      let recall = truePositives / (truePositives + sum(2) + epsilon)
      let square = beta * beta
      return precision * recall / (square * precision + recall + epsilon) * (1 + square)
    }
    if average == .micro { return [score(0..<size)] }
    let scores = (0..<size).map { score($0..<($0 + 1)) }
    switch average {
    case .macro: return [scores.reduce(0, +) / Double(size)]
    case .weighted:
      let targets = (0..<size).map { state[3 * size + $0] }
      let sum = zip(scores, targets).reduce(0) { $0 + $1.0 * $1.1 }
      return [sum / (targets.reduce(0, +) + epsilon)]
    default: return scores
    }
  }
}
