import MartletKernelTable
import MartletTensors

/// What is measured besides the loss: one value per sample, averaged over samples.
package enum MetricFunction: Hashable, Sendable {
  /// Share of elements on the same side of the threshold as the target (strictly above is 1).
  case binaryAccuracy(threshold: Float)
  /// Whether the greatest prediction is the class that the one-hot target names.
  case categoricalAccuracy
  /// Whether the greatest prediction is the class.
  case sparseCategoricalAccuracy
  /// A loss as a metric.
  case loss(LossFunction)

  /// Whether targets are class numbers.
  package var takesLabels: Bool {
    switch self {
    case .sparseCategoricalAccuracy: true
    case .loss(let function): function.takesLabels
    default: false
    }
  }
}

extension LossFunction {
  /// Whether targets are class numbers instead of a value for every prediction.
  package var takesLabels: Bool {
    if case .sparseCategoricalCrossentropy = self { true } else { false }
  }

  /// The same loss worked out from logits, where it can be.
  package var fromLogits: LossFunction {
    switch self {
    case .sparseCategoricalCrossentropy: .sparseCategoricalCrossentropy(fromLogits: true)
    case .categoricalCrossentropy(_, let smoothing):
      .categoricalCrossentropy(fromLogits: true, labelSmoothing: smoothing)
    case .binaryCrossentropy(_, let smoothing):
      .binaryCrossentropy(fromLogits: true, labelSmoothing: smoothing)
    case .meanSquaredError: .meanSquaredError
    }
  }
}

/// The end of one output in training or evaluation: its loss, its metrics, and the gradient where
/// the backward pass starts.
package struct LossHead {
  /// Number of the output, and of its targets in the feed.
  package var output: Int
  /// The value the loss is worked out from: the output, or the logits that a final softmax or
  /// sigmoid had as input. Through the logits the gradient is p − y, exact where the probabilities
  /// are saturated (Keras keeps the logits for the same reason).
  package var lossInput: Program.ValueID
  package var function: LossFunction
  /// Factor on the gradient; the reported loss is without it.
  package var weight: Float
  package var metrics: [MetricFunction]

  package init(
    output: Int, lossInput: Program.ValueID, function: LossFunction, weight: Float,
    metrics: [MetricFunction]
  ) {
    self.output = output
    self.lossInput = lossInput
    self.function = function
    self.weight = weight
    self.metrics = metrics
  }

  /// Numbers per sample that the head writes: the loss, then the metrics.
  package var resultCount: Int { 1 + metrics.count }

  /// Floats of scratch for a prediction of this shape.
  package func scratchCount(_ shape: Shape) -> Int {
    let rows = shape.count / (shape.last ?? 1)
    return shape.count + 2 * rows
  }

  /// - Parameters:
  ///   - prediction, lossInput: The output and the value the loss is worked out from.
  ///   - gradient: Of `lossInput`; `nil` in evaluation.
  ///   - results: `resultCount` rows of `capacity` numbers.
  package func stage(
    kernels: Kernels, shape: Shape, prediction: Place, lossInput: Place, gradient: Place?,
    results: UnsafeMutablePointer<Float>, capacity: Int
  ) -> Stage {
    let size = shape.last ?? 1
    let rows = shape.count / size
    let (function, metrics, output, weight) = (function, metrics, output, weight)
    let needsLabels = function.takesLabels || metrics.contains(where: \.takesLabels)
    let needsTargets = !function.takesLabels || metrics.contains { !$0.takesLabels }
    return .groups { task in
      let targets = task.scratch
      let losses = targets + shape.count
      let labels = UnsafeMutableRawPointer(losses + rows).assumingMemoryBound(to: Int32.self)
      for sample in task.samples {
        let sampleWeight = task.feed._withUnsafeGuaranteedRef { feed in
          feed.read(
            sample, output: output, rows: rows, size: size,
            labels: needsLabels ? labels : nil, targets: needsTargets ? targets : nil,
            with: kernels.conversion)
        }
        let scale = sampleWeight * weight / Float(task.batchCount * rows)
        kernels.softmax.loss(
          function, Source(lossInput.floats(sample, task)),
          needsLabels ? UnsafePointer(labels) : nil, needsTargets ? Source(targets) : nil, nil,
          rows, size, losses, gradient?.floats(sample, task), scale)
        results[sample] = sampleWeight * mean(losses, rows)
        let y = Source(prediction.floats(sample, task))
        for (index, metric) in metrics.enumerated() {
          results[(1 + index) * capacity + sample] = metric.value(
            y, labels, targets, rows: rows, size: size, losses: losses, kernels: kernels)
        }
      }
    }
  }
}

private func mean(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
  var sum: Float = 0
  for index in 0..<count { sum += values[index] }
  return sum / Float(count)
}

extension MetricFunction {
  fileprivate func value(
    _ y: Source, _ labels: UnsafePointer<Int32>, _ targets: Source, rows: Int, size: Int,
    losses: Target, kernels: Kernels
  ) -> Float {
    var hits = 0
    switch self {
    case .binaryAccuracy(let threshold):
      for index in 0..<(rows * size) where (y[index] > threshold ? 1 : 0) == targets[index] {
        hits += 1
      }
      return Float(hits) / Float(rows * size)
    case .categoricalAccuracy:
      for row in 0..<rows
      where kernels.reduction.argmax(y + row * size, size)
        == kernels.reduction.argmax(targets + row * size, size)
      { hits += 1 }
    case .sparseCategoricalAccuracy:
      for row in 0..<rows where kernels.reduction.argmax(y + row * size, size) == Int(labels[row]) {
        hits += 1
      }
    case .loss(let function):
      kernels.softmax.loss(
        function, y, function.takesLabels ? labels : nil, function.takesLabels ? nil : targets,
        nil, rows, size, losses, nil, 1)
      return mean(losses, rows)
    }
    return Float(hits) / Float(rows)
  }
}

extension Feed {
  /// The target of one sample, as class numbers or as floats, and what the sample counts.
  ///
  /// A label outside `0 ..< size` was refused before training started (`Trainer.check`); should one
  /// get here all the same it is clamped, so that no kernel reads beyond the prediction.
  fileprivate func read(
    _ sample: Int, output: Int, rows: Int, size: Int, labels: UnsafeMutablePointer<Int32>?,
    targets: UnsafeMutablePointer<Float>?, with conversion: ConversionKernels
  ) -> Float {
    let index = index(sample)
    let view = self.targets[output]
    if let labels {
      for row in 0..<rows {
        let label = view.double(sample: index, element: row)
        labels[row] = Int32(max(0, min(label.isNaN ? 0 : label, Double(size - 1))))
      }
    }
    if let targets { view.gather(index, into: targets, with: conversion) }
    var weight: Float = 1
    if let weights = sampleWeights[output] { weight = Float(weights.double(sample: index)) }
    if !classWeights.isEmpty {
      let value: Int
      if let labels {
        value = Int(labels[0])
      } else if size == 1 {
        value = Int(exactly: view.double(sample: index).rounded(.towardZero)) ?? -1
      } else {
        value =
          (0..<size).max {
            view.double(sample: index, element: $0) < view.double(sample: index, element: $1)
          } ?? 0
      }
      weight *= classWeights[value] ?? 1
    }
    return weight
  }
}
