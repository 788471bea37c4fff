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
    let isTraining = setting.isTraining
    var needs = Needs()
    needs.preparedCount =
      FoldedWeights.count(
        normalization, weights: geometry.kernelExtents.reduce(1, *), channels: geometry.filters)
      + algorithm.preparedCount(forInputGradient: setting.givesInputGradient)
    needs.scratchCount =
      ConvolutionScratch(self, algorithm, isTraining: isTraining).count
      + algorithm.workCount(isTraining: isTraining)
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
    let algorithm = geometry.algorithm(site.setting)
    let kernels = site.kernels
    let isTraining = site.setting.isTraining
    let scratch = ConvolutionScratch(self, algorithm, isTraining: isTraining)
    let weights = weights(site)
    let clamps = activation == .relu
    let activatesAfterwards = activation != .linear && !clamps
    let window = pooling.map { PoolingWindow($0) }
    let outputCount = site.setting.outputShape.count

    return [
      .groups { task in
        for chunk in task.samples.chunks(of: algorithm.chunkSize) {
          let outputs =
            window == nil
            ? site.output.planes(from: chunk.lowerBound, task)
            : Planes(first: task.scratch + scratch.outputs, step: scratch.outputStep)
          algorithm.forward(
            ConvolutionForward(
              count: chunk.count,
              images: algorithm.imagePlane.planes(
                chunk, of: site.inputs[0], copies: task.scratch, kernels, task),
              outputs: outputs, bias: weights.bias, clampsAtZero: clamps,
              prepared: Source(weights.prepared), work: task.scratch + scratch.count))
          for (index, sample) in chunk.enumerated() {
            let y = site.output.floats(sample, task)
            if let window {
              let taps = isTraining ? site.saved.taps(sample, task) : nil
              kernels.pooling.maximum(Source(outputs[index]), y, taps, window)
            }
            // The activation is monotone: it may come after the maximum, on fewer elements.
            if activatesAfterwards {
              kernels.elementwise.activate(activation, Source(y), y, outputCount)
            }
          }
        }
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
    _ chunk: Range<Int>, of place: Place, copies: Target, _ kernels: Kernels,
    _ task: borrowing Task
  ) -> Planes<Source> {
    let images = place.planes(from: chunk.lowerBound, task)
    guard !isImage else { return Planes(first: Source(images.first), step: images.step) }
    for index in 0..<chunk.count {
      fill(copies + index * copyStep, with: Source(images[index]), kernels)
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
