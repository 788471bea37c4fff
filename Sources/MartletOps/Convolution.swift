import MartletKernelTable
import MartletKernels
import MartletTensors

/// 2-D cross-correlation of channels-last images with a filter bank, and what is fused onto it:
///
///     y = pool(f(x ∗ w + b))
///
/// x `[H, W, C]`, w `[R, S, C / groups, K]`, b `[K]`, y `[P, Q, K]` before pooling. Layers lower to
/// the bare convolution; fusion adds bias, activation and max pooling, so that the plane between
/// them exists for one sample at a time and only pooled values and their positions are kept.
package struct ConvolutionOp: Operation {
  package let geometry: ConvolutionGeometry
  package var hasBias = false
  /// Monotone, so that its derivative can be told from the pooled value.
  package var activation = Activation.linear
  package var pooling: PoolingGeometry?

  package init(geometry: ConvolutionGeometry) { self.geometry = geometry }

  package var label: String {
    "convolution" + (hasBias ? " + bias" : "") + (activation == .linear ? "" : " + activation")
      + (pooling == nil ? "" : " + max pooling")
  }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let expected = [geometry.vertical.input, geometry.horizontal.input, geometry.channels]
    guard inputs.count == 1, inputs[0].extents == expected else {
      throw .invalidArgument(
        "convolution expects an input of shape \(Shape.text(expected)), "
          + "got \(inputs.map(\.description).joined(separator: ", "))")
    }
    // The image with a border as wide as the kernel on all sides is the largest thing that either
    // pass works on: a far-reaching dilation must not overflow its size.
    let (v, h) = (geometry.vertical, geometry.horizontal)
    _ = try Shape([
      v.input + 2 * v.span, h.input + 2 * h.span, max(geometry.channels, geometry.filters),
    ])
    return try Shape(pooling?.outputExtents ?? geometry.outputExtents)
  }

  package func needs(_ setting: Setting) -> Needs {
    let layout = ConvolutionLayout(self, setting.kernels)
    var needs = Needs()
    needs.preparedCount = layout.preparedCount(isTraining: setting.isTraining)
    needs.scratchCount = layout.scratchCount(isTraining: setting.isTraining)
    needs.backwardReadsInputs = true
    needs.backwardReadsOutput = activation != .linear
    if setting.isTraining, pooling != nil {
      needs.savedBytesPerSample = setting.outputShape.count * MemoryLayout<UInt16>.stride
    }
    return needs
  }
}

/// The arithmetic of one convolution: taps, packed filters, borders and scratch memory. Worked out
/// once per plan.
///
/// The input gradient is a convolution of the output gradient with the filters turned around; with
/// a stride it falls apart into one ordinary convolution per phase of the input position, each with
/// the taps that reach it.
private struct ConvolutionLayout {
  struct Phase {
    let row: Int, column: Int
    let lines: Int, points: Int
    let runs: TapRuns
    /// Into the packed filters of one group.
    let packedOffset: Int
  }

  let geometry: ConvolutionGeometry
  let kernels: Kernels
  let pooling: PoolingGeometry?
  let isLinear: Bool

  let forwardRuns: TapRuns
  let forwardPackedCount: Int

  let phases: [Phase]
  let backwardPackedCount: Int
  /// Zeros around the output gradient, so that every phase reads inside it.
  let borderTop: Int, borderLeft: Int
  let gradientHeight: Int, gradientWidth: Int

  init(_ operation: ConvolutionOp, _ kernels: Kernels) {
    let geometry = operation.geometry
    let (v, h) = (geometry.vertical, geometry.horizontal)
    self.geometry = geometry
    self.kernels = kernels
    pooling = operation.pooling
    isLinear = operation.activation == .linear

    forwardRuns = TapRuns(
      rows: (0..<v.kernel).map { ($0, $0 * v.dilation) },
      columns: (0..<h.kernel).map { ($0, $0 * h.dilation) },
      channels: geometry.channelsPerGroup, pointStep: geometry.channels,
      rowStep: geometry.paddedWidth * geometry.channels)
    forwardPackedCount = kernels.product.packedCount(
      depth: forwardRuns.depth, columns: geometry.filtersPerGroup)

    let verticalPhases = ConvolutionLayout.phases(of: v)
    let horizontalPhases = ConvolutionLayout.phases(of: h)
    let (top, bottom) = ConvolutionLayout.border(v, verticalPhases)
    let (left, right) = ConvolutionLayout.border(h, horizontalPhases)
    borderTop = top
    borderLeft = left
    gradientHeight = top + v.output + bottom
    gradientWidth = left + h.output + right

    var phases: [Phase] = []
    var packed = 0
    for (row, rowPhase) in verticalPhases.enumerated() where rowPhase.count > 0 {
      for (column, columnPhase) in horizontalPhases.enumerated() where columnPhase.count > 0 {
        let runs = TapRuns(
          rows: rowPhase.taps.map { ($0.tap, $0.at + top) },
          columns: columnPhase.taps.map { ($0.tap, $0.at + left) },
          channels: geometry.filtersPerGroup, pointStep: geometry.filters,
          rowStep: gradientWidth * geometry.filters)
        phases.append(
          Phase(
            row: row, column: column, lines: rowPhase.count, points: columnPhase.count, runs: runs,
            packedOffset: packed))
        packed += kernels.product.packedCount(
          depth: runs.depth, columns: geometry.channelsPerGroup)
      }
    }
    self.phases = phases
    backwardPackedCount = packed
  }

  /// The input positions a, a + stride, …: how many there are, and the taps whose output reaches
  /// them, with the output row they read relative to the position's number.
  private static func phases(of axis: WindowAxis) -> [(count: Int, taps: [(tap: Int, at: Int)])] {
    (0..<axis.stride).map { phase in
      let count = max((axis.input - phase + axis.stride - 1) / axis.stride, 0)
      let taps = (0..<axis.kernel).compactMap { tap -> (tap: Int, at: Int)? in
        let distance = phase + axis.padBefore - tap * axis.dilation
        guard distance % axis.stride == 0 else { return nil }
        return (tap, distance / axis.stride)
      }
      return (count, taps)
    }
  }

  private static func border(
    _ axis: WindowAxis, _ phases: [(count: Int, taps: [(tap: Int, at: Int)])]
  ) -> (before: Int, after: Int) {
    var (before, after) = (0, 0)
    for phase in phases where phase.count > 0 {
      for tap in phase.taps {
        before = max(before, -tap.at)
        after = max(after, phase.count - 1 + tap.at - (axis.output - 1))
      }
    }
    return (before, after)
  }

  // MARK: Memory, in floats

  var inputCount: Int { geometry.vertical.input * geometry.horizontal.input * geometry.channels }
  var planeCount: Int { geometry.vertical.output * geometry.horizontal.output * geometry.filters }
  var paddedInputCount: Int {
    geometry.isPadded ? geometry.paddedHeight * geometry.paddedWidth * geometry.channels : 0
  }
  var gradientCount: Int { gradientHeight * gradientWidth * geometry.filters }
  var pooledCount: Int {
    pooling.map { $0.vertical.output * $0.horizontal.output * geometry.filters } ?? 0
  }

  func preparedCount(isTraining: Bool) -> Int {
    geometry.groups * (forwardPackedCount + (isTraining ? backwardPackedCount : 0))
  }

  static let slack = Buffer.slack / MemoryLayout<Float>.stride

  func scratchCount(isTraining: Bool) -> Int {
    let forward = pooling == nil ? 0 : planeCount
    let backward = gradientCount + ConvolutionLayout.slack + pooledCount
    return paddedInputCount + max(forward, isTraining ? backward : 0)
  }

  // MARK: Pieces of the passes

  /// The image with its zero border: the image itself where there is none, else a copy in scratch.
  func padded(_ x: Source, _ scratch: Target) -> Source {
    guard geometry.isPadded else { return x }
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let rowStep = geometry.paddedWidth * geometry.channels
    scratch.update(repeating: 0, count: paddedInputCount)
    kernels.elementwise.copyRows(
      x, h.input * geometry.channels,
      scratch + (v.padBefore * rowStep + h.padBefore * geometry.channels), rowStep, v.input,
      h.input * geometry.channels)
    return Source(scratch)
  }

  var poolingWindow: PoolingWindow? {
    guard let pooling else { return nil }
    return PoolingWindow(pooling, rowStep: pooling.horizontal.input * geometry.filters)
  }

  func packForward(_ w: Source, group: Int, into target: Target) {
    let (inGroup, outGroup) = (geometry.channelsPerGroup, geometry.filtersPerGroup)
    let width = kernels.product.packedWidth(outGroup)
    // Taps and channels of the kernel are one axis in the order in which the runs read them.
    kernels.product.pack(
      w + group * outGroup, geometry.filters, 1, forwardRuns.taps.count * inGroup, outGroup,
      target, width, forwardRuns.depth * width)
  }

  func packBackward(_ w: Source, group: Int, phase: Phase, into target: Target) {
    let (inGroup, outGroup) = (geometry.channelsPerGroup, geometry.filtersPerGroup)
    let width = kernels.product.packedWidth(inGroup)
    for (index, tap) in phase.runs.taps.enumerated() {
      let corner =
        w
        + ((tap.r * geometry.horizontal.kernel + tap.s) * inGroup * geometry.filters
          + group * outGroup)
      kernels.product.pack(
        corner, 1, geometry.filters, outGroup, inGroup,
        target + phase.packedOffset + index * outGroup * width, width, phase.runs.depth * width)
    }
  }
}

extension PoolingWindow {
  /// The window over a plane whose rows lie `rowStep` apart.
  package init(_ geometry: PoolingGeometry, rowStep: Int) {
    let (v, h, channels) = (geometry.vertical, geometry.horizontal, geometry.channels)
    self.init(
      height: v.input, width: h.input, channels: channels, outputHeight: v.output,
      outputWidth: h.output, poolHeight: v.kernel, poolWidth: h.kernel, strideHeight: v.stride,
      strideWidth: h.stride, padTop: v.padBefore, padLeft: h.padBefore, rowStep: rowStep,
      pointStep: channels, outputRowStep: h.output * channels, outputPointStep: channels)
  }
}

// MARK: - Passes

extension ConvolutionOp {
  package func prepare(_ site: Site) -> [Stage] {
    let layout = ConvolutionLayout(self, site.kernels)
    let kernel = site.variables[0]
    let isTraining = site.setting.isTraining
    let groups = geometry.groups
    let prepared = site.prepared
    let phaseTasks = isTraining ? layout.phases.count : 0
    return [
      .batch(tasks: groups * (1 + phaseTasks)) { index, _ in
        let (group, part) = (index / (1 + phaseTasks), index % (1 + phaseTasks))
        if part == 0 {
          layout.packForward(
            kernel.values, group: group, into: prepared + group * layout.forwardPackedCount)
        } else {
          let start = groups * layout.forwardPackedCount + group * layout.backwardPackedCount
          layout.packBackward(
            kernel.values, group: group, phase: layout.phases[part - 1], into: prepared + start)
        }
      }
    ]
  }

  package func forward(_ site: Site) -> [Stage] {
    let layout = ConvolutionLayout(self, site.kernels)
    let kernels = site.kernels
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let bias = hasBias ? site.variables[1] : nil
    let clamps = activation == .relu
    let activatesAfterwards = activation != .linear && !clamps
    let window = layout.poolingWindow
    let keepsTaps = site.setting.isTraining
    let outGroup = geometry.filtersPerGroup
    let outputCount = site.setting.outputShape.count
    let width = kernels.product.packedWidth(outGroup)
    let runs = layout.forwardRuns
    let prepared = Source(site.prepared)

    return [
      .groups { task in
        let plane = task.scratch + layout.paddedInputCount
        for sample in task.samples {
          let y = site.output.floats(sample, task)
          let target = window == nil ? y : plane
          let x = layout.padded(Source(site.inputs[0].floats(sample, task)), task.scratch)
          for group in 0..<geometry.groups {
            var product = Product(
              a: x + group * geometry.channelsPerGroup, runOffsets: runs.offsets.pointer,
              b: prepared + group * layout.forwardPackedCount, c: target + group * outGroup)
            product.aLineStep = v.stride * geometry.paddedWidth * geometry.channels
            product.aRowStep = h.stride * geometry.channels
            product.runCount = runs.runCount
            product.runLength = runs.runLength
            product.bPanelStep = runs.depth * width
            product.bRunStep = runs.runLength * width
            product.bDepthStep = width
            product.cLineStep = h.output * geometry.filters
            product.cRowStep = geometry.filters
            product.lines = v.output
            product.rows = h.output
            product.columns = outGroup
            product.bias = bias.map { $0.values + group * outGroup }
            product.clampsAtZero = clamps
            product.joinLines()
            kernels.product.multiply(product)
          }
          if let window {
            let taps = keepsTaps ? site.saved.taps(sample, task) : nil
            kernels.pooling.maximum(Source(plane), y, taps, window)
          }
          // The activation is monotone: it may come after the maximum, on fewer elements.
          if activatesAfterwards {
            kernels.elementwise.activate(activation, Source(y), y, outputCount)
          }
        }
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    let layout = ConvolutionLayout(self, site.kernels)
    let kernels = site.kernels
    guard let dOutput = site.dOutput else { return [] }
    let dInput = site.dInputs[0]
    let kernelGradient = site.gradients[0]
    let biasGradient = hasBias ? site.gradients[1] : nil
    let filters = geometry.filters
    let outputCount = site.setting.outputShape.count
    let gradientRowStep = layout.gradientWidth * filters
    let interior = layout.borderTop * gradientRowStep + layout.borderLeft * filters
    let window = pooling.map { PoolingWindow($0, rowStep: gradientRowStep) }
    let rowCount = geometry.horizontal.output * filters
    // Runs of the filter gradient: the rows of the output, which both operands step through.
    let xLineStep = geometry.vertical.stride * geometry.paddedWidth * geometry.channels
    let lineOffsets = OffsetTable((0..<geometry.vertical.output).map { $0 * xLineStep })

    return [
      .groups { task in
        let dPlane = task.scratch + layout.paddedInputCount
        let compact = dPlane + (layout.gradientCount + ConvolutionLayout.slack)
        for sample in task.samples {
          let dy = Source(dOutput.floats(sample, task))
          let y = Source(site.output.floats(sample, task))
          dPlane.update(repeating: 0, count: layout.gradientCount)
          if let window {
            var before = dy
            if activation != .linear {
              kernels.elementwise.activateBackward(activation, y, y, dy, compact, outputCount)
              before = Source(compact)
            }
            kernels.pooling.maximumBackward(
              before, UnsafePointer(site.saved.taps(sample, task)), dPlane + interior, window)
          } else {
            for row in 0..<geometry.vertical.output {
              let (at, to) = (row * rowCount, dPlane + (interior + row * gradientRowStep))
              if activation == .linear {
                to.update(from: dy + at, count: rowCount)
              } else {
                kernels.elementwise.activateBackward(
                  activation, y + at, y + at, dy + at, to, rowCount)
              }
            }
          }
          if let biasGradient {
            // The border is zero and adds nothing.
            kernels.reduction.columnSums(
              Source(dPlane), filters, layout.gradientHeight * layout.gradientWidth, filters, 1,
              biasGradient.slab(task), true)
          }
          if let kernelGradient {
            let x = layout.padded(Source(site.inputs[0].floats(sample, task)), task.scratch)
            addKernelGradient(
              x, dPlane + interior, lineOffsets, gradientRowStep, kernelGradient.slab(task),
              kernels)
          }
          if let dInput {
            writeInputGradient(
              dPlane, layout, Source(site.prepared), dInput.floats(sample, task), kernels)
          }
        }
      }
    ]
  }

  /// dw[r,s,c,k] += Σ(p,q) x[p·strideH + r·dilationH, q·strideW + s·dilationW, c] · dz[p,q,k].
  private func addKernelGradient(
    _ x: Source, _ dz: Target, _ lineOffsets: OffsetTable, _ dzRowStep: Int, _ dw: Target,
    _ kernels: Kernels
  ) {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let (inGroup, outGroup) = (geometry.channelsPerGroup, geometry.filtersPerGroup)
    // The taps of a kernel row that lie side by side in the image are rows of one product.
    let joinsColumns = h.dilation == 1 && geometry.groups == 1
    let pieces = joinsColumns ? 1 : h.kernel
    for r in 0..<v.kernel {
      for s in 0..<pieces {
        let xAt =
          r * v.dilation * geometry.paddedWidth * geometry.channels
          + s * h.dilation * geometry.channels
        for group in 0..<geometry.groups {
          var product = Product(
            a: x + (xAt + group * inGroup), runOffsets: lineOffsets.pointer,
            b: Source(dz) + group * outGroup,
            c: dw + ((r * h.kernel + s) * inGroup * geometry.filters + group * outGroup))
          product.aRowStep = 1
          product.aDepthStep = h.stride * geometry.channels
          product.runCount = v.output
          product.runLength = h.output
          product.bPanelStep = kernels.product.panelWidth
          product.bRunStep = dzRowStep
          product.bDepthStep = geometry.filters
          product.cRowStep = geometry.filters
          product.rows = joinsColumns ? h.kernel * inGroup : inGroup
          product.columns = outGroup
          product.accumulates = true
          kernels.product.multiply(product)
        }
      }
    }
  }

  private func writeInputGradient(
    _ dPlane: Target, _ layout: ConvolutionLayout, _ prepared: Source, _ dx: Target,
    _ kernels: Kernels
  ) {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let (inGroup, outGroup) = (geometry.channelsPerGroup, geometry.filtersPerGroup)
    let width = kernels.product.packedWidth(inGroup)
    let start = prepared + geometry.groups * layout.forwardPackedCount
    for phase in layout.phases {
      for group in 0..<geometry.groups {
        var product = Product(
          a: Source(dPlane) + group * outGroup, runOffsets: phase.runs.offsets.pointer,
          b: start + (group * layout.backwardPackedCount + phase.packedOffset),
          c: dx
            + ((phase.row * h.input + phase.column) * geometry.channels + group * inGroup))
        product.aLineStep = layout.gradientWidth * geometry.filters
        product.aRowStep = geometry.filters
        product.runCount = phase.runs.runCount
        product.runLength = phase.runs.runLength
        product.bPanelStep = phase.runs.depth * width
        product.bRunStep = phase.runs.runLength * width
        product.bDepthStep = width
        product.cLineStep = v.stride * h.input * geometry.channels
        product.cRowStep = h.stride * geometry.channels
        product.lines = phase.lines
        product.rows = phase.points
        product.columns = inGroup
        // A phase that no tap reaches has no runs: the product writes its zeros.
        kernels.product.multiply(product)
      }
    }
  }
}

extension Place {
  /// Winners of max pooling.
  package func taps(_ sample: Int, _ task: borrowing Task) -> UnsafeMutablePointer<UInt16> {
    bytes(sample, task).assumingMemoryBound(to: UInt16.self)
  }
}

extension Product {
  /// Turns lines that follow each other without a gap into rows of one line, which fills tiles
  /// better: a 1×1 convolution of stride 1, for one.
  package mutating func joinLines() {
    guard lines > 1, aLineStep == rows * aRowStep, cLineStep == rows * cRowStep else { return }
    rows *= lines
    lines = 1
  }
}

// MARK: - Reference

extension ConvolutionOp {
  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let inputCount = setting.inputShapes[0].count
    return (0..<setting.batch).flatMap { sample -> [Double] in
      let x = Array(inputs[0][(sample * inputCount)..<((sample + 1) * inputCount)])
      var y = PlainProduct.convolve(
        x, variables[0], height: v.input, width: h.input, channels: geometry.channels,
        filters: geometry.filters, groups: geometry.groups, kernel: (v.kernel, h.kernel),
        stride: (v.stride, h.stride), dilation: (v.dilation, h.dilation),
        pad: (v.padBefore, h.padBefore), output: (v.output, h.output))
      if hasBias {
        for index in y.indices { y[index] += variables[1][index % geometry.filters] }
      }
      y = y.map { PlainElementwise.activate(activation, $0) }
      guard let pooling else { return y }
      return PlainPooling.maximum(y, PoolingWindow(pooling, rowStep: h.output * geometry.filters)).y
    }
  }
}
