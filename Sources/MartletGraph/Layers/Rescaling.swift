import MartletOps
import MartletTensors

/// x · scale + offset, for bringing pixels into a range: `Rescaling(1/255)`. Lists have a number for
/// each position along the last axis.
package struct Rescaling: ConfigurableLayerKind {
  package static let className = "Rescaling"
  private let scale: Numbers
  private let offset: Numbers

  package init(_ attributes: inout Attributes) throws(MartletError) {
    scale = try Numbers("scale", &attributes)
    offset = try Numbers("offset", default: 0, &attributes)
    if let first = scale.list, let second = offset.list, first.count != second.count {
      throw .invalidArgument(
        "Rescaling: scale has \(first.count) numbers and offset \(second.count); "
          + "they must be equally many")
    }
  }

  package var configuration: JSONObject {
    ["scale": scale.configuration, "offset": offset.configuration]
  }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let input = try onlyInput(inputs)
    if let count = (scale.list ?? offset.list)?.count, input.last != count {
      throw .invalidArgument(
        "scale and offset have \(count) numbers, but the last axis of an input of shape "
          + "\(input.batchDescription) has \(input.last ?? 1) positions")
    }
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    if case .one(let scale) = scale, case .one(let offset) = offset {
      let operation = ScaleOffsetOp(scale: Float(scale), offset: Float(offset))
      return [try program.apply(operation, to: call.inputs, layer: call.layer)]
    }
    let count = program.shapes[call.inputs[0]].last ?? 1
    let operation = ColumnScaleOp(scale: scale.spread(count), offset: offset.spread(count))
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}

/// One number for all positions, or one for each.
private enum Numbers {
  case one(Double)
  case many([Double])

  init(
    _ name: String, default fallback: Double? = nil, _ attributes: inout Attributes
  ) throws(MartletError) {
    guard case .array = attributes.value(name) else {
      self = .one(try attributes.number(name, default: fallback))
      return
    }
    self = .many(try attributes.numbers(name))
  }

  var list: [Double]? {
    guard case .many(let numbers) = self else { return nil }
    return numbers
  }

  var configuration: JSONValue {
    switch self {
    case .one(let number): .number(number)
    case .many(let numbers): .array(numbers.map { .number($0) })
    }
  }

  func spread(_ count: Int) -> [Float] {
    switch self {
    case .one(let number): [Float](repeating: Float(number), count: count)
    case .many(let numbers): numbers.map { Float($0) }
    }
  }
}
