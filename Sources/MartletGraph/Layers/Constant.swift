import MartletOps
import MartletTensors

/// Numbers that stand in a graph as a value, the same for every sample: a layer that is called on
/// nothing. `values` in row-major order.
package struct Constant: ConfigurableLayerKind {
  package static let className = "Constant"
  private let numbers: Variable
  private let given: JSONValue

  package init(_ attributes: inout Attributes) throws(MartletError) {
    let shape = try Shape(try attributes.integers("shape"))
    guard let given = attributes.value("values") else {
      throw MartletError(.invalidType, "Constant: missing the required argument 'values'")
    }
    self.given = given
    let expected = "\(shape.count) numbers, for the shape (\(Shape.text(shape.extents)))"
    let values = try attributes.numbers("values", given, expected: expected)
    guard values.count == shape.count else {
      throw attributes.invalid("values", expected: expected, given)
    }
    numbers = try Variable(name: "values", shape: shape, isTrainable: false)
    let target = numbers.mutableValues()
    for (index, value) in values.enumerated() { target[index] = Float(value) }
  }

  package var configuration: JSONObject {
    ["shape": .integers(numbers.shape.extents), "values": given]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    guard inputs.isEmpty else {
      throw .invalidArgument("expected to be called on nothing, received \(inputs.count) inputs")
    }
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [
      try program.apply(
        WeightValueOp(shape: numbers.shape), to: [], variables: [numbers], layer: call.layer)
    ]
  }
}
