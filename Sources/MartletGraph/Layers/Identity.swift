import MartletOps
import MartletTensors

/// Its input as it is.
package struct Identity: ConfigurableLayerKind {
  package static let className = "Identity"

  package init(_ attributes: inout Attributes) throws(MartletError) {}

  package var configuration: JSONObject { [:] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] { call.inputs }
}
