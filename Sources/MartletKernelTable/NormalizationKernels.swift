/// Tensors here are [rows, channels, inner]; `inner` is 1 for channels-last data.
package struct NormalizationKernels: Sendable {
  /// Mean and sum of squared deviations from it, per channel. Overwrites both.
  package var moments:
    @Sendable (
      _ x: Source, _ rows: Int, _ channels: Int, _ inner: Int, _ mean: Target, _ deviations: Target
    ) -> Void
  /// Merges moments of `counts[part]` elements each, parts in rising order, after Chan, Golub &
  /// LeVeque 1979: `means` and `deviations` are [parts, channels], the results [channels].
  package var mergeMoments:
    @Sendable (
      _ means: Source, _ deviations: Source, _ counts: UnsafePointer<Int>, _ parts: Int,
      _ channels: Int, _ mean: Target, _ deviation: Target
    ) -> Void
  /// y = x·scale[channel] + shift[channel], plus `addend` where there is one, then max(0, ·) where
  /// asked for. `y` may be `x` or `addend`.
  package var scaleShift:
    @Sendable (
      _ x: Source, _ scaling: Scaling, _ addend: Source?, _ clampsAtZero: Bool, _ y: Target,
      _ rows: Int, _ channels: Int, _ inner: Int
    ) -> Void
  /// dGamma[c] = Σ dy · (x − mean) · inverseDeviation, dBeta[c] = Σ dy. Overwrites both. With `relu`
  /// only those dy count where x·scale + shift > 0, to the bit what `scaleShift` has clamped.
  package var backwardSums:
    @Sendable (
      _ x: Source, _ dy: Source, _ relu: Scaling?, _ mean: Source, _ inverseDeviation: Source,
      _ rows: Int, _ channels: Int, _ inner: Int, _ dGamma: Target, _ dBeta: Target
    ) -> Void
  /// First dy ← 0 where not y > 0, in place, then `backwardSums` of that.
  package var clampedBackwardSums:
    @Sendable (
      _ x: Source, _ y: Source, _ dy: Target, _ mean: Source, _ inverseDeviation: Source,
      _ rows: Int, _ channels: Int, _ inner: Int, _ dGamma: Target, _ dBeta: Target
    ) -> Void
  /// dx = dy·a[c] + x·b[c] + offset[c]: batch normalization's input gradient once the sums are known,
  /// `relu` as there. `dx` may be `dy`.
  package var backwardInput:
    @Sendable (
      _ x: Source, _ dy: Source, _ relu: Scaling?, _ a: Source, _ b: Source, _ offset: Source,
      _ dx: Target, _ rows: Int, _ channels: Int, _ inner: Int
    ) -> Void
  /// y = (x − mean[row]) · inverse[row] · scale[column] + shift[column], over [rows, columns]. `y` may
  /// be `x`.
  package var scaleRows:
    @Sendable (
      _ x: Source, _ mean: Source, _ inverse: Source, _ scaling: Scaling, _ y: Target, _ rows: Int,
      _ columns: Int
    ) -> Void
  /// With x̂ = (x − mean[row]) · inverse[row] and g = dy · scale[column]: adds Σ dy·x̂ and Σ dy over the
  /// rows to `dScale` and `dShift`, and writes dx = inverse[row] · (g − shares.sum · Σ g −
  /// shares.product · x̂ · Σ g·x̂) with sums along the row, unless `dx` is `nil`. It may be `dy`.
  package var scaleRowsBackward:
    @Sendable (
      _ x: Source, _ dy: Source, _ mean: Source, _ inverse: Source, _ scale: Source,
      _ shares: RowShares, _ dx: Target?, _ dScale: Target, _ dShift: Target, _ rows: Int,
      _ columns: Int
    ) -> Void

  package init(
    moments:
      @escaping @Sendable (
        _ x: Source, _ rows: Int, _ channels: Int, _ inner: Int, _ mean: Target,
        _ deviations: Target
      ) -> Void,
    mergeMoments:
      @escaping @Sendable (
        _ means: Source, _ deviations: Source, _ counts: UnsafePointer<Int>, _ parts: Int,
        _ channels: Int, _ mean: Target, _ deviation: Target
      ) -> Void,
    scaleShift:
      @escaping @Sendable (
        _ x: Source, _ scaling: Scaling, _ addend: Source?, _ clampsAtZero: Bool, _ y: Target,
        _ rows: Int, _ channels: Int, _ inner: Int
      ) -> Void,
    backwardSums:
      @escaping @Sendable (
        _ x: Source, _ dy: Source, _ relu: Scaling?, _ mean: Source, _ inverseDeviation: Source,
        _ rows: Int, _ channels: Int, _ inner: Int, _ dGamma: Target, _ dBeta: Target
      ) -> Void,
    clampedBackwardSums:
      @escaping @Sendable (
        _ x: Source, _ y: Source, _ dy: Target, _ mean: Source, _ inverseDeviation: Source,
        _ rows: Int, _ channels: Int, _ inner: Int, _ dGamma: Target, _ dBeta: Target
      ) -> Void,
    backwardInput:
      @escaping @Sendable (
        _ x: Source, _ dy: Source, _ relu: Scaling?, _ a: Source, _ b: Source, _ offset: Source,
        _ dx: Target, _ rows: Int, _ channels: Int, _ inner: Int
      ) -> Void,
    scaleRows:
      @escaping @Sendable (
        _ x: Source, _ mean: Source, _ inverse: Source, _ scaling: Scaling, _ y: Target,
        _ rows: Int, _ columns: Int
      ) -> Void,
    scaleRowsBackward:
      @escaping @Sendable (
        _ x: Source, _ dy: Source, _ mean: Source, _ inverse: Source, _ scale: Source,
        _ shares: RowShares, _ dx: Target?, _ dScale: Target, _ dShift: Target, _ rows: Int,
        _ columns: Int
      ) -> Void
  ) {
    self.moments = moments
    self.mergeMoments = mergeMoments
    self.scaleShift = scaleShift
    self.backwardSums = backwardSums
    self.clampedBackwardSums = clampedBackwardSums
    self.backwardInput = backwardInput
    self.scaleRows = scaleRows
    self.scaleRowsBackward = scaleRowsBackward
  }
}

/// A factor and a summand for every channel.
package struct Scaling {
  package let scale: Source
  package let shift: Source

  package init(scale: Source, shift: Source) {
    self.scale = scale
    self.shift = shift
  }
}

/// How much of a row's sums comes back with the gradient of each of its elements, where mean and
/// deviation follow from the row: 1 / columns for averages, 1 for sums, 0 for what does not.
package struct RowShares {
  package let sum: Float
  package let product: Float

  package init(sum: Float, product: Float) {
    self.sum = sum
    self.product = product
  }
}
