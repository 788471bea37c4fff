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
    var places = [(optimizer.scalars.floats, optimizer.rule.scalars.count)]
    for variable in variables {
      let slots = optimizer.slotBuffers(of: variable).map(\.floats)
      places += ([variable.mutableValues()] + slots).map { ($0, variable.count) }
    }
    var copies: [(UnsafeMutablePointer<Float>, Buffer, Int)] = []
    for (target, count) in places {
      let copy = try Buffer(floatCount: count)
      copy.floats.update(from: target, count: count)
      copies.append((target, copy, count))
    }
    self.copies = copies
  }

  func restore() {
    for copy in copies { copy.target.update(from: copy.values.floats, count: copy.count) }
    for variable in variables { variable.markChanged() }
    optimizer.setIterations(iterations)
  }
}
