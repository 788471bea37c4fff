import MartletOps
import MartletTensors

/// In training sets a share `rate` of the elements to zero and scales the others by 1 / (1 − rate);
/// else the identity (Srivastava et al. 2014).
package struct Dropout: ConfigurableLayerKind {
  package static let className = "Dropout"
  private let rate: Double
  private let seed: LayerSeed
  /// With the batch in front; 1 where elements fall together, `nil` for the extent of the input.
  private let noiseShape: [Int?]?

  package init(_ attributes: inout Attributes) throws(MartletError) {
    rate = try attributes.number("rate", atLeast: 0, atMost: 1)
    seed = try LayerSeed(&attributes)
    noiseShape = try attributes.openShape("noise_shape")
  }

  package var configuration: JSONObject {
    let noise: JSONValue? = noiseShape.map {
      .array($0.map { extent in extent.map { .integer($0) } ?? .null })
    }
    return ["rate": .number(rate), "seed": seed.configuration, "noise_shape": noise ?? .null]
  }

  package var randomKey: RandomKey? { seed.key }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let input = try onlyInput(inputs)
    guard let noiseShape else { return [] }
    let known = [nil] + input.extents.map(Optional.some)
    let fits =
      noiseShape.count == known.count
      && zip(noiseShape, known).allSatisfy { $0 == nil || $0 == 1 || $0 == $1 }
    guard fits else {
      let text = noiseShape.map { $0.map(String.init) ?? "None" }.joined(separator: ", ")
      throw .invalidArgument(
        "noise_shape (\(text)) does not fit to an input of shape \(input.batchDescription): each "
          + "extent must be that of the input, None or 1, that of the batch None or 1")
    }
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    guard rate > 0 else { return call.inputs }
    guard let noiseShape else {
      let operation = DropoutOp(rate: Float(rate), seed: seed.key)
      return [try program.apply(operation, to: call.inputs, layer: call.layer)]
    }
    let input = program.shapes[call.inputs[0]]
    let mask = try Shape(zip(noiseShape.dropFirst(), input.extents).map { $0 ?? $1 })
    let operation = SharedDropoutOp(
      rate: Float(rate), seed: seed.key, mask: mask, sharesBatch: noiseShape.first == .some(1))
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
