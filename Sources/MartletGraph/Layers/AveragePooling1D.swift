import MartletOps
import MartletTensors

/// The mean of each window, channel by channel: `(L, C)` → `(Q, C)`. Points beyond the border do not
/// count.
package struct AveragePooling1D: ConfigurableLayerKind {
  package static let className = "AveragePooling1D"
  private let arguments: PoolingArguments

  package init(_ attributes: inout Attributes) throws(MartletError) {
    arguments = try PoolingArguments(&attributes, axes: 1, defaultSize: nil)
  }

  package var configuration: JSONObject { arguments.configuration }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    try arguments.check(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    try arguments.lower(call, into: &program) { AveragePoolingOp(geometry: $0) }
  }
}
