import MartletKernelTable
import MartletKernels
import MartletTensors

/// Group normalization (Wu & He 2018, arXiv:1803.08494): the channels of a sample fall into groups of
/// neighbours, each of which is normalized over all points of the sample,
///
///     y = (x − mean) / √(variance + ε) · γ + β.
///
/// x is `[…, channels]`. Variables: γ and β where present, `[channels]`.
package struct GroupNormalizationOp: Operation {
  /// A divisor of the channels.
  package let groups: Int
  package let epsilon: Float
  package let factors: FeatureFactors

  package init(groups: Int, epsilon: Float, factors: FeatureFactors) {
    self.groups = groups
    self.epsilon = epsilon
    self.factors = factors
  }

  package var label: String { "group normalization" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    guard let channels = input.last, groups >= 1, channels.isMultiple(of: groups) else {
      throw .invalidArgument(
        "\(label) of \(input.batchDescription) in \(groups) groups: they must divide the channels")
    }
    return input
  }

  /// The points and channels of a sample, and the channels of a group.
  private struct Layout {
    let points: Int, channels: Int, width: Int

    init(_ shape: Shape, groups: Int) {
      channels = shape.last ?? 1
      points = shape.count / channels
      width = channels / groups
    }

    /// Elements in a group.
    var groupCount: Int { points * width }
  }

  /// One number per channel each, in scratch memory.
  private struct Rows {
    static let count = 6
    let mean: Target, factor: Target, sumDyXhat: Target, sumDy: Target, factorX: Target
    let offset: Target

    init(_ scratch: Target, _ channels: Int) {
      mean = scratch
      factor = mean + channels
      sumDyXhat = factor + channels
      sumDy = sumDyXhat + channels
      factorX = sumDy + channels
      offset = factorX + channels
    }
  }

  package func needs(_ setting: Setting) -> Needs {
    let channels = Layout(setting.outputShape, groups: groups).channels
    var needs = Needs()
    // Mean and 1 / deviation of each group.
    needs.savedBytesPerSample = 2 * groups * MemoryLayout<Float>.stride
    needs.preparedCount = factors.preparedCount(channels)
    needs.scratchCount = Rows.count * channels
    needs.backwardReadsInputs = true
    needs.gradientsInPlace = [0]
    needs.repeatsOutput = true
    return needs
  }

  package func prepare(_ site: Site) -> [Stage] {
    factors.prepare(site, Layout(site.setting.outputShape, groups: groups).channels)
  }

  package func forward(_ site: Site) -> [Stage] {
    let layout = Layout(site.setting.outputShape, groups: groups)
    let moments = site.kernels.normalization.moments
    return [
      .samples { sample, task in
        let (means, deviations) = (task.scratch, task.scratch + layout.channels)
        moments(
          Source(site.inputs[0].floats(sample, task)), layout.points, layout.channels, 1, means,
          deviations)
        let saved = site.saved.floats(sample, task)
        for group in 0..<groups {
          let first = group * layout.width
          let (mean, variance) = merged(
            Source(means) + first, Source(deviations) + first, layout)
          saved[group] = mean
          saved[groups + group] = 1 / (variance + epsilon).squareRoot()
        }
      }
    ] + forwardAgain(site)
  }

  /// Mean and variance of a group from those of its channels, all of as many points.
  private func merged(
    _ means: Source, _ deviations: Source, _ layout: Layout
  ) -> (mean: Float, variance: Float) {
    var mean: Float = 0
    for channel in 0..<layout.width { mean += means[channel] }
    mean /= Float(layout.width)
    var within: Float = 0
    var between: Float = 0
    for channel in 0..<layout.width {
      let difference = means[channel] - mean
      within += deviations[channel]
      between += difference * difference
    }
    return (mean, within / Float(layout.groupCount) + between / Float(layout.width))
  }

  package func forwardAgain(_ site: Site) -> [Stage] {
    let layout = Layout(site.setting.outputShape, groups: groups)
    let scaleShift = site.kernels.normalization.scaleShift
    let channels = layout.channels
    let scaling = factors.scaling(site, channels)
    return [
      .samples { sample, task in
        let saved = site.saved.floats(sample, task)
        let (scale, shift) = (task.scratch, task.scratch + channels)
        for channel in 0..<channels {
          let group = channel / layout.width
          scale[channel] = scaling.scale[channel] * saved[groups + group]
          shift[channel] = scaling.shift[channel] - saved[group] * scale[channel]
        }
        scaleShift(
          Source(site.inputs[0].floats(sample, task)),
          Scaling(scale: Source(scale), shift: Source(shift)), nil, false,
          site.output.floats(sample, task), layout.points, channels, 1)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let layout = Layout(site.setting.outputShape, groups: groups)
    let kernels = site.kernels
    let channels = layout.channels
    let scale = factors.scaling(site, channels).scale
    let gradients = factors.gradients(site)
    return [
      .samples { sample, task in
        let rows = Rows(task.scratch, channels)
        let x = Source(site.inputs[0].floats(sample, task))
        let dy = Source(dOutput.floats(sample, task))
        let saved = Source(site.saved.floats(sample, task))
        for channel in 0..<channels {
          rows.mean[channel] = saved[channel / layout.width]
          rows.factor[channel] = saved[groups + channel / layout.width]
        }
        kernels.normalization.backwardSums(
          x, dy, nil, Source(rows.mean), Source(rows.factor), layout.points, channels, 1,
          rows.sumDyXhat, rows.sumDy)
        if let sums = gradients.scale?.slab(task) {
          kernels.elementwise.add(Source(sums), Source(rows.sumDyXhat), sums, channels)
        }
        if let sums = gradients.shift?.slab(task) {
          kernels.elementwise.add(Source(sums), Source(rows.sumDy), sums, channels)
        }
        guard let dx = site.dInputs[0]?.floats(sample, task) else { return }
        for group in 0..<groups {
          setFactors(
            ofGroup: group, mean: saved[group], inverse: saved[groups + group], scale, rows, layout)
        }
        kernels.normalization.backwardInput(
          x, dy, nil, Source(rows.factor), Source(rows.factorX), Source(rows.offset), dx,
          layout.points, channels, 1)
      }
    ]
  }

  /// dx = (γ·dy − Σγ·dy/N − xhat · Σγ·dy·xhat/N) · inverse, as dy·factor + x·factorX + offset.
  private func setFactors(
    ofGroup group: Int, mean: Float, inverse: Float, _ scale: Source, _ rows: Rows,
    _ layout: Layout
  ) {
    let channels = group * layout.width..<(group + 1) * layout.width
    var sumDy: Float = 0
    var sumDyXhat: Float = 0
    for channel in channels {
      sumDy += scale[channel] * rows.sumDy[channel]
      sumDyXhat += scale[channel] * rows.sumDyXhat[channel]
    }
    let share = inverse / Float(layout.groupCount)
    let factorX = -share * inverse * sumDyXhat
    for channel in channels {
      rows.factor[channel] = scale[channel] * inverse
      rows.factorX[channel] = factorX
      rows.offset[channel] = -share * sumDy - factorX * mean
    }
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let layout = Layout(setting.outputShape, groups: groups)
    let (scale, shift) = factors.plain(variables, layout.channels)
    let count = Double(layout.groupCount)
    return inputs[0].samples(setting).flatMap { x in
      func group(_ index: Int) -> Int { index % layout.channels / layout.width }
      var mean = [Double](repeating: 0, count: groups)
      var variance = mean
      for index in x.indices { mean[group(index)] += x[index] / count }
      for index in x.indices {
        let difference = x[index] - mean[group(index)]
        variance[group(index)] += difference * difference / count
      }
      return x.indices.map { index in
        let channel = index % layout.channels
        let deviation = (variance[group(index)] + Double(epsilon)).squareRoot()
        return (x[index] - mean[group(index)]) / deviation * scale[channel] + shift[channel]
      }
    }
  }
}
