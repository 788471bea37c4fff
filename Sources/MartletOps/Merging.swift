import MartletKernelTable
import MartletKernels
import MartletTensors

/// The sum of several tensors, with NumPy's broadcasting among the axes of a sample, and the
/// activation that is fused onto it.
package struct AdditionOp: Operation {
  /// With a derivative that its result tells.
  package var activation = Activation.linear

  package init() {}
  package var label: String { "addition" + (activation == .linear ? "" : " + activation") }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try broadcastShape(inputs, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.backwardReadsOutput = activation != .linear
    needs.gradientsInPlace = setting.inputShapes.indices.filter {
      setting.inputShapes[$0].count == setting.outputShape.count
    }
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    let elementwise = site.kernels.elementwise
    let output = site.setting.outputShape
    let steps = site.setting.inputShapes.map { BroadcastSteps($0, to: output) }
    let own = BroadcastSteps(output, to: output)
    let extents = OffsetTable(output.extents)
    let last = site.inputs.count - 1
    // A relu is part of the last addition, if that has two whole tensors.
    let clamps =
      activation == .relu && steps[last].isPlain && (last > 1 || steps[0].isPlain)
    return [
      .samples { sample, task in
        let y = site.output.floats(sample, task)
        // The first pair makes y, the others are added to it.
        for index in 1...last {
          let a = index == 1 ? site.inputs[0].floats(sample, task) : y
          let b = site.inputs[index].floats(sample, task)
          let aSteps = index == 1 ? steps[0] : own
          if aSteps.isPlain && steps[index].isPlain {
            let add =
              clamps && index == last ? elementwise.addAndClamp : elementwise.add
            add(Source(a), Source(b), y, output.count)
          } else {
            elementwise.addBroadcast(
              Source(a), aSteps.table.pointer, Source(b), steps[index].table.pointer, y,
              extents.pointer, output.rank)
          }
        }
        if !clamps { elementwise.activate(activation, Source(y), y, output.count) }
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let elementwise = site.kernels.elementwise
    let output = site.setting.outputShape
    let steps = site.setting.inputShapes.map { BroadcastSteps($0, to: output) }
    let counts = site.setting.inputShapes.map(\.count)
    let extents = OffsetTable(output.extents)
    return [
      .samples { sample, task in
        let dy = dOutput.floats(sample, task)
        if activation != .linear {
          let y = Source(site.output.floats(sample, task))
          elementwise.activateBackward(activation, y, y, Source(dy), dy, output.count)
        }
        for (index, place) in site.dInputs.enumerated() {
          guard let place, place != dOutput else { continue }
          let dx = place.floats(sample, task)
          if steps[index].isPlain {
            dx.update(from: dy, count: output.count)
          } else {
            dx.update(repeating: 0, count: counts[index])
            elementwise.reduceBroadcast(
              Source(dy), dx, steps[index].table.pointer, extents.pointer, output.rank)
          }
        }
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let output = setting.outputShape
    var y = [Double](repeating: 0, count: output.count * setting.batch)
    for (input, shape) in zip(inputs, setting.inputShapes) {
      let steps = BroadcastSteps(shape, to: output).steps
      for index in y.indices {
        var rest = index % output.count
        var at = index / output.count * shape.count
        for axis in output.extents.indices.reversed() {
          at += rest % output[axis] * steps[axis]
          rest /= output[axis]
        }
        y[index] += input[at]
      }
    }
    return y.map { PlainElementwise.activate(activation, $0) }
  }
}

/// The shape that several are repeated to.
func broadcastShape(_ inputs: [Shape], of label: String) throws(MartletError) -> Shape {
  guard inputs.count >= 2 else {
    throw .invalidArgument("\(label) expects at least two inputs, got \(inputs.count)")
  }
  let rank = inputs.map(\.rank).max() ?? 0
  var extents = [Int](repeating: 1, count: rank)
  for input in inputs {
    for (axis, extent) in zip((rank - input.rank)..., input.extents) {
      guard extents[axis] == extent || extents[axis] == 1 || extent == 1 else {
        throw .invalidArgument(
          "\(label) of unlike shapes: "
            + inputs.map(\.batchDescription).joined(separator: " and "))
      }
      extents[axis] = max(extents[axis], extent)
    }
  }
  return try Shape(extents)
}

/// Steps through a tensor for each index of a larger one it is repeated to; 0 where it repeats.
struct BroadcastSteps {
  let steps: [Int]
  let table: OffsetTable
  /// Nothing repeats.
  let isPlain: Bool

  init(_ shape: Shape, to output: Shape) {
    var steps = [Int](repeating: 0, count: output.rank)
    var step = 1
    for axis in shape.extents.indices.reversed() {
      if shape[axis] != 1 { steps[axis + output.rank - shape.rank] = step }
      step *= shape[axis]
    }
    self.steps = steps
    table = OffsetTable(steps)
    isPlain = shape.count == output.count
  }
}

/// Tensors side by side along one axis of the sample.
package struct ConcatenationOp: Operation {
  /// Counted in the shape of a sample.
  package let axis: Int

  package init(axis: Int) { self.axis = axis }
  package var label: String { "concatenation" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    guard let first = inputs.first, first.extents.indices.contains(axis) else {
      throw .invalidArgument(
        "concatenation along axis \(axis + 1) of "
          + inputs.map(\.batchDescription).joined(separator: " and "))
    }
    var extents = first.extents
    extents[axis] = 0
    for input in inputs {
      var others = input.extents
      guard others.indices.contains(axis) else {
        throw mismatch(inputs)
      }
      extents[axis] += others[axis]
      others[axis] = extents[axis]
      guard others == extents else { throw mismatch(inputs) }
    }
    return try Shape(extents)
  }

  private func mismatch(_ inputs: [Shape]) -> MartletError {
    .invalidArgument(
      "concatenation along axis \(axis + 1) needs shapes that agree in all other axes, got "
        + inputs.map(\.batchDescription).joined(separator: " and "))
  }

  /// Each input is a band of `width` elements in each of `rows` rows of the output.
  private func bands(_ setting: Setting) -> (
    rows: Int, rowStep: Int, bands: [(at: Int, width: Int)]
  ) {
    let rows = setting.outputShape.extents[..<axis].reduce(1, *)
    var at = 0
    let bands = setting.inputShapes.map { shape in
      let width = shape.count / rows
      defer { at += width }
      return (at: at, width: width)
    }
    return (rows, at, bands)
  }

  package func forward(_ site: Site) -> [Stage] {
    let (rows, rowStep, bands) = bands(site.setting)
    let copyRows = site.kernels.elementwise.copyRows
    return [
      .samples { sample, task in
        let y = site.output.floats(sample, task)
        for (index, band) in bands.enumerated() {
          copyRows(
            Source(site.inputs[index].floats(sample, task)), band.width, y + band.at, rowStep,
            rows, band.width)
        }
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let (rows, rowStep, bands) = bands(site.setting)
    let copyRows = site.kernels.elementwise.copyRows
    return [
      .samples { sample, task in
        let dy = Source(dOutput.floats(sample, task))
        for (index, band) in bands.enumerated() {
          guard let dx = site.dInputs[index]?.floats(sample, task) else { continue }
          copyRows(dy + band.at, rowStep, dx, band.width, rows, band.width)
        }
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let rows = setting.outputShape.extents[..<axis].reduce(1, *) * setting.batch
    return (0..<rows).flatMap { row in
      inputs.flatMap { input -> ArraySlice<Double> in
        let width = input.count / rows
        return input[(row * width)..<((row + 1) * width)]
      }
    }
  }
}
