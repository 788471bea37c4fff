import MartletKernelTable
import MartletTensors

/// A loss that the caller works out: targets and predictions of a whole batch → a value for each sample,
/// and its gradient with respect to the sample's predictions.
package struct ExternalLossOp: Operation {
  /// Takes the number of samples, their targets and predictions, and where values and gradients go, sample
  /// behind sample.
  ///
  /// - Returns: `false` where it failed; the loss then is NaN.
  package typealias Function =
    @Sendable (
      _ count: Int, _ targets: UnsafePointer<Float>, _ predictions: UnsafePointer<Float>,
      _ values: UnsafeMutablePointer<Float>, _ gradients: UnsafeMutablePointer<Float>
    ) -> Bool

  package let function: Function

  package init(_ function: @escaping Function) { self.function = function }
  package var label: String { "loss of the caller" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    guard inputs.count == 2 else {
      throw .invalidArgument("a loss takes targets and predictions, got \(inputs.count) inputs")
    }
    return try Shape([])
  }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    needs.savedBytesPerSample = setting.inputShapes[1].count * MemoryLayout<Float>.stride
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    [
      // A batch stage finds its tensors whole, in memory of the batch.
      .batch(tasks: 1) { _, task in
        let values = site.output.floats(0, task)
        let succeeded = function(
          task.batchCount, site.inputs[0].floats(0, task), site.inputs[1].floats(0, task), values,
          site.saved.floats(0, task))
        if !succeeded { values.update(repeating: .nan, count: task.batchCount) }
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput else { return [] }
    let scaleOffset = site.kernels.elementwise.scaleOffset
    let count = site.setting.inputShapes[1].count
    let targetCount = site.setting.inputShapes[0].count
    return [
      .samples { sample, task in
        // That of targets is 0, as in `LossValueOp`.
        site.dInputs[0]?.floats(sample, task).update(repeating: 0, count: targetCount)
        guard let dPrediction = site.dInputs[1] else { return }
        scaleOffset(
          Source(site.saved.floats(sample, task)), dOutput.floats(sample, task)[0], 0,
          dPrediction.floats(sample, task), count)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    var values = [Float](repeating: 0, count: setting.batch)
    var gradients = [Float](repeating: 0, count: inputs[1].count)
    let succeeded = function(
      setting.batch, inputs[0].map { Float($0) }, inputs[1].map { Float($0) }, &values, &gradients)
    return values.map { succeeded ? Double($0) : .nan }
  }
}
