import MartletKernelTable
import MartletKernels
import MartletTensors

/// Batch normalization (Ioffe & Szegedy 2015) with Keras's constants: in training
///
///     y = (x − mean) / √(variance + ε) · γ + β,   mean and variance over all axes but `axis`,
///
/// the variance divided by N, and moving averages m ← m · momentum + batch · (1 − momentum); outside
/// training, or frozen, the moving averages take the place of mean and variance.
///
/// Variables: γ and β where present, moving mean, moving variance; all `[channels]`.
///
/// Fusion adds what often comes behind it, f(y + other): the second input of an addition and an
/// activation. Forward that is one pass over memory more than the convolution before it, and the
/// gradient passes the activation on its way through the sums.
package struct BatchNormalizationOp: Operation {
  /// Counted in the shape of a sample.
  package var axis: Int
  package let momentum: Float
  package let epsilon: Float
  package let hasScale: Bool
  package let hasCenter: Bool
  /// Normalizes by the moving averages in training too.
  package private(set) var isFrozen: Bool
  /// Whether a second input of the same shape is added.
  package var hasAddend = false
  /// With a derivative that its result tells.
  package var activation = Activation.linear

  package init(
    axis: Int, momentum: Float, epsilon: Float, hasScale: Bool, hasCenter: Bool, isFrozen: Bool
  ) {
    self.axis = axis
    self.momentum = momentum
    self.epsilon = epsilon
    self.hasScale = hasScale
    self.hasCenter = hasCenter
    self.isFrozen = isFrozen
  }

  package var label: String {
    "batch normalization" + (hasAddend ? " + addition" : "")
      + (activation == .linear ? "" : " + activation")
  }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input: Shape
    if hasAddend {
      guard inputs.count == 2, inputs[0] == inputs[1] else {
        throw .invalidArgument(
          "\(label) expects two inputs of one shape, got "
            + inputs.map(\.batchDescription).joined(separator: " and "))
      }
      input = inputs[0]
    } else {
      input = try onlyInput(inputs, of: label)
    }
    guard input.extents.indices.contains(axis) else {
      throw .invalidArgument(
        "batch normalization along axis \(axis + 1) of \(input.batchDescription)")
    }
    return input
  }

  package var outsideTraining: any Operation {
    var frozen = self
    frozen.isFrozen = true
    return frozen
  }

  /// Whether mean and variance are the batch's, in training or out of it.
  func usesBatch(isTraining: Bool) -> Bool { isTraining && !isFrozen }

  package func needs(_ setting: Setting) -> Needs {
    let layout = NormalizationLayout(self, setting)
    var needs = Needs()
    needs.backwardReadsInputs = true
    needs.backwardReadsOutput = activation != .linear && !recomputesClamp
    // What comes back through the addition is the other input's gradient as it stands.
    if hasAddend { needs.gradientsInPlace = [1] }
    needs.repeatsOutput = recomputesClamp || (activation == .linear && !hasAddend)
    needs.savedBytesPerBatch = layout.floatCount * MemoryLayout<Float>.stride
    needs.gradientSums = [0: .batch, 1: .batch]
    return needs
  }
}

extension BatchNormalizationOp {
  /// A relu right behind the normalization: working its input out again costs less than reading its
  /// result.
  private var recomputesClamp: Bool { activation == .relu && !hasAddend }
}

/// Per-channel numbers of a batch, side by side in `batchSaved`, and a partial result per group.
private struct NormalizationLayout {
  let rows: Int, channels: Int, inner: Int
  let groupSize: Int, groupCapacity: Int
  /// Elements per channel in one sample.
  var pointCount: Int { rows * inner }

  init(_ operation: BatchNormalizationOp, _ setting: Setting) {
    let shape = setting.inputShapes[0]
    rows = shape.extents[..<operation.axis].reduce(1, *)
    channels = shape[operation.axis]
    inner = shape.extents[(operation.axis + 1)...].reduce(1, *)
    groupSize = setting.groupSize
    groupCapacity = setting.groupCapacity
  }

  enum Row: Int, CaseIterable {
    case mean, variance, inverseDeviation, scale, shift
    case sumDyXhat, sumDy, factorDy, factorX, offset
  }

  var floatCount: Int { (Row.allCases.count + 2 * groupCapacity) * channels }

  func row(_ row: Row, _ memory: UnsafeMutableRawPointer) -> Target {
    memory.assumingMemoryBound(to: Float.self) + row.rawValue * channels
  }

  func scaling(_ memory: UnsafeMutableRawPointer) -> Scaling {
    Scaling(scale: Source(row(.scale, memory)), shift: Source(row(.shift, memory)))
  }

  /// Two rows of partial results per group: all first ones, then all second ones.
  func partials(_ memory: UnsafeMutableRawPointer) -> (first: Target, second: Target) {
    let start =
      memory.assumingMemoryBound(to: Float.self) + Row.allCases.count * channels
    return (start, start + groupCapacity * channels)
  }

  func groupCount(_ batchCount: Int) -> Int { (batchCount + groupSize - 1) / groupSize }
}

/// The variables of a batch normalization, in its order.
struct NormalizationVariables {
  private let gamma: Source?
  private let beta: Source?
  let mean: Variable
  let variance: Variable
  private let epsilon: Float

  init(_ operation: BatchNormalizationOp, _ variables: some Collection<Variable>) {
    var rest = variables[...]
    gamma = operation.hasScale ? rest.popFirst()?.values : nil
    beta = operation.hasCenter ? rest.popFirst()?.values : nil
    guard let mean = rest.popFirst(), let variance = rest.popFirst() else {
      preconditionFailure("a normalization has moving averages")
    }
    (self.mean, self.variance) = (mean, variance)
    epsilon = operation.epsilon
  }

  /// 1 / √(variance + ε), and scale = γ times that and shift = β − mean · scale of one channel.
  func scaling(
    _ channel: Int, mean: Float, variance: Float
  ) -> (inverseDeviation: Float, scale: Float, shift: Float) {
    let inverseDeviation = 1 / (variance + epsilon).squareRoot()
    let scale = inverseDeviation * (gamma?[channel] ?? 1)
    return (inverseDeviation, scale, (beta?[channel] ?? 0) - mean * scale)
  }
}

extension BatchNormalizationOp {
  /// Scale and shift from the mean and variance in memory.
  private func writeScaleAndShift(
    _ variables: NormalizationVariables, _ layout: NormalizationLayout,
    _ memory: UnsafeMutableRawPointer
  ) {
    let (mean, variance) = (layout.row(.mean, memory), layout.row(.variance, memory))
    let inverseDeviation = layout.row(.inverseDeviation, memory)
    let (scale, shift) = (layout.row(.scale, memory), layout.row(.shift, memory))
    for channel in 0..<layout.channels {
      (inverseDeviation[channel], scale[channel], shift[channel]) = variables.scaling(
        channel, mean: mean[channel], variance: variance[channel])
    }
  }

  /// Without batch statistics scale and shift follow from the variables alone.
  package func prepare(_ site: Site) -> [Stage] {
    guard !usesBatch(isTraining: site.setting.isTraining) else { return [] }
    let layout = NormalizationLayout(self, site.setting)
    let variables = NormalizationVariables(self, site.variables)
    let memory = site.batchSaved
    return [
      .batch(tasks: 1) { _, _ in
        layout.row(.mean, memory).update(from: variables.mean.values, count: layout.channels)
        layout.row(.variance, memory).update(
          from: variables.variance.values, count: layout.channels)
        writeScaleAndShift(variables, layout, memory)
      }
    ]
  }

  package func forward(_ site: Site) -> [Stage] {
    let layout = NormalizationLayout(self, site.setting)
    let normalization = site.kernels.normalization
    let memory = site.batchSaved
    let channels = layout.channels
    let (partMeans, partDeviations) = layout.partials(memory)

    var stages: [Stage] = []
    if usesBatch(isTraining: site.setting.isTraining) {
      let variables = NormalizationVariables(self, site.variables)
      stages.append(
        .groups { task in
          // A group's samples follow each other in memory: more rows of one tensor.
          normalization.moments(
            Source(site.inputs[0].floats(task.samples.lowerBound, task)),
            layout.rows * task.samples.count, channels, layout.inner,
            partMeans + task.group * channels, partDeviations + task.group * channels)
        })
      stages.append(
        .batch(tasks: 1) { _, task in
          let (mean, variance) = (layout.row(.mean, memory), layout.row(.variance, memory))
          let parts = layout.groupCount(task.batchCount)
          withUnsafeTemporaryAllocation(of: Int.self, capacity: parts) { counts in
            for part in 0..<parts {
              let samples = min(layout.groupSize, task.batchCount - part * layout.groupSize)
              counts[part] = samples * layout.pointCount
            }
            guard let counts = counts.baseAddress else { return }
            normalization.mergeMoments(
              Source(partMeans), Source(partDeviations), counts, parts, channels, mean, variance)
          }
          let count = Float(task.batchCount * layout.pointCount)
          for channel in 0..<channels { variance[channel] /= count }
          writeScaleAndShift(variables, layout, memory)
        })
    }
    return stages + forwardAgain(site)
  }

  /// Scale, shift, addition and activation.
  package func forwardAgain(_ site: Site) -> [Stage] {
    let layout = NormalizationLayout(self, site.setting)
    let normalization = site.kernels.normalization
    let scaling = layout.scaling(site.batchSaved)
    let activate = site.kernels.elementwise.activate
    let clamps = activation == .relu
    let activatesAfterwards = activation != .linear && !clamps
    let count = site.setting.outputShape.count
    return [
      .samples { sample, task in
        let y = site.output.floats(sample, task)
        normalization.scaleShift(
          Source(site.inputs[0].floats(sample, task)), scaling,
          hasAddend ? Source(site.inputs[1].floats(sample, task)) : nil, clamps, y, layout.rows,
          layout.channels, layout.inner)
        if activatesAfterwards { activate(activation, Source(y), y, count) }
      }
    ]
  }

  package func commit(_ site: Site) -> [Stage] {
    guard usesBatch(isTraining: site.setting.isTraining) else { return [] }
    let layout = NormalizationLayout(self, site.setting)
    let variables = NormalizationVariables(self, site.variables)
    let memory = site.batchSaved
    let momentum = momentum
    return [
      .batch(tasks: 1) { _, _ in
        let (mean, variance) = (layout.row(.mean, memory), layout.row(.variance, memory))
        let movingMean = variables.mean.mutableValues()
        let movingVariance = variables.variance.mutableValues()
        for channel in 0..<layout.channels {
          movingMean[channel] = movingMean[channel] * momentum + mean[channel] * (1 - momentum)
          movingVariance[channel] =
            movingVariance[channel] * momentum + variance[channel] * (1 - momentum)
        }
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let layout = NormalizationLayout(self, site.setting)
    let kernels = site.kernels
    let memory = site.batchSaved
    let channels = layout.channels
    let (partGammas, partBetas) = layout.partials(memory)
    let dInput = site.dInputs[0]
    precondition(
      !hasAddend || site.dInputs[1].map { $0 == dOutput } ?? true,
      "the other input's gradient takes the place of the output's")
    let scaling = layout.scaling(memory)
    let (mean, inverseDeviation) = (
      Source(layout.row(.mean, memory)), Source(layout.row(.inverseDeviation, memory))
    )
    let gammaGradient = hasScale ? site.gradients[0]?.model : nil
    let betaGradient = hasCenter ? site.gradients[hasScale ? 1 : 0]?.model : nil
    let usesBatch = usesBatch(isTraining: site.setting.isTraining)

    var stages: [Stage] = [
      .groups { task in
        // What comes out of the activation replaces what went in, but for a clamp worked out again.
        let first = task.samples.lowerBound
        let rows = layout.rows * task.samples.count
        let x = Source(site.inputs[0].floats(first, task))
        let dy = dOutput.floats(first, task)
        let (dGamma, dBeta) = (
          partGammas + task.group * channels, partBetas + task.group * channels
        )
        if activation == .relu && !recomputesClamp {
          kernels.normalization.clampedBackwardSums(
            x, Source(site.output.floats(first, task)), dy, mean, inverseDeviation, rows, channels,
            layout.inner, dGamma, dBeta)
          return
        }
        if activation != .linear && !recomputesClamp {
          let y = Source(site.output.floats(first, task))
          kernels.elementwise.activateBackward(
            activation, y, y, Source(dy), dy, rows * channels * layout.inner)
        }
        kernels.normalization.backwardSums(
          x, Source(dy), recomputesClamp ? scaling : nil, mean, inverseDeviation, rows, channels,
          layout.inner, dGamma, dBeta)
      },
      .batch(tasks: 1) { _, task in
        let parts = layout.groupCount(task.batchCount)
        let (sumDyXhat, sumDy) = (layout.row(.sumDyXhat, memory), layout.row(.sumDy, memory))
        kernels.reduction.sumParts(Source(partGammas), channels, parts, sumDyXhat, channels)
        kernels.reduction.sumParts(Source(partBetas), channels, parts, sumDy, channels)
        for (gradient, sum) in [(gammaGradient, sumDyXhat), (betaGradient, sumDy)] {
          guard let gradient else { continue }
          if gradient.accumulates {
            kernels.elementwise.add(
              Source(gradient.pointer), Source(sum), gradient.pointer, channels)
          } else {
            gradient.pointer.update(from: sum, count: channels)
          }
        }
        // dx = scale · (dy − Σdy/N − xhat · Σ(dy·xhat)/N), written as dy·a + x·b + offset.
        let scale = layout.row(.scale, memory)
        let mean = layout.row(.mean, memory)
        let inverseDeviation = layout.row(.inverseDeviation, memory)
        let (a, b) = (layout.row(.factorDy, memory), layout.row(.factorX, memory))
        let offset = layout.row(.offset, memory)
        let count = Float(task.batchCount * layout.pointCount)
        for channel in 0..<channels {
          a[channel] = scale[channel]
          guard usesBatch else {
            b[channel] = 0
            offset[channel] = 0
            continue
          }
          b[channel] =
            -scale[channel] * inverseDeviation[channel] * sumDyXhat[channel] / count
          offset[channel] =
            -scale[channel] * sumDy[channel] / count - b[channel] * mean[channel]
        }
      },
    ]
    if let dInput {
      let (a, b) = (layout.row(.factorDy, memory), layout.row(.factorX, memory))
      let offset = layout.row(.offset, memory)
      stages.append(
        .samples { sample, task in
          kernels.normalization.backwardInput(
            Source(site.inputs[0].floats(sample, task)), Source(dOutput.floats(sample, task)),
            recomputesClamp ? scaling : nil, Source(a), Source(b), Source(offset),
            dInput.floats(sample, task), layout.rows, channels, layout.inner)
        })
    }
    return stages
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let shape = setting.inputShapes[0]
    let channels = shape[axis]
    let inner = shape.extents[(axis + 1)...].reduce(1, *)
    let x = inputs[0]
    var variables = variables
    if usesBatch(isTraining: setting.isTraining) {
      let moments = PlainNormalization.moments(
        x, rows: x.count / channels / inner, channels: channels, inner: inner)
      let count = Double(x.count / channels)
      variables.replaceSubrange(
        (variables.count - 2)..., with: [moments.mean, moments.deviations.map { $0 / count }])
    }
    let normalized = normalized(x, channels: channels, inner: inner, variables)
    return normalized.indices.map { index in
      PlainElementwise.activate(activation, normalized[index] + (hasAddend ? inputs[1][index] : 0))
    }
  }

  /// γ and β where present, mean and variance applied to x `[…, channels, inner]`.
  func normalized(
    _ x: [Double], channels: Int, inner: Int = 1, _ variables: [[Double]]
  ) -> [Double] {
    PlainNormalization.normalize(
      x, channels: channels, inner: inner, mean: variables[variables.count - 2],
      variance: variables[variables.count - 1],
      gamma: hasScale ? variables[0] : [Double](repeating: 1, count: channels),
      beta: hasCenter ? variables[hasScale ? 1 : 0] : [Double](repeating: 0, count: channels),
      epsilon: Double(epsilon))
  }
}
