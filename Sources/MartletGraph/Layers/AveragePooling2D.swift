import MartletOps
import MartletTensors

/// The mean of each window; points beyond the border do not count, channel by channel: `(H, W, C)` → `(P, Q, C)`.
package struct AveragePooling2D: ConfigurableLayerKind {
  package static let className = "AveragePooling2D"
  private let arguments: PoolingArguments

  package init(_ attributes: inout Attributes) throws(MartletError) {
    arguments = try PoolingArguments(&attributes, defaultSize: nil)
  }

  package var configuration: JSONObject { arguments.configuration }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try arguments.geometry(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let geometry = try arguments.geometry(call.inputs.map { program.shapes[$0] })
    return [
      try arguments.format.withChannelsLast(call, into: &program) {
        image, program throws(MartletError) in
        try program.apply(AveragePoolingOp(geometry: geometry), to: [image], layer: call.layer)
      }
    ]
  }
}
