import MartletKernelTable
import MartletTensors

/// Convolution by Winograd's minimal filtering: see `WinogradKernels`. A quarter of the
/// multiplications of the direct sum for kernels of 3 × 3 and 4 × 4, and 36 of 100 for 5 × 5.
///
/// Tiles of a few samples are transformed, multiplied position by position, and transformed back, in
/// blocks that stay in the second cache level. Where an image has few tiles the samples of a group
/// share a block, so that the transformed filters are read once for all of them.
///
/// The gradients are those of exactly this computation: the adjoints of its transforms around the two
/// gradients of the matrix products.
package struct WinogradConvolution: ConvolutionAlgorithm {
  package let chunkSize: Int
  package let imagePlane: Plane
  package let gradientPlane: Plane

  private let geometry: ConvolutionGeometry
  private let kernels: Kernels
  private let kernel: Int
  /// Points of an output tile along either axis.
  private let side: Int
  /// Rows of tiles in a sample, tiles in a row, and rows of tiles worked on together.
  private let tileRows: Int, tilesAcross: Int, blockRows: Int
  /// Floats of the transformed filters at one position, packed for the forward product and for that
  /// of the input gradient.
  private let forwardCount: Int, backwardCount: Int
  /// Where the filters of the forward product begin, and from position to position: these may be some of
  /// a larger number.
  private var forwardStart = 0, forwardStep: Int

  private static let positions = WinogradKernels.positions
  private static let zeroOffset = OffsetTable([0])
  /// A block of tiles takes about this many floats on both sides of the product, ...
  private static let blockCount = 1 << 18
  /// ... but is at least so many tiles, because all transformed filters go by for every block.
  private static let leastTiles = 48

  /// - Returns: `nil` where the direct sum is the better way, or the only one.
  package init?(_ geometry: ConvolutionGeometry, _ kernels: Kernels, groupSize: Int) {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    // The transforms would make roundings to 8 bits several times larger: floats stay floats then, and
    // have to be faster than the direct sum of rounded ones.
    let rounds = kernels.product.precision == .bfloat16
    let directSpeed = rounds ? kernels.product.speed : 1
    let kernels = rounds ? kernels.withFloats : kernels
    assert(kernels.product.panelWidth == kernels.floats.panelWidth)
    guard v.kernel == h.kernel, let side = WinogradKernels.side(kernel: v.kernel),
      v.stride == 1, h.stride == 1, v.dilation == 1, h.dilation == 1, geometry.groups == 1
    else { return nil }
    let tiles =
      ((v.output + side - 1) / side) * ((h.output + side - 1) / side)
    guard WinogradConvolution.pays(geometry, tiles: tiles, directSpeed: directSpeed) else {
      return nil
    }
    self.init(of: geometry, kernels, side: side, groupSize: groupSize)
  }

  private init(
    of geometry: ConvolutionGeometry, _ kernels: Kernels, side: Int, groupSize: Int
  ) {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    self.geometry = geometry
    self.kernels = kernels
    self.side = side
    kernel = v.kernel
    tileRows = (v.output + side - 1) / side
    tilesAcross = (h.output + side - 1) / side

    let (channels, filters) = (geometry.channels, geometry.filters)
    let target = max(
      WinogradConvolution.blockCount / (WinogradConvolution.positions * (channels + filters)),
      WinogradConvolution.leastTiles)
    let tiles = tileRows * tilesAcross
    // Chunks of nearly equal size.
    let most = max(target / tiles, 1)
    let chunks = (groupSize + most - 1) / most
    chunkSize = (groupSize + chunks - 1) / chunks
    if chunkSize > 1 {
      blockRows = chunkSize * tileRows
    } else {
      // Blocks of nearly equal height.
      let blocks = max((tiles + target / 2) / target, 1)
      blockRows = (tileRows + blocks - 1) / blocks
    }
    imagePlane = Plane(
      rows: v.input, columns: h.input, channels: channels, top: v.padBefore, left: h.padBefore,
      height: tileRows * side + kernel - 1, width: tilesAcross * side + kernel - 1)
    gradientPlane = Plane(
      rows: v.output, columns: h.output, channels: filters, height: v.output, width: h.output)
    forwardCount = kernels.product.packedCount(depth: channels, columns: filters)
    backwardCount = kernels.product.packedCount(depth: filters, columns: channels)
    forwardStep = forwardCount
  }

  // MARK: Parts

  package var partRows: Int { side }

  package func part(rows geometry: ConvolutionGeometry) -> WinogradConvolution {
    WinogradConvolution(of: geometry, kernels, side: side, groupSize: 1)
  }

  package func part(filters: Range<Int>) -> WinogradConvolution? {
    let width = kernels.product.packedWidth(geometry.filters)
    guard filters.lowerBound % width == 0, kernels.product.packedWidth(filters.count) == width
    else { return nil }
    var part = WinogradConvolution(
      of: geometry.part(filters: filters.count), kernels, side: side, groupSize: 1)
    part.forwardStart = filters.lowerBound * geometry.channels
    part.forwardStep = forwardCount
    return part
  }

  /// Whether fewer products outweigh the transforms, which cost about as much as 12 more channels
  /// and filters of products would. The direct sum's multiplications are `directSpeed` times as fast.
  private static func pays(
    _ geometry: ConvolutionGeometry, tiles: Int, directSpeed: Int
  ) -> Bool {
    let (channels, filters) = (geometry.channels, geometry.filters)
    let direct =
      geometry.vertical.output * geometry.horizontal.output * geometry.vertical.kernel
      * geometry.horizontal.kernel * channels * filters
    return directSpeed * tiles * positions * (channels * filters + 12 * (channels + filters))
      < direct
  }

  // MARK: Memory, in floats

  private var blockTiles: Int { blockRows * tilesAcross }
  /// One position of all tiles of a block, from position to position. The odd cache line keeps the
  /// positions of one tile from falling into the same few places of the first cache level.
  private func positionStep(_ channels: Int) -> Int { (blockTiles * channels + 47) / 32 * 32 - 16 }
  private var inputStep: Int { positionStep(geometry.channels) }
  private var outputStep: Int { positionStep(geometry.filters) }
  private var inputMatrices: Int { 0 }
  private var outputMatrices: Int { WinogradConvolution.positions * inputStep }
  private var filterMatrices: Int {
    outputMatrices + WinogradConvolution.positions * outputStep
  }
  private var inputGradients: Int {
    filterMatrices + WinogradConvolution.positions * geometry.channels * geometry.filters + 16
  }
  private var productWork: Int { inputGradients + chunkSize * imagePlane.count }

  package func preparedCount(forInputGradient: Bool) -> Int {
    WinogradConvolution.positions * (forwardCount + (forInputGradient ? backwardCount : 0))
  }

  package func workCount(isTraining: Bool) -> Int {
    let product = kernels.product
    guard isTraining else {
      return max(filterMatrices + product.workCount(), packedTapsCount) + 16
    }
    return max(
      productWork + product.workCount(depth: blockTiles, columns: geometry.filters),
      packedTapsCount) + 16
  }

  /// Taps of one panel of filters while they are transformed, and their matrices while these are packed.
  private var packedTapsCount: Int {
    (kernel * kernel + (kernels.product.precision == .float32 ? 0 : WinogradConvolution.positions))
      * max(geometry.channels, geometry.filters) * kernels.product.panelWidth
  }

  // MARK: Filters

  package func prepare(_ weights: Source, into prepared: Target, forInputGradient: Bool) -> [Stage]
  {
    let (channels, filters) = (geometry.channels, geometry.filters)
    let panel = kernels.product.panelWidth
    func panels(_ columns: Int) -> Int { (columns + panel - 1) / panel }
    let forwardTasks = panels(filters)
    let backwardStart = WinogradConvolution.positions * forwardCount
    return [
      .batch(tasks: forwardTasks + (forInputGradient ? panels(channels) : 0)) { index, task in
        if index < forwardTasks {
          spread(
            weights, depth: channels, depthStep: filters, columns: filters, columnStep: 1,
            panel: index, prepared, count: forwardCount, task.scratch)
        } else {
          spread(
            weights, depth: filters, depthStep: 1, columns: channels, columnStep: filters,
            panel: index - forwardTasks, prepared + backwardStart, count: backwardCount,
            task.scratch)
        }
      }
    ]
  }

  /// Transforms the filters of one panel: depth × columns of every tap.
  private func spread(
    _ filters: Source, depth: Int, depthStep: Int, columns: Int, columnStep: Int, panel: Int,
    _ target: Target, count: Int, _ taps: Target
  ) {
    let first = panel * kernels.product.panelWidth
    let width = kernels.product.packedWidth(columns)
    let tapStep = geometry.channels * geometry.filters
    let panelCount = depth * width
    let panelStart = target + panel * panelCount
    for tap in 0..<(kernel * kernel) {
      kernels.floats.pack(
        filters + (tap * tapStep + first * columnStep), depthStep, columnStep, depth,
        min(columns - first, width), taps + tap * panelCount, width, panelCount)
    }
    guard kernels.product.precision != .float32 else {
      kernels.winograd.spreadFilters(Source(taps), kernel, panelCount, panelStart, count)
      return
    }
    let matrices = taps + kernel * kernel * panelCount
    kernels.winograd.spreadFilters(Source(taps), kernel, panelCount, matrices, panelCount)
    for position in 0..<WinogradConvolution.positions {
      kernels.product.pack(
        Source(matrices) + position * panelCount, width, 1, depth, width,
        panelStart + position * count, width, panelCount)
    }
  }

  // MARK: Passes

  /// Rows of tiles that are worked on together: some of one sample, or all of several.
  private func blocks(_ count: Int) -> some Sequence<Range<Int>> {
    let total = count * tileRows
    return stride(from: 0, to: total, by: blockRows).lazy.map { first in
      first..<min(first + blockRows, total)
    }
  }

  /// Calls `body` for each row of tiles of a block with its sample, the image row it begins in, and
  /// where its tiles begin among those of the block.
  private func visit(
    _ block: Range<Int>, _ body: (_ sample: Int, _ line: Int, _ tile: Int) -> Void
  ) {
    for row in block {
      body(
        row / tileRows, row % tileRows * side, (row - block.lowerBound) * tilesAcross)
    }
  }

  private var inputRow: TileRow {
    var row = TileRow()
    row.tiles = tilesAcross
    row.channels = geometry.channels
    row.side = side
    row.rowStep = imagePlane.rowStep
    row.tileStep = geometry.channels
    row.positionStep = inputStep
    return row
  }

  private func outputRow(at line: Int) -> TileRow {
    var row = TileRow()
    row.tiles = tilesAcross
    row.channels = geometry.filters
    row.side = side
    row.rowStep = geometry.horizontal.output * geometry.filters
    row.rows = geometry.vertical.output - line
    row.width = geometry.horizontal.output
    row.tileStep = geometry.filters
    row.positionStep = outputStep
    return row
  }

  package func forward(_ pass: ConvolutionForward) {
    let (channels, filters) = (geometry.channels, geometry.filters)
    let inputs = pass.work + inputMatrices
    let outputs = pass.work + outputMatrices
    let inputRow = inputRow
    let outputRowStep = geometry.horizontal.output * filters
    for block in blocks(pass.count) {
      visit(block) { sample, line, tile in
        kernels.winograd.spreadInput(
          pass.images[sample] + line * imagePlane.rowStep, inputs + tile * channels, inputRow)
      }
      multiply(
        inputs, inputStep, depth: channels, pass.prepared + forwardStart, forwardStep, outputs,
        outputStep,
        columns: filters, rows: block.count * tilesAcross, pass.work + filterMatrices)
      visit(block) { sample, line, tile in
        kernels.winograd.gatherOutput(
          Source(outputs) + tile * filters, pass.outputs[sample] + line * outputRowStep,
          pass.bias, pass.clampsAtZero, outputRow(at: line))
      }
    }
  }

  /// Tiles × depth times depth × columns at every position.
  private func multiply(
    _ a: Target, _ aStep: Int, depth: Int, _ filters: Source, _ filterStep: Int, _ c: Target,
    _ cStep: Int, columns: Int, rows: Int, _ work: Target
  ) {
    let width = kernels.product.packedWidth(columns)
    for position in 0..<WinogradConvolution.positions {
      var product = Product(
        a: Source(a) + position * aStep, runOffsets: WinogradConvolution.zeroOffset.pointer,
        b: filters + position * filterStep, c: c + position * cStep)
      product.aRowStep = depth
      product.runLength = depth
      product.bIsPacked = true
      product.work = work
      product.bPanelStep = depth * width
      product.bDepthStep = width
      product.cRowStep = columns
      product.rows = rows
      product.columns = columns
      kernels.product.multiply(product)
    }
  }

  package func backward(_ pass: ConvolutionBackward) {
    let (channels, filters) = (geometry.channels, geometry.filters)
    let inputs = pass.work + inputMatrices
    let outputs = pass.work + outputMatrices
    let inputRow = inputRow
    let outputRowStep = geometry.horizontal.output * filters
    let planes = pass.work + inputGradients
    if pass.inputGradients != nil {
      // What the first tiles of every row and column add to.
      for sample in 0..<pass.count {
        imagePlane.clearCorner(planes + sample * imagePlane.count, points: kernel - 1)
      }
    }
    for block in blocks(pass.count) {
      visit(block) { sample, line, tile in
        kernels.winograd.spreadOutput(
          pass.gradients[sample] + line * outputRowStep, outputs + tile * filters,
          outputRow(at: line))
      }
      if pass.kernelGradient != nil {
        visit(block) { sample, line, tile in
          kernels.winograd.spreadInput(
            pass.images[sample] + line * imagePlane.rowStep, inputs + tile * channels, inputRow)
        }
        addFilterMatrices(
          inputs, outputs, pass.work + filterMatrices, tiles: block.count * tilesAcross,
          accumulates: !(pass.isFirst && block.lowerBound == 0), pass.work + productWork)
      }
      if pass.inputGradients != nil {
        multiply(
          outputs, outputStep, depth: filters,
          pass.prepared + WinogradConvolution.positions * forwardCount, backwardCount, inputs,
          inputStep, columns: channels, rows: block.count * tilesAcross,
          pass.work + productWork)
        visit(block) { sample, line, tile in
          kernels.winograd.gatherInput(
            Source(inputs) + tile * channels,
            planes + (sample * imagePlane.count + line * imagePlane.rowStep), inputRow)
        }
      }
    }
    if let inputGradients = pass.inputGradients {
      for sample in 0..<pass.count {
        imagePlane.extract(
          inputGradients[sample], from: Source(planes) + sample * imagePlane.count, kernels)
      }
    }
    if let kernelGradient = pass.kernelGradient, pass.isLast {
      kernels.winograd.gatherFilters(
        Source(pass.work + filterMatrices), kernel, channels * filters, kernelGradient)
    }
  }

  /// At every position the sum over tiles of input × output gradient.
  private func addFilterMatrices(
    _ inputs: Target, _ outputs: Target, _ sums: Target, tiles: Int, accumulates: Bool,
    _ work: Target
  ) {
    let (channels, filters) = (geometry.channels, geometry.filters)
    for position in 0..<WinogradConvolution.positions {
      var product = Product(
        a: Source(inputs) + position * inputStep,
        runOffsets: WinogradConvolution.zeroOffset.pointer,
        b: Source(outputs) + position * outputStep,
        c: sums + position * channels * filters)
      product.aRowStep = 1
      product.aDepthStep = channels
      product.runLength = tiles
      product.work = work
      product.bPanelStep = kernels.product.panelWidth
      product.bDepthStep = filters
      product.cRowStep = filters
      product.rows = channels
      product.columns = filters
      product.accumulates = accumulates
      kernels.product.multiply(product)
    }
  }
}
