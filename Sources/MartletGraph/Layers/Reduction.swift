import MartletOps
import MartletTensors

/// The sum, mean, greatest or least along axes: `{"function": "mean", "axis": [1, 2], "keepdims":
/// true}`. Axes count the batch, as Keras's do; without any, all but the batch.
package struct Reduction: ConfigurableLayerKind {
  package static let className = "Reduction"
  private let function: ReductionOp.Function
  private let axes: [Int]?
  private let keepsDimensions: Bool

  package init(_ attributes: inout Attributes) throws(MartletError) {
    function = try attributes.choice("function")
    axes = attributes.value("axis") == nil ? nil : try attributes.axes("axis")
    keepsDimensions = try attributes.flag("keepdims", default: false)
  }

  package var configuration: JSONObject {
    [
      "function": .text(function.rawValue), "axis": axes.map { .integers($0) } ?? .null,
      "keepdims": .boolean(keepsDimensions),
    ]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try operation(on: try onlyInput(inputs))
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = try operation(on: program.shapes[call.inputs[0]])
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }

  private func operation(on input: Shape) throws(MartletError) -> ReductionOp {
    var sampleAxes = Set(input.extents.indices)
    if let axes {
      sampleAxes = []
      for axis in axes {
        guard sampleAxes.insert(try sampleAxis(axis, of: input)).inserted else {
          throw .invalidArgument("axis \(axis) is given twice in \(axes)")
        }
      }
    }
    return ReductionOp(function, axes: sampleAxes, keepsDimensions: keepsDimensions)
  }
}
