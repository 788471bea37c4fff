import MartletKernelTable
import MartletKernels
import MartletTensors

/// y = x + b along the last axis: x `[…, N]`, b `[N]`.
package struct BiasOp: Operation {
  package init() {}
  package var label: String { "bias" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    guard inputs.count == 1, inputs[0].rank >= 1 else {
      throw .invalidArgument("bias expects an input of at least one axis beside the batch")
    }
    return inputs[0]
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.gradientsInPlace = [0]
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    let (rows, columns) = rowsAndColumns(site.setting.outputShape)
    let bias = site.variables[0]
    let addBias = site.kernels.elementwise.addBias
    return [
      .samples { sample, task in
        addBias(
          Source(site.inputs[0].floats(sample, task)), bias.values,
          site.output.floats(sample, task), rows, columns)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let (rows, columns) = rowsAndColumns(site.setting.outputShape)
    let columnSums = site.kernels.reduction.columnSums
    // The input's gradient is the output's, in the same place.
    guard let gradient = site.gradients[0] else { return [] }
    return [
      .samples { sample, task in
        columnSums(
          Source(dOutput.floats(sample, task)), columns, rows, columns, 1, gradient.slab(task), true
        )
      }
    ]
  }

  private func rowsAndColumns(_ shape: Shape) -> (Int, Int) {
    let columns = shape.last ?? 1
    return (shape.count / columns, columns)
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    inputs[0].indices.map { inputs[0][$0] + variables[0][$0 % variables[0].count] }
  }
}

/// y = f(x), element by element.
package struct ActivationOp: Operation {
  package let activation: Activation

  package init(_ activation: Activation) { self.activation = activation }
  package var label: String { "activation" }
  package func isIdentity(isTraining: Bool) -> Bool { activation == .linear }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try onlyInput(inputs, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.backwardReadsInputs = activation.derivativeNeedsInput
    needs.backwardReadsOutput = !activation.derivativeNeedsInput
    needs.gradientsInPlace = [0]
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    let activate = site.kernels.elementwise.activate
    let count = site.setting.outputShape.count
    return [
      .samples { sample, task in
        activate(
          activation, Source(site.inputs[0].floats(sample, task)),
          site.output.floats(sample, task), count)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let activateBackward = site.kernels.elementwise.activateBackward
    let count = site.setting.outputShape.count
    return [
      .samples { sample, task in
        activateBackward(
          activation, Source(site.inputs[0].floats(sample, task)),
          Source(site.output.floats(sample, task)), Source(dOutput.floats(sample, task)),
          dInput.floats(sample, task), count)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    inputs[0].map { PlainElementwise.activate(activation, $0) }
  }
}

/// y = x · scale + offset.
package struct ScaleOffsetOp: Operation {
  package let scale: Float
  package let offset: Float

  package init(scale: Float, offset: Float) {
    self.scale = scale
    self.offset = offset
  }

  package var label: String { "rescaling" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try onlyInput(inputs, of: label)
  }

  package func forward(_ site: Site) -> [Stage] {
    let scaleOffset = site.kernels.elementwise.scaleOffset
    let count = site.setting.outputShape.count
    return [
      .samples { sample, task in
        scaleOffset(
          Source(site.inputs[0].floats(sample, task)), scale, offset,
          site.output.floats(sample, task), count)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let scaleOffset = site.kernels.elementwise.scaleOffset
    let count = site.setting.outputShape.count
    return [
      .samples { sample, task in
        scaleOffset(
          Source(dOutput.floats(sample, task)), scale, 0, dInput.floats(sample, task), count)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    inputs[0].map { $0 * Double(scale) + Double(offset) }
  }
}

/// Drops elements with probability `rate` in training and divides the others by 1 − rate (Srivastava
/// et al. 2014, "inverted" as in Keras); outside training the identity.
///
/// Which elements fall depends on seed, optimizer step and position alone, so the backward pass
/// works the mask out again instead of keeping it.
package struct DropoutOp: Operation {
  package let rate: Float
  package let seed: UInt64

  package init(rate: Float, seed: UInt64) {
    self.rate = rate
    self.seed = seed
  }

  package var label: String { "dropout" }
  package func isIdentity(isTraining: Bool) -> Bool { !isTraining || rate == 0 }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try onlyInput(inputs, of: label)
  }

  private func stage(_ site: Site, from source: Place, to target: Place) -> Stage {
    let dropout = site.kernels.random.dropout
    let count = site.setting.outputShape.count
    return .samples { sample, task in
      dropout(
        Source(source.floats(sample, task)), target.floats(sample, task), count, rate, seed,
        randomStream(step: task.step, index: site.index), sample * count)
    }
  }

  package func forward(_ site: Site) -> [Stage] {
    [stage(site, from: site.inputs[0], to: site.output)]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    return [stage(site, from: dOutput, to: dInput)]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    PlainRandom.dropout(
      inputs[0], rate: rate, key: seed,
      stream: randomStream(step: setting.step, index: setting.index), first: 0)
  }
}

/// The same elements under another shape: `Flatten` and `Reshape`. Costs nothing.
package struct ReshapeOp: Operation {
  package let shape: Shape

  package init(shape: Shape) { self.shape = shape }
  package var label: String { "reshape" }
  package func isIdentity(isTraining: Bool) -> Bool { true }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    guard input.count == shape.count else {
      throw .invalidArgument(
        "cannot reshape \(input) with \(input.count) elements to \(shape) with \(shape.count)")
    }
    return shape
  }

  package func forward(_ site: Site) -> [Stage] { [] }
  package func backward(_ site: Site) -> [Stage] { [] }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] { inputs[0] }
}

func onlyInput(_ inputs: [Shape], of label: String) throws(MartletError) -> Shape {
  guard inputs.count == 1 else {
    throw .invalidArgument("\(label) expects one input, got \(inputs.count)")
  }
  return inputs[0]
}
