import MartletOps
import MartletTensors

/// A loss that the caller works out, called on targets and predictions: a value for each sample. Made of
/// a function, so no text describes it.
package struct ExternalLoss: LayerKind {
  private let operation: ExternalLossOp

  package init(_ function: @escaping ExternalLossOp.Function) {
    operation = ExternalLossOp(function)
  }

  package var className: String { "ExternalLoss" }
  package var configuration: JSONObject { [:] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try operation.outputShape(of: inputs)
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}

extension Layer {
  /// A layer of a loss that the caller works out.
  package static func externalLoss(
    name: String?, _ function: @escaping ExternalLossOp.Function
  ) throws(MartletError) -> Layer {
    if let name { try CommonAttributes.check(name: name) }
    return Layer(kind: ExternalLoss(function), name: name)
  }
}
