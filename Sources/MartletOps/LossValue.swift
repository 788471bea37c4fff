import MartletKernelTable
import MartletKernels
import MartletTensors

/// The loss of every prediction as a value: targets and predictions `[…, K]` → `[…]`. For losses that
/// are put together of others.
///
/// Targets are class numbers `[…]` for the functions that take labels. Their gradient is 0: whoever needs
/// another one is refused before (`ValueGraph`).
package struct LossValueOp: Operation {
  package let function: LossFunction
  /// Predictions with this label have the loss 0.
  package let ignoredClass: Int32?

  package init(_ function: LossFunction, ignoring ignoredClass: Int32? = nil) {
    self.function = function
    self.ignoredClass = ignoredClass
  }

  package var label: String { "loss" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    guard inputs.count == 2 else {
      throw .invalidArgument("a loss takes targets and predictions, got \(inputs.count) inputs")
    }
    let (target, prediction) = (inputs[0], inputs[1])
    guard prediction.rank >= 1 else {
      throw .invalidArgument(
        "a loss needs predictions with an axis beside that of the samples, got "
          + prediction.batchDescription)
    }
    let rows = try Shape(prediction.extents.dropLast())
    let expected = function.takesLabels ? rows : prediction
    // A last axis of 1 is the same numbers.
    guard [expected.extents, expected.extents + [1]].contains(target.extents) else {
      throw .invalidArgument(
        "y_true has shape \(target.batchDescription), expected "
          + (function.takesLabels ? "class numbers of shape " : "") + expected.batchDescription
          + " for predictions of shape \(prediction.batchDescription)")
    }
    return rows
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.backwardReadsInputs = true
    // Labels, weights and losses of the rows.
    needs.scratchCount = 3 * setting.outputShape.count
    return needs
  }

  /// A sample's targets as the kernel takes them.
  private struct Compared {
    let labels: UnsafePointer<Int32>?
    let values: Source?
  }

  /// - Parameter weights: Set to 0 where the class is ignored.
  private func compared(
    _ target: UnsafeMutablePointer<Float>, _ labels: UnsafeMutablePointer<Float>,
    _ weights: UnsafeMutablePointer<Float>, rows: Int, size: Int
  ) -> Compared {
    guard function.takesLabels else { return Compared(labels: nil, values: Source(target)) }
    let labels = UnsafeMutableRawPointer(labels).assumingMemoryBound(to: Int32.self)
    for row in 0..<rows {
      let label = target[row]
      let isIgnored = ignoredClass.map { Float($0) == label } ?? false
      if isIgnored { weights[row] = 0 }
      // Within the classes, so that no kernel reads beyond the prediction.
      let inside = max(0, min(label.isNaN ? 0 : label, Float(size - 1)))
      labels[row] = isIgnored ? 0 : Int32(inside)
    }
    return Compared(labels: UnsafePointer(labels), values: nil)
  }

  package func forward(_ site: Site) -> [Stage] {
    let loss = site.kernels.softmax.loss
    let rows = site.setting.outputShape.count
    let size = site.setting.inputShapes[1].count / rows
    return [
      .samples { sample, task in
        let weights = task.scratch + rows
        weights.update(repeating: 1, count: rows)
        let targets = compared(
          site.inputs[0].floats(sample, task), task.scratch, weights, rows: rows, size: size)
        loss(
          function, Source(site.inputs[1].floats(sample, task)), targets.labels, targets.values,
          Source(weights), rows, size, site.output.floats(sample, task), nil, 1)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let loss = site.kernels.softmax.loss
    let rows = site.setting.outputShape.count
    let size = site.setting.inputShapes[1].count / rows
    let targetCount = site.setting.inputShapes[0].count
    return [
      .samples { sample, task in
        site.dInputs[0]?.floats(sample, task).update(repeating: 0, count: targetCount)
        guard let dPrediction = site.dInputs[1] else { return }
        let weights = task.scratch + rows
        weights.update(from: dOutput.floats(sample, task), count: rows)
        let targets = compared(
          site.inputs[0].floats(sample, task), task.scratch, weights, rows: rows, size: size)
        loss(
          function, Source(site.inputs[1].floats(sample, task)), targets.labels, targets.values,
          Source(weights), rows, size, weights + rows, dPrediction.floats(sample, task), 1)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let rows = setting.outputShape.count * setting.batch
    let (targetSize, size) = (inputs[0].count / rows, inputs[1].count / rows)
    return (0..<rows).map { row in
      let target = Array(inputs[0][(row * targetSize)..<((row + 1) * targetSize)])
      if let ignoredClass, target[0] == Double(ignoredClass) { return 0 }
      return PlainLoss.row(
        function, prediction: Array(inputs[1][(row * size)..<((row + 1) * size)]), target: target)
    }
  }
}
