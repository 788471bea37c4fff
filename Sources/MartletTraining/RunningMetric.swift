import MartletDispatch
import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors

/// A metric that is fed by hand.
package final class RunningMetric {
  private let metric: Metric
  private let lock = Lock()
  /// Known from the first predictions on.
  private var function: (any MetricFunction)?
  private var size = 0
  private var state: [Double] = []

  /// - Parameter description: One entry of the configuration's `metrics`.
  package init(_ description: JSONValue) throws(MartletError) {
    metric = try Metric(description)
    if case .fixed(let function) = metric.function { self.function = function }
  }

  package func reset() { lock.withLock { state = [] } }

  /// - Parameters:
  ///   - targets: As the metric takes them; `nil` for those that look at values only.
  ///   - predictions: The first axis counts samples, the last one the values of a prediction.
  ///   - weights: One for each sample; `nil` for 1.
  package func update(
    targets: ArrayView?, predictions: ArrayView, weights: ArrayView?
  ) throws(MartletError) {
    lock.lock()
    defer { lock.unlock() }
    let batch = try MetricBatch(metric, function, targets, predictions, weights)
    if state.isEmpty {
      size = batch.size
      state = [Double](repeating: 0, count: batch.function.stateCount(size: size))
    } else if batch.function.stateCount(size: batch.size) != state.count {
      throw .invalidArgument(
        "metric '\(metric.key)' has seen predictions of \(size) values, now there are \(batch.size); "
          + "call reset_state() before you go on with others")
    }
    function = batch.function
    try state.withUnsafeMutableBufferPointer { buffer throws(MartletError) in
      guard let state = buffer.baseAddress else { return }
      try batch.add(to: state)
    }
  }

  /// The result of all updates since the last reset, and its extents.
  package func result() throws(MartletError) -> (values: [Double], extents: [Int]) {
    lock.lock()
    defer { lock.unlock() }
    guard let function, !state.isEmpty || function.resultExtents(size: 0).isEmpty else {
      throw MartletError(
        .invalidState, "metric '\(metric.key)' has no result yet: call update_state() first")
    }
    let sums = state.isEmpty ? [Double](repeating: 0, count: function.stateCount(size: 1)) : state
    let size = state.isEmpty ? 1 : size
    return sums.withUnsafeBufferPointer { buffer in
      guard let state = buffer.baseAddress else { return ([], []) }
      return (function.result(state, size: size), function.resultExtents(size: size))
    }
  }
}

/// Samples for a metric, their shapes checked.
private struct MetricBatch {
  let function: any MetricFunction
  let rows: Int
  let size: Int
  private let targets: ArrayView?
  private let predictions: ArrayView
  private let weights: ArrayView?
  private let areLabels: Bool
  private let predictsClasses: Bool

  init(
    _ metric: Metric, _ known: (any MetricFunction)?, _ targets: ArrayView?,
    _ predictions: ArrayView, _ weights: ArrayView?
  ) throws(MartletError) {
    var (targets, predictions) = (targets, predictions)
    if known?.reducesLastAxis != false, predictions.extents.count == 1 {
      predictions = predictions.asOneSample
      if let given = targets, given.extents.count == 1,
        given.extents == predictions.extents.suffix(1)
      {
        targets = given.asOneSample
      }
    }
    let extents = predictions.sampleExtents
    size = extents.last ?? 1
    rows = extents.dropLast().reduce(1, *)
    let fitsLabels =
      targets.map { DataCheck.agree($0.sampleExtents, extents.dropLast()) } ?? false
    let fitsValues = targets.map { DataCheck.agree($0.sampleExtents, extents) } ?? false
    function = known ?? metric.resolved(size: size, takesLabels: fitsLabels)
    self.targets = targets
    self.predictions = predictions
    self.weights = weights
    let isInteger = ![.float32, .float64, .float16].contains(predictions.elementType)
    predictsClasses = isInteger && function.targets == .any
    if predictsClasses, (function as? ConfusionMetric)?.classCount == nil {
      throw .invalidArgument(
        "metric '\(metric.key)': predictions that are class numbers do not tell how many classes there "
          + "are; give num_classes")
    }
    if !predictsClasses, let complaint = function.complaint(rows: rows, size: size) {
      throw .invalidArgument(
        "metric '\(metric.key)' \(complaint); y_pred has shape \(Shape.text(predictions.extents))")
    }
    switch function.targets {
    case .none: areLabels = false
    case .labels: areLabels = true
    case .values: areLabels = false
    case .any: areLabels = fitsLabels && !fitsValues && !predictsClasses
    }
    if function.targets != .none {
      try check(metric.key, areLabels ? fitsLabels : fitsValues)
    }
    if let weights {
      guard weights.sampleCount == predictions.sampleCount,
        weights.sampleExtents.allSatisfy({ $0 == 1 })
      else {
        throw .invalidArgument(
          "sample_weight: expected shape (\(predictions.sampleCount),), one weight per sample, got "
            + Shape.text(weights.extents))
      }
    }
  }

  private func check(_ key: String, _ fits: Bool) throws(MartletError) {
    guard let targets else {
      throw .invalidArgument("metric '\(key)' compares predictions with targets: y_true is missing")
    }
    guard fits, targets.sampleCount == predictions.sampleCount else {
      let wanted = areLabels ? Array(predictions.extents.dropLast()) : predictions.extents
      throw .invalidArgument(
        "metric '\(key)': y_true has shape \(Shape.text(targets.extents)), expected "
          + (areLabels ? "class numbers of shape " : "") + Shape.text(wanted)
          + " for predictions of shape \(Shape.text(predictions.extents))")
    }
  }

  func add(to state: UnsafeMutablePointer<Double>) throws(MartletError) {
    let kernels = KernelSelection.current.kernels
    let count = rows * size
    let values = try Buffer(floatCount: 3 * count + size + rows)
    let prediction = values.floats
    let target = prediction + count
    let scratch = target + count
    let labels = UnsafeMutableRawPointer(scratch + count + size)
      .assumingMemoryBound(to: Int32.self)
    for sample in 0..<predictions.sampleCount {
      predictions.gather(sample, into: prediction, with: kernels.conversion)
      if let targets {
        if areLabels {
          for row in 0..<rows {
            let label = targets.double(sample: sample, element: row)
            labels[row] = Int32(exactly: label.rounded(.towardZero)) ?? -1
          }
        } else {
          targets.gather(sample, into: target, with: kernels.conversion)
        }
      }
      function.add(
        MetricSample(
          kernels: kernels, prediction: Source(prediction),
          labels: areLabels ? UnsafePointer(labels) : nil,
          targets: areLabels || targets == nil ? nil : Source(target), rows: rows, size: size,
          weight: weights.map { $0.double(sample: sample) } ?? 1, isWeighted: weights != nil,
          scratch: scratch, predictsClasses: predictsClasses),
        to: state)
    }
    withExtendedLifetime(values) {}
  }
}

extension ArrayView {
  /// The same values as a single sample.
  var asOneSample: ArrayView {
    ArrayView(
      data: data, elementType: elementType, extents: [1] + extents, byteStrides: [0] + byteStrides)
  }
}
