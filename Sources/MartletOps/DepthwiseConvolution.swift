import MartletKernelTable
import MartletKernels
import MartletTensors

/// 2-D cross-correlation of each channel of an image with a filter of its own, and what is fused onto
/// it:
///
///     y = f(x ∗ w + b)
///
/// x `[H, W, C]`, w `[R, S, C]` (any shape with these elements), b `[C]`, y `[P, Q, C]`. There is one
/// multiply-add for each number that is read, so nothing is packed or unfolded: vectors lie along the
/// channels, the image is read in place, and the input gradient is the same sum once more.
package struct DepthwiseConvolutionOp: LinearOperation {
  package let geometry: ConvolutionGeometry
  package var hasBias = false
  /// By moving averages, along the channels, where no variable of both has a gradient.
  package var normalization: BatchNormalizationOp?
  /// With a derivative that its result tells.
  package var activation = Activation.linear

  /// - Precondition: As many groups and filters as channels.
  package init(geometry: ConvolutionGeometry) {
    precondition(geometry.groups == geometry.channels && geometry.filters == geometry.channels)
    self.geometry = geometry
  }

  package var label: String {
    "depthwise convolution" + (hasBias ? " + bias" : "")
      + (normalization == nil ? "" : " + batch normalization")
      + (activation == .linear ? "" : " + activation")
  }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try geometry.outputShape(of: inputs, label)
  }

  package func needs(_ setting: Setting) -> Needs {
    let passes = DepthwisePasses(geometry, setting)
    var needs = Needs()
    needs.preparedCount =
      FoldedWeights.count(
        normalization, weights: geometry.kernelExtents.reduce(1, *), channels: geometry.channels)
      + passes.weightCount
    needs.scratchCount = setting.isTraining ? passes.sumCount : 0
    needs.backwardReadsInputs = true
    needs.backwardReadsOutput = activation != .linear
    return needs
  }

  private func weights(_ site: Site) -> FoldedWeights {
    FoldedWeights(
      normalization, hasBias: hasBias, channels: geometry.channels, site.variables,
      in: site.prepared)
  }

  package func prepare(_ site: Site) -> [Stage] {
    let weights = weights(site)
    let passes = DepthwisePasses(geometry, site.setting)
    return weights.stages + [
      .batch(tasks: 1) { _, _ in
        passes.forward.fill(weights.prepared, with: weights.weights, bias: weights.bias)
        for pass in passes.phases { pass.fill(weights.prepared, with: weights.weights, bias: nil) }
      }
    ]
  }

  package func forward(_ site: Site) -> [Stage] {
    let pass = DepthwisePasses(geometry, site.setting).forward
    let weights = Source(weights(site).prepared)
    let kernels = site.kernels
    let bounds = activation.bounds
    func rows(_ rows: Range<Int>, _ sample: Int, _ task: borrowing Task) {
      let plane = pass.plane.part(rows: rows)
      let y = site.output.floats(sample, task) + rows.lowerBound * plane.rowStep
      kernels.depthwise.correlate(
        Source(site.inputs[0].floats(sample, task)), pass.weights(weights), pass.bias(weights), y,
        bounds?.lowerBound ?? -.infinity, bounds?.upperBound ?? .infinity, plane)
      if bounds == nil {
        kernels.elementwise.activate(activation, Source(y), y, rows.count * plane.rowStep)
      }
    }
    let all = 0..<geometry.vertical.output
    let parts = all.shared(
      among: site.setting.parts(multiplyAdds: cost(site.setting).multiplyAdds), multiplesOf: 1)
    return [
      .parts(parts.count, site.setting) { part, sample, task in rows(parts[part], sample, task) }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let passes = DepthwisePasses(geometry, site.setting)
    let plane = passes.forward.plane
    let weights = Source(weights(site).prepared)
    let kernels = site.kernels
    let count = site.setting.outputShape.count
    let channels = geometry.channels
    let points = count / channels
    let dInput = site.dInputs[0]
    let weightGradient = site.gradients[0]
    let biasGradient = hasBias ? site.gradients[1] : nil
    return [
      .groups { task in
        let sums = passes.sumCount > 0 ? task.scratch : weightGradient?.slab(task)
        task.scratch.update(repeating: 0, count: passes.sumCount)
        for sample in task.samples {
          let dy = dOutput.floats(sample, task)
          if activation != .linear {
            let y = Source(site.output.floats(sample, task))
            kernels.elementwise.activateBackward(activation, y, y, Source(dy), dy, count)
          }
          if let biasGradient {
            kernels.reduction.columnSums(
              Source(dy), channels, points, channels, 1, biasGradient.slab(task), true)
          }
          if weightGradient != nil, let sums {
            kernels.depthwise.addWeightGradient(
              Source(site.inputs[0].floats(sample, task)), Source(dy), sums, plane)
          }
          guard let dx = dInput?.floats(sample, task) else { continue }
          for pass in passes.phases {
            kernels.depthwise.correlate(
              Source(dy), pass.weights(weights), pass.bias(weights), dx + pass.outputOffset,
              -.infinity, .infinity, pass.plane)
          }
        }
        guard let slab = weightGradient?.slab(task), passes.sumCount > 0 else { return }
        for tap in 0..<plane.tapCount {
          kernels.reduction.columnSums(
            Source(task.scratch) + tap * plane.weightStep, channels, plane.repeats, channels, 1,
            slab + tap * channels, true)
        }
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let channels = geometry.channels
    let plane = DepthwisePass(geometry, repeats: 1).plane
    return inputs[0].samples(setting).flatMap { x -> [Double] in
      var y = [Double](repeating: 0, count: setting.outputShape.count)
      PlainDepthwise.correlate(
        x, variables[0],
        bias: hasBias ? variables[1] : [Double](repeating: 0, count: channels), into: &y, plane)
      if let normalization {
        y = normalization.normalized(
          y, channels: channels, Array(variables[(hasBias ? 2 : 1)...]))
      }
      return y.map { PlainElementwise.activate(activation, $0) }
    }
  }
}

extension Activation {
  /// Of a function that only clamps: it is part of the pass that writes.
  fileprivate var bounds: ClosedRange<Float>? {
    switch self {
    case .linear: -.infinity ... .infinity
    case .relu: 0 ... .infinity
    case .clipped(let minimum, let maximum) where minimum <= maximum: minimum...maximum
    default: nil
    }
  }
}

// MARK: - Passes

/// One call of the correlation: its plane, its weights, and where its results begin.
private struct DepthwisePass {
  let plane: DepthwisePlane
  /// The elements of the kernel's taps, in the order in which the pass reads them.
  let taps: [Int]
  let outputOffset: Int
  /// Into the prepared memory.
  var weightOffset = 0

  /// The forward pass.
  init(_ geometry: ConvolutionGeometry, repeats: Int) {
    let (v, h, channels) = (geometry.vertical, geometry.horizontal, geometry.channels)
    plane = DepthwisePlane(
      vertical: DepthwiseAxis(v), horizontal: DepthwiseAxis(h), channels: channels,
      rowStep: h.output * channels, pointStep: channels, repeats: repeats)
    taps = (0..<(v.kernel * h.kernel)).map { $0 * channels }
    outputOffset = 0
  }

  /// What goes backward to the inputs of one phase of either axis.
  init(
    _ geometry: ConvolutionGeometry, _ row: (number: Int, phase: InputPhase),
    _ column: (number: Int, phase: InputPhase), vectorWidth: Int
  ) {
    let (v, h, channels) = (geometry.vertical, geometry.horizontal, geometry.channels)
    let rowTaps = row.phase.taps.sorted { $0.at < $1.at }
    let columnTaps = column.phase.taps.sorted { $0.at < $1.at }
    let horizontal = DepthwiseAxis(h, column.phase, columnTaps)
    plane = DepthwisePlane(
      vertical: DepthwiseAxis(v, row.phase, rowTaps), horizontal: horizontal, channels: channels,
      rowStep: v.stride * h.input * channels, pointStep: h.stride * channels,
      repeats: h.stride == 1
        ? DepthwisePass.repeats(horizontal, channels, vectorWidth: vectorWidth) : 1)
    taps = rowTaps.flatMap { row in
      columnTaps.map { (row.tap * h.kernel + $0.tap) * channels }
    }
    outputOffset = (row.number * h.input + column.number) * channels
  }

  func bias(_ prepared: Source) -> Source { prepared + weightOffset }
  func weights(_ prepared: Source) -> Source { prepared + (weightOffset + plane.weightStep) }

  /// Floats of bias and weights, as the kernel reads them.
  var weightCount: Int { (1 + taps.count) * plane.weightStep }

  func fill(_ prepared: Target, with weights: Source, bias: Source?) {
    let channels = plane.channels
    var row = prepared + weightOffset
    for source in [bias] + taps.map({ weights + $0 }) {
      for index in 0..<plane.repeats {
        if let source {
          (row + index * channels).update(from: source, count: channels)
        } else {
          (row + index * channels).update(repeating: 0, count: channels)
        }
      }
      row += plane.weightStep
    }
  }

  /// How many neighbours make the fewest vectors of a row's inner points.
  static func repeats(_ axis: DepthwiseAxis, _ channels: Int, vectorWidth: Int) -> Int {
    let points = axis.innerEnd - axis.innerFirst
    func vectors(_ repeats: Int) -> Int {
      let blocks = (points + repeats - 1) / repeats
      return blocks * ((repeats * channels + vectorWidth - 1) / vectorWidth)
    }
    // Beyond a few vectors there is little left to win.
    let most = min(points, 8 * vectorWidth / channels)
    return (1...max(most, 1)).min { vectors($0) < vectors($1) } ?? 1
  }
}

/// All passes of an operation.
private struct DepthwisePasses {
  let forward: DepthwisePass
  /// Where the gradient of the input is wanted.
  let phases: [DepthwisePass]
  /// Floats of all weights.
  let weightCount: Int

  init(_ geometry: ConvolutionGeometry, _ setting: Setting) {
    let width = setting.kernels.vectorWidth
    let (v, h) = (geometry.vertical, geometry.horizontal)
    forward = DepthwisePass(
      geometry,
      repeats: h.stride == 1
        ? DepthwisePass.repeats(DepthwiseAxis(h), geometry.channels, vectorWidth: width) : 1)
    var count = forward.weightCount
    var phases: [DepthwisePass] = []
    if setting.givesInputGradient {
      for row in v.inputPhases.enumerated() where row.element.count > 0 {
        for column in h.inputPhases.enumerated() where column.element.count > 0 {
          var pass = DepthwisePass(
            geometry, (row.offset, row.element), (column.offset, column.element),
            vectorWidth: width)
          pass.weightOffset = count
          count += pass.weightCount
          phases.append(pass)
        }
      }
    }
    self.phases = phases
    weightCount = count
  }

  /// Floats in which a group sums the gradient of repeated weights; 0 where none repeat.
  var sumCount: Int {
    forward.plane.repeats == 1 ? 0 : forward.plane.tapCount * forward.plane.weightStep
  }
}

extension DepthwiseAxis {
  /// The axis as the forward pass sees it.
  init(_ axis: WindowAxis) {
    self.init(
      input: axis.input, output: axis.output, taps: axis.kernel, first: -axis.padBefore,
      stride: axis.stride, tapStep: axis.dilation)
  }

  /// From outputs to the inputs of a phase. The taps, in the order of where they read, lie evenly: those
  /// that reach a phase are each so many after the last.
  init(_ axis: WindowAxis, _ phase: InputPhase, _ taps: [(tap: Int, at: Int)]) {
    self.init(
      input: axis.output, output: phase.count, taps: taps.count, first: taps.first?.at ?? 0,
      stride: 1, tapStep: taps.count > 1 ? taps[1].at - taps[0].at : 1)
  }
}
