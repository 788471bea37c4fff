import MartletDispatch
import MartletEngine
import MartletOps

/// Applies the optimizer to a plan's gradients. Holds the addresses it needs, so that a step
/// allocates nothing.
final class UpdateStep {
  private let plan: Plan
  private let optimizer: Optimizer
  private let rule: any UpdateRule
  private let kernels = KernelSelection.current.kernels.optimizer
  private let weights: [UnsafeMutablePointer<Float>]
  private let slots: [[UnsafeMutablePointer<Float>]]
  private var stepSize: Float = 0
  private var update: Plan.Update = { _, _, _ in }

  init(_ plan: Plan, _ optimizer: Optimizer) {
    self.plan = plan
    self.optimizer = optimizer
    rule = optimizer.rule
    weights = plan.trainedVariables.map { $0.mutableValues() }
    slots = plan.trainedVariables.map { optimizer.slotBuffers(of: $0).map(\.floats) }
    // Lives no longer than this object, which holds it.
    update = { [unowned(unsafe) self] variable, range, gradient in
      let first = range.lowerBound
      rule.update(
        weights[variable] + first, gradient: gradient,
        slots: { self.slots[variable][$0] + first }, count: range.count, stepSize: stepSize,
        with: kernels)
    }
  }

  func run(_ feed: Feed, count: Int) {
    let step = UInt64(optimizer.iterations)
    stepSize = optimizer.beginStep()
    plan.finish(feed, count: count, step: step, update: update)
    for variable in plan.trainedVariables { variable.markChanged() }
  }
}
