import MartletOps
import MartletTensors

/// The mean of each channel over the whole sequence: `(L, C)` → `(C)`, or `(1, C)` with
/// `keepdims`.
package struct GlobalAveragePooling1D: ConfigurableLayerKind {
  package static let className = "GlobalAveragePooling1D"
  private let arguments: GlobalPoolingArguments

  package init(_ attributes: inout Attributes) throws(MartletError) {
    arguments = try GlobalPoolingArguments(&attributes, axes: 1)
  }

  package var configuration: JSONObject { arguments.configuration }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    try arguments.check(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = GlobalAverageOp(keepsDimensions: arguments.keepsDimensions)
    return try arguments.lower(operation, call, into: &program)
  }
}
