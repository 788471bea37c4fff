import MartletEngine
import MartletKernelTable
import MartletTensors

/// The plans a session keeps. A plan's partition follows from its capacity, and with it the last bits
/// of training: so training and evaluation take a plan of exactly the size asked for, whatever was
/// asked for before. What is predicted for a sample does not depend on the others, so there a larger
/// plan will do.
package struct PlanCache {
  /// Of products in the plans kept.
  package private(set) var precision = ProductPrecision.float32
  private var trainingPlans: [Plan] = []
  private var evaluationPlans: [Plan] = []
  private var predictionPlan: (plan: Plan, isTraining: Bool, fingerprint: [Bool])?

  /// A full batch and the odd last one of `train_on_batch` loops.
  private static let limit = 2
  /// How much larger than asked for a prediction plan may be.
  private static let largestSurplus = 8

  package var count: Int {
    trainingPlans.count + evaluationPlans.count + (predictionPlan == nil ? 0 : 1)
  }

  mutating func removeAll() {
    trainingPlans = []
    evaluationPlans = []
    predictionPlan = nil
  }

  /// What plans are made for from now on; those for another precision are dropped.
  mutating func use(_ precision: ProductPrecision) {
    if precision != self.precision { removeAll() }
    self.precision = precision
  }

  mutating func training(
    _ capacity: Int, make: () throws(MartletError) -> Plan
  ) throws(MartletError) -> Plan {
    try PlanCache.find(capacity, in: &trainingPlans, make)
  }

  mutating func evaluation(
    _ capacity: Int, make: () throws(MartletError) -> Plan
  ) throws(MartletError) -> Plan {
    try PlanCache.find(capacity, in: &evaluationPlans, make)
  }

  /// Latest used first.
  private static func find(
    _ capacity: Int, in plans: inout [Plan], _ make: () throws(MartletError) -> Plan
  ) throws(MartletError) -> Plan {
    if let index = plans.firstIndex(where: { $0.capacity == capacity }) {
      let plan = plans.remove(at: index)
      plans.insert(plan, at: 0)
      return plan
    }
    if plans.count == limit { plans.removeLast() }
    let plan = try make()
    plans.insert(plan, at: 0)
    return plan
  }

  mutating func prediction(
    _ capacity: Int, isTraining: Bool, fingerprint: [Bool],
    make: (_ capacity: Int) throws(MartletError) -> Plan
  ) throws(MartletError) -> Plan {
    if let kept = predictionPlan, kept.isTraining == isTraining, kept.fingerprint == fingerprint {
      let fits =
        isTraining
        ? kept.plan.capacity == capacity
        : kept.plan.capacity >= capacity
          && kept.plan.capacity <= capacity * PlanCache.largestSurplus
      if fits { return kept.plan }
    }
    predictionPlan = nil
    let plan = try make(capacity)
    predictionPlan = (plan, isTraining, fingerprint)
    return plan
  }
}
