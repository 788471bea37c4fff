import MartletOps
import MartletTensors

/// The same elements under another shape. One extent may be −1: it follows from the others.
package struct Reshape: ConfigurableLayerKind {
  package static let className = "Reshape"
  private let target: [Int]

  package init(_ attributes: inout Attributes) throws(MartletError) {
    target = try attributes.integers("target_shape")
    guard target.count(where: { $0 == -1 }) <= 1 else {
      throw attributes.invalid(
        "target_shape", expected: "at most one unknown extent (-1)", .integers(target))
    }
    guard target.allSatisfy({ $0 == -1 || $0 >= 1 }) else {
      throw attributes.invalid(
        "target_shape", expected: "extents of at least 1, or -1 for one", .integers(target))
    }
    guard target.count <= InputLayer.largestRank else {
      throw attributes.invalid(
        "target_shape", expected: "at most \(InputLayer.largestRank) axes", .integers(target))
    }
  }

  package var configuration: JSONObject { ["target_shape": .integers(target)] }

  package func weights(for inputs: [Shape]) throws(MartletError) -> [WeightRequest] {
    _ = try resolved(for: onlyInput(inputs))
    return []
  }

  package func lower(
    _ call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let shape = try resolved(for: program.shapes[call.inputs[0]])
    return [try program.apply(ReshapeOp(shape: shape), to: call.inputs, layer: call.layer)]
  }

  /// The target with its unknown extent put in.
  private func resolved(for input: Shape) throws(MartletError) -> Shape {
    // `Shape` multiplies with a check for overflow.
    let known = try Shape(target.filter { $0 != -1 }).count
    guard known == input.count || (target.contains(-1) && input.count.isMultiple(of: known)) else {
      throw .invalidArgument(
        "the total size of the tensor must be unchanged, received an input of shape "
          + "\(input.batchDescription) with \(input.count) elements, "
          + "target_shape=\(Shape.text(target))")
    }
    return try Shape(target.map { $0 == -1 ? input.count / known : $0 })
  }
}
