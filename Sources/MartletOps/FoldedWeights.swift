import MartletKernelTable
import MartletTensors

/// The weights and the bias that a linear operation reads: its variables, or, where a batch
/// normalization by moving averages is folded into them, numbers worked out from both,
///
///     (x · w + b) · scale + shift = x · (w · scale) + (b · scale + shift),
///
/// whenever a variable has changed. Weights are `[…, channels, inner]`.
struct FoldedWeights {
  let weights: Source
  let bias: Source?
  /// Memory for the operation's own preparation, behind the folded numbers.
  let prepared: Target
  /// Writes the folded numbers; runs before anything that reads them.
  let stages: [Stage]

  /// - Parameters:
  ///   - channels: Those of the result.
  ///   - inner: Weights of one channel that lie side by side.
  ///   - variables: Weights, bias where there is one, and those of the normalization.
  ///   - memory: The operation's prepared memory.
  init(
    _ normalization: BatchNormalizationOp?, hasBias: Bool, channels: Int, inner: Int = 1,
    _ variables: [Variable], in memory: Target
  ) {
    let weights = variables[0]
    let bias = hasBias ? variables[1] : nil
    guard let normalization else {
      self.weights = weights.values
      self.bias = bias?.values
      prepared = memory
      stages = []
      return
    }
    let numbers = NormalizationVariables(normalization, variables[(hasBias ? 2 : 1)...])
    let scales = memory
    let shifts = scales + FoldedWeights.step(channels)
    let folded = shifts + FoldedWeights.step(channels)
    self.weights = Source(folded)
    self.bias = Source(shifts)
    prepared = folded + FoldedWeights.step(weights.count)
    stages = [
      .batch(tasks: 1) { _, _ in
        for channel in 0..<channels {
          let scaling = numbers.scaling(
            channel, mean: numbers.mean.values[channel],
            variance: numbers.variance.values[channel])
          scales[channel] = scaling.scale
          shifts[channel] = (bias?.values[channel] ?? 0) * scaling.scale + scaling.shift
        }
        let source = weights.values
        for start in stride(from: 0, to: weights.count, by: inner) {
          let scale = scales[start / inner % channels]
          for index in start..<(start + inner) { folded[index] = source[index] * scale }
        }
      }
    ]
  }

  /// Floats of prepared memory before the operation's own.
  static func count(
    _ normalization: BatchNormalizationOp?, weights: Int, channels: Int
  ) -> Int {
    normalization == nil ? 0 : 2 * step(channels) + step(weights)
  }

  /// Room for `count` floats and the whole vectors that kernels read, so that the next stand aligned.
  private static func step(_ count: Int) -> Int {
    let line = Buffer.alignment / MemoryLayout<Float>.stride
    return (count + Buffer.slack / MemoryLayout<Float>.stride + line - 1) / line * line
  }
}
