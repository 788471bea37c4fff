import MartletDispatch
import MartletGraph
import MartletKernelTable
import MartletOps
import MartletTensors

extension Loss {
  /// The loss of predictions, worked out at once.
  ///
  /// - Parameters:
  ///   - description: One entry of the configuration's `losses`. The last axis is what an overlap is
  ///     measured over.
  ///   - predictions: The last axis holds the values of one prediction; all axes before it count.
  ///   - weights: One for each prediction; `nil` for 1.
  /// - Returns: One number, or with the reduction `none` one for each prediction.
  package static func values(
    _ description: JSONValue, targets: ArrayView, predictions: ArrayView, weights: ArrayView?
  ) throws(MartletError) -> [Float] {
    let term = try term(description, rank: predictions.extents.count)
    let isSingle = predictions.extents.count == 1
    let predictions = isSingle ? predictions.asOneSample : predictions
    let takesLabels = term.function.takesLabels
    let extents = predictions.sampleExtents
    var targets = targets
    if isSingle, !takesLabels, targets.extents.count == 1 { targets = targets.asOneSample }
    guard targets.sampleCount == predictions.sampleCount,
      DataCheck.agree(targets.sampleExtents, takesLabels ? extents.dropLast() : extents)
    else {
      throw .invalidArgument(
        "loss '\(term.function.kerasName)': y_true has shape \(Shape.text(targets.extents)), expected "
          + (takesLabels
            ? "class numbers of shape " + Shape.text(Array(predictions.extents.dropLast()))
            : Shape.text(predictions.extents))
          + " for predictions of shape \(Shape.text(predictions.extents))")
    }
    let call = LossCall(
      term: term, targets: targets, predictions: predictions, rows: extents.dropLast().reduce(1, *),
      size: extents.last ?? 1)
    return try call.values(weights)
  }
}

/// Predictions with their targets, whose shapes agree.
private struct LossCall {
  let term: LossTerm
  let targets: ArrayView
  let predictions: ArrayView
  let rows: Int
  let size: Int

  func values(_ weights: ArrayView?) throws(MartletError) -> [Float] {
    let count = predictions.sampleCount * rows
    guard count > 0, size > 0 else {
      throw .invalidArgument("y_pred is empty: its shape is \(Shape.text(predictions.extents))")
    }
    let memory = try Buffer(floatCount: count)
    let keptCount = try evaluate(into: memory.floats)
    var values = (0..<count).map { memory.floats[$0] }
    if let weights {
      let perSample = weights.sampleExtents.reduce(1, *)
      let weightCount = weights.sampleCount * perSample
      guard weightCount == count || count == 1 else {
        throw .invalidArgument(
          "sample_weight: expected \(count) weights, one for each loss, got shape "
            + Shape.text(weights.extents))
      }
      values = (0..<weightCount).map {
        let weight = weights.double(sample: $0 / perSample, element: $0 % perSample)
        return (count == 1 ? values[0] : values[$0]) * Float(weight)
      }
    }
    let sum = values.reduce(0.0) { $0 + Double($1) }
    switch term.reduction {
    case .none: return values
    case .sum: return [Float(sum)]
    case .mean:
      let divisor = term.ignoredClass == nil ? values.count : keptCount
      return [divisor == 0 ? 0 : Float(sum / Double(divisor))]
    }
  }

  /// Writes the loss of each prediction.
  ///
  /// - Returns: How many of them have a class that is not ignored.
  private func evaluate(into losses: UnsafeMutablePointer<Float>) throws(MartletError) -> Int {
    let kernels = KernelSelection.current.kernels
    let memory = try Buffer(floatCount: 2 * rows * size + 2 * rows)
    let prediction = memory.floats
    let target = prediction + rows * size
    let factors = target + rows * size
    let labels = UnsafeMutableRawPointer(factors + rows).assumingMemoryBound(to: Int32.self)
    let takesLabels = term.function.takesLabels
    var kept = 0
    for sample in 0..<predictions.sampleCount {
      predictions.gather(sample, into: prediction, with: kernels.conversion)
      if takesLabels {
        for row in 0..<rows {
          let label = targets.double(sample: sample, element: row)
          let isIgnored = term.ignoredClass.map { Double($0) == label } ?? false
          guard isIgnored || (label >= 0 && label < Double(size)) else {
            throw .invalidArgument(
              "y_true holds label \(DataCheck.text(ofLabel: label)) (index \(sample)), but predictions "
                + "have \(size) values; classes are numbered 0 to \(size - 1)")
          }
          labels[row] = isIgnored ? 0 : Int32(label)
          factors[row] = isIgnored ? 0 : 1
          kept += isIgnored ? 0 : 1
        }
      } else {
        targets.gather(sample, into: target, with: kernels.conversion)
      }
      kernels.softmax.loss(
        term.function, Source(prediction), takesLabels ? UnsafePointer(labels) : nil,
        takesLabels ? nil : Source(target), takesLabels ? Source(factors) : nil, rows, size,
        losses + sample * rows, nil, 1)
    }
    withExtendedLifetime(memory) {}
    return kept
  }
}
