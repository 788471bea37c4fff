import MartletDispatch
import MartletGraph
import MartletOps
import MartletTensors

/// The optimizer of a compiled model: its numbers, its state, and steps with gradients of the caller's.
extension Session {
  // MARK: Numbers

  package var optimizerParameterCount: Int { optimizerWeights.reduce(0) { $0 + $1.shape.count } }

  package func optimizerValue(_ name: String) throws(MartletError) -> Double {
    try withOptimizer("reading the optimizer") { optimizer throws(MartletError) in
      switch name {
      case "learning_rate": try optimizer.learningRate.value(after: optimizer.iterations)
      case "iterations": Double(optimizer.iterations)
      default: throw Session.unknownOptimizerValue(name)
      }
    }
  }

  package func setOptimizerValue(_ name: String, _ value: Double) throws(MartletError) {
    try withOptimizer("setting the optimizer") { optimizer throws(MartletError) in
      switch name {
      case "learning_rate": try optimizer.setLearningRate(value)
      case "iterations": try optimizer.setIterations(value)
      default: throw Session.unknownOptimizerValue(name)
      }
    }
  }

  /// Makes the learning rate follow a schedule from the next step on.
  ///
  /// - Parameter description: As `LearningRateSchedules.make` takes it.
  package func setLearningRate(following description: JSONValue) throws(MartletError) {
    let rate = try LearningRate(following: description)
    try withOptimizer("setting the optimizer") { $0.setLearningRate(rate) }
  }

  /// Asks a function for the learning rate of each step from now on.
  package func setLearningRate(
    _ function: @escaping LearningRateFunction
  ) throws(MartletError) {
    try withOptimizer("setting the optimizer") { $0.setLearningRate(.function(function)) }
  }

  private func withOptimizer<Result>(
    _ purpose: String, _ body: (Optimizer) throws(MartletError) -> Result
  ) throws(MartletError) -> Result {
    try exclusively { () throws(MartletError) in try body(try requireCompiled(purpose).optimizer) }
  }

  private static func unknownOptimizerValue(_ name: String) -> MartletError {
    unknownName(name, kind: "optimizer value", known: ["learning_rate", "iterations"])
  }

  // MARK: State

  /// What the state consists of; empty before compiling.
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

  // MARK: Steps

  /// One step with gradients of the caller's, one for each weight that was trainable when the model
  /// was compiled, in the order of `Layer.weights`.
  ///
  /// - Throws: `invalidArgument` for another number of them or another shape. Nothing has changed
  ///   then.
  package func applyGradients(_ gradients: [ArrayView]) throws(MartletError) {
    try exclusively { () throws(MartletError) in
      let compiled = try requireCompiled("applying gradients")
      guard gradients.count == compiled.trained.count else {
        throw .invalidArgument(
          "expected \(compiled.trained.count) gradients, one for each trainable weight, received "
            + "\(gradients.count)")
      }
      var copies: [Buffer] = []
      for (gradient, (variable, layer)) in zip(gradients, compiled.trained) {
        guard gradient.extents == variable.shape.extents else {
          throw MartletError.invalidArgument(
            "weight '\(variable.name)' has shape \(variable.shape), received a gradient of shape "
              + "\(Shape.text(gradient.extents))"
          ).inLayer(layer.name)
        }
        let copy = try Buffer(floatCount: variable.count)
        gradient.copy(into: copy.floats, with: KernelSelection.current.kernels.conversion)
        copies.append(copy)
      }
      let variables = compiled.trained.map(\.variable)
      try compiled.optimizer.prepare(variables)
      try UpdateStep(compiled.optimizer, variables).run(copies.map(\.floats))
    }
  }

  /// Ends a training: where the optimizer averages weights, the averages take their place.
  package func finalizeWeights() throws(MartletError) {
    try exclusively { () throws(MartletError) in
      let compiled = try requireCompiled("finalizing the weights")
      let optimizer = compiled.optimizer
      guard optimizer.averaging != nil, optimizer.iterations > 0 else { return }
      for (variable, _) in compiled.trained {
        guard let average = optimizer.slotBuffers(of: variable).first else { continue }
        variable.mutableValues().update(from: average.floats, count: variable.count)
      }
    }
  }
}
