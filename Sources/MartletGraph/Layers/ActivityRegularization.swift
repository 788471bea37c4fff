import MartletOps
import MartletTensors

/// Its input, whose size is added to the loss: `l1`·Σ|x| + `l2`·Σx², the mean over the samples.
package struct ActivityRegularization: ConfigurableLayerKind {
  package static let className = "ActivityRegularization"
  private let l1: Double
  private let l2: Double

  package init(_ attributes: inout Attributes) throws(MartletError) {
    l1 = try attributes.number("l1", default: 0, atLeast: 0)
    l2 = try attributes.number("l2", default: 0, atLeast: 0)
  }

  package var configuration: JSONObject { ["l1": .number(l1), "l2": .number(l2)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    program.activityPenalties.append(
      (call.inputs[0], Penalty(l1: Float(l1), l2: Float(l2))))
    return call.inputs
  }
}
