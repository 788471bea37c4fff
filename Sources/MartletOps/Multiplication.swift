import MartletKernelTable
import MartletKernels
import MartletTensors

/// The product of several tensors, with NumPy's broadcasting among the axes of a sample.
package struct MultiplicationOp: Operation {
  package init() {}
  package var label: String { "multiplication" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try broadcastShape(inputs, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.backwardReadsInputs = true
    needs.scratchCount = setting.isTraining ? setting.outputShape.count : 0
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    let multiply = site.kernels.elementwise.multiplyBroadcast
    let output = site.setting.outputShape
    let steps = site.setting.inputShapes.map { BroadcastSteps($0, to: output) }
    let own = BroadcastSteps(output, to: output)
    let extents = OffsetTable(output.extents)
    return [
      .samples { sample, task in
        let y = site.output.floats(sample, task)
        // The first pair makes y, the others are multiplied onto it.
        for index in 1..<site.inputs.count {
          let a = index == 1 ? site.inputs[0].floats(sample, task) : y
          multiply(
            Source(a), (index == 1 ? steps[0] : own).table.pointer,
            Source(site.inputs[index].floats(sample, task)), steps[index].table.pointer, y,
            extents.pointer, output.rank)
        }
      }
    ]
  }

  /// To each input goes the gradient times the other inputs.
  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let elementwise = site.kernels.elementwise
    let output = site.setting.outputShape
    let steps = site.setting.inputShapes.map { BroadcastSteps($0, to: output) }
    let own = BroadcastSteps(output, to: output)
    let counts = site.setting.inputShapes.map(\.count)
    let extents = OffsetTable(output.extents)
    return [
      .samples { sample, task in
        for (index, place) in site.dInputs.enumerated() {
          guard let dx = place?.floats(sample, task) else { continue }
          let product = steps[index].isPlain ? dx : task.scratch
          var factor = dOutput.floats(sample, task)
          for other in site.inputs.indices where other != index {
            elementwise.multiplyBroadcast(
              Source(factor), own.table.pointer, Source(site.inputs[other].floats(sample, task)),
              steps[other].table.pointer, product, extents.pointer, output.rank)
            factor = product
          }
          if !steps[index].isPlain {
            dx.update(repeating: 0, count: counts[index])
            elementwise.reduceBroadcast(
              Source(product), dx, steps[index].table.pointer, extents.pointer, output.rank)
          }
        }
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    plainCombination(inputs, setting, *)
  }
}

/// The greatest, or the least, of several tensors, element by element, with NumPy's broadcasting. The
/// gradient goes to the first of equal ones.
package struct ExtremeOp: Operation {
  package let isMinimum: Bool

  package init(isMinimum: Bool) { self.isMinimum = isMinimum }
  package var label: String { isMinimum ? "minimum" : "maximum" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try broadcastShape(inputs, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.backwardReadsInputs = true
    needs.backwardReadsOutput = true
    // An input repeated to the shape of the output, the gradient not yet given away, a part of it.
    needs.scratchCount = 3 * setting.outputShape.count
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    let elementwise = site.kernels.elementwise
    let count = site.setting.outputShape.count
    let repeated = RepeatedInputs(site)
    return [
      .samples { sample, task in
        let y = site.output.floats(sample, task)
        for index in site.inputs.indices {
          let x = repeated.input(index, sample, task, in: task.scratch)
          if index == 0 {
            y.update(from: x, count: count)
          } else {
            elementwise.extreme(Source(y), x, isMinimum, y, count)
          }
        }
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let elementwise = site.kernels.elementwise
    let output = site.setting.outputShape
    let repeated = RepeatedInputs(site)
    let counts = site.setting.inputShapes.map(\.count)
    return [
      .samples { sample, task in
        let y = Source(site.output.floats(sample, task))
        let rest = task.scratch + output.count
        let part = rest + output.count
        rest.update(from: dOutput.floats(sample, task), count: output.count)
        for index in site.inputs.indices {
          let x = repeated.input(index, sample, task, in: task.scratch)
          elementwise.claim(x, y, rest, part, output.count)
          guard let dx = site.dInputs[index]?.floats(sample, task) else { continue }
          dx.update(repeating: 0, count: counts[index])
          elementwise.reduceBroadcast(
            Source(part), dx, repeated.steps[index].table.pointer, repeated.extents.pointer,
            output.rank)
        }
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    plainCombination(inputs, setting) { isMinimum ? min($0, $1) : max($0, $1) }
  }
}

/// The inputs of an operation in the shape of its output.
private struct RepeatedInputs {
  let steps: [BroadcastSteps]
  let extents: OffsetTable
  private let site: Site
  private let none: OffsetTable

  init(_ site: Site) {
    self.site = site
    let output = site.setting.outputShape
    steps = site.setting.inputShapes.map { BroadcastSteps($0, to: output) }
    extents = OffsetTable(output.extents)
    none = OffsetTable([Int](repeating: 0, count: output.rank))
  }

  /// The input itself where nothing repeats, else a copy in `memory`.
  func input(_ index: Int, _ sample: Int, _ task: borrowing Task, in memory: Target) -> Source {
    let x = Source(site.inputs[index].floats(sample, task))
    if steps[index].isPlain { return x }
    withUnsafePointer(to: Float(0)) { zero in
      site.kernels.elementwise.addBroadcast(
        x, steps[index].table.pointer, zero, none.pointer, memory, extents.pointer,
        site.setting.outputShape.rank)
    }
    return Source(memory)
  }
}

/// The plain twin of what makes one tensor of several, two at a time.
private func plainCombination(
  _ inputs: [[Double]], _ setting: ReferenceSetting, _ combine: (Double, Double) -> Double
) -> [Double] {
  let output = setting.outputShape
  let own = BroadcastSteps(output, to: output).steps
  return (0..<setting.batch).flatMap { sample in
    let parts = zip(inputs, setting.inputShapes).map { input, shape in
      PlainElementwise.broadcast(
        Array(input[(sample * shape.count)..<((sample + 1) * shape.count)]),
        steps: BroadcastSteps(shape, to: output).steps, [0],
        steps: output.extents.map { _ in 0 }, extents: output.extents, +)
    }
    return parts.dropFirst().reduce(parts[0]) {
      PlainElementwise.broadcast($0, steps: own, $1, steps: own, extents: output.extents, combine)
    }
  }
}
