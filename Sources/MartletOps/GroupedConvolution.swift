import MartletKernelTable
import MartletTensors

/// Convolution in groups of a few channels, as the depthwise sum of an image in which every filter has
/// channels to itself.
///
/// A group of four channels fills a quarter of a vector and makes products of a few columns. So the
/// image is spread out, for one vector of filters at a time:
///
///     x'[h, w · c + i, k] = x[h, w, g(k) · c + i]        c channels in a group, g(k) the group of filter k
///
/// With it the sum over taps and channels of a group is a sum over the points of a row, vectors lie
/// along the filters, and kernels `[R, S, c, K]` are depthwise kernels of S · c points as they stand.
/// The gradient of the input is the same with channels and filters in each other's place.
package struct GroupedConvolution: ConvolutionAlgorithm {
  package let chunkSize = 1
  package let imagePlane: Plane
  package let gradientPlane: Plane

  private let geometry: ConvolutionGeometry
  private let kernels: Kernels
  private let phases: [Phase]
  /// Rows of the weights of all phases.
  private let phaseRows: Int

  /// What goes backward to the inputs of one phase of either axis.
  private struct Phase {
    let vertical: DepthwiseAxis, horizontal: DepthwiseAxis
    /// The taps in the order in which they are read.
    let taps: [Int]
    /// Where its first row of weights stands, counted in rows.
    let firstRow: Int
    let outputOffset: Int
  }

  /// Groups of more channels fill the tiles of a product.
  private static let mostChannels = 8

  /// - Returns: `nil` where another way is better.
  package init?(_ geometry: ConvolutionGeometry, _ kernels: Kernels) {
    let h = geometry.horizontal
    let (channels, filters) = (geometry.channelsPerGroup, geometry.filtersPerGroup)
    // The channels of a dilated tap do not follow those of the one before it.
    guard geometry.groups > 1, max(channels, filters) <= GroupedConvolution.mostChannels,
      h.dilation == 1 || h.kernel == 1
    else { return nil }
    self.init(of: geometry, kernels)
  }

  private init(of geometry: ConvolutionGeometry, _ kernels: Kernels) {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let filters = geometry.filtersPerGroup
    self.geometry = geometry
    self.kernels = kernels
    imagePlane = Plane(
      rows: v.input, columns: h.input, channels: geometry.channels, height: v.input,
      width: h.input)
    gradientPlane = Plane(
      rows: v.output, columns: h.output, channels: geometry.filters, height: v.output,
      width: h.output)

    var phases: [Phase] = []
    var rows = 0
    for (row, rowPhase) in v.inputPhases.enumerated() where rowPhase.count > 0 {
      for (column, columnPhase) in h.inputPhases.enumerated() where columnPhase.count > 0 {
        let rowTaps = rowPhase.taps.sorted { $0.at < $1.at }
        let columnTaps = columnPhase.taps.sorted { $0.at < $1.at }
        phases.append(
          Phase(
            vertical: DepthwiseAxis(v, rowPhase, rowTaps),
            horizontal: DepthwiseAxis(h, columnPhase, columnTaps).spread(over: filters),
            taps: rowTaps.flatMap { row in columnTaps.map { row.tap * h.kernel + $0.tap } },
            firstRow: rows, outputOffset: (row * h.input + column) * geometry.channels))
        rows += rowTaps.count * columnTaps.count * filters
      }
    }
    self.phases = phases
    phaseRows = rows
  }

  // MARK: Memory

  /// Rows of the kernel, as depthwise weights.
  private var kernelRows: Int {
    geometry.vertical.kernel * geometry.horizontal.kernel * geometry.channelsPerGroup
  }
  /// What is added where there is no bias.
  private var zeroCount: Int { max(geometry.filters, geometry.channels) }

  /// Zeros, the kernel, and that of the phases.
  package func preparedCount(forInputGradient: Bool) -> Int {
    zeroCount + kernelRows * geometry.filters
      + (forInputGradient ? phaseRows * geometry.channels : 0)
  }

  package func workCount(isTraining: Bool) -> Int {
    let image = imagePlane.height * imagePlane.width * geometry.channelsPerGroup
    let gradient = gradientPlane.height * gradientPlane.width * geometry.filtersPerGroup
    return (isTraining ? max(image, gradient) : image) * kernels.vectorWidth + kernels.vectorWidth
  }

  package func prepare(_ weights: Source, into prepared: Target, forInputGradient: Bool) -> [Stage]
  {
    [
      .batch(tasks: 1) { _, _ in
        let kernel = prepared + zeroCount
        prepared.update(repeating: 0, count: zeroCount)
        kernel.update(from: weights, count: kernelRows * geometry.filters)
        if forInputGradient { turn(weights, into: kernel + kernelRows * geometry.filters) }
      }
    ]
  }

  /// Channels and filters of every group in each other's place: [r, s, i, (g, o)] to [r, s, o, (g, i)].
  private func turn(_ weights: Source, into target: Target) {
    let (channels, filters) = (geometry.channelsPerGroup, geometry.filtersPerGroup)
    let extents = OffsetTable([filters, geometry.groups, channels])
    let steps = OffsetTable([1, filters, geometry.filters])
    withExtendedLifetime((extents, steps)) {
      for phase in phases {
        for (index, tap) in phase.taps.enumerated() {
          kernels.layout.permute(
            weights + tap * channels * geometry.filters, steps.pointer,
            target + (phase.firstRow + index * filters) * geometry.channels, extents.pointer, 3)
        }
      }
    }
  }

  // MARK: Parts

  package let partRows = 1

  package func part(rows geometry: ConvolutionGeometry) -> GroupedConvolution {
    GroupedConvolution(of: geometry, kernels)
  }

  package func part(filters: Range<Int>) -> GroupedConvolution? { nil }

  // MARK: Passes

  /// The filters, or channels, in blocks of a vector.
  private func blocks(_ count: Int) -> some Sequence<Range<Int>> {
    (0..<count).chunks(of: kernels.vectorWidth)
  }

  private func spread(_ image: Source, _ filters: Range<Int>, into work: Target) {
    kernels.depthwise.spread(
      image, work,
      ChannelSpread(
        points: imagePlane.height * imagePlane.width, pointStep: geometry.channels,
        channelsPerGroup: geometry.channelsPerGroup, filtersPerGroup: geometry.filtersPerGroup,
        firstFilter: filters.lowerBound, filters: filters.count))
  }

  /// From spread channels to `filters`.
  private func plane(_ filters: Range<Int>) -> DepthwisePlane {
    DepthwisePlane(
      vertical: DepthwiseAxis(geometry.vertical),
      horizontal: DepthwiseAxis(geometry.horizontal).spread(over: geometry.channelsPerGroup),
      channels: filters.count, rowStep: gradientPlane.rowStep, pointStep: geometry.filters,
      weightStep: geometry.filters)
  }

  package func forward(_ pass: ConvolutionForward) {
    let kernel = pass.prepared + zeroCount
    for sample in 0..<pass.count {
      for filters in blocks(geometry.filters) {
        let first = filters.lowerBound
        spread(pass.images[sample], filters, into: pass.work)
        kernels.depthwise.correlate(
          Source(pass.work), kernel + first, (pass.bias ?? pass.prepared) + first,
          pass.outputs[sample] + first, pass.clampsAtZero ? 0 : -.infinity, .infinity,
          plane(filters))
      }
    }
  }

  package func backward(_ pass: ConvolutionBackward) {
    for sample in 0..<pass.count {
      if let kernelGradient = pass.kernelGradient {
        for filters in blocks(geometry.filters) {
          let first = filters.lowerBound
          spread(pass.images[sample], filters, into: pass.work)
          kernels.depthwise.addWeightGradient(
            Source(pass.work), pass.gradients[sample] + first, kernelGradient + first,
            plane(filters))
        }
      }
      if let inputGradients = pass.inputGradients {
        writeInputGradient(
          pass.gradients[sample], pass.prepared, inputGradients[sample], pass.work)
      }
    }
  }

  private func writeInputGradient(
    _ dy: Source, _ prepared: Source, _ dx: Target, _ work: Target
  ) {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let weights = prepared + (zeroCount + kernelRows * geometry.filters)
    for channels in blocks(geometry.channels) {
      let first = channels.lowerBound
      kernels.depthwise.spread(
        dy, work,
        ChannelSpread(
          points: v.output * h.output, pointStep: geometry.filters,
          channelsPerGroup: geometry.filtersPerGroup, filtersPerGroup: geometry.channelsPerGroup,
          firstFilter: first, filters: channels.count))
      for phase in phases {
        kernels.depthwise.correlate(
          Source(work), weights + (phase.firstRow * geometry.channels + first), prepared,
          dx + (phase.outputOffset + first), -.infinity, .infinity,
          DepthwisePlane(
            vertical: phase.vertical, horizontal: phase.horizontal, channels: channels.count,
            rowStep: v.stride * h.input * geometry.channels,
            pointStep: h.stride * geometry.channels, weightStep: geometry.channels))
      }
    }
  }
}
