import MartletOps
import MartletTensors

/// Brings elements below `minimum` or above `maximum` to that bound.
package struct Clip: ConfigurableLayerKind {
  package static let className = "Clip"
  private let minimum: Double
  private let maximum: Double

  package init(_ attributes: inout Attributes) throws(MartletError) {
    let largest = Double(Float.greatestFiniteMagnitude)
    minimum = try attributes.number("minimum", default: -largest)
    maximum = try attributes.number("maximum", default: largest)
    guard minimum <= maximum else {
      throw attributes.invalid(
        "maximum", expected: "at least minimum, \(minimum)", .number(maximum))
    }
  }

  package var configuration: JSONObject {
    ["minimum": .number(minimum), "maximum": .number(maximum)]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = ActivationOp(.clipped(minimum: Float(minimum), maximum: Float(maximum)))
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
