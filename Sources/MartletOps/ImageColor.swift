import MartletKernelTable
import MartletKernels
import MartletTensors

/// Random contrast or brightness for each image of a batch, within bounds. Outside training the
/// identity. Draws as `RandomMotionOp` does.
package struct RandomColorOp: Operation {
  package enum Change: Sendable {
    /// y = (x − m) · f + m around the mean m of each channel of the image.
    case contrast(ClosedRange<Double>)
    /// y = x + d · (upper − lower bound).
    case brightness(ClosedRange<Double>)
  }

  package let change: Change
  /// Results beyond are clipped.
  package let bounds: ClosedRange<Float>
  package let seed: RandomKey

  package init(_ change: Change, bounds: ClosedRange<Float>, seed: RandomKey) {
    self.change = change
    self.bounds = bounds
    self.seed = seed
  }

  package var label: String {
    switch change {
    case .contrast: "random contrast"
    case .brightness: "random brightness"
    }
  }

  package func isIdentity(isTraining: Bool) -> Bool { !isTraining }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try onlyImage(inputs, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.scratchCount = 1 + ScratchRow.count(setting.outputShape)
    needs.backwardReadsInputs = true
    return needs
  }

  /// What an image draws: factor and shift without the mean.
  private func drawn(_ number: Float) -> (factor: Float, shift: Float) {
    switch change {
    case .contrast(let factors): (Float(factors.value(at: Double(number))), 0)
    case .brightness(let shares):
      (1, Float(shares.value(at: Double(number))) * (bounds.upperBound - bounds.lowerBound))
    }
  }

  /// What happens to the columns of an image, in scratch memory.
  private func adjustment(
    _ sample: Int, _ site: Site, _ task: borrowing Task
  ) -> ColumnAdjustment {
    let number = task.scratch
    site.kernels.random.uniform(
      seed.value, randomStream(task.step, site.index), sample, number, 1)
    let (factor, shift) = drawn(number[0])
    let row = ScratchRow(task.scratch + 1, site.setting.outputShape)
    row.fill(factor: factor, shift: shift)
    if case .contrast = change {
      row.center(Source(site.inputs[0].floats(sample, task)), site.kernels)
    }
    return row.adjustment(bounds)
  }

  package func forward(_ site: Site) -> [Stage] {
    let adjust = site.kernels.image.adjust
    let shape = site.setting.outputShape
    return [
      .samples { sample, task in
        adjust(
          Source(site.inputs[0].floats(sample, task)), site.output.floats(sample, task), shape[0],
          shape.count / shape[0], adjustment(sample, site, task))
      }
    ]
  }

  /// The gradient passes where nothing was clipped. Contrast is its own adjoint.
  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let kernels = site.kernels
    let shape = site.setting.outputShape
    let (rows, columns) = (shape[0], shape.count / shape[0])
    return [
      .samples { sample, task in
        let dx = dInput.floats(sample, task)
        kernels.image.keepWithinBounds(
          Source(site.inputs[0].floats(sample, task)), Source(dOutput.floats(sample, task)), dx,
          rows, columns, adjustment(sample, site, task))
        guard case .contrast = change else { return }
        let row = ScratchRow(task.scratch + 1, shape)
        row.center(Source(dx), kernels)
        kernels.image.adjust(
          Source(dx), dx, rows, columns,
          row.adjustment(-Float.infinity...Float.infinity))
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let numbers: [Float] = PlainRandom.uniform(
      key: seed.value, stream: randomStream(setting.step, setting.index), first: 0,
      count: setting.batch)
    let channels = setting.outputShape[2]
    return zip(inputs[0].samples(setting), numbers).flatMap { x, number in
      let (factor, shift) = drawn(number)
      var means = [Double](repeating: 0, count: channels)
      if case .contrast = change {
        for (index, value) in x.enumerated() {
          means[index % channels] += value * Double(channels) / Double(x.count)
        }
      }
      return x.enumerated().map { index, value in
        PlainImage.adjust(
          value, center: means[index % channels], factor: Double(factor),
          shift: Double(shift) + means[index % channels], lower: bounds.lowerBound,
          upper: bounds.upperBound)
      }
    }
  }
}

/// Numbers for the columns of an image in scratch memory: a row of it, with its channels, for each of
/// center, factor and shift.
private struct ScratchRow {
  private let memory: UnsafeMutablePointer<Float>
  private let shape: Shape
  private var columns: Int { shape.count / shape[0] }

  static func count(_ shape: Shape) -> Int { 3 * shape.count / shape[0] }

  init(_ memory: UnsafeMutablePointer<Float>, _ shape: Shape) {
    self.memory = memory
    self.shape = shape
  }

  func fill(factor: Float, shift: Float) {
    memory.update(repeating: 0, count: columns)
    (memory + columns).update(repeating: factor, count: columns)
    (memory + 2 * columns).update(repeating: shift, count: columns)
  }

  /// Makes the means of the channels center and shift.
  func center(_ x: Source, _ kernels: Kernels) {
    let channels = shape[2]
    let points = shape[0] * shape[1]
    kernels.reduction.columnSums(
      x, channels, points, channels, 1 / Float(points), memory, false)
    for column in channels..<max(channels, columns) {
      memory[column] = memory[column - channels]
    }
    (memory + 2 * columns).update(from: memory, count: columns)
  }

  func adjustment(_ bounds: ClosedRange<Float>) -> ColumnAdjustment {
    ColumnAdjustment(
      center: Source(memory), factor: Source(memory + columns),
      shift: Source(memory + 2 * columns), lower: bounds.lowerBound, upper: bounds.upperBound)
  }
}

/// y = (x − mean) / max(√variance, 10⁻⁷), or back: each position along the kept axes has a mean and a
/// variance of its own.
package struct StandardizeOp: Operation {
  /// Mean and variance that stand in the configuration; else they are the variables.
  package typealias Moments = (mean: [Float], variance: [Float])

  /// Axes of the sample that have numbers of their own, rising.
  package let keptAxes: [Int]
  package let inverts: Bool
  private let mean: [Float]?
  private let variance: [Float]?

  package init(keptAxes: [Int], inverts: Bool, moments: Moments? = nil) {
    self.keptAxes = keptAxes
    self.inverts = inverts
    mean = moments?.mean
    variance = moments?.variance
  }

  package var label: String { "standardization" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try onlyInput(inputs, of: label)
  }

  /// Rows that are treated alike: all along the first axis, unless that is a kept one.
  private func rows(_ shape: Shape) -> Int {
    shape.rank < 2 || keptAxes.contains(0) ? 1 : shape[0]
  }

  /// For each column its position among the kept numbers.
  private func positions(_ shape: Shape) -> [Int] {
    (0..<(shape.count / rows(shape))).map { column in
      var rest = column
      var position = 0
      var step = 1
      for axis in (0..<shape.rank).reversed() {
        let index = rest % shape[axis]
        rest /= shape[axis]
        guard keptAxes.contains(axis) else { continue }
        position += index * step
        step *= shape[axis]
      }
      return position
    }
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.scratchCount = 3 * setting.outputShape.count / rows(setting.outputShape)
    needs.gradientsInPlace = [0]
    return needs
  }

  /// - Parameter isShifted: False for the gradient, which only has the factor.
  private func stage(
    _ site: Site, from source: Place, to target: Place, isShifted: Bool
  ) -> Stage {
    let adjust = site.kernels.image.adjust
    let shape = site.setting.outputShape
    let rows = rows(shape)
    let columns = shape.count / rows
    let positions = positions(shape)
    return .groups { task in
      let center = task.scratch
      let factor = center + columns
      let shift = factor + columns
      func fill(_ mean: UnsafePointer<Float>, _ variance: UnsafePointer<Float>) {
        for column in 0..<columns {
          let middle = isShifted ? mean[positions[column]] : 0
          let deviation = max(variance[positions[column]].squareRoot(), 1e-7)
          center[column] = inverts ? 0 : middle
          factor[column] = inverts ? deviation : 1 / deviation
          shift[column] = inverts ? middle : 0
        }
      }
      if let mean, let variance {
        fill(mean, variance)
      } else {
        fill(site.variables[0].values, site.variables[1].values)
      }
      for sample in task.samples {
        adjust(
          Source(source.floats(sample, task)), target.floats(sample, task), rows, columns,
          ColumnAdjustment(
            center: Source(center), factor: Source(factor), shift: Source(shift),
            lower: -.infinity, upper: .infinity))
      }
    }
  }

  package func forward(_ site: Site) -> [Stage] {
    [stage(site, from: site.inputs[0], to: site.output, isShifted: true)]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    return [stage(site, from: dOutput, to: dInput, isShifted: false)]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let mean = mean?.map(Double.init) ?? variables[0]
    let variance = variance?.map(Double.init) ?? variables[1]
    let shape = setting.outputShape
    let positions = positions(shape)
    return inputs[0].enumerated().map { index, value in
      let position = positions[index % positions.count]
      let deviation = max(variance[position].squareRoot(), 1e-7)
      return inverts ? value * deviation + mean[position] : (value - mean[position]) / deviation
    }
  }
}

/// y = x · scale + offset, with numbers for each position along the last axis.
package struct ColumnScaleOp: Operation {
  private let scale: [Float]
  private let offset: [Float]

  /// - Parameters:
  ///   - scale: As many as the last axis has positions.
  ///   - offset: Equally many.
  package init(scale: [Float], offset: [Float]) {
    self.scale = scale
    self.offset = offset
  }

  package var label: String { "rescaling" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try onlyInput(inputs, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.scratchCount = 3 * scale.count
    needs.gradientsInPlace = [0]
    return needs
  }

  /// - Parameter isShifted: False for the gradient, which only has the factor.
  private func stage(
    _ site: Site, from source: Place, to target: Place, isShifted: Bool
  ) -> Stage {
    let adjust = site.kernels.image.adjust
    let columns = scale.count
    let rows = site.setting.outputShape.count / columns
    return .groups { task in
      let center = task.scratch
      let factor = center + columns
      let shift = factor + columns
      for column in 0..<columns {
        center[column] = 0
        factor[column] = scale[column]
        shift[column] = isShifted ? offset[column] : 0
      }
      for sample in task.samples {
        adjust(
          Source(source.floats(sample, task)), target.floats(sample, task), rows, columns,
          ColumnAdjustment(
            center: Source(center), factor: Source(factor), shift: Source(shift),
            lower: -.infinity, upper: .infinity))
      }
    }
  }

  package func forward(_ site: Site) -> [Stage] {
    [stage(site, from: site.inputs[0], to: site.output, isShifted: true)]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    return [stage(site, from: dOutput, to: dInput, isShifted: false)]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    inputs[0].enumerated().map { index, value in
      let column = index % scale.count
      return value * Double(scale[column]) + Double(offset[column])
    }
  }
}
