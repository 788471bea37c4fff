import MartletKernelTable
import MartletTensors

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
    default: self
    }
  }
}

/// A loss as it was asked for: its function, and how its values become one number.
package struct LossTerm: Hashable, Sendable {
  package enum Reduction: String, CaseIterable, Sendable {
    case mean = "sum_over_batch_size"
    case sum
    /// One value for each row; for a loss that is called by itself.
    case none
  }
  /// What of a batch of predictions makes one value.
  package enum Span: Sendable {
    case row, sample, batch
  }

  package var function: LossFunction
  package var reduction = Reduction.mean
  /// Rows with this label count neither in the loss nor in what it is divided by.
  package var ignoredClass: Int32?
  /// Other than `row` for overlaps only.
  package var span = Span.row
  /// Of a loss that is made of operations; for messages.
  package var name: String?

  package init(_ function: LossFunction) { self.function = function }

  /// Whether a value depends on other samples than its own.
  var needsBatchSums: Bool { span == .batch || (ignoredClass != nil && reduction == .mean) }
}

/// A metric, and whether samples count in it what they weigh.
package struct MetricUse: Sendable {
  package var function: any MetricFunction
  package var isWeighted: Bool
  /// What it is of, where that is not the output.
  package var value: Program.ValueID?
  /// Whether that value is one of the whole batch, which counts once.
  package var isOfBatch = false

  package init(_ function: any MetricFunction, isWeighted: Bool = false) {
    self.function = function
    self.isWeighted = isWeighted
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
  package var loss: LossTerm
  /// Factor on the gradient; the reported loss is without it.
  package var weight: Float
  package var metrics: [MetricUse]
  /// What targets are, for metrics and class weights: `none` where they are neither class numbers nor
  /// a value for each of the prediction.
  package var targets: TargetForm

  package init(
    output: Int, lossInput: Program.ValueID, loss: LossTerm, weight: Float,
    metrics: [MetricUse] = [], targets: TargetForm? = nil
  ) {
    self.output = output
    self.lossInput = lossInput
    self.loss = loss
    self.weight = weight
    self.metrics = metrics
    self.targets = targets ?? (loss.function.takesLabels ? .labels : .values)
  }

  package static func size(_ shape: Shape) -> Int { shape.last ?? 1 }

  /// Sums in double precision that each group keeps: those the loss needs of the batch, then the
  /// states of the metrics.
  package func stateCount(_ shape: Shape) -> Int {
    metrics.reduce(BatchSums.count) { $0 + $1.function.stateCount(size: LossHead.size(shape)) }
  }

  /// Where in the head's sums the state of each metric starts.
  package func stateOffsets(_ shape: Shape) -> [Int] {
    var offsets: [Int] = []
    var offset = BatchSums.count
    for metric in metrics {
      offsets.append(offset)
      offset += metric.function.stateCount(size: LossHead.size(shape))
    }
    return offsets
  }

  /// Floats of scratch for a prediction of this shape: the target, four numbers a row, and what
  /// metrics need.
  ///
  /// - Parameter values: Numbers that the loss is worked out from.
  package func scratchCount(_ shape: Shape, values: Int) -> Int {
    let size = LossHead.size(shape)
    return 2 * shape.count + 4 * (shape.count / size) + size + values
  }

  /// Where a head finds and leaves its numbers.
  package struct Site {
    package var kernels: Kernels
    package var shape: Shape
    package var prediction: Place
    package var lossInput: Place
    package var lossCount: Int
    /// Of each metric: the value it is of, where that is not the prediction.
    package var measured: [(place: Place, count: Int)?]
    /// Of `lossInput`; `nil` in evaluation.
    package var gradient: Place?
    /// The loss of each sample.
    package var losses: UnsafeMutablePointer<Float>
    /// The sums of the first group, and how far it is to the next one's.
    package var states: UnsafeMutablePointer<Double>
    package var stateStep: Int
    package var groupSize: Int

    package init(
      kernels: Kernels, shape: Shape, prediction: Place, lossInput: Place, lossCount: Int,
      measured: [(place: Place, count: Int)?], gradient: Place?,
      losses: UnsafeMutablePointer<Float>, states: UnsafeMutablePointer<Double>, stateStep: Int,
      groupSize: Int
    ) {
      self.kernels = kernels
      self.shape = shape
      self.prediction = prediction
      self.lossInput = lossInput
      self.lossCount = lossCount
      self.measured = measured
      self.gradient = gradient
      self.losses = losses
      self.states = states
      self.stateStep = stateStep
      self.groupSize = groupSize
    }
  }

  package func stages(_ site: Site) -> [Stage] {
    let pass = HeadPass(self, site)
    let count = stateCount(site.shape)
    guard loss.needsBatchSums else {
      return [
        .groups { task in
          (site.states + task.group * site.stateStep).update(repeating: 0, count: count)
          for sample in task.samples { pass.run(sample, task, BatchSums()) }
        }
      ]
    }
    return [
      .groups { task in
        let state = site.states + task.group * site.stateStep
        state.update(repeating: 0, count: count)
        var sums = BatchSums()
        for sample in task.samples { pass.add(sample, task, to: &sums) }
        sums.store(in: state)
      },
      // The first group's sums become those of the batch.
      .batch(tasks: 1) { _, task in
        let groups = (task.batchCount + site.groupSize - 1) / site.groupSize
        var sums = BatchSums()
        for group in 0..<groups { sums += BatchSums(site.states + group * site.stateStep) }
        sums.store(in: site.states)
      },
      .groups { task in
        let sums = BatchSums(site.states)
        for sample in task.samples { pass.run(sample, task, sums) }
      },
    ]
  }
}

/// What some losses must know of the whole batch.
private struct BatchSums {
  static let count = 5
  var overlap = Overlap.Sums()
  /// Of the samples.
  var weight = 0.0
  /// Rows whose class is not ignored.
  var rows = 0.0

  init() {}

  init(_ memory: UnsafePointer<Double>) {
    overlap = Overlap.Sums(shared: memory[0], target: memory[1], prediction: memory[2])
    weight = memory[3]
    rows = memory[4]
  }

  func store(in memory: UnsafeMutablePointer<Double>) {
    memory[0] = overlap.shared
    memory[1] = overlap.target
    memory[2] = overlap.prediction
    memory[3] = weight
    memory[4] = rows
  }

  static func += (sum: inout BatchSums, part: BatchSums) {
    sum.overlap.shared += part.overlap.shared
    sum.overlap.target += part.overlap.target
    sum.overlap.prediction += part.overlap.prediction
    sum.weight += part.weight
    sum.rows += part.rows
  }
}

/// A head at its place: what it does with each sample.
private struct HeadPass {
  let site: LossHead.Site
  let loss: LossTerm
  let metrics: [(use: MetricUse, offset: Int)]
  let output: Int
  let weight: Double
  let rows: Int
  let size: Int
  let needsLabels: Bool
  let needsTargets: Bool

  init(_ head: LossHead, _ site: LossHead.Site) {
    self.site = site
    loss = head.loss
    metrics = Array(zip(head.metrics, head.stateOffsets(site.shape)))
    output = head.output
    weight = Double(head.weight)
    size = LossHead.size(site.shape)
    rows = site.shape.count / size
    let forms = head.metrics.map(\.function.targets)
    needsLabels = head.targets == .labels || forms.contains(.labels)
    needsTargets = head.targets == .values || forms.contains(.values)
  }

  /// A sample's target in the task's scratch memory.
  private struct Target {
    let weight: Float
    let isWeighted: Bool
    let values: UnsafeMutablePointer<Float>
    let labels: UnsafeMutablePointer<Int32>
    let losses: UnsafeMutablePointer<Float>
    let ownLabels: UnsafeMutablePointer<Int32>
    let rowWeights: UnsafeMutablePointer<Float>
    let rest: UnsafeMutablePointer<Float>
  }

  private func target(_ sample: Int, _ task: borrowing Task) -> Target {
    let values = task.scratch
    let losses = values + site.shape.count
    func labels(_ place: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Int32> {
      UnsafeMutableRawPointer(place).assumingMemoryBound(to: Int32.self)
    }
    let own = labels(losses + rows)
    let (weight, isWeighted) = task.feed._withUnsafeGuaranteedRef { feed in
      (
        feed.read(
          sample, output: output, rows: rows, size: size, ignored: loss.ignoredClass,
          labels: needsLabels ? own : nil, targets: needsTargets ? values : nil,
          with: site.kernels.conversion),
        feed.sampleWeights[output] != nil || !feed.classWeights.isEmpty
      )
    }
    return Target(
      weight: weight, isWeighted: isWeighted, values: values, labels: labels(losses + 2 * rows),
      losses: losses, ownLabels: own, rowWeights: losses + 3 * rows, rest: losses + 4 * rows)
  }

  /// Adds what a loss must know of this sample before it can be worked out.
  func add(_ sample: Int, _ task: borrowing Task, to sums: inout BatchSums) {
    let target = target(sample, task)
    sums.weight += Double(target.weight)
    if let ignored = loss.ignoredClass {
      for row in 0..<rows where target.ownLabels[row] != ignored { sums.rows += 1 }
    } else {
      let x = site.lossInput.floats(sample, task)
      for index in 0..<site.shape.count {
        let (value, goal) = (Double(x[index]), Double(target.values[index]))
        sums.overlap.shared += value * goal
        sums.overlap.target += goal
        sums.overlap.prediction += value
      }
    }
  }

  func run(_ sample: Int, _ task: borrowing Task, _ sums: BatchSums) {
    let target = target(sample, task)
    let state = site.states + task.group * site.stateStep
    let y = Source(site.prediction.floats(sample, task))
    for (index, (use, offset)) in metrics.enumerated() {
      let measured = site.measured[index]
      if use.isOfBatch && sample > 0 { continue }
      use.function.add(
        MetricSample(
          kernels: site.kernels,
          prediction: measured.map { Source($0.place.floats(sample, task)) } ?? y,
          labels: needsLabels ? Labels(target.ownLabels) : nil,
          targets: needsTargets ? Source(target.values) : nil, rows: measured == nil ? rows : 1,
          size: measured?.count ?? size,
          weight: use.isWeighted ? Double(target.weight) : 1,
          isWeighted: use.isWeighted && target.isWeighted, scratch: target.rest),
        to: state + offset)
    }
    let gradient = site.gradient?.floats(sample, task)
    let value =
      switch loss.span {
      case .batch: shareOfOverlap(target, gradient, task.batchCount, sums)
      case .sample:
        values(sample, target, gradient, rows: 1, size: site.shape.count, task, sums)
      // Of values that are losses already, each is one.
      case .row where loss.function == .given:
        values(sample, target, gradient, rows: site.lossCount, size: 1, task, sums)
      case .row: values(sample, target, gradient, rows: rows, size: size, task, sums)
      }
    site.losses[sample] = value
  }

  private typealias Labels = UnsafePointer<Int32>

  /// The sample's part of the loss, such that the batch's loss is the mean of these.
  private func values(
    _ sample: Int, _ target: Target, _ gradient: UnsafeMutablePointer<Float>?, rows: Int,
    size: Int, _ task: borrowing Task, _ sums: BatchSums
  ) -> Float {
    let count = Double(task.batchCount * rows)
    var factor = loss.reduction == .sum ? count : 1
    if let ignored = loss.ignoredClass {
      if loss.reduction == .mean { factor = sums.rows == 0 ? 0 : count / sums.rows }
      for row in 0..<rows {
        let isIgnored = target.ownLabels[row] == ignored
        target.labels[row] = isIgnored ? 0 : target.ownLabels[row]
        target.rowWeights[row] = isIgnored ? 0 : 1
      }
    }
    let hasIgnored = loss.ignoredClass != nil
    let scale = Double(target.weight) * weight * factor / count
    let takesLabels = loss.function.takesLabels
    // Losses that are given may be more than the prediction has rows.
    let losses = loss.function == .given ? target.rest : target.losses
    site.kernels.softmax.loss(
      loss.function, Source(site.lossInput.floats(sample, task)),
      takesLabels ? Labels(hasIgnored ? target.labels : target.ownLabels) : nil,
      takesLabels ? nil : Source(target.values), hasIgnored ? Source(target.rowWeights) : nil,
      rows, size, losses, gradient, Float(scale))
    return target.weight * Float(factor) * mean(losses, rows)
  }

  /// Every sample has the loss of the batch, times its weight.
  private func shareOfOverlap(
    _ target: Target, _ gradient: UnsafeMutablePointer<Float>?, _ batchCount: Int, _ sums: BatchSums
  ) -> Float {
    guard case .overlap(let overlap) = loss.function else {
      preconditionFailure("only overlaps are of a whole batch")
    }
    if let gradient {
      let derivative = overlap.derivative(sums.overlap)
      let scale = weight * sums.weight / Double(batchCount)
      let (slope, shift) = (Float(derivative.slope * scale), Float(derivative.shift * scale))
      for index in 0..<site.shape.count { gradient[index] = target.values[index] * slope + shift }
    }
    return target.weight * Float(overlap.loss(sums.overlap))
  }
}

private func mean(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
  var sum: Float = 0
  for index in 0..<count { sum += values[index] }
  return sum / Float(count)
}

extension Feed {
  /// The target of one sample, as class numbers or as floats, and what the sample counts.
  ///
  /// A label outside `0 ..< size` was refused before training started (`Trainer.check`); should one
  /// get here all the same it is clamped, so that no kernel reads beyond the prediction.
  fileprivate func read(
    _ sample: Int, output: Int, rows: Int, size: Int, ignored: Int32?,
    labels: UnsafeMutablePointer<Int32>?, targets: UnsafeMutablePointer<Float>?,
    with conversion: ConversionKernels
  ) -> Float {
    let index = index(sample)
    let view = self.targets[output]
    if let labels {
      for row in 0..<rows {
        let label = view.double(sample: index, element: row)
        if let ignored, label == Double(ignored) {
          labels[row] = ignored
        } else {
          labels[row] = Int32(max(0, min(label.isNaN ? 0 : label, Double(size - 1))))
        }
      }
    }
    if let targets { view.gather(index, into: targets, with: conversion) }
    var weight: Float = 1
    if let weights = sampleWeights[output] { weight = Float(weights.double(sample: index)) }
    if !classWeights.isEmpty {
      let value: Int
      let classCount = targets == nil ? view.sampleExtents.last ?? 1 : size
      if let labels {
        value = Int(labels[0])
      } else if classCount == 1 {
        value = Int(exactly: view.double(sample: index).rounded(.towardZero)) ?? -1
      } else {
        value =
          (0..<classCount).max {
            view.double(sample: index, element: $0) < view.double(sample: index, element: $1)
          } ?? 0
      }
      weight *= classWeights[value] ?? 1
    }
    return weight
  }
}
