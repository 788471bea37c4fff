import MartletOps
import MartletTensors

/// A part of every sample: `{"starts": [0, 2], "sizes": [4, 1], "steps": [1, 1]}`, an entry for each axis
/// but that of the samples. Steps may be negative; the size -1 takes the whole axis.
package struct Slice: ConfigurableLayerKind {
  package static let className = "Slice"
  private let ranges: [SliceOp.Range]

  package init(_ attributes: inout Attributes) throws(MartletError) {
    let starts = try attributes.integers("starts")
    let sizes = try attributes.integers("sizes")
    let steps = try attributes.integers("steps")
    for (name, values) in [("sizes", sizes), ("steps", steps)] where values.count != starts.count {
      throw attributes.invalid(
        name, expected: "\(starts.count) integers, as many as 'starts'", .integers(values))
    }
    // Sums and products of them must not overflow.
    for (name, values) in [("starts", starts), ("sizes", sizes), ("steps", steps)]
    where values.contains(where: { $0.magnitude > UInt(Attributes.largestSize) }) {
      throw attributes.invalid(
        name, expected: "integers up to \(Attributes.largestSize)", .integers(values))
    }
    ranges = starts.indices.map { axis in
      SliceOp.Range(start: starts[axis], count: sizes[axis], step: steps[axis])
    }
  }

  package var configuration: JSONObject {
    [
      "starts": .integers(ranges.map(\.start)), "sizes": .integers(ranges.map(\.count)),
      "steps": .integers(ranges.map(\.step)),
    ]
  }

  private func operation(on input: Shape) -> SliceOp {
    let whole = zip(ranges, input.extents).map { range, extent in
      range.count == -1 ? SliceOp.Range(start: 0, count: extent, step: 1) : range
    }
    return SliceOp(whole + ranges.dropFirst(whole.count))
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let input = try onlyInput(inputs)
    _ = try operation(on: input).outputShape(of: [input])
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = operation(on: program.shapes[call.inputs[0]])
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
