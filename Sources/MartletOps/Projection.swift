import MartletKernelTable
import MartletTensors

/// Where a weight is brought back to after every step (`keras/src/constraints`).
package enum Projection: Hashable, Sendable {
  /// Negative numbers become 0.
  case nonNegative
  /// w · (rate · clip(n, minimum, maximum) + (1 − rate) · n) / (1e-7 + n), with n the square root of
  /// Σw² over `axes`.
  case norm(minimum: Float, maximum: Float, rate: Float, axes: Set<Int>)
}

/// Carries out the projection of one variable. Holds the memory it needs, so that a step allocates
/// nothing.
package final class ProjectionStep {
  private let projection: Projection
  private let variable: Variable
  private let kernels: ElementwiseKernels
  private let extents: OffsetTable
  /// Steps through the variable, and through its norms, which repeat along the axes of the sums.
  private let steps: OffsetTable
  private let normSteps: OffsetTable
  private let normCount: Int
  private let norms: Buffer

  /// - Throws: `outOfMemory`.
  package init(
    _ projection: Projection, _ variable: Variable, with kernels: Kernels
  ) throws(MartletError) {
    self.projection = projection
    self.variable = variable
    self.kernels = kernels.elementwise
    let shape = variable.shape
    var summed: Set<Int> = []
    if case .norm(_, _, _, let axes) = projection { summed = axes }
    var steps: [Int] = []
    var normSteps: [Int] = []
    var step = 1
    var normStep = 1
    for axis in shape.extents.indices.reversed() {
      steps.insert(step, at: 0)
      step *= shape[axis]
      normSteps.insert(summed.contains(axis) ? 0 : normStep, at: 0)
      if !summed.contains(axis) { normStep *= shape[axis] }
    }
    extents = OffsetTable(shape.extents)
    self.steps = OffsetTable(steps)
    self.normSteps = OffsetTable(normSteps)
    normCount = normStep
    norms = try Buffer(floatCount: normStep)
  }

  package func run() {
    let weights = variable.mutableValues()
    switch projection {
    case .nonNegative:
      kernels.activate(.relu, Source(weights), weights, variable.count)
    case .norm(let minimum, let maximum, let rate, _):
      let rank = variable.shape.rank
      let factors = norms.floats
      factors.update(repeating: 0, count: normCount)
      kernels.reduceSquares(
        Source(weights), factors, normSteps.pointer, extents.pointer, rank)
      for index in 0..<normCount {
        let norm = factors[index].squareRoot()
        let wanted = rate * min(max(norm, minimum), maximum) + (1 - rate) * norm
        factors[index] = wanted / (1e-7 + norm)
      }
      kernels.multiplyBroadcast(
        Source(weights), steps.pointer, Source(factors), normSteps.pointer, weights,
        extents.pointer, rank)
    }
  }
}
