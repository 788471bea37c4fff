import MartletKernelTable
import MartletKernels
import MartletTensors

/// Drops as `DropoutOp`, but numbers that stand together fall together: there is one random number
/// for each element of `mask`, which is repeated over the sample where its extents are 1.
package struct SharedDropoutOp: Operation {
  package let rate: Float
  package let seed: RandomKey
  package let mask: Shape
  /// Whether all samples of a batch have the same mask.
  package let sharesBatch: Bool

  package init(rate: Float, seed: RandomKey, mask: Shape, sharesBatch: Bool = false) {
    self.rate = rate
    self.seed = seed
    self.mask = mask
    self.sharesBatch = sharesBatch
  }

  package var label: String { "dropout" }
  package func isIdentity(isTraining: Bool) -> Bool { !isTraining || rate == 0 }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    let fits =
      mask.rank == input.rank
      && zip(mask.extents, input.extents).allSatisfy { $0 == 1 || $0 == $1 }
    guard fits else {
      throw .invalidArgument(
        "a noise shape of \(mask) does not fit to samples of shape \(input): its extents must be "
          + "those of the input, or 1")
    }
    return input
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.scratchCount = mask.count
    needs.gradientsInPlace = [0]
    return needs
  }

  private func first(_ sample: Int) -> Int { sharesBatch ? 0 : sample * mask.count }

  private func stage(_ site: Site, from source: Place, to target: Place) -> Stage {
    let dropout = site.kernels.random.dropout
    let multiply = site.kernels.elementwise.multiplyBroadcast
    let shape = site.setting.outputShape
    let steps = BroadcastSteps(shape, to: shape)
    let maskSteps = BroadcastSteps(mask, to: shape)
    let extents = OffsetTable(shape.extents)
    return .samples { sample, task in
      let factors = task.scratch
      factors.update(repeating: 1, count: mask.count)
      dropout(
        Source(factors), factors, mask.count, rate, seed.value,
        randomStream(task.step, site.index), first(sample))
      multiply(
        Source(source.floats(sample, task)), steps.table.pointer, Source(factors),
        maskSteps.table.pointer, target.floats(sample, task), extents.pointer, shape.rank)
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
    let shape = setting.outputShape
    let steps = BroadcastSteps(shape, to: shape).steps
    let maskSteps = BroadcastSteps(mask, to: shape).steps
    return inputs[0].samples(setting).enumerated().flatMap { sample, x in
      let factors = PlainRandom.dropout(
        [Double](repeating: 1, count: mask.count), rate: rate, key: seed.value,
        stream: randomStream(setting.step, setting.index), first: first(sample))
      return PlainElementwise.broadcast(
        x, steps: steps, factors, steps: maskSteps, extents: shape.extents, *)
    }
  }
}

/// y = x + deviation · n in training, n standard normal numbers; the identity else.
package struct NoiseOp: Operation {
  package let deviation: Float
  package let seed: RandomKey

  package init(deviation: Float, seed: RandomKey) {
    self.deviation = deviation
    self.seed = seed
  }

  package var label: String { "noise" }
  package func isIdentity(isTraining: Bool) -> Bool { !isTraining || deviation == 0 }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try onlyInput(inputs, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.scratchCount = setting.outputShape.count
    needs.gradientsInPlace = [0]
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    let normal = site.kernels.random.normal
    let elementwise = site.kernels.elementwise
    let count = site.setting.outputShape.count
    return [
      .samples { sample, task in
        let noise = task.scratch
        normal(
          seed.value, randomStream(task.step, site.index), sample * count, noise, count)
        elementwise.scaleOffset(Source(noise), deviation, 0, noise, count)
        elementwise.add(
          Source(site.inputs[0].floats(sample, task)), Source(noise),
          site.output.floats(sample, task), count)
      }
    ]
  }

  /// The input's gradient is the output's, in the same place.
  package func backward(_ site: Site) -> [Stage] { [] }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let numbers = PlainRandom.normal(
      key: seed.value, stream: randomStream(setting.step, setting.index),
      count: inputs[0].count)
    return zip(inputs[0], numbers).map { $0 + Double(deviation) * $1 }
  }
}
