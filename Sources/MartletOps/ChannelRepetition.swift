import MartletKernelTable
import MartletTensors

/// Each channel `count` times, side by side: x `[…, C]`, y `[…, C · count]`.
package struct ChannelRepetitionOp: Operation {
  package let count: Int

  package init(count: Int) { self.count = count }
  package var label: String { "channel repetition" }
  package func isIdentity(isTraining: Bool) -> Bool { count == 1 }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    guard let channels = input.last else {
      throw .invalidArgument("channel repetition expects an axis of channels, got none")
    }
    // `Shape` multiplies with a check for overflow.
    return try Shape(input.extents.dropLast() + [try Shape([channels, count]).count])
  }

  /// Where the elements of a sample of the output come from: an index space of two axes.
  private func steps(_ setting: Setting) -> (steps: OffsetTable, extents: OffsetTable) {
    (OffsetTable([1, 0]), OffsetTable([setting.inputShapes[0].count, count]))
  }

  package func forward(_ site: Site) -> [Stage] {
    let (steps, extents) = steps(site.setting)
    let permute = site.kernels.layout.permute
    return [
      .samples { sample, task in
        permute(
          Source(site.inputs[0].floats(sample, task)), steps.pointer,
          site.output.floats(sample, task), extents.pointer, 2)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let (steps, extents) = steps(site.setting)
    let reduceBroadcast = site.kernels.elementwise.reduceBroadcast
    let inputCount = site.setting.inputShapes[0].count
    return [
      .samples { sample, task in
        let dx = dInput.floats(sample, task)
        dx.update(repeating: 0, count: inputCount)
        reduceBroadcast(
          Source(dOutput.floats(sample, task)), dx, steps.pointer, extents.pointer, 2)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    inputs[0].flatMap { [Double](repeating: $0, count: count) }
  }
}
