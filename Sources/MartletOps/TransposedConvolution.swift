import MartletKernelTable
import MartletKernels
import MartletTensors

/// The input gradient of a convolution as a forward pass, and what is fused onto it:
///
///     y = f(b + Σ x[p, q, k] · w[r, s, c, k] at (p·strideH + r·dilationH − padTop, …))
///
/// x `[P, Q, K]`, w `[R, S, C, K]`, b `[C]`, y `[H, W, C]`: the legend of the convolution that takes y
/// to x, whose `geometry` this is. Its own gradients are that convolution, and its kernel gradient
/// with both images in each other's place.
package struct TransposedConvolutionOp: LinearOperation {
  package let geometry: ConvolutionGeometry
  package var hasBias = false
  /// By moving averages, along the channels, where no variable of both has a gradient.
  package var normalization: BatchNormalizationOp?
  /// With a derivative that its result tells.
  package var activation = Activation.linear

  /// What a layer's policy asks for; `nil` for what the plan does.
  package let precision: ProductPrecision?

  package init(geometry: ConvolutionGeometry, precision: ProductPrecision? = nil) {
    self.geometry = geometry
    self.precision = precision
  }

  package var label: String {
    "transposed convolution" + (hasBias ? " + bias" : "")
      + (normalization == nil ? "" : " + batch normalization")
      + (activation == .linear ? "" : " + activation")
  }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    guard inputs.count == 1, inputs[0].extents == geometry.outputExtents else {
      throw .invalidArgument(
        "\(label) expects an input of shape \(Shape.text(geometry.outputExtents)), "
          + "got \(inputs.map(\.description).joined(separator: ", "))")
    }
    try geometry.checkSizes()
    return try Shape([geometry.vertical.input, geometry.horizontal.input, geometry.channels])
  }

  package func productPrecision(_ wanted: ProductPrecision, inputs: [Shape]) -> ProductPrecision {
    geometry.suitsBFloat16 ? precision ?? wanted : .float32
  }

  package func needs(_ setting: Setting) -> Needs {
    let algorithm = geometry.algorithm(setting)
    var needs = Needs()
    needs.preparedCount =
      FoldedWeights.count(
        normalization, weights: geometry.kernelExtents.reduce(1, *), channels: geometry.channels)
      + algorithm.preparedCount(forInputGradient: true)
    needs.scratchCount =
      TransposedScratch(algorithm, isTraining: setting.isTraining).count
      + algorithm.workCount(isTraining: true)
      + (setting.isTraining ? algorithm.workCount(isTraining: false) : 0)
    needs.backwardReadsInputs = true
    needs.backwardReadsOutput = activation != .linear
    return needs
  }

  private func weights(_ site: Site) -> FoldedWeights {
    FoldedWeights(
      normalization, hasBias: hasBias, channels: geometry.channels, inner: geometry.filters,
      site.variables, in: site.prepared)
  }

  package func prepare(_ site: Site) -> [Stage] {
    let weights = weights(site)
    return weights.stages
      + geometry.algorithm(site.setting).prepare(
        weights.weights, into: weights.prepared, forInputGradient: true)
  }

  package func forward(_ site: Site) -> [Stage] {
    let algorithm = geometry.algorithm(site.setting)
    let kernels = site.kernels
    let scratch = TransposedScratch(algorithm, isTraining: site.setting.isTraining)
    let weights = weights(site)
    let count = site.setting.outputShape.count
    let channels = geometry.channels
    return [
      .groups { task in
        for chunk in task.samples.chunks(of: algorithm.chunkSize) {
          let x = algorithm.gradientPlane.planes(
            chunk, of: site.inputs[0], copies: task.scratch, kernels, task)
          let outputs = site.output.planes(from: chunk.lowerBound, task)
          algorithm.backward(
            ConvolutionBackward(
              count: chunk.count,
              // Only the gradient of the kernel would read them.
              images: x, gradients: x, kernelGradient: nil, inputGradients: outputs,
              prepared: Source(weights.prepared), work: task.scratch + scratch.count,
              isFirst: chunk.lowerBound == task.samples.lowerBound,
              isLast: chunk.upperBound == task.samples.upperBound))
          for index in 0..<chunk.count {
            let y = outputs[index]
            if let bias = weights.bias {
              kernels.elementwise.addBias(Source(y), bias, y, count / channels, channels)
            }
            kernels.elementwise.activate(activation, Source(y), y, count)
          }
        }
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let algorithm = geometry.algorithm(site.setting)
    let kernels = site.kernels
    let scratch = TransposedScratch(algorithm, isTraining: true)
    let count = site.setting.outputShape.count
    let channels = geometry.channels
    let dInput = site.dInputs[0]
    let kernelGradient = site.gradients[0]
    let biasGradient = hasBias ? site.gradients[1] : nil
    let prepared = Source(weights(site).prepared)
    return [
      .groups { task in
        let work = task.scratch + scratch.count
        for chunk in task.samples.chunks(of: algorithm.chunkSize) {
          for sample in chunk {
            let dy = dOutput.floats(sample, task)
            if activation != .linear {
              let y = Source(site.output.floats(sample, task))
              kernels.elementwise.activateBackward(activation, y, y, Source(dy), dy, count)
            }
            if let biasGradient {
              kernels.reduction.columnSums(
                Source(dy), channels, count / channels, channels, 1, biasGradient.slab(task), true)
            }
          }
          let images = algorithm.imagePlane.planes(
            chunk, of: dOutput, copies: task.scratch + scratch.gradients, kernels, task)
          if let kernelGradient {
            algorithm.backward(
              ConvolutionBackward(
                count: chunk.count, images: images,
                gradients: algorithm.gradientPlane.planes(
                  chunk, of: site.inputs[0], copies: task.scratch, kernels, task),
                kernelGradient: kernelGradient.slab(task), inputGradients: nil,
                prepared: prepared, work: work,
                isFirst: chunk.lowerBound == task.samples.lowerBound,
                isLast: chunk.upperBound == task.samples.upperBound))
          }
          if let dInput {
            // The work of the kernel gradient is kept from chunk to chunk.
            algorithm.forward(
              ConvolutionForward(
                count: chunk.count, images: images,
                outputs: dInput.planes(from: chunk.lowerBound, task), bias: nil,
                clampsAtZero: false, prepared: prepared,
                work: work + algorithm.workCount(isTraining: true)))
          }
        }
      }
    ]
  }
}

/// Where the copies of a chunk's images stand in the scratch memory of a stage, in floats; the
/// algorithm's own memory follows.
private struct TransposedScratch {
  /// Behind the copies of the inputs: those of the gradients.
  let gradients: Int
  let count: Int

  init(_ algorithm: any ConvolutionAlgorithm, isTraining: Bool) {
    gradients = algorithm.chunkSize * algorithm.gradientPlane.copyStep
    count = gradients + (isTraining ? algorithm.chunkSize * algorithm.imagePlane.copyStep : 0)
  }
}

// MARK: - Reference

extension TransposedConvolutionOp {
  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let (v, h) = (geometry.vertical, geometry.horizontal)
    let (channels, filters) = (geometry.channels, geometry.filters)
    return inputs[0].samples(setting).flatMap { x -> [Double] in
      var y = [Double](repeating: 0, count: setting.outputShape.count)
      for (p, q) in (0..<v.output).flatMap({ p in (0..<h.output).map { (p, $0) } }) {
        for (r, s) in (0..<v.kernel).flatMap({ r in (0..<h.kernel).map { (r, $0) } }) {
          let row = p * v.stride + r * v.dilation - v.padBefore
          let column = q * h.stride + s * h.dilation - h.padBefore
          guard 0..<v.input ~= row, 0..<h.input ~= column else { continue }
          for c in 0..<channels {
            let weights = ((r * h.kernel + s) * channels + c) * filters
            for k in 0..<filters {
              y[(row * h.input + column) * channels + c] +=
                x[(p * h.output + q) * filters + k] * variables[0][weights + k]
            }
          }
        }
      }
      if hasBias {
        for index in y.indices { y[index] += variables[1][index % channels] }
      }
      if let normalization {
        y = normalization.normalized(
          y, channels: channels, Array(variables[(hasBias ? 2 : 1)...]))
      }
      return y.map { PlainElementwise.activate(activation, $0) }
    }
  }
}
