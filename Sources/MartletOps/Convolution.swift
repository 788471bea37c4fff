import MartletKernelTable
import MartletKernels
import MartletTensors

/// 2-D cross-correlation of channels-last images with a filter bank, and what is fused onto it:
///
///     y = pool(f(x ∗ w + b))
///
/// x `[H, W, C]`, w `[R, S, C / groups, K]`, b `[K]`, y `[P, Q, K]` before pooling. Layers lower to
/// the bare convolution; fusion adds bias, activation and max pooling, so that the plane between
/// them exists for one sample at a time and only pooled values and their positions are kept. A batch
/// normalization by moving averages becomes part of w and b.
package struct ConvolutionOp: LinearOperation {
  package var geometry: ConvolutionGeometry
  package var hasBias = false
  /// By moving averages, along the filters, where no variable of both has a gradient.
  package var normalization: BatchNormalizationOp?
  /// Monotone, so that its derivative can be told from the pooled value.
  package var activation = Activation.linear
  package var pooling: PoolingGeometry?

  /// What a layer's policy asks for; `nil` for what the plan does.
  package let precision: ProductPrecision?

  package init(geometry: ConvolutionGeometry, precision: ProductPrecision? = nil) {
    self.geometry = geometry
    self.precision = precision
  }

  package var label: String {
    "convolution" + (hasBias ? " + bias" : "")
      + (normalization == nil ? "" : " + batch normalization")
      + (activation == .linear ? "" : " + activation") + (pooling == nil ? "" : " + max pooling")
  }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let output = try geometry.outputShape(of: inputs, label)
    try geometry.checkSizes()
    guard let pooling else { return output }
    return try Shape(pooling.outputExtents)
  }

  package func productPrecision(_ wanted: ProductPrecision, inputs: [Shape]) -> ProductPrecision {
    geometry.suitsBFloat16 ? precision ?? wanted : .float32
  }

  package func needs(_ setting: Setting) -> Needs {
    let algorithm = geometry.algorithm(setting)
    var needs = Needs()
    needs.preparedCount =
      FoldedWeights.count(
        normalization, weights: geometry.kernelExtents.reduce(1, *), channels: geometry.filters)
      + algorithm.preparedCount(forInputGradient: setting.givesInputGradient)
    needs.scratchCount = parts(algorithm, setting).map(\.scratchCount).max() ?? 0
    needs.backwardReadsInputs = true
    needs.backwardReadsOutput = activation != .linear
    if setting.isTraining, pooling != nil {
      needs.savedBytesPerSample = setting.outputShape.count * MemoryLayout<UInt16>.stride
    }
    return needs
  }
}

extension ConvolutionGeometry {
  /// The shape rule of operations that have these sizes.
  func outputShape(of inputs: [Shape], _ label: String) throws(MartletError) -> Shape {
    let expected = [vertical.input, horizontal.input, channels]
    guard inputs.count == 1, inputs[0].extents == expected else {
      throw .invalidArgument(
        "\(label) expects an input of shape \(Shape.text(expected)), "
          + "got \(inputs.map(\.description).joined(separator: ", "))")
    }
    return try Shape(outputExtents)
  }

  /// The image with a border as wide as the kernel on all sides is the largest thing that a pass works
  /// on: a far-reaching dilation must not overflow its size.
  func checkSizes() throws(MartletError) {
    _ = try Shape([
      vertical.input + 2 * vertical.span, horizontal.input + 2 * horizontal.span,
      max(channels, filters),
    ])
  }

  /// Whether bfloat16 numbers are worth their rounding: they come in pairs of channels, and of filters for
  /// the gradient, and a few of them would not fill a tile.
  var suitsBFloat16: Bool {
    channelsPerGroup % 2 == 0 && filtersPerGroup % 2 == 0
      && min(channelsPerGroup, filtersPerGroup) >= 8
  }

  func algorithm(_ setting: Setting) -> any ConvolutionAlgorithm {
    GroupedConvolution(self, setting.kernels)
      ?? WinogradConvolution(self, setting.kernels, groupSize: setting.groupSize)
      ?? DirectConvolution(self, setting.kernels) as any ConvolutionAlgorithm
  }
}

// MARK: - Parts

/// Some rows, or some filters, of a convolution's output, or all of it.
private struct ConvolutionPart {
  let algorithm: any ConvolutionAlgorithm
  private let activation: Activation
  private let window: PoolingWindow?
  private let isTraining: Bool
  private let filters: Int
  private let outputCount: Int
  private let scratch: ConvolutionScratch
  /// Where, in the scratch memory, the results stand that are copied between those of other filters.
  private let copies: Int
  /// Floats from where a sample's image, and its output, begin to where those of the part do.
  private let imageOffset: Int, outputOffset: Int
  /// Of the first of its filters.
  private let firstFilter: Int
  /// Filters of the whole, where the part has only some of them.
  private let allFilters: Int?

  /// - Parameter operation: The convolution with the sizes of the part.
  init(
    _ operation: ConvolutionOp, _ algorithm: any ConvolutionAlgorithm, isTraining: Bool,
    imageOffset: Int = 0, outputOffset: Int = 0, firstFilter: Int = 0, allFilters: Int? = nil
  ) {
    self.algorithm = algorithm
    self.isTraining = isTraining
    self.imageOffset = imageOffset
    self.outputOffset = outputOffset
    self.firstFilter = firstFilter
    self.allFilters = allFilters
    activation = operation.activation
    window = operation.pooling.map { PoolingWindow($0) }
    filters = operation.geometry.filters
    outputCount = (operation.pooling?.outputExtents ?? operation.geometry.outputExtents)
      .reduce(1, *)
    scratch = ConvolutionScratch(operation, algorithm, isTraining: isTraining)
    copies = scratch.count + algorithm.workCount(isTraining: isTraining)
  }

  var scratchCount: Int { copies + (allFilters == nil ? 0 : Plane.step(outputCount)) }

  func forward(
    _ chunk: Range<Int>, _ site: Site, _ weights: FoldedWeights, _ task: borrowing Task
  ) {
    let kernels = site.kernels
    let results = results(chunk, site, task)
    algorithm.forward(
      ConvolutionForward(
        count: chunk.count,
        images: algorithm.imagePlane.planes(
          chunk, of: site.inputs[0], from: imageOffset, copies: task.scratch, kernels, task),
        outputs: window == nil
          ? results : Planes(first: task.scratch + scratch.outputs, step: scratch.outputStep),
        bias: weights.bias.map { $0 + firstFilter }, clampsAtZero: activation == .relu,
        prepared: Source(weights.prepared), work: task.scratch + scratch.count))
    for (index, sample) in chunk.enumerated() {
      let y = results[index]
      if let window {
        let taps = isTraining ? site.saved.taps(sample, task) : nil
        kernels.pooling.maximum(
          Source(task.scratch + (scratch.outputs + index * scratch.outputStep)), y, taps, window)
      }
      // The activation is monotone: it may come after the maximum, on fewer elements.
      if activation != .linear && activation != .relu {
        kernels.elementwise.activate(activation, Source(y), y, outputCount)
      }
      if let allFilters {
        kernels.elementwise.copyRows(
          Source(y), filters, site.output.floats(sample, task) + outputOffset, allFilters,
          outputCount / filters, filters)
      }
    }
  }

  /// Where the results go: to their place, or to memory of their own.
  private func results(
    _ chunk: Range<Int>, _ site: Site, _ task: borrowing Task
  ) -> Planes<Target> {
    guard allFilters == nil else { return Planes(first: task.scratch + copies, step: 0) }
    let outputs = site.output.planes(from: chunk.lowerBound, task)
    return Planes(first: outputs.first + outputOffset, step: outputs.step)
  }
}

extension ConvolutionOp {
  /// Points that a part has at least, so that the rows of its products fill tiles.
  private static let leastPartPoints = 28

  /// The whole, or parts of it where a batch has too few samples to share out.
  fileprivate func parts(
    _ algorithm: any ConvolutionAlgorithm, _ setting: Setting
  ) -> [ConvolutionPart] {
    let whole = ConvolutionPart(self, algorithm, isTraining: setting.isTraining)
    let most = setting.parts(multiplyAdds: cost(setting).multiplyAdds)
    guard most > 1 else { return [whole] }
    // Filters that are larger than the image should not be read by everyone.
    let kernelCount = geometry.kernelExtents.reduce(1, *)
    let readsMoreFilters = kernelCount > setting.inputShapes[0].count
    let parts =
      readsMoreFilters ? filterParts(algorithm, setting, most) : rowParts(algorithm, setting, most)
    return parts ?? [whole]
  }

  private func filterParts(
    _ algorithm: any ConvolutionAlgorithm, _ setting: Setting, _ most: Int
  ) -> [ConvolutionPart]? {
    let panel = setting.kernels.product.panelWidth
    let count = min(most, geometry.filters / panel)
    guard count > 1, geometry.groups == 1 else { return nil }
    var parts: [ConvolutionPart] = []
    for filters in (0..<geometry.filters).shared(among: count, multiplesOf: panel) {
      guard let part = algorithm.part(filters: filters) else { return nil }
      var operation = self
      operation.geometry = geometry.part(filters: filters.count)
      operation.pooling = pooling?.part(channels: filters.count)
      parts.append(
        ConvolutionPart(
          operation, part, isTraining: setting.isTraining, outputOffset: filters.lowerBound,
          firstFilter: filters.lowerBound, allFilters: geometry.filters))
    }
    return parts
  }

  private func rowParts(
    _ algorithm: any ConvolutionAlgorithm, _ setting: Setting, _ most: Int
  ) -> [ConvolutionPart]? {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let unit = algorithm.partRows
    let stride = pooling?.vertical.stride ?? 1
    guard (pooling?.vertical.padBefore ?? 0) == 0,
      // Rows of the result that begin where rows of the sums do which are worked on together.
      let step = (1...unit).first(where: { $0 * stride % unit == 0 })
    else { return nil }
    let rows = pooling?.vertical.output ?? v.output
    let points = h.output * stride
    let leastRows = max((ConvolutionOp.leastPartPoints + points - 1) / points, step)
    let count = min(most, rows / leastRows)
    guard count > 1 else { return nil }
    return (0..<rows).shared(among: count, multiplesOf: step).map { range in
      let pooled = pooling?.part(rows: range)
      let first = pooled?.first ?? range.lowerBound
      let read = pooled?.geometry.vertical.input ?? range.count
      // Whole units, whatever the last windows leave of them: their sums have the bits of the whole.
      let end = min((first + read + unit - 1) / unit * unit, v.output)
      let (part, firstRow) = geometry.part(rows: first..<end)
      var operation = self
      operation.geometry = part
      operation.pooling = pooled?.geometry
      return ConvolutionPart(
        operation, algorithm.part(rows: part), isTraining: setting.isTraining,
        imageOffset: firstRow * h.input * geometry.channels,
        outputOffset: range.lowerBound * outputRowCount)
    }
  }

  /// Floats in a row of the output.
  private var outputRowCount: Int {
    (pooling?.horizontal.output ?? geometry.horizontal.output) * geometry.filters
  }
}

extension Range<Int> {
  /// The range in nearly equal pieces that begin at multiples of `step`, at most `count` of them.
  func shared(among count: Int, multiplesOf step: Int) -> [Range<Int>] {
    let steps = (self.count + step - 1) / step
    let pieces = Swift.min(count, steps)
    return (0..<pieces).map { index in
      let start = lowerBound + steps * index / pieces * step
      let end = lowerBound + steps * (index + 1) / pieces * step
      return start..<Swift.min(end, upperBound)
    }
  }
}

// MARK: - Passes

/// Where the planes of a chunk of samples stand in the scratch memory of a stage, in floats; the
/// algorithm's own memory follows.
private struct ConvolutionScratch {
  /// From sample to sample; 0 where the image itself is read, or the output written.
  let imageStep: Int
  let outputStep: Int
  let gradientStep: Int
  /// Where they begin. The output of the forward pass and the gradients of the backward pass are
  /// never there together.
  let outputs: Int
  let gradients: Int
  /// Gradient of one sample before the pooling, behind its activation.
  let compact: Int
  let count: Int

  init(_ operation: ConvolutionOp, _ algorithm: any ConvolutionAlgorithm, isTraining: Bool) {
    let geometry = operation.geometry
    let chunk = algorithm.chunkSize
    imageStep = algorithm.imagePlane.copyStep
    outputStep =
      operation.pooling == nil
      ? 0 : Plane.step(geometry.outputExtents.reduce(1, *))
    gradientStep =
      isTraining && !operation.readsGradientInPlace(algorithm)
      ? Plane.step(algorithm.gradientPlane.count) : 0
    outputs = chunk * imageStep
    gradients = chunk * imageStep
    compact = gradients + chunk * gradientStep
    let pooled = operation.pooling.map { $0.outputExtents.reduce(1, *) } ?? 0
    count = max(outputs + chunk * outputStep, isTraining ? compact + Plane.step(pooled) : 0)
  }
}

extension ConvolutionOp {
  /// Whether nothing lies between the gradient of the output and the algorithm.
  fileprivate func readsGradientInPlace(_ algorithm: any ConvolutionAlgorithm) -> Bool {
    activation == .linear && pooling == nil && algorithm.gradientPlane.isImage
  }

  private func weights(_ site: Site) -> FoldedWeights {
    FoldedWeights(
      normalization, hasBias: hasBias, channels: geometry.filters, site.variables,
      in: site.prepared)
  }

  package func prepare(_ site: Site) -> [Stage] {
    let weights = weights(site)
    return weights.stages
      + geometry.algorithm(site.setting).prepare(
        weights.weights, into: weights.prepared,
        forInputGradient: site.setting.givesInputGradient)
  }

  package func forward(_ site: Site) -> [Stage] {
    let parts = parts(geometry.algorithm(site.setting), site.setting)
    let weights = weights(site)
    guard parts.count > 1 else {
      return [
        .groups { [part = parts[0]] task in
          for chunk in task.samples.chunks(of: part.algorithm.chunkSize) {
            part.forward(chunk, site, weights, task)
          }
        }
      ]
    }
    return [
      .parts(parts.count, site.setting) { part, sample, task in
        parts[part].forward(sample..<(sample + 1), site, weights, task)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let algorithm = geometry.algorithm(site.setting)
    let kernels = site.kernels
    let scratch = ConvolutionScratch(self, algorithm, isTraining: true)
    let plane = algorithm.gradientPlane
    let isInPlace = readsGradientInPlace(algorithm)
    let window = pooling.map { PoolingWindow($0, rowStep: plane.rowStep) }
    let dInput = site.dInputs[0]
    let kernelGradient = site.gradients[0]
    let biasGradient = hasBias ? site.gradients[1] : nil
    let prepared = Source(weights(site).prepared)

    return [
      .groups { task in
        for chunk in task.samples.chunks(of: algorithm.chunkSize) {
          let gradients =
            isInPlace
            ? dOutput.planes(from: chunk.lowerBound, task)
            : Planes(first: task.scratch + scratch.gradients, step: scratch.gradientStep)
          for (index, sample) in chunk.enumerated() {
            if !isInPlace {
              fill(
                gradients[index], plane, window, site, sample, task,
                compact: task.scratch + scratch.compact)
            }
            if let biasGradient {
              // The border is zero and adds nothing.
              kernels.reduction.columnSums(
                Source(gradients[index]), plane.channels, plane.height * plane.width,
                plane.channels, 1, biasGradient.slab(task), true)
            }
          }
          guard kernelGradient != nil || dInput != nil else { continue }
          algorithm.backward(
            ConvolutionBackward(
              count: chunk.count,
              images: algorithm.imagePlane.planes(
                chunk, of: site.inputs[0], copies: task.scratch, kernels, task),
              gradients: Planes(first: Source(gradients.first), step: gradients.step),
              kernelGradient: kernelGradient?.slab(task),
              inputGradients: dInput?.planes(from: chunk.lowerBound, task),
              prepared: prepared, work: task.scratch + scratch.count,
              isFirst: chunk.lowerBound == task.samples.lowerBound,
              isLast: chunk.upperBound == task.samples.upperBound))
        }
      }
    ]
  }

  /// Writes the gradient of a sample's convolution, before activation and pooling, and the zeros
  /// around it.
  private func fill(
    _ target: Target, _ plane: Plane, _ window: PoolingWindow?, _ site: Site, _ sample: Int,
    _ task: borrowing Task, compact: Target
  ) {
    guard let dOutput = site.dOutput else { return }
    let kernels = site.kernels
    let dy = Source(dOutput.floats(sample, task))
    if activation == .linear && window == nil { return plane.fill(target, with: dy, kernels) }
    let y = Source(site.output.floats(sample, task))
    let interior = target + plane.interior
    target.update(repeating: 0, count: plane.count)
    if let window {
      var before = dy
      if activation != .linear {
        kernels.elementwise.activateBackward(
          activation, y, y, dy, compact, site.setting.outputShape.count)
        before = Source(compact)
      }
      kernels.pooling.maximumBackward(
        before, UnsafePointer(site.saved.taps(sample, task)), interior, window)
    } else {
      let row = geometry.horizontal.output * geometry.filters
      for index in 0..<geometry.vertical.output {
        let at = index * row
        kernels.elementwise.activateBackward(
          activation, y + at, y + at, dy + at, interior + index * plane.rowStep, row)
      }
    }
  }
}

extension Range<Int> {
  /// The range in pieces of at most `size`.
  func chunks(of size: Int) -> some Sequence<Range<Int>> {
    stride(from: lowerBound, to: upperBound, by: size).lazy.map { first in
      first..<Swift.min(first + size, upperBound)
    }
  }
}

extension Plane {
  /// Floats from plane to plane in scratch memory. Each ends with some room: kernels read whole vectors.
  static func step(_ count: Int) -> Int {
    (count + 2 * Buffer.slack / MemoryLayout<Float>.stride - 1) / 16 * 16
  }

  /// The same for copies of images; 0 where the images themselves are read.
  var copyStep: Int { isImage ? 0 : Plane.step(count) }

  /// The images of a chunk of samples as an algorithm reads them: in place, or `copies` with borders.
  func planes(
    _ chunk: Range<Int>, of place: Place, from offset: Int = 0, copies: Target,
    _ kernels: Kernels, _ task: borrowing Task
  ) -> Planes<Source> {
    let images = place.planes(from: chunk.lowerBound, task)
    let first = Source(images.first) + offset
    guard !isImage else { return Planes(first: first, step: images.step) }
    for index in 0..<chunk.count {
      fill(copies + index * copyStep, with: first + index * images.step, kernels)
    }
    return Planes(first: Source(copies), step: copyStep)
  }
}

extension Place {
  /// The planes of a group's samples from this one on.
  func planes(from sample: Int, _ task: borrowing Task) -> Planes<Target> {
    Planes(first: floats(sample, task), step: byteStride / MemoryLayout<Float>.stride)
  }

  /// Winners of max pooling.
  package func taps(_ sample: Int, _ task: borrowing Task) -> UnsafeMutablePointer<UInt16> {
    bytes(sample, task).assumingMemoryBound(to: UInt16.self)
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
      if let normalization {
        y = normalization.normalized(
          y, channels: geometry.filters, Array(variables[(hasBias ? 2 : 1)...]))
      }
      y = y.map { PlainElementwise.activate(activation, $0) }
      guard let pooling else { return y }
      return PlainPooling.maximum(y, PoolingWindow(pooling, rowStep: h.output * geometry.filters)).y
    }
  }
}
