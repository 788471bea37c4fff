import MartletOps
import MartletTensors

/// The axes that a layer tells features apart by, as its argument `axis` names them.
struct FeatureAxes: Sendable {
  /// One number or a list of them.
  let configuration: JSONValue
  /// As Keras counts: with the batch, negative from the end.
  private let axes: [Int]

  init(_ axis: Int) {
    axes = [axis]
    configuration = .integer(axis)
  }

  /// Reads `axis`.
  init(_ attributes: inout Attributes) throws(MartletError) {
    axes = try attributes.axes("axis", default: -1)
    configuration = attributes.value("axis") ?? -1
    guard !axes.isEmpty else {
      throw attributes.invalid("axis", expected: "at least one axis", configuration)
    }
  }

  var last: Int { axes.last ?? -1 }

  /// Their numbers in the shape of a sample, rising.
  func ofSample(_ input: Shape) throws(MartletError) -> [Int] {
    var found: [Int] = []
    for axis in axes {
      let position = try sampleAxis(axis, of: input)
      guard !found.contains(position) else {
        throw .invalidArgument(
          "axis \(Shape.text(axes)) names an axis of an input of shape "
            + "\(input.batchDescription) twice")
      }
      found.append(position)
    }
    return found.sorted()
  }

  /// Their extents.
  func extents(of input: Shape) throws(MartletError) -> [Int] {
    try ofSample(input).map { input[$0] }
  }

  /// Appends an operation on the input of a call with these axes behind all others, and what brings
  /// its result back.
  func apply(
    _ operation: some Operation, to call: LayerCall, into program: inout Program
  ) throws(MartletError) -> [Program.ValueID] {
    let input = program.shapes[call.inputs[0]]
    let axes = try ofSample(input)
    let turn = TranspositionOp(order: input.extents.indices.filter { !axes.contains($0) } + axes)
    guard !turn.isIdentity(isTraining: false) else {
      return [
        try program.apply(
          operation, to: call.inputs, variables: call.variables, layer: call.layer)
      ]
    }
    let turned = try program.apply(turn, to: call.inputs, layer: call.layer)
    let result = try program.apply(
      operation, to: [turned], variables: call.variables, layer: call.layer)
    return [try program.apply(turn.inverse, to: [result], layer: call.layer)]
  }
}
