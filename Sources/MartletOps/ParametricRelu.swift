import MartletKernelTable
import MartletKernels
import MartletTensors

/// y = x where x > 0, else slope · x, with slopes that are learned (He et al. 2015, arXiv:1502.01852).
///
/// One variable: the slopes, of the shape of a sample, with extents of 1 where they are shared.
package struct ParametricReluOp: Operation {
  package let slopes: Shape

  package init(slopes: Shape) { self.slopes = slopes }
  package var label: String { "parametric relu" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try onlyInput(inputs, of: label)
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.preparedCount = setting.outputShape.count
    needs.scratchCount = setting.outputShape.count
    needs.backwardReadsInputs = true
    needs.gradientsInPlace = [0]
    return needs
  }

  /// The slopes repeated to one for each element.
  package func prepare(_ site: Site) -> [Stage] {
    let shape = site.setting.outputShape
    let steps = BroadcastSteps(slopes, to: shape)
    let none = OffsetTable([Int](repeating: 0, count: shape.rank))
    let extents = OffsetTable(shape.extents)
    let add = site.kernels.elementwise.addBroadcast
    return [
      .batch(tasks: 1) { _, _ in
        withUnsafePointer(to: Float(0)) { zero in
          add(
            site.variables[0].values, steps.table.pointer, zero, none.pointer, site.prepared,
            extents.pointer, shape.rank)
        }
      }
    ]
  }

  package func forward(_ site: Site) -> [Stage] {
    let parametricRelu = site.kernels.elementwise.parametricRelu
    let count = site.setting.outputShape.count
    return [
      .samples { sample, task in
        parametricRelu(
          Source(site.inputs[0].floats(sample, task)), Source(site.prepared),
          site.output.floats(sample, task), count)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let elementwise = site.kernels.elementwise
    let shape = site.setting.outputShape
    let steps = BroadcastSteps(slopes, to: shape)
    let extents = OffsetTable(shape.extents)
    return [
      .samples { sample, task in
        let dSlopes = task.scratch
        elementwise.parametricReluBackward(
          Source(site.inputs[0].floats(sample, task)), Source(site.prepared),
          Source(dOutput.floats(sample, task)), site.dInputs[0]?.floats(sample, task), dSlopes,
          shape.count)
        guard let gradient = site.gradients[0] else { return }
        elementwise.reduceBroadcast(
          Source(dSlopes), gradient.slab(task), steps.table.pointer, extents.pointer, shape.rank)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let shape = setting.outputShape
    let repeated = PlainElementwise.addBroadcast(
      variables[0], steps: BroadcastSteps(slopes, to: shape).steps, [0],
      steps: [Int](repeating: 0, count: shape.rank), extents: shape.extents)
    return inputs[0].samples(setting).flatMap {
      PlainElementwise.parametricRelu($0, slopes: repeated)
    }
  }
}
