import MartletDispatch
import MartletEngine
import MartletKernelTable
import MartletOps
import MartletTensors

/// Applies the optimizer to gradients, and the constraints to the weights. Holds the memory it
/// needs, so that a step allocates nothing.
final class UpdateStep {
  private let optimizer: Optimizer
  private let variables: [Variable]
  private let weights: [UnsafeMutablePointer<Float>]
  private let slots: [[UnsafeMutablePointer<Float>]]
  private let projections: [ProjectionStep]
  private let kernels: Kernels
  private var step: Optimizer.Step
  /// What each variable's gradient is multiplied by, to clip it.
  private var clippingFactors: [Float]
  private var measured: ([Double]) -> Void = { _ in }
  private var update: Plan.Update = { _, _, _ in }

  /// - Parameter variables: Those with gradients, for which the optimizer is prepared.
  /// - Throws: `outOfMemory`.
  init(_ optimizer: Optimizer, _ variables: [Variable]) throws(MartletError) {
    self.optimizer = optimizer
    self.variables = variables
    let kernels = KernelSelection.current.kernels
    self.kernels = kernels
    weights = variables.map { $0.mutableValues() }
    slots = variables.map { optimizer.slotBuffers(of: $0).map(\.floats) }
    var projections: [ProjectionStep] = []
    for variable in variables {
      guard let projection = variable.projection else { continue }
      projections.append(try ProjectionStep(projection, variable, with: kernels))
    }
    self.projections = projections
    step = Optimizer.Step(
      factors: StepFactors(rate: 0), decay: 0, momentum: 0, overwritesWeights: false)
    clippingFactors = [Float](repeating: 1, count: variables.count)
    // Live no longer than this object, which holds them.
    measured = { [unowned(unsafe) self] in
      optimizer.clipping?.setFactors(&clippingFactors, squares: $0)
    }
    update = { [unowned(unsafe) self] in change($0, $1, $2) }
  }

  /// Accepts the batch that a plan worked on.
  ///
  /// - Throws: What `Optimizer.beginStep` throws. Nothing has changed then.
  func run(_ plan: Plan, _ feed: Feed, count: Int) throws(MartletError) {
    let number = UInt64(optimizer.iterations)
    step = try optimizer.beginStep()
    plan.finish(
      feed, count: count, step: number, measured: needsNorms ? measured : nil, update: update)
    finish()
  }

  /// A step with gradients that come from elsewhere, one for each variable. They are overwritten.
  func run(_ gradients: [UnsafeMutablePointer<Float>]) throws(MartletError) {
    step = try optimizer.beginStep()
    if needsNorms {
      measured(
        zip(gradients, variables).map { gradient, variable in
          Double(kernels.reduction.sumOfSquares(gradient, variable.count))
        })
    }
    for (index, variable) in variables.enumerated() {
      change(index, 0..<variable.count, gradients[index])
    }
    finish()
  }

  private var needsNorms: Bool { optimizer.clipping?.needsNorms ?? false }

  /// What a step does once all weights have changed.
  private func finish() {
    for projection in projections { projection.run() }
    for variable in variables { variable.markChanged() }
  }

  private func change(
    _ variable: Int, _ range: Range<Int>, _ gradient: UnsafeMutablePointer<Float>
  ) {
    let first = range.lowerBound
    let count = range.count
    let target = weights[variable] + first
    let kernels = kernels.optimizer
    if case .value(let limit)? = optimizer.clipping {
      kernels.clip(gradient, limit, count)
    } else if clippingFactors[variable] != 1 {
      kernels.scale(gradient, clippingFactors[variable], count)
    }
    if step.decay != 0 { kernels.shrink(target, step.decay, count) }
    let ruleStart = optimizer.averaging == nil ? 0 : 1
    optimizer.rule.update(
      target, gradient: gradient, slots: { slots[variable][ruleStart + $0] + first }, count: count,
      factors: step.factors, with: kernels)
    if optimizer.averaging != nil {
      kernels.average(
        target, slots[variable][0] + first, step.momentum, step.overwritesWeights, count)
    }
  }
}
