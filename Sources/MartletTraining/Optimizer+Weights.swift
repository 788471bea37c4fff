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
  /// The whole state in Keras's order: the count of steps, the learning rate, then the slots, those
  /// of a group weight by weight.
  package func weights(of trained: [(variable: Variable, layer: Layer)]) -> [OptimizerWeight] {
    var weights = [
      OptimizerWeight(name: "iteration", layer: "", shape: .scalar, place: .iterations),
      OptimizerWeight(name: "learning_rate", layer: "", shape: .scalar, place: .learningRate),
    ]
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
    case .learningRate: values.pointee = Float(learningRate)
    case .slot(let variable, let number):
      values.update(from: try slot(number, of: variable).floats, count: variable.count)
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
      let kernels = KernelSelection.current.kernels.conversion
      let step = variable.count / source.sampleCount
      for index in 0..<source.sampleCount {
        source.gather(index, into: target + index * step, with: kernels)
      }
    }
  }

  private func slot(_ number: Int, of variable: Variable) throws(MartletError) -> Buffer {
    try prepare([variable])
    return slotBuffers(of: variable)[number]
  }
}

extension Session {
  /// The optimizer's state, a name and a shape for each part; empty before compiling.
  package var optimizerWeights: [OptimizerWeight] {
    lock.withLock { compiled.map { $0.optimizer.weights(of: $0.trained) } ?? [] }
  }

  /// - Parameter count: Numbers that `values` has room for.
  package func getOptimizerWeight(
    _ index: Int, into values: UnsafeMutablePointer<Float>, count: Int
  ) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      let (optimizer, weight) = try optimizerWeight(index)
      guard count == weight.shape.count else {
        throw .invalidArgument(
          "optimizer weight '\(weight.name)' of shape \(weight.shape) has \(weight.shape.count) "
            + "values, received room for \(count)")
      }
      try optimizer.read(weight, into: values)
    }
  }

  package func setOptimizerWeight(_ index: Int, _ source: ArrayView) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      let (optimizer, weight) = try optimizerWeight(index)
      try optimizer.write(weight, source)
    }
  }

  private func optimizerWeight(
    _ index: Int
  ) throws(MartletError) -> (optimizer: Optimizer, weight: OptimizerWeight) {
    let compiled = try requireCompiled("reading the optimizer")
    let weights = compiled.optimizer.weights(of: compiled.trained)
    guard weights.indices.contains(index) else {
      throw Session.noOptimizerWeight(index, of: weights.count)
    }
    return (compiled.optimizer, weights[index])
  }

  package static func noOptimizerWeight(_ index: Int, of count: Int) -> MartletError {
    .invalidArgument("optimizer weight \(index) was asked for, but there are \(count)")
  }
}
