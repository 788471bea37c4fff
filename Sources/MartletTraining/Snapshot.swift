import MartletOps
import MartletTensors

/// Copies of weights and optimizer state, to go back to.
struct Snapshot {
  private let copies: [(target: UnsafeMutablePointer<Float>, values: Buffer, count: Int)]
  private let variables: [Variable]
  private let optimizer: Optimizer
  private let iterations: Int

  init(_ variables: [Variable], _ optimizer: Optimizer) throws(MartletError) {
    self.variables = variables
    self.optimizer = optimizer
    iterations = optimizer.iterations
    var copies: [(UnsafeMutablePointer<Float>, Buffer, Int)] = []
    for variable in variables {
      let slots = optimizer.slotBuffers(of: variable).map(\.floats)
      for target in [variable.mutableValues()] + slots {
        let copy = try Buffer(floatCount: variable.count)
        copy.floats.update(from: target, count: variable.count)
        copies.append((target, copy, variable.count))
      }
    }
    self.copies = copies
  }

  func restore() {
    for copy in copies { copy.target.update(from: copy.values.floats, count: copy.count) }
    for variable in variables { variable.markChanged() }
    optimizer.setIterations(iterations)
  }
}
