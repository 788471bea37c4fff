import MartletDispatch
import MartletKernelTable
import MartletOps
import MartletTensors
import MartletTestSupport
import Testing

/// Metrics against counting by hand.
@Suite struct MetricTests {
  /// The result after samples of one row each.
  private func result(
    _ metric: any MetricFunction, _ predictions: [[Float]], targets: [[Float]]? = nil,
    labels: [Int32]? = nil, weights: [Double]? = nil
  ) -> [Double] {
    let size = predictions[0].count
    var state = [Double](repeating: 0, count: metric.stateCount(size: size))
    for (index, prediction) in predictions.enumerated() {
      let values = GuardedFloats(prediction)
      let target = targets.map { GuardedFloats($0[index]) }
      let scratch = GuardedFloats(count: 2 * size)
      func add(_ label: UnsafePointer<Int32>?) {
        metric.add(
          MetricSample(
            kernels: KernelSelection.current.kernels, prediction: values.source, labels: label,
            targets: target?.source, rows: 1, size: size, weight: weights?[index] ?? 1,
            isWeighted: weights != nil, scratch: scratch.pointer),
          to: &state)
      }
      if let labels {
        withUnsafePointer(to: labels[index]) { add($0) }
      } else {
        add(nil)
      }
      scratch.expectGuards("\(metric)")
    }
    return metric.result(state, size: size)
  }

  /// Numbers that no threshold of tenths is near.
  private static let predictions = (0..<64).map { [(Float(($0 * 37) % 64) + 0.5) / 64] }
  private static let targets = (0..<64).map { [Float($0 % 3 == 0 ? 1 : 0)] }

  private func count(_ threshold: Double, isAbove: Bool, isPositive: Bool) -> Double {
    var count = 0.0
    for (prediction, target) in zip(MetricTests.predictions, MetricTests.targets)
    where (Double(prediction[0]) > threshold) == isAbove && (target[0] == 1) == isPositive {
      count += 1
    }
    return count
  }

  /// Evenly spread thresholds are found by a multiplication, others by a search.
  @Test(arguments: [
    (0...10).map { Double($0) / 10 }, [0.7, 0.1, 0.4], [0.5],
  ])
  func countsAtEveryThreshold(_ thresholds: [Double]) {
    let cases: [(ThresholdMetric.Measure, isAbove: Bool, isPositive: Bool)] = [
      (.truePositives, true, true), (.falsePositives, true, false),
      (.trueNegatives, false, false), (.falseNegatives, false, true),
    ]
    for (measure, isAbove, isPositive) in cases {
      let metric = ThresholdMetric(measure, Thresholds(thresholds))
      #expect(
        result(metric, MetricTests.predictions, targets: MetricTests.targets)
          == thresholds.map { count($0, isAbove: isAbove, isPositive: isPositive) }, "\(measure)")
    }
  }

  @Test func predictionsThatAreNoNumbersExceedNothing() {
    let metric = ThresholdMetric(.truePositives, Thresholds([0, 0.5, 1]))
    #expect(
      result(metric, [[.nan], [.infinity], [-.infinity]], targets: [[1], [1], [1]]) == [1, 1, 0])
    let confusion = ConfusionMetric(
      .matrix, classCount: 2, prediction: .value, targets: .values)
    #expect(
      result(confusion, [[.nan], [.infinity], [1]], targets: [[1], [1], [.nan]]) == [0, 0, 0, 0])
  }

  @Test func onlyTheGreatestCount() {
    var metric = ThresholdMetric(.recall, Thresholds([Double(ThresholdMetric.nothing)]))
    metric.topCount = 2
    let predictions: [[Float]] = [[0.1, 0.4, 0.4, 0.3], [0.2, 0.9, 0.1, 0.1]]
    // Of equal values the first ones are taken.
    #expect(result(metric, predictions, targets: [[0, 1, 1, 1], [1, 0, 0, 1]]) == [3.0 / 5])
    metric.column = 3
    #expect(result(metric, predictions, targets: [[0, 1, 1, 1], [1, 0, 0, 1]]) == [0])
  }

  @Test func topClassesTakeTiesIn() {
    let metric = MeanMetric.topClasses(2, .labels)
    let row: [Float] = [0.5, 0.2, 0.2, 0.1]
    #expect(result(metric, [row, row, row, row], labels: [0, 1, 2, 3]) == [0.75])
    #expect(result(metric, [row, row], labels: [4, -1]) == [0])
    #expect(result(metric, [row, row], labels: [0, 3], weights: [3, 1]) == [0.75])
  }

  @Test func ignoredRowsOfALoss() {
    let metric = MeanMetric.loss(
      .sparseCategoricalCrossentropy(fromLogits: true), ignoring: 1, sign: 1)
    let rows: [[Float]] = [[0, 0], [5, 7]]
    // Keras counts them, with a loss of 0, unless samples have weights.
    let half = result(metric, rows, labels: [0, 1])[0]
    #expect(abs(half - 0.34657359) < 1e-7)
    #expect(abs(result(metric, rows, labels: [0, 1], weights: [1, 1])[0] - 2 * half) < 1e-7)
  }
}
