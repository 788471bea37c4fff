import MartletKernelTable
import MartletTensors

/// A weight as a value: the same for every sample.
///
/// Products and biases read their weights directly (`Program.weight(of:)`); this is for the rest.
package struct WeightValueOp: Operation {
  package let shape: Shape

  package init(shape: Shape) { self.shape = shape }
  package var label: String { "weight" }

  package func outputShape(of inputs: [Shape]) throws(MartletError) -> Shape {
    guard inputs.isEmpty else {
      throw .invalidArgument("a weight takes no inputs, got \(inputs.count)")
    }
    return shape
  }

  package func forward(_ site: Site) -> [Stage] {
    let weight = site.variables[0]
    let count = shape.count
    return [
      .samples { sample, task in
        site.output.floats(sample, task).update(from: weight.values, count: count)
      }
    ]
  }

  package func backward(_ site: Site) -> [Stage] {
    guard let dOutput = site.dOutput, let gradient = site.gradients[0] else { return [] }
    let add = site.kernels.elementwise.add
    let count = shape.count
    return [
      .samples { sample, task in
        let slab = gradient.slab(task)
        add(Source(slab), Source(dOutput.floats(sample, task)), slab, count)
      }
    ]
  }

  package func reference(
    _ inputs: [[Double]], variables: [[Double]], setting: ReferenceSetting
  ) -> [Double] {
    (0..<setting.batch).flatMap { _ in variables[0] }
  }
}

extension Program {
  /// The weight that a value is, for an operation that reads it itself; `nil` for all else.
  package func weight(of value: ValueID) -> Variable? {
    guard let maker = instructions.last(where: { $0.output == value }),
      maker.operation is WeightValueOp
    else { return nil }
    return maker.variables[0]
  }

  /// Drops weights as values that nobody reads, and refuses what the plan cannot add up: gradients of
  /// products come for the whole batch at once, all others group by group.
  package mutating func settleWeights() throws(MartletError) {
    guard instructions.contains(where: { $0.operation is WeightValueOp }) else { return }
    let read = Set(instructions.flatMap(\.inputs) + outputs + activityPenalties.map(\.value))
    instructions.removeAll { $0.operation is WeightValueOp && !read.contains($0.output) }
    var isInProduct: [ObjectIdentifier: Bool] = [:]
    for instruction in instructions {
      let isProduct = instruction.operation is MatrixProductOp
      for variable in instruction.variables {
        guard isInProduct.updateValue(isProduct, forKey: ObjectIdentifier(variable)) != !isProduct
        else {
          throw .invalidArgument(
            "layer '\(instruction.layer)': the weight '\(variable.name)' stands in a matrix product "
              + "and elsewhere too; make a weight for each")
        }
      }
    }
  }
}
