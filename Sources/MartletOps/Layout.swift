import MartletKernelTable
import MartletKernels
import MartletTensors

/// The axes of a sample in another order: axis i of the output is axis `order[i]` of the input.
package struct TranspositionOp: Operation {
  /// Each axis of the sample once.
  package let order: [Int]

  package init(order: [Int]) { self.order = order }
  package var label: String { "transposition" }
  package func isIdentity(isTraining: Bool) -> Bool { isIdentity }

  var isIdentity: Bool { order == Array(order.indices) }

  /// What takes the axes back to where they were.
  package var inverse: TranspositionOp {
    var back = order
    for (axis, source) in order.enumerated() { back[source] = axis }
    return TranspositionOp(order: back)
  }

  /// This transposition and then another one, as one.
  func followed(by next: TranspositionOp) -> TranspositionOp {
    TranspositionOp(order: next.order.map { order[$0] })
  }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    guard order.sorted() == Array(input.extents.indices) else {
      throw .invalidArgument(
        "the axes of an input of shape \(input.batchDescription) cannot be put in the order "
          + Shape.text(order.map { $0 + 1 }))
    }
    return try Shape(order.map { input[$0] })
  }

  package func forward(_ site: Site) -> [Stage] {
    [stage(site.kernels, site.setting.inputShapes[0], from: site.inputs[0], to: site.output)]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    return [inverse.stage(site.kernels, site.setting.outputShape, from: dOutput, to: dInput)]
  }

  private func stage(
    _ kernels: Kernels, _ shape: Shape, from source: Place, to target: Place
  ) -> Stage {
    var inputSteps = [Int](repeating: 1, count: shape.rank)
    for axis in shape.extents.indices.dropLast().reversed() {
      inputSteps[axis] = inputSteps[axis + 1] * shape[axis + 1]
    }
    let steps = OffsetTable(order.map { inputSteps[$0] })
    let extents = OffsetTable(order.map { shape[$0] })
    let permute = kernels.layout.permute
    let rank = shape.rank
    return .samples { sample, task in
      permute(
        Source(source.floats(sample, task)), steps.pointer, target.floats(sample, task),
        extents.pointer, rank)
    }
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    inputs[0].samples(setting).flatMap {
      PlainLayout.permute($0, extents: setting.inputShapes[0].extents, order: order)
    }
  }
}

/// Zeros around an image: x `[H, W, C]`, y `[top + H + bottom, left + W + right, C]`.
package struct PaddingOp: Operation {
  package let top: Int, bottom: Int, left: Int, right: Int

  package init(top: Int, bottom: Int, left: Int, right: Int) {
    self.top = top
    self.bottom = bottom
    self.left = left
    self.right = right
  }

  package var label: String { "zero padding" }
  package func isIdentity(isTraining: Bool) -> Bool { [top, bottom, left, right] == [0, 0, 0, 0] }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    guard input.rank == 3 else {
      throw .invalidArgument(
        "zero padding expects (batch, height, width, channels), got \(input.batchDescription)")
    }
    return try Shape([top + input[0] + bottom, left + input[1] + right, input[2]])
  }

  /// Rows of an image, their length in it and in the padded one, and where the first one goes.
  private func rows(_ setting: Setting) -> (count: Int, length: Int, step: Int, start: Int) {
    let (input, channels) = (setting.inputShapes[0], setting.inputShapes[0][2])
    let step = setting.outputShape[1] * channels
    return (input[0], input[1] * channels, step, top * step + left * channels)
  }

  package func forward(_ site: Site) -> [Stage] {
    let rows = rows(site.setting)
    let count = site.setting.outputShape.count
    let copyRows = site.kernels.elementwise.copyRows
    return [
      .samples { sample, task in
        let y = site.output.floats(sample, task)
        y.update(repeating: 0, count: count)
        copyRows(
          Source(site.inputs[0].floats(sample, task)), rows.length, y + rows.start, rows.step,
          rows.count, rows.length)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let rows = rows(site.setting)
    let copyRows = site.kernels.elementwise.copyRows
    return [
      .samples { sample, task in
        copyRows(
          Source(dOutput.floats(sample, task)) + rows.start, rows.step,
          dInput.floats(sample, task), rows.length, rows.count, rows.length)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let (input, output) = (setting.inputShapes[0], setting.outputShape)
    return inputs[0].samples(setting).flatMap { x in
      (0..<output.count).map { index in
        let channel = index % input[2]
        let column = index / input[2] % output[1] - left
        let row = index / input[2] / output[1] - top
        guard 0..<input[0] ~= row, 0..<input[1] ~= column else { return 0 }
        return x[(row * input[1] + column) * input[2] + channel]
      }
    }
  }
}
