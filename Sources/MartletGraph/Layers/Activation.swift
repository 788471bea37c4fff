import MartletOps
import MartletTensors

/// An activation function as a layer of its own. Keras calls it `Activation`; that name is the
/// kernels' here.
package struct ActivationLayer: ConfigurableLayerKind {
  package static let className = "Activation"
  private let activation: ActivationFunction

  package init(_ attributes: inout Attributes) throws(MartletError) {
    // The argument is required, but null may be given for linear, as in Keras.
    try attributes.requireKey("activation")
    activation = try attributes.activation()
  }

  package var configuration: JSONObject { ["activation": .text(activation.rawValue)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [try activation.lower(call.inputs[0], into: &program, layer: call.layer)]
  }
}
