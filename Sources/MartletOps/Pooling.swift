import MartletKernelTable
import MartletKernels
import MartletTensors

/// The greatest value of each window. The gradient goes to the first of equal ones.
package struct MaximumPoolingOp: Operation {
  package let geometry: PoolingGeometry

  package init(geometry: PoolingGeometry) { self.geometry = geometry }
  package var label: String { "max pooling" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try pooledShape(inputs, geometry, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    if setting.isTraining {
      needs.savedBytesPerSample = setting.outputShape.count * MemoryLayout<UInt16>.stride
    }
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    let window = PoolingWindow(geometry)
    let maximum = site.kernels.pooling.maximum
    let keepsTaps = site.setting.isTraining
    return [
      .samples { sample, task in
        maximum(
          Source(site.inputs[0].floats(sample, task)), site.output.floats(sample, task),
          keepsTaps ? site.saved.taps(sample, task) : nil, window)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let window = PoolingWindow(geometry)
    let maximumBackward = site.kernels.pooling.maximumBackward
    let inputCount = site.setting.inputShapes[0].count
    return [
      .samples { sample, task in
        let dx = dInput.floats(sample, task)
        dx.update(repeating: 0, count: inputCount)
        maximumBackward(
          Source(dOutput.floats(sample, task)), UnsafePointer(site.saved.taps(sample, task)), dx,
          window)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    inputs[0].samples(setting).flatMap { PlainPooling.maximum($0, PoolingWindow(geometry)).y }
  }
}

/// The mean of each window's points inside the image.
package struct AveragePoolingOp: Operation {
  package let geometry: PoolingGeometry

  package init(geometry: PoolingGeometry) { self.geometry = geometry }
  package var label: String { "average pooling" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try pooledShape(inputs, geometry, of: label)
  }

  package func forward(_ site: Site) -> [Stage] {
    let window = PoolingWindow(geometry)
    let average = site.kernels.pooling.average
    return [
      .samples { sample, task in
        average(
          Source(site.inputs[0].floats(sample, task)), site.output.floats(sample, task), window)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let window = PoolingWindow(geometry)
    let averageBackward = site.kernels.pooling.averageBackward
    let inputCount = site.setting.inputShapes[0].count
    return [
      .samples { sample, task in
        let dx = dInput.floats(sample, task)
        dx.update(repeating: 0, count: inputCount)
        averageBackward(Source(dOutput.floats(sample, task)), dx, window)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    inputs[0].samples(setting).flatMap { PlainPooling.average($0, PoolingWindow(geometry)) }
  }
}

/// The mean over all positions of each channel: x `[H, W, C]`, y `[C]` or `[1, 1, C]`.
package struct GlobalAverageOp: Operation {
  package let keepsDimensions: Bool

  package init(keepsDimensions: Bool) { self.keepsDimensions = keepsDimensions }
  package var label: String { "global average" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try channelShape(inputs, keepsDimensions, of: label)
  }

  package func forward(_ site: Site) -> [Stage] {
    let channels = site.setting.outputShape.count
    let points = site.setting.inputShapes[0].count / channels
    let columnSums = site.kernels.reduction.columnSums
    return [
      .samples { sample, task in
        columnSums(
          Source(site.inputs[0].floats(sample, task)), channels, points, channels,
          1 / Float(points), site.output.floats(sample, task), false)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let channels = site.setting.outputShape.count
    let points = site.setting.inputShapes[0].count / channels
    let repeatRow = site.kernels.elementwise.repeatRow
    return [
      .samples { sample, task in
        repeatRow(
          Source(dOutput.floats(sample, task)), 1 / Float(points), dInput.floats(sample, task),
          points, channels)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let channels = setting.outputShape.count
    return inputs[0].samples(setting).flatMap { x in
      (0..<channels).map { channel in
        stride(from: channel, to: x.count, by: channels).reduce(0) { $0 + x[$1] }
          / Double(x.count / channels)
      }
    }
  }
}

/// The greatest value of each channel over all positions: x `[H, W, C]`, y `[C]` or `[1, 1, C]`.
/// The gradient goes to equal ones in equal parts.
package struct GlobalMaximumOp: Operation {
  package let keepsDimensions: Bool

  package init(keepsDimensions: Bool) { self.keepsDimensions = keepsDimensions }
  package var label: String { "global maximum" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try channelShape(inputs, keepsDimensions, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.backwardReadsInputs = true
    needs.backwardReadsOutput = true
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    let channels = site.setting.outputShape.count
    let points = site.setting.inputShapes[0].count / channels
    let columnMaxima = site.kernels.pooling.columnMaxima
    return [
      .samples { sample, task in
        columnMaxima(
          Source(site.inputs[0].floats(sample, task)), site.output.floats(sample, task), points,
          channels)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let channels = site.setting.outputShape.count
    let points = site.setting.inputShapes[0].count / channels
    let columnMaximaBackward = site.kernels.pooling.columnMaximaBackward
    return [
      .samples { sample, task in
        columnMaximaBackward(
          Source(site.inputs[0].floats(sample, task)), Source(site.output.floats(sample, task)),
          Source(dOutput.floats(sample, task)), dInput.floats(sample, task), points, channels)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    inputs[0].samples(setting).flatMap {
      PlainPooling.columnMaxima($0, columns: setting.outputShape.count)
    }
  }
}

/// Of what is one number for each channel.
private func channelShape(
  _ inputs: [Shape], _ keepsDimensions: Bool, of label: String
) throws(MartletError) -> Shape {
  let input = try onlyInput(inputs, of: label)
  guard input.rank >= 2, let channels = input.last else {
    throw .invalidArgument(
      "\(label) expects (batch, height, width, channels), got \(input.batchDescription)")
  }
  return try Shape(
    [Int](repeating: 1, count: keepsDimensions ? input.rank - 1 : 0) + [channels])
}

extension PoolingWindow {
  /// The window over a plane whose rows lie `rowStep` apart.
  init(_ geometry: PoolingGeometry, rowStep: Int) {
    let (v, h, channels) = (geometry.vertical, geometry.horizontal, geometry.channels)
    self.init(
      height: v.input, width: h.input, channels: channels, outputHeight: v.output,
      outputWidth: h.output, poolHeight: v.kernel, poolWidth: h.kernel, strideHeight: v.stride,
      strideWidth: h.stride, padTop: v.padBefore, padLeft: h.padBefore, rowStep: rowStep,
      pointStep: channels, outputRowStep: h.output * channels, outputPointStep: channels)
  }

  /// The window over a whole plane.
  init(_ geometry: PoolingGeometry) {
    self.init(geometry, rowStep: geometry.horizontal.input * geometry.channels)
  }
}

private func pooledShape(
  _ inputs: [Shape], _ geometry: PoolingGeometry, of label: String
) throws(MartletError) -> Shape {
  let expected = [geometry.vertical.input, geometry.horizontal.input, geometry.channels]
  let input = try onlyInput(inputs, of: label)
  guard input.extents == expected else {
    throw .invalidArgument(
      "\(label) expects an input of shape \(Shape.text(expected)), got \(input)")
  }
  return try Shape(geometry.outputExtents)
}

extension [Double] {
  /// The samples of a batch, for the plain twins.
  func samples(_ setting: ReferenceSetting) -> [[Double]] {
    let size = count / Swift.max(setting.batch, 1)
    return (0..<setting.batch).map { Array(self[($0 * size)..<(($0 + 1) * size)]) }
  }
}
