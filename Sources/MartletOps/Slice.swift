import MartletKernelTable
import MartletTensors

/// A part of a sample: y[i, j, …] = x[start + i · step, …] along every axis.
package struct SliceOp: Operation {
  /// Which indices of an axis stay: `count` of them, from `start` on, in steps that may be negative.
  package struct Range: Hashable, Sendable {
    package var start: Int
    package var count: Int
    package var step: Int

    package init(start: Int, count: Int, step: Int = 1) {
      self.start = start
      self.count = count
      self.step = step
    }

    var last: Int { start + (count - 1) * step }
  }

  /// One for each axis of the sample.
  package let ranges: [Range]

  package init(_ ranges: [Range]) { self.ranges = ranges }
  package var label: String { "slice" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    guard ranges.count == input.rank else {
      throw .invalidArgument(
        "a slice along \(ranges.count) axes of an input of shape \(input.batchDescription)")
    }
    for (axis, range) in ranges.enumerated() {
      let inside = 0..<input[axis]
      guard range.count >= 1, range.step != 0, inside.contains(range.start),
        inside.contains(range.last)
      else {
        throw .invalidArgument(
          "a slice of \(range.count) from \(range.start) in steps of \(range.step) along axis "
            + "\(axis + 1) of an input of shape \(input.batchDescription)")
      }
    }
    return try Shape(ranges.map(\.count))
  }

  /// Where the first number stands in the input, and how far it is to the next along each axis.
  private func walk(_ input: Shape) -> (start: Int, steps: OffsetTable, extents: OffsetTable) {
    var stride = 1
    var start = 0
    var steps = [Int](repeating: 0, count: input.rank)
    for axis in input.extents.indices.reversed() {
      start += ranges[axis].start * stride
      steps[axis] = ranges[axis].step * stride
      stride *= input[axis]
    }
    return (start, OffsetTable(steps), OffsetTable(ranges.map(\.count)))
  }

  package func forward(_ site: Site) -> [Stage] {
    let (start, steps, extents) = walk(site.setting.inputShapes[0])
    let permute = site.kernels.layout.permute
    let rank = ranges.count
    return [
      .samples { sample, task in
        permute(
          Source(site.inputs[0].floats(sample, task) + start), steps.pointer,
          site.output.floats(sample, task), extents.pointer, rank)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let (start, steps, extents) = walk(site.setting.inputShapes[0])
    let reduceBroadcast = site.kernels.elementwise.reduceBroadcast
    let count = site.setting.inputShapes[0].count
    let rank = ranges.count
    return [
      .samples { sample, task in
        let dx = dInput.floats(sample, task)
        dx.update(repeating: 0, count: count)
        reduceBroadcast(
          Source(dOutput.floats(sample, task)), dx + start, steps.pointer, extents.pointer, rank)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let input = setting.inputShapes[0]
    return inputs[0].samples(setting).flatMap { x in
      (0..<setting.outputShape.count).map { index in
        var (rest, at, stride) = (index, 0, 1)
        for axis in input.extents.indices.reversed() {
          at += (ranges[axis].start + rest % ranges[axis].count * ranges[axis].step) * stride
          rest /= ranges[axis].count
          stride *= input[axis]
        }
        return x[at]
      }
    }
  }
}
