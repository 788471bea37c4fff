import MartletOps
import MartletTensors

/// The axes of a sample in another order. `dims` counts them from 1.
package struct Permute: ConfigurableLayerKind {
  package static let className = "Permute"
  private let dimensions: [Int]

  package init(_ attributes: inout Attributes) throws(MartletError) {
    dimensions = try attributes.integers("dims")
    guard dimensions.sorted() == Array(1..<(dimensions.count + 1)) else {
      throw attributes.invalid(
        "dims", expected: "each of the axes from 1 to \(max(dimensions.count, 1)) once",
        .integers(dimensions))
    }
  }

  package var configuration: JSONObject { ["dims": .integers(dimensions)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    let input = try onlyInput(inputs)
    guard input.rank == dimensions.count else {
      throw .invalidArgument(
        "dims=\(Shape.text(dimensions)) names \(dimensions.count) axes beside the batch, received "
          + "an input of shape \(input.batchDescription)")
    }
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let operation = TranspositionOp(order: dimensions.map { $0 - 1 })
    return [try program.apply(operation, to: call.inputs, layer: call.layer)]
  }
}
