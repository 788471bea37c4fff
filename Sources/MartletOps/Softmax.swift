import MartletKernelTable
import MartletKernels
import MartletTensors

/// y = exp(x − max) / Σ exp(x − max) along one axis of the sample.
package struct SoftmaxOp: Operation {
  /// Counted in the shape of a sample.
  package let axis: Int

  package init(axis: Int) { self.axis = axis }
  package var label: String { "softmax" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    let input = try onlyInput(inputs, of: label)
    guard input.extents.indices.contains(axis) else {
      throw .invalidArgument("softmax along axis \(axis) of a sample of shape \(input)")
    }
    return input
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.backwardReadsOutput = true
    return needs
  }

  private func extents(_ shape: Shape) -> (outer: Int, size: Int, inner: Int) {
    (
      shape.extents[..<axis].reduce(1, *), shape[axis],
      shape.extents[(axis + 1)...].reduce(1, *)
    )
  }

  package func forward(_ site: Site) -> [Stage] {
    let (outer, size, inner) = extents(site.setting.outputShape)
    let softmax = site.kernels.softmax.forward
    return [
      .samples { sample, task in
        softmax(
          Source(site.inputs[0].floats(sample, task)), site.output.floats(sample, task), outer,
          size, inner)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let (outer, size, inner) = extents(site.setting.outputShape)
    let softmaxBackward = site.kernels.softmax.backward
    return [
      .samples { sample, task in
        softmaxBackward(
          Source(site.output.floats(sample, task)), Source(dOutput.floats(sample, task)),
          dInput.floats(sample, task), outer, size, inner)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let (outer, size, inner) = extents(setting.outputShape)
    return PlainSoftmax.forward(inputs[0], outer: outer * setting.batch, size: size, inner: inner)
  }
}
