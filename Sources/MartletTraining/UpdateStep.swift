import MartletDispatch
import MartletEngine
import MartletOps
import MartletTensors

/// Applies the optimizer to a plan's gradients, and the constraints to the weights. Holds the addresses it needs, so that a step
/// allocates nothing.
final class UpdateStep {
  private let plan: Plan
  private let optimizer: Optimizer
  private var stepSize: Float = 0
  private let projections: [ProjectionStep]
  private var update: Plan.Update = { _, _, _ in }

  /// - Throws: `outOfMemory`.
  init(_ plan: Plan, _ optimizer: Optimizer) throws(MartletError) {
    self.plan = plan
    self.optimizer = optimizer
    let rule = optimizer.rule
    let all = KernelSelection.current.kernels
    let kernels = all.optimizer
    var projections: [ProjectionStep] = []
    for variable in plan.trainedVariables {
      guard let projection = variable.projection else { continue }
      projections.append(try ProjectionStep(projection, variable, with: all))
    }
    self.projections = projections
    let weights = plan.trainedVariables.map { $0.mutableValues() }
    let slots = plan.trainedVariables.map { optimizer.slotBuffers(of: $0).map(\.floats) }
    // Lives no longer than this object, which holds it.
    update = { [unowned(unsafe) self, rule, kernels, weights, slots] variable, range, gradient in
      let first = range.lowerBound
      rule.update(
        weights[variable] + first, gradient: gradient, slots: { slots[variable][$0] + first },
        count: range.count, stepSize: stepSize, with: kernels)
    }
  }

  func run(_ feed: Feed, count: Int) {
    let step = UInt64(optimizer.iterations)
    stepSize = optimizer.beginStep()
    plan.finish(feed, count: count, step: step, update: update)
    for projection in projections { projection.run() }
    for variable in plan.trainedVariables { variable.markChanged() }
  }
}
