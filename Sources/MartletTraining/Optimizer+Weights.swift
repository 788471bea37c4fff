import MartletDispatch
import MartletGraph
import MartletOps
import MartletTensors

/// A number or a tensor of an optimizer's state, as files and Keras's `optimizer.variables` list them.
package struct OptimizerWeight {
  enum Place {
    case iterations
    case learningRate
    case slot(Variable, number: Int)
    case scalar(number: Int)
  }

  /// `iteration`, `learning_rate`, or a weight and what is remembered of it:
  /// `dense_kernel_momentum`.
  package let name: String
  /// The layer whose weight it goes with; "" for what belongs to no weight.
  package let layer: String
  package let shape: Shape
  let place: Place
}

extension Optimizer {
  /// The whole state in Keras's order: the count of steps, the learning rate unless it follows a
  /// schedule, the slots, those of a group weight by weight, and what the rule remembers of no weight.
  package func weights(of trained: [(variable: Variable, layer: Layer)]) -> [OptimizerWeight] {
    func scalar(_ name: String, _ place: OptimizerWeight.Place) -> OptimizerWeight {
      OptimizerWeight(name: name, layer: "", shape: .scalar, place: place)
    }
    var weights = [scalar("iteration", .iterations)]
    if case .constant = learningRate { weights.append(scalar("learning_rate", .learningRate)) }
    var first = 0
    for group in slotGroups {
      for (variable, layer) in trained {
        for (index, slot) in group.enumerated() {
          weights.append(
            OptimizerWeight(
              name: "\(layer.name)_\(variable.name)_\(slot.name)", layer: layer.name,
              shape: variable.shape, place: .slot(variable, number: first + index)))
        }
      }
      first += group.count
    }
    for (index, slot) in rule.scalars.enumerated() {
      weights.append(scalar(slot.name, .scalar(number: index)))
    }
    return weights
  }

  /// Copies a weight out.
  ///
  /// - Parameter values: Room for all of its numbers.
  /// - Throws: `outOfMemory`.
  func read(
    _ weight: OptimizerWeight, into values: UnsafeMutablePointer<Float>
  ) throws(MartletError) {
    switch weight.place {
    case .iterations: values.pointee = Float(iterations)
    case .learningRate: values.pointee = Float(try learningRate.value(after: iterations))
    case .slot(let variable, let number):
      values.update(from: try slot(number, of: variable).floats, count: variable.count)
    case .scalar(let number): values.pointee = scalars.floats[number]
    }
  }

  /// Copies a weight in.
  ///
  /// - Throws: `invalidArgument` for another shape (a scalar comes as one number of shape `(1,)`), or
  ///   a number that cannot be a count of steps or a rate.
  func write(_ weight: OptimizerWeight, _ source: ArrayView) throws(MartletError) {
    let extents = weight.shape.rank == 0 ? [1] : weight.shape.extents
    guard source.extents == extents else {
      throw .invalidArgument(
        "optimizer weight '\(weight.name)' has shape \(weight.shape), "
          + "received \(Shape.text(source.extents))")
    }
    switch weight.place {
    case .iterations: try setIterations(source.double(sample: 0))
    case .learningRate: try setLearningRate(source.double(sample: 0))
    case .slot(let variable, let number):
      let target = try slot(number, of: variable).floats
      source.copy(into: target, with: KernelSelection.current.kernels.conversion)
    case .scalar(let number): scalars.floats[number] = Float(source.double(sample: 0))
    }
  }

  private func slot(_ number: Int, of variable: Variable) throws(MartletError) -> Buffer {
    try prepare([variable])
    return slotBuffers(of: variable)[number]
  }
}
