import MartletOps
import MartletTensors

/// The second input where the first one is not 0, else the third.
package struct Where: ConfigurableLayerKind {
  package static let className = "Where"

  package init(_ attributes: inout Attributes) throws(MartletError) {}

  package var configuration: JSONObject { [:] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try SelectionOp().outputShape(of: inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [try program.apply(SelectionOp(), to: call.inputs, layer: call.layer)]
  }
}

/// Where the greatest number along the last axis stands.
package struct Argmax: ConfigurableLayerKind {
  package static let className = "Argmax"

  package init(_ attributes: inout Attributes) throws(MartletError) {}

  package var configuration: JSONObject { [:] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try ArgmaxOp().outputShape(of: inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [try program.apply(ArgmaxOp(), to: call.inputs, layer: call.layer)]
  }
}
