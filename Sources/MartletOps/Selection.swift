import MartletKernelTable
import MartletTensors

/// y = a where the condition is not 0, else b, with NumPy's broadcasting among the axes of a sample.
package struct SelectionOp: Operation {
  package init() {}
  package var label: String { "selection" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    guard inputs.count == 3 else {
      throw .invalidArgument(
        "selection takes a condition and two values, got \(inputs.count) inputs")
    }
    return try broadcastShape(inputs, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.backwardReadsInputs = true
    needs.scratchCount = 4 * setting.outputShape.count
    return needs
  }

  /// How the inputs repeat over the output.
  private struct Repetition {
    let steps: [BroadcastSteps]
    let extents: OffsetTable
    let none: OffsetTable
    let rank: Int

    init(_ setting: Setting) {
      let output = setting.outputShape
      steps = setting.inputShapes.map { BroadcastSteps($0, to: output) }
      extents = OffsetTable(output.extents)
      none = OffsetTable([Int](repeating: 0, count: output.rank))
      rank = output.rank
    }

    func repeated(_ x: Source, input: Int, to y: Target, with kernels: ElementwiseKernels) {
      withUnsafePointer(to: Float(0)) { zero in
        kernels.addBroadcast(
          x, steps[input].table.pointer, zero, none.pointer, y, extents.pointer, rank)
      }
    }
  }

  package func forward(_ site: Site) -> [Stage] {
    let kernels = site.kernels.elementwise
    let repetition = Repetition(site.setting)
    let count = site.setting.outputShape.count
    return [
      .samples { sample, task in
        let zeros = task.scratch
        let condition = zeros + count
        let other = condition + count
        let rejected = other + count
        let y = site.output.floats(sample, task)
        zeros.update(repeating: 0, count: count)
        for (input, place) in [condition, y, other].enumerated() {
          repetition.repeated(
            Source(site.inputs[input].floats(sample, task)), input: input, to: place, with: kernels)
        }
        kernels.claim(Source(condition), Source(zeros), y, rejected, count)
        kernels.claim(Source(condition), Source(zeros), other, rejected, count)
        kernels.add(Source(y), Source(rejected), y, count)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let kernels = site.kernels.elementwise
    let repetition = Repetition(site.setting)
    let count = site.setting.outputShape.count
    let inputCounts = site.setting.inputShapes.map(\.count)
    return [
      .samples { sample, task in
        let zeros = task.scratch
        let condition = zeros + count
        let other = condition + count
        let dy = dOutput.floats(sample, task)
        zeros.update(repeating: 0, count: count)
        repetition.repeated(
          Source(site.inputs[0].floats(sample, task)), input: 0, to: condition, with: kernels)
        kernels.claim(Source(condition), Source(zeros), dy, other, count)
        for (input, part) in [(0, zeros), (1, dy), (2, other)] {
          guard let place = site.dInputs[input] else { continue }
          let dx = place.floats(sample, task)
          dx.update(repeating: 0, count: inputCounts[input])
          kernels.reduceBroadcast(
            Source(part), dx, repetition.steps[input].table.pointer, repetition.extents.pointer,
            repetition.rank)
        }
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let output = setting.outputShape
    func repeated(_ input: Int) -> [Double] {
      let steps = BroadcastSteps(setting.inputShapes[input], to: output).steps
      return (0..<(output.count * setting.batch)).map { index in
        var rest = index % output.count
        var at = index / output.count * setting.inputShapes[input].count
        for axis in output.extents.indices.reversed() {
          at += rest % output[axis] * steps[axis]
          rest /= output[axis]
        }
        return inputs[input][at]
      }
    }
    let (condition, a, b) = (repeated(0), repeated(1), repeated(2))
    return condition.indices.map { condition[$0] != 0 ? a[$0] : b[$0] }
  }
}

/// Where the greatest number of every row stands, the first of equal ones: `[…, K]` → `[…]`. Its slope
/// is 0.
package struct ArgmaxOp: Operation {
  package init() {}
  package var label: String { "argmax" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    guard input.rank >= 1 else {
      throw .invalidArgument("argmax of an input without an axis beside that of the samples")
    }
    return try Shape(input.extents.dropLast())
  }

  package func forward(_ site: Site) -> [Stage] {
    let argmax = site.kernels.reduction.argmax
    let rows = site.setting.outputShape.count
    let size = site.setting.inputShapes[0].count / rows
    return [
      .samples { sample, task in
        let x = Source(site.inputs[0].floats(sample, task))
        let y = site.output.floats(sample, task)
        for row in 0..<rows { y[row] = Float(argmax(x + row * size, size)) }
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dInput = site.dInputs[0] else { return [] }
    let count = site.setting.inputShapes[0].count
    return [.samples { dInput.floats($0, $1).update(repeating: 0, count: count) }]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let rows = setting.outputShape.count * setting.batch
    let size = inputs[0].count / rows
    return (0..<rows).map { row in
      let values = inputs[0][(row * size)..<((row + 1) * size)]
      return Double((0..<size).first { values[row * size + $0] == values.max() } ?? 0)
    }
  }
}
