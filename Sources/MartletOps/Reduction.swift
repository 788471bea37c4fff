import MartletKernelTable
import MartletTensors

/// One number of all that stand along some axes of a sample: their sum, mean, greatest or least.
///
/// The gradient of an extreme is shared by the numbers that are equal to it, as TensorFlow and JAX do.
package struct ReductionOp: Operation {
  package enum Function: String, CaseIterable, Sendable {
    case sum, mean
    case maximum = "max"
    case minimum = "min"
  }

  package let function: Function
  /// Of the sample.
  package let axes: Set<Int>
  /// Whether they stay, with extent 1.
  package let keepsDimensions: Bool

  package init(_ function: Function, axes: Set<Int>, keepsDimensions: Bool) {
    self.function = function
    self.axes = axes
    self.keepsDimensions = keepsDimensions
  }

  package var label: String { function.rawValue }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    guard axes.allSatisfy(input.extents.indices.contains) else {
      throw .invalidArgument(
        "\(label) along axes \(axes.sorted().map { $0 + 1 }) of an input of shape "
          + input.batchDescription)
    }
    return keepsDimensions
      ? try kept(input)
      : try Shape(input.extents.indices.filter { !axes.contains($0) }.map { input[$0] })
  }

  private func kept(_ input: Shape) throws(MartletError) -> Shape {
    try Shape(input.extents.indices.map { axes.contains($0) ? 1 : input[$0] })
  }

  private var isExtreme: Bool { function == .maximum || function == .minimum }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    if isExtreme {
      needs.backwardReadsInputs = true
      needs.backwardReadsOutput = true
      // The extremes repeated, those that are equal, and how many they are.
      needs.scratchCount = 3 * setting.inputShapes[0].count + setting.outputShape.count
    }
    return needs
  }

  /// How the output repeats over the input.
  private struct Repetition {
    let steps: OffsetTable
    let extents: OffsetTable
    let none: OffsetTable
    let rank: Int

    init(_ op: ReductionOp, _ input: Shape) {
      // Extents of the input, and 1.
      let kept = (try? op.kept(input)) ?? input
      steps = BroadcastSteps(kept, to: input).table
      extents = OffsetTable(input.extents)
      none = OffsetTable([Int](repeating: 0, count: input.rank))
      rank = input.rank
    }

    func repeated(_ y: Source, to x: Target, with kernels: ElementwiseKernels) {
      withUnsafePointer(to: Float(0)) { zero in
        kernels.addBroadcast(
          y, steps.pointer, zero, none.pointer, x, extents.pointer, rank)
      }
    }
  }

  package func forward(_ site: Site) -> [Stage] {
    let kernels = site.kernels.elementwise
    let repetition = Repetition(self, site.setting.inputShapes[0])
    let count = site.setting.outputShape.count
    let scale = Float(count) / Float(site.setting.inputShapes[0].count)
    let isMinimum = function == .minimum
    return [
      .samples { sample, task in
        let x = Source(site.inputs[0].floats(sample, task))
        let y = site.output.floats(sample, task)
        if isExtreme {
          y.update(repeating: isMinimum ? .infinity : -.infinity, count: count)
          kernels.reduceExtreme(
            x, isMinimum, y, repetition.steps.pointer, repetition.extents.pointer, repetition.rank)
          return
        }
        y.update(repeating: 0, count: count)
        kernels.reduceBroadcast(
          x, y, repetition.steps.pointer, repetition.extents.pointer, repetition.rank)
        if function == .mean { kernels.scaleOffset(Source(y), scale, 0, y, count) }
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let kernels = site.kernels.elementwise
    let repetition = Repetition(self, site.setting.inputShapes[0])
    let inputCount = site.setting.inputShapes[0].count
    let count = site.setting.outputShape.count
    let scale = Float(count) / Float(inputCount)
    guard isExtreme else {
      return [
        .samples { sample, task in
          let dy = dOutput.floats(sample, task)
          let dx = dInput.floats(sample, task)
          if function == .mean { kernels.scaleOffset(Source(dy), scale, 0, dy, count) }
          repetition.repeated(Source(dy), to: dx, with: kernels)
        }
      ]
    }
    let flat = OffsetTable([1])
    let whole = OffsetTable([inputCount])
    return [
      .samples { sample, task in
        let repeated = task.scratch
        let ones = repeated + inputCount
        let equal = ones + inputCount
        let shares = equal + inputCount
        repetition.repeated(
          Source(site.output.floats(sample, task)), to: repeated, with: kernels)
        ones.update(repeating: 1, count: inputCount)
        kernels.claim(
          Source(site.inputs[0].floats(sample, task)), Source(repeated), ones, equal, inputCount)
        shares.update(repeating: 0, count: count)
        kernels.reduceBroadcast(
          Source(equal), shares, repetition.steps.pointer, repetition.extents.pointer,
          repetition.rank)
        let dy = dOutput.floats(sample, task)
        // Where the extreme is NaN nothing equals it, and the gradient is NaN as well.
        for index in 0..<count { shares[index] = dy[index] / shares[index] }
        repetition.repeated(Source(shares), to: repeated, with: kernels)
        let dx = dInput.floats(sample, task)
        kernels.multiplyBroadcast(
          Source(equal), flat.pointer, Source(repeated), flat.pointer, dx, whole.pointer, 1)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let input = setting.inputShapes[0]
    let count = setting.outputShape.count
    let steps = BroadcastSteps((try? kept(input)) ?? input, to: input).steps
    var parts = [[Double]](repeating: [], count: count * setting.batch)
    for (index, value) in inputs[0].enumerated() {
      var rest = index % input.count
      var at = index / input.count * count
      for axis in input.extents.indices.reversed() {
        at += rest % input[axis] * steps[axis]
        rest /= input[axis]
      }
      parts[at].append(value)
    }
    return parts.map { part in
      switch function {
      case .sum: part.reduce(0, +)
      case .mean: part.reduce(0, +) / Double(part.count)
      case .maximum: part.max() ?? -.infinity
      case .minimum: part.min() ?? .infinity
      }
    }
  }
}
