import MartletKernelTable
import MartletTensors

/// The arithmetic of one convolution: taps, packed filters, borders and scratch memory. Worked out
/// once per plan.
///
/// The input gradient is a convolution of the output gradient with the filters turned around; with
/// a stride it falls apart into one ordinary convolution per phase of the input position, each with
/// the taps that reach it.
struct ConvolutionLayout {
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
