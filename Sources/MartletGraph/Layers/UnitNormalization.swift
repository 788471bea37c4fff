import MartletOps
import MartletTensors

/// Brings each sample to length 1 along `axis`; what is shorter than 1e-12 becomes zeros.
package struct UnitNormalization: ConfigurableLayerKind {
  package static let className = "UnitNormalization"
  private let axes: FeatureAxes

  package init(_ attributes: inout Attributes) throws(MartletError) {
    axes = try FeatureAxes(&attributes)
  }

  package var configuration: JSONObject { ["axis": axes.configuration] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try axes.ofSample(onlyInput(inputs))
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = LayerNormalizationOp(
      by: .length, axisCount: try axes.ofSample(program.shapes[call.inputs[0]]).count,
      epsilon: 1e-12, factors: FeatureFactors(hasScale: false, hasCenter: false))
    return try axes.apply(operation, to: call, into: &program)
  }
}
