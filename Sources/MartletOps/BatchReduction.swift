import MartletKernelTable
import MartletTensors

/// One number of those that all samples of a batch have in the same place: their sum, mean, greatest or
/// least. Every sample of the output holds the same.
///
/// For losses and metrics that look at a batch as a whole. The gradient of an extreme is shared by the
/// numbers that are equal to it, as in `ReductionOp`.
package struct BatchReductionOp: Operation {
  package let function: ReductionOp.Function

  package init(_ function: ReductionOp.Function) { self.function = function }
  package var label: String { "\(function.rawValue) over the batch" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    try onlyInput(inputs, of: label)
  }

  private var isExtreme: Bool { function == .maximum || function == .minimum }

  package func needs(_ setting: Setting) -> Needs {
    var needs = Needs()
    // A sum for each number; going back of extremes, how many are equal to it, too.
    needs.savedBytesPerBatch = 2 * setting.outputShape.count * MemoryLayout<Double>.stride
    needs.backwardReadsInputs = isExtreme
    needs.backwardReadsOutput = isExtreme
    return needs
  }

  package func forward(_ site: Site) -> [Stage] {
    let count = site.setting.outputShape.count
    let totals = site.batchSaved.assumingMemoryBound(to: Double.self)
    return [
      // Sample by sample, so that the sums have one order.
      .batch(tasks: 1) { _, task in
        for sample in 0..<task.batchCount {
          let x = site.inputs[0].floats(sample, task)
          for index in 0..<count {
            let value = Double(x[index])
            totals[index] = sample == 0 ? value : joined(totals[index], value)
          }
        }
        guard function == .mean else { return }
        for index in 0..<count { totals[index] /= Double(task.batchCount) }
      },
      .samples { sample, task in
        let y = site.output.floats(sample, task)
        for index in 0..<count { y[index] = Float(totals[index]) }
      },
    ]
  }

  /// NaN wins.
  private func joined(_ total: Double, _ value: Double) -> Double {
    switch function {
    case .sum, .mean: total + value
    case .maximum: value > total || value.isNaN ? value : total
    case .minimum: value < total || value.isNaN ? value : total
    }
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let dInput = site.dInputs[0] else { return [] }
    let count = site.setting.outputShape.count
    let totals = site.batchSaved.assumingMemoryBound(to: Double.self)
    let sharers = totals + count
    return [
      .batch(tasks: 1) { _, task in
        totals.update(repeating: 0, count: count)
        sharers.update(repeating: function == .mean ? Double(task.batchCount) : 1, count: count)
        for sample in 0..<task.batchCount {
          let dy = dOutput.floats(sample, task)
          for index in 0..<count { totals[index] += Double(dy[index]) }
        }
        guard isExtreme else { return }
        sharers.update(repeating: 0, count: count)
        for sample in 0..<task.batchCount {
          let x = site.inputs[0].floats(sample, task)
          let y = site.output.floats(sample, task)
          for index in 0..<count where x[index] == y[index] { sharers[index] += 1 }
        }
      },
      .samples { sample, task in
        let dx = dInput.floats(sample, task)
        for index in 0..<count { dx[index] = Float(totals[index] / sharers[index]) }
        guard isExtreme else { return }
        let x = site.inputs[0].floats(sample, task)
        let y = site.output.floats(sample, task)
        for index in 0..<count where x[index] != y[index] { dx[index] = 0 }
      },
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    let samples = inputs[0].samples(setting)
    let row = (0..<setting.outputShape.count).map { index in
      let values = samples.map { $0[index] }
      return switch function {
      case .sum: values.reduce(0, +)
      case .mean: values.reduce(0, +) / Double(values.count)
      case .maximum: values.max() ?? -.infinity
      case .minimum: values.min() ?? .infinity
      }
    }
    return (0..<setting.batch).flatMap { _ in row }
  }
}
