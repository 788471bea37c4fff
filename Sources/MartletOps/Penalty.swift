import MartletKernelTable
import MartletTensors

/// What the loss grows by for numbers far from 0: l1·Σ|x| + l2·Σx². Of a weight, once for each
/// batch; of the outputs of a layer, the mean over the samples.
package struct Penalty: Hashable, Sendable {
  package let l1: Float
  package let l2: Float

  package init(l1: Float, l2: Float) {
    self.l1 = l1
    self.l2 = l2
  }

  /// The penalty of one value of a program: a row of one number per sample, and its gradient.
  ///
  /// - Parameters:
  ///   - gradient: Of the value, overwritten; `nil` in evaluation.
  ///   - results: Room for one number per sample.
  package func stage(
    kernels: Kernels, count: Int, value: Place, gradient: Place?,
    results: UnsafeMutablePointer<Float>
  ) -> Stage {
    let penalty = kernels.penalty
    return .samples { sample, task in
      let x = Source(value.floats(sample, task))
      results[sample] = penalty.value(x, l1, l2, count)
      guard let dx = gradient?.floats(sample, task) else { return }
      dx.update(repeating: 0, count: count)
      penalty.addGradient(x, l1, l2, 1 / Float(task.batchCount), dx, count)
    }
  }
}
