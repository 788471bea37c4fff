import MartletKernelTable
import MartletKernels
import MartletTensors

/// Normalizes each row of a sample by itself: layer normalization (Ba et al. 2016, arXiv:1607.06450)
/// and its relatives without a mean,
///
///     y = (x − mean) · inverse · γ + β.
///
/// A row is the last axes of a sample, in one piece of memory. Variables: γ and β where present, of
/// the shape of a row.
package struct LayerNormalizationOp: Operation {
  /// What a row is divided by.
  package enum Measure: Sendable {
    /// √(variance + ε), after the mean has been subtracted.
    case deviation
    /// √(mean of squares + ε) (Zhang & Sennrich 2019, arXiv:1910.07467).
    case rootMeanSquare
    /// √(sum of squares). Rows shorter than ε become zeros, and have no gradient.
    case length
  }

  package let measure: Measure
  /// How many axes make up a row.
  package let axisCount: Int
  package let epsilon: Float
  package let factors: FeatureFactors

  package init(
    by measure: Measure, axisCount: Int, epsilon: Float, factors: FeatureFactors
  ) {
    self.measure = measure
    self.axisCount = axisCount
    self.epsilon = epsilon
    self.factors = factors
  }

  package var label: String {
    switch measure {
    case .deviation: "layer normalization"
    case .rootMeanSquare: "normalization by the root mean square"
    case .length: "normalization to unit length"
    }
  }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    guard axisCount >= 1, axisCount <= input.rank else {
      throw .invalidArgument(
        "\(label) along the last \(axisCount) axes of \(input.batchDescription)")
    }
    return input
  }

  package func needs(_ setting: Setting) -> Needs {
    let (rows, columns) = rows(setting.outputShape)
    var needs = Needs()
    needs.savedBytesPerSample = 2 * rows * MemoryLayout<Float>.stride
    needs.preparedCount = factors.preparedCount(columns)
    needs.scratchCount = 2 * columns
    needs.backwardReadsInputs = true
    needs.gradientsInPlace = [0]
    needs.repeatsOutput = true
    return needs
  }

  private func rows(_ shape: Shape) -> (rows: Int, columns: Int) {
    let columns = shape.extents.suffix(axisCount).reduce(1, *)
    return (shape.count / columns, columns)
  }

  package func prepare(_ site: Site) -> [Stage] {
    factors.prepare(site, rows(site.setting.outputShape).columns)
  }

  package func forward(_ site: Site) -> [Stage] {
    let (rows, columns) = rows(site.setting.outputShape)
    let kernels = site.kernels
    return [
      .samples { sample, task in
        let mean = site.saved.floats(sample, task)
        measure(
          Source(site.inputs[0].floats(sample, task)), rows, columns, kernels, mean: mean,
          inverse: mean + rows)
      }
    ] + forwardAgain(site)
  }

  private func measure(
    _ x: Source, _ rows: Int, _ columns: Int, _ kernels: Kernels, mean: Target, inverse: Target
  ) {
    if measure == .deviation {
      kernels.normalization.moments(x, 1, rows, columns, mean, inverse)
    } else {
      mean.update(repeating: 0, count: rows)
      for row in 0..<rows {
        inverse[row] = kernels.reduction.sumOfSquares(x + row * columns, columns)
      }
    }
    for row in 0..<rows { inverse[row] = self.inverse(ofSquares: inverse[row], columns) }
  }

  /// - Parameter squares: Their sum over the row.
  private func inverse<T: BinaryFloatingPoint>(ofSquares squares: T, _ columns: Int) -> T {
    guard measure == .length else {
      return 1 / (squares / T(columns) + T(epsilon)).squareRoot()
    }
    return squares > T(epsilon) * T(epsilon) ? 1 / squares.squareRoot() : 0
  }

  package func forwardAgain(_ site: Site) -> [Stage] {
    let (rows, columns) = rows(site.setting.outputShape)
    let scaleRows = site.kernels.normalization.scaleRows
    let scaling = factors.scaling(site, columns)
    return [
      .samples { sample, task in
        let mean = Source(site.saved.floats(sample, task))
        scaleRows(
          Source(site.inputs[0].floats(sample, task)), mean, mean + rows, scaling,
          site.output.floats(sample, task), rows, columns)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let (rows, columns) = rows(site.setting.outputShape)
    let scaleRowsBackward = site.kernels.normalization.scaleRowsBackward
    let scale = factors.scaling(site, columns).scale
    let gradients = factors.gradients(site)
    let shares =
      switch measure {
      case .deviation: RowShares(sum: 1 / Float(columns), product: 1 / Float(columns))
      case .rootMeanSquare: RowShares(sum: 0, product: 1 / Float(columns))
      case .length: RowShares(sum: 0, product: 1)
      }
    return [
      .samples { sample, task in
        let mean = Source(site.saved.floats(sample, task))
        // Sums that nobody asks for go where nobody reads them.
        let unread = task.scratch
        scaleRowsBackward(
          Source(site.inputs[0].floats(sample, task)), Source(dOutput.floats(sample, task)), mean,
          mean + rows, scale, shares, site.dInputs[0]?.floats(sample, task),
          gradients.scale?.slab(task) ?? unread, gradients.shift?.slab(task) ?? unread + columns,
          rows, columns)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let (rows, columns) = rows(setting.outputShape)
    let x = inputs[0]
    let count = rows * setting.batch
    var mean = [Double](repeating: 0, count: count)
    var squares = mean
    if measure == .deviation {
      (mean, squares) = PlainNormalization.moments(x, rows: 1, channels: count, inner: columns)
    } else {
      for (index, value) in x.enumerated() { squares[index / columns] += value * value }
    }
    let (scale, shift) = factors.plain(variables, columns)
    return PlainRowNormalization.scale(
      x, mean: mean, inverse: squares.map { inverse(ofSquares: $0, columns) }, scale: scale,
      shift: shift)
  }
}
