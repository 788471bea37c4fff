import MartletKernelTable
import MartletOps
import MartletTensors

/// x where x > 0, else `alpha`·(exp(x) − 1) (Clevert et al. 2015, arXiv:1511.07289).
package struct ELU: ConfigurableLayerKind {
  package static let className = "ELU"
  private let alpha: Double

  package init(_ attributes: inout Attributes) throws(MartletError) {
    alpha = try attributes.number("alpha", default: 1)
  }

  package var configuration: JSONObject { ["alpha": .number(alpha)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try onlyInput(inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = ActivationOp(.elu(alpha: Float(alpha)))
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
