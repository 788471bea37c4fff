import MartletOps
import MartletTensors

/// The greatest value of each window, channel by channel: `(H, W, C)` → `(P, Q, C)`.
package struct MaxPooling2D: ConfigurableLayerKind {
  package static let className = "MaxPooling2D"
  private let arguments: PoolingArguments

  package init(_ attributes: inout Attributes) throws(MartletError) {
    arguments = try PoolingArguments(&attributes, defaultSize: 2)
  }

  package var configuration: JSONObject { arguments.configuration }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    try arguments.check(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    try arguments.lower(call, into: &program) { MaximumPoolingOp(geometry: $0) }
  }
}
