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
