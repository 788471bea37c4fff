import MartletOps
import MartletTensors

/// 2-D convolution over images, with bias and activation.
///
/// `(H, W, C)` → `(P, Q, K)`; weights `kernel` (R, S, C / groups, K) and `bias` (K).
package struct Conv2D: ConfigurableLayerKind {
  package static let className = "Conv2D"
  private let convolution: GroupedConvolution

  package init(_ attributes: inout Attributes) throws(MartletError) {
    convolution = try GroupedConvolution(&attributes, axes: 2)
  }

  package var configuration: JSONObject { convolution.configuration }
  package var hasWeights: Bool { true }
  package var weightAxis: Int { convolution.arguments.format.channelAxis }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    try convolution.weights(for: inputs)
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    try convolution.lower(call, into: &program)
  }
}
