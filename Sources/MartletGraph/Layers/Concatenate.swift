import MartletOps
import MartletTensors

/// Its inputs side by side along one axis; the other extents must agree.
package struct Concatenate: ConfigurableLayerKind {
  package static let className = "Concatenate"
  /// As given: the batch counts, negative from the end.
  private let axis: Int

  package init(_ attributes: inout Attributes) throws(MartletError) {
    axis = try attributes.integer("axis", default: -1)
  }

  package var configuration: JSONObject { ["axis": .integer(axis)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    try someInputs(inputs)
    let first = inputs[0]
    let axis = try sampleAxis(axis, of: first)
    for input in inputs {
      var extents = input.extents
      if input.rank == first.rank { extents[axis] = first[axis] }
      guard extents == first.extents else {
        // The usual case: a size that a pooling has halved was odd.
        let cure =
          inputs.allSatisfy { $0.rank == 3 }
          ? "; Cropping2D, ZeroPadding2D or Resizing bring images to one size" : ""
        throw .invalidArgument(
          "inputs must have matching shapes except for the concatenation axis \(self.axis), "
            + "received \(inputs.map(\.batchDescription).joined(separator: ", "))\(cure)")
      }
    }
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    guard call.inputs.count > 1 else { return call.inputs }
    let axis = try sampleAxis(axis, of: program.shapes[call.inputs[0]])
    return [try program.apply(ConcatenationOp(axis: axis), to: call.inputs, layer: call.layer)]
  }
}
