import MartletKernelTable
import MartletTensors

/// Convolution as it is defined: every product of the sum, with the image read in place.
///
/// The input gradient is a convolution of the output gradient with the filters turned around; with
/// a stride it falls apart into one ordinary convolution per phase of the input position, each with
/// the taps that reach it.
package struct DirectConvolution: ConvolutionAlgorithm {
  private struct Phase {
    let row: Int, column: Int
    let lines: Int, points: Int
    let runs: TapRuns
    /// Into the packed filters of one group.
    let packedOffset: Int
  }

  private let geometry: ConvolutionGeometry
  private let kernels: Kernels
  package let chunkSize = 1
  package let imagePlane: Plane
  /// With zeros so that every phase reads inside it.
  package let gradientPlane: Plane

  private let forwardRuns: TapRuns
  private let forwardPackedCount: Int
  /// Where the packed filters begin, if they are some of a larger number.
  private var forwardPackedStart = 0
  private let phases: [Phase]
  private let backwardPackedCount: Int
  /// Runs of the kernel gradient: the rows of the output, which both operands step through.
  private let lineOffsets: OffsetTable

  package init(_ geometry: ConvolutionGeometry, _ kernels: Kernels) {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    self.geometry = geometry
    self.kernels = kernels
    let imagePlane = Plane(
      rows: v.input, columns: h.input, channels: geometry.channels, top: v.padBefore,
      left: h.padBefore, height: geometry.paddedHeight, width: geometry.paddedWidth)
    self.imagePlane = imagePlane

    forwardRuns = TapRuns(
      rows: (0..<v.kernel).map { ($0, $0 * v.dilation) },
      columns: (0..<h.kernel).map { ($0, $0 * h.dilation) },
      channels: geometry.channelsPerGroup, pointStep: geometry.channels,
      rowStep: imagePlane.rowStep)
    forwardPackedCount = kernels.product.packedCount(
      depth: forwardRuns.depth, columns: geometry.filtersPerGroup)

    let verticalPhases = v.inputPhases
    let horizontalPhases = h.inputPhases
    let (top, bottom) = DirectConvolution.border(v, verticalPhases)
    let (left, right) = DirectConvolution.border(h, horizontalPhases)
    let gradientPlane = Plane(
      rows: v.output, columns: h.output, channels: geometry.filters, top: top, left: left,
      height: top + v.output + bottom, width: left + h.output + right)
    self.gradientPlane = gradientPlane
    lineOffsets = OffsetTable((0..<v.output).map { $0 * v.stride * imagePlane.rowStep })

    var phases: [Phase] = []
    var packed = 0
    for (row, rowPhase) in verticalPhases.enumerated() where rowPhase.count > 0 {
      for (column, columnPhase) in horizontalPhases.enumerated() where columnPhase.count > 0 {
        let runs = TapRuns(
          rows: rowPhase.taps.map { ($0.tap, $0.at + top) },
          columns: columnPhase.taps.map { ($0.tap, $0.at + left) },
          channels: geometry.filtersPerGroup, pointStep: geometry.filters,
          rowStep: gradientPlane.rowStep)
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

  private static func border(
    _ axis: WindowAxis, _ phases: [InputPhase]
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

  package func preparedCount(forInputGradient: Bool) -> Int {
    geometry.groups * (forwardPackedCount + (forInputGradient ? backwardPackedCount : 0))
  }

  package func workCount(isTraining: Bool) -> Int {
    isTraining
      ? kernels.product.workCount(
        depth: geometry.vertical.output * geometry.horizontal.output,
        columns: geometry.filtersPerGroup) : kernels.product.workCount()
  }

  // MARK: Filters

  package func prepare(_ weights: Source, into prepared: Target, forInputGradient: Bool) -> [Stage]
  {
    let groups = geometry.groups
    let phaseTasks = forInputGradient ? phases.count : 0
    return [
      .batch(tasks: groups * (1 + phaseTasks)) { index, _ in
        let (group, part) = (index / (1 + phaseTasks), index % (1 + phaseTasks))
        if part == 0 {
          packForward(weights, group: group, into: prepared + group * forwardPackedCount)
        } else {
          let start = groups * forwardPackedCount + group * backwardPackedCount
          packBackward(
            weights, group: group, phase: phases[part - 1], into: prepared + start)
        }
      }
    ]
  }

  private func packForward(_ w: Source, group: Int, into target: Target) {
    let (inGroup, outGroup) = (geometry.channelsPerGroup, geometry.filtersPerGroup)
    let width = kernels.product.packedWidth(outGroup)
    // Taps and channels of the kernel are one axis in the order in which the runs read them.
    kernels.product.pack(
      w + group * outGroup, geometry.filters, 1, forwardRuns.taps.count * inGroup, outGroup,
      target, width, forwardRuns.depth * width)
  }

  private func packBackward(_ w: Source, group: Int, phase: Phase, into target: Target) {
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

  // MARK: Parts

  package let partRows = 1

  package func part(rows geometry: ConvolutionGeometry) -> DirectConvolution {
    DirectConvolution(geometry, kernels)
  }

  package func part(filters: Range<Int>) -> DirectConvolution? {
    let width = kernels.product.packedWidth(geometry.filters)
    guard geometry.groups == 1, filters.lowerBound % width == 0,
      kernels.product.packedWidth(filters.count) == width
    else { return nil }
    var part = DirectConvolution(geometry.part(filters: filters.count), kernels)
    part.forwardPackedStart = filters.lowerBound * forwardRuns.depth
    return part
  }

  // MARK: Passes

  package func forward(_ pass: ConvolutionForward) {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let outGroup = geometry.filtersPerGroup
    let width = kernels.product.packedWidth(outGroup)
    for sample in 0..<pass.count {
      for group in 0..<geometry.groups {
        var product = Product(
          a: pass.images[sample] + group * geometry.channelsPerGroup,
          runOffsets: forwardRuns.offsets.pointer,
          b: pass.prepared + (forwardPackedStart + group * forwardPackedCount),
          c: pass.outputs[sample] + group * outGroup)
        product.aLineStep = v.stride * imagePlane.rowStep
        product.aRowStep = h.stride * geometry.channels
        product.runCount = forwardRuns.runCount
        product.runLength = forwardRuns.runLength
        product.bIsPacked = true
        product.work = pass.work
        product.bPanelStep = forwardRuns.depth * width
        product.bRunStep = forwardRuns.runLength * width
        product.bDepthStep = width
        product.cLineStep = h.output * geometry.filters
        product.cRowStep = geometry.filters
        product.lines = v.output
        product.rows = h.output
        product.columns = outGroup
        product.bias = pass.bias.map { $0 + group * outGroup }
        product.clampsAtZero = pass.clampsAtZero
        product.joinLines()
        kernels.product.multiply(product)
      }
    }
  }

  package func backward(_ pass: ConvolutionBackward) {
    for sample in 0..<pass.count {
      let plane = pass.gradients[sample]
      if let kernelGradient = pass.kernelGradient {
        addKernelGradient(
          pass.images[sample], plane + gradientPlane.interior, kernelGradient, pass.work)
      }
      if let inputGradients = pass.inputGradients {
        writeInputGradient(plane, pass.prepared, inputGradients[sample], pass.work)
      }
    }
  }

  /// dw[r,s,c,k] += Σ(p,q) x[p·strideH + r·dilationH, q·strideW + s·dilationW, c] · dz[p,q,k].
  private func addKernelGradient(_ x: Source, _ dz: Source, _ dw: Target, _ work: Target) {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let (inGroup, outGroup) = (geometry.channelsPerGroup, geometry.filtersPerGroup)
    // The taps of a kernel row that lie side by side in the image are rows of one product.
    let joinsColumns = h.dilation == 1 && geometry.groups == 1
    let pieces = joinsColumns ? 1 : h.kernel
    for r in 0..<v.kernel {
      for s in 0..<pieces {
        let xAt =
          r * v.dilation * imagePlane.rowStep
          + s * h.dilation * geometry.channels
        for group in 0..<geometry.groups {
          var product = Product(
            a: x + (xAt + group * inGroup), runOffsets: lineOffsets.pointer,
            b: dz + group * outGroup,
            c: dw + ((r * h.kernel + s) * inGroup * geometry.filters + group * outGroup))
          product.aRowStep = 1
          product.aDepthStep = h.stride * geometry.channels
          product.runCount = v.output
          product.runLength = h.output
          product.work = work
          product.bPanelStep = kernels.product.panelWidth
          product.bRunStep = gradientPlane.rowStep
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
    _ dz: Source, _ prepared: Source, _ dx: Target, _ work: Target
  ) {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let (inGroup, outGroup) = (geometry.channelsPerGroup, geometry.filtersPerGroup)
    let width = kernels.product.packedWidth(inGroup)
    let start = prepared + geometry.groups * forwardPackedCount
    for phase in phases {
      for group in 0..<geometry.groups {
        var product = Product(
          a: dz + group * outGroup, runOffsets: phase.runs.offsets.pointer,
          b: start + (group * backwardPackedCount + phase.packedOffset),
          c: dx
            + ((phase.row * h.input + phase.column) * geometry.channels + group * inGroup))
        product.aLineStep = gradientPlane.rowStep
        product.aRowStep = geometry.filters
        product.runCount = phase.runs.runCount
        product.runLength = phase.runs.runLength
        product.bIsPacked = true
        product.work = work
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

extension Product {
  /// Turns lines that follow each other without a gap into rows of one line, which fills tiles
  /// better: a 1×1 convolution of stride 1, for one.
  package mutating func joinLines() {
    guard lines > 1, aLineStep == rows * aRowStep, cLineStep == rows * cRowStep else { return }
    rows *= lines
    lines = 1
  }
}
